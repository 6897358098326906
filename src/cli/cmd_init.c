/* sentinel init: policy as code, set up in an AWS account; with --local a policy of this machine alone. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/init.h"

/* Flags that --local takes no notice of would be misunderstood. */
static snt_status check_local(const struct snt_args *args, struct snt_err *err) {
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    if (id != SNT_OPTION_LOCAL && id != SNT_OPTION_PROFILE && args->values[id] != NULL) {
      return snt_fail(err, SNT_CODE_USAGE, "--local sets up this machine only: leave out %s",
                      SNT_OPTION_TABLE[id].flag);
    }
  }
  return args->argument_count == 0
             ? snt_done()
             : snt_fail(err, SNT_CODE_USAGE, "--local sets up this machine only: leave out %s", args->arguments[0]);
}

static snt_status take_options(struct snt_args *args, struct snt_setup_options *out, struct snt_err *err) {
  const char *format = args->values[SNT_OPTION_INIT_FORMAT];
  *out = (struct snt_setup_options){.common = {.mode = "cli",
                                               .regions = args->values[SNT_OPTION_REGION],
                                               .backend = args->values[SNT_OPTION_BACKEND],
                                               .config = args->values[SNT_OPTION_CONFIG]},
                                    .installation = args->values[SNT_OPTION_INSTALLATION],
                                    .account = args->values[SNT_OPTION_ACCOUNT],
                                    .users = args->values[SNT_OPTION_INIT_USER],
                                    .key = args->values[SNT_OPTION_KEY],
                                    .new_key = args->values[SNT_OPTION_NEW_KEY],
                                    .folder = args->values[SNT_OPTION_INIT_FOLDER],
                                    .is_lua = snt_args_has(args, SNT_OPTION_LUA),
                                    .is_plan = snt_args_has(args, SNT_OPTION_PLAN),
                                    .has_format = format != NULL};
  if (args->argument_count == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no name is given for the policy"));
    return snt_err_hint(err,
                        "sentinel init NAME sets up policy as code in AWS, sentinel init --local this machine alone");
  }
  out->name = args->arguments[0];
  SNT_TRY(snt_cli_take_caller(args, &out->common.profile, err));
  if (args->key_count > 1) {
    return snt_fail(err, SNT_CODE_USAGE, "one key is enough to begin with: give --key once");
  }
  memcpy(out->roles, args->roles, sizeof out->roles);
  SNT_TRY(format == NULL ? snt_done() : snt_setup_format_find(format, &out->format, err));
  if (out->is_plan && snt_args_has(args, SNT_OPTION_YES)) {
    return snt_fail(err, SNT_CODE_USAGE, "--plan changes nothing, and --yes does: give one of them");
  }
  if (snt_args_has(args, SNT_OPTION_JSON) && !out->is_plan && !snt_args_has(args, SNT_OPTION_YES)) {
    return snt_fail(err, SNT_CODE_USAGE, "--json needs --plan or --yes: a question does not go with it");
  }
  return snt_done();
}

static snt_status show(const struct snt_args *args, const struct snt_setup *setup,
                       const struct snt_init_publication *publication, struct snt_out *out, struct snt_err *err) {
  bool has_texts = snt_args_has(args, SNT_OPTION_INIT_FORMAT) && snt_args_has(args, SNT_OPTION_PLAN);
  return snt_args_has(args, SNT_OPTION_JSON) ? snt_init_print_json(setup, publication, has_texts, out, err)
                                             : snt_init_print(setup, has_texts, out, err);
}

/* What was done before a failure is told too. */
static snt_status apply(const struct snt_args *args, const struct snt_setup_options *options, struct snt_setup *setup,
                        struct snt_out *out, struct snt_err *err) {
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  struct snt_init_publication publication = {0};
  snt_status status = snt_setup_apply(options, setup, err);
  if (snt_ok(status)) {
    status = snt_init_publish(options, setup, &publication, err);
  }
  SNT_TRY(show(args, setup, &publication, out, snt_ok(status) ? err : NULL));
  if (!is_json && publication.count > 0) {
    SNT_TRY(snt_init_print_publication(setup, &publication, out, snt_ok(status) ? err : NULL));
  }
  if (!snt_ok(status)) {
    return err->hint[0] != '\0' ? status : snt_err_hint(err, "run it again: it goes on from what is there");
  }
  return is_json ? snt_done() : snt_init_print_next(setup, out, err);
}

/* What is done has to end with lines for ~/.aws/config, which name the program. */
static snt_status check_program(struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf program = {0};
  return snt_init_append_program(&program, err);
}

snt_status snt_cmd_init(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_args_has(args, SNT_OPTION_JSON) ? snt_done() : check_program(err));
  if (snt_args_has(args, SNT_OPTION_LOCAL)) {
    SNT_TRY(check_local(args, err));
    return snt_init_local(out, err);
  }
  struct snt_setup_options options;
  SNT_SETUP_AUTO struct snt_setup setup = {0};
  SNT_TRY(take_options(args, &options, err));
  SNT_TRY(snt_setup_prepare(&options, &setup, err));
  if (snt_args_has(args, SNT_OPTION_YES)) {
    return apply(args, &options, &setup, out, err);
  }
  SNT_TRY(show(args, &setup, &(struct snt_init_publication){0}, out, err));
  if (options.is_plan) {
    bool is_json = snt_args_has(args, SNT_OPTION_JSON);
    return is_json ? snt_done() : snt_out_text(out, "\nNothing was changed; --yes does it.\n", err);
  }
  SNT_TRY(snt_cli_agree(args, out, "Do this, and put the bundle in force?", "nothing was changed", err));
  return apply(args, &options, &setup, out, err);
}
