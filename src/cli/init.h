/* cli/init (layer 6): the parts of `sentinel init`. */
#ifndef SNT_CLI_INIT_H
#define SNT_CLI_INIT_H

#include "cli/options.h"
#include "cli/out.h"
#include "issue/publish.h"
#include "issue/setup.h"

/* cmd_init_local.c: `init --local`. */
snt_status snt_init_local(struct snt_out *out, struct snt_err *err);

/* Which regions have the bundle in force: SAME, WRITTEN; DIFFERENT for something else, which is left. */
struct snt_init_publication {
  struct {
    char region[64];
    enum snt_setup_state state;
    int64_t serial; /* in force; 0: none that can be read */
  } regions[SNT_PUBLISH_REGIONS_MAX];
  size_t count; /* 0: it was not looked */
};
/* init_publish.c: tests, signs and pushes the bundle where nothing is in force. Codes of `policy push`. */
snt_status snt_init_publish(const struct snt_setup_options *options, const struct snt_setup *setup,
                            struct snt_init_publication *out, struct snt_err *err);

/* init_text.c: what there is to do, or what was done. has_texts: IAM documents are shown whole. */
snt_status snt_init_print(const struct snt_setup *setup, bool has_texts, struct snt_out *out, struct snt_err *err);
snt_status snt_init_print_publication(const struct snt_setup *setup, const struct snt_init_publication *publication,
                                      struct snt_out *out, struct snt_err *err);
snt_status snt_init_print_json(const struct snt_setup *setup, const struct snt_init_publication *publication,
                               bool has_texts, struct snt_out *out, struct snt_err *err);
/* What a person has to do next. */
snt_status snt_init_print_next(const struct snt_setup *setup, struct snt_out *out, struct snt_err *err);
/* Appends the program's path, quoted so that shlex and sh read the same; code CONFIG_INVALID for one that cannot be. */
snt_status snt_init_append_program(struct snt_buf *out, struct snt_err *err);
/* The lines of ~/.aws/config for a profile. Codes of snt_init_append_program. */
snt_status snt_init_print_profile(const char *profile, const char *role, const char *region, struct snt_out *out,
                                  struct snt_err *err);

#endif
