/* cli/publishing (layer 6): what the commands that publish policy have in common. */
#ifndef SNT_CLI_PUBLISHING_H
#define SNT_CLI_PUBLISHING_H

#include "cli/options.h"
#include "cli/out.h"
#include "issue/publish.h"

/* The policy's name is the first argument; keys are borrowed from args. Code USAGE. */
snt_status snt_cli_publish_options(struct snt_args *args, struct snt_publish_options *out, struct snt_err *err);
/* What every region has, and what is to be there. */
snt_status snt_cli_print_plan(struct snt_out *out, const struct snt_publish_plan *plan,
                              const struct snt_publish_view *view, struct snt_err *err);
/* What that changes for people: rules, who gains and who loses access, decisions of the log. What cannot be told is
 * told as that, and is no failure. */
snt_status snt_cli_print_effect(struct snt_out *out, const struct snt_publish_options *options,
                                const struct snt_draft *draft, const struct snt_publish_view *view,
                                struct snt_err *err);
/* Asks, publishes, and says what became of it; ends by the signal that interrupted it. */
snt_status snt_cli_publish(const struct snt_args *args, const struct snt_publish_options *options,
                           const struct snt_publish_plan *plan, const struct snt_publish_view *view,
                           struct snt_out *out, struct snt_err *err);
/* "us-east-1, us-west-2" */
snt_status snt_cli_list_regions(const struct snt_publish_view *view, struct snt_buf *out, struct snt_err *err);

#endif
