/* What is set up: for whom, where, under which names. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "issue/child.h"
#include "issue/flow.h"
#include "issue/setup_internal.h"

/* Nobody's name: the starter policy's spec has it refused. */
#define SOMEBODY_ELSE "somebody-else"

static const char ARN_CHARACTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+=,@/:";
static const char USER_CHARACTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+=,@/*?";

static snt_status take_name(const char *what, const char *text, char out[static SNT_SETUP_NAME_CAP],
                            struct snt_err *err) {
  if (!snt_name_check(text) || !snt_profile_name_check(text)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" cannot be %s", text, what));
    return snt_err_hint(err, "it has " SNT_NAME_WANTED);
  }
  (void)snprintf(out, SNT_SETUP_NAME_CAP, "%s", text);
  return snt_done();
}

static snt_status add_copy(char **list, size_t cap, const char *text, const char *flag, struct snt_err *err) {
  size_t count = 0;
  while (list[count] != NULL) {
    if (strcmp(list[count], text) == 0) {
      return snt_fail(err, SNT_CODE_USAGE, "%s: %.200s is named twice", flag, text);
    }
    count++;
  }
  if (count == cap) {
    return snt_fail(err, SNT_CODE_USAGE, "%s: at most %zu can be named", flag, cap);
  }
  list[count] = snt_str_dup(text);
  return list[count] == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status take_regions(const struct snt_flow *flow, struct snt_setup *setup, struct snt_err *err) {
  for (const char *const *region = flow->regions; *region != NULL; region++) {
    const char *partition = snt_aws_partition_of(*region);
    if (strcmp(partition, snt_aws_partition_of(flow->regions[0])) != 0) {
      return snt_fail(err, SNT_CODE_USAGE, "the regions %s and %s are not of one partition", flow->regions[0], *region);
    }
    SNT_TRY(add_copy(setup->regions, SNT_SETUP_REGIONS_MAX, *region, "--region", err));
    (void)snprintf(setup->partition, sizeof setup->partition, "%s", partition);
  }
  return snt_done();
}

/* The path of a role may hold characters that YAML, JSON or Lua would have to escape; hardly one does. */
static snt_status add_role(struct snt_setup *setup, const char *arn, struct snt_err *err) {
  char account[13];
  char name[128];
  char prefix[32];
  struct snt_err inner = {0};
  if (!snt_ok(snt_aws_role_arn_parse(arn, account, name, &inner))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--role: %s", inner.message));
    return snt_err_hint(err, "write it in full: arn:aws:iam::123456789012:role/Name");
  }
  if (strspn(arn, ARN_CHARACTERS) != strlen(arn)) {
    return snt_fail(err, SNT_CODE_USAGE, "--role: %.200s has characters that no other document takes as they are", arn);
  }
  int len = snprintf(prefix, sizeof prefix, "arn:%s:", setup->partition);
  if (strncmp(arn, prefix, (size_t)len) != 0) {
    return snt_fail(err, SNT_CODE_USAGE, "--role: %.200s is not of the partition %s, as the regions are", arn,
                    setup->partition);
  }
  return add_copy(setup->roles, SNT_SETUP_ROLES_MAX, arn, "--role", err);
}

static snt_status take_roles(const struct snt_setup_options *options, const struct snt_flow *flow,
                             struct snt_setup *setup, struct snt_err *err) {
  for (const char *const *role = options->roles; *role != NULL; role++) {
    SNT_TRY(add_role(setup, *role, err));
  }
  if (setup->roles[0] != NULL) {
    return snt_done();
  }
  if (flow->target.role_arn[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no role is given that the profile \"%s\" may mean", setup->name));
    return snt_err_hint(err,
                        "--role arn:aws:iam::123456789012:role/Name, or sentinel_role_arn in the profile's section");
  }
  return add_role(setup, flow->target.role_arn, err);
}

static snt_status take_installation(const struct snt_setup_options *options, const struct snt_flow *flow,
                                    struct snt_setup *setup, struct snt_err *err) {
  const char *configured = snt_settings_text(flow->settings, SNT_SETTING_INSTALLATION);
  const char *name = options->installation != NULL ? options->installation : configured;
  if (name == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no name is given for the installation"));
    return snt_err_hint(err, "--installation NAME: it is bound into signatures, and the same on all machines");
  }
  return take_name("the name of an installation", name, setup->installation, err);
}

/* What the machine knows: no socket is opened. */
static snt_status find_local(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  struct snt_issue_options own = options->common;
  own.profile = setup->name;
  SNT_FLOW_AUTO struct snt_flow flow = {.options = &own};
  SNT_TRY(snt_flow_load_settings(&flow, err));
  SNT_TRY(snt_flow_find_target_if_any(&flow, err));
  SNT_TRY(snt_flow_find_regions(&flow, err));
  SNT_TRY(take_regions(&flow, setup, err));
  SNT_TRY(take_roles(options, &flow, setup, err));
  return take_installation(options, &flow, setup, err);
}

/* One pattern of --user, or the caller's name. */
static snt_status add_user(struct snt_setup *setup, struct snt_slice user, struct snt_err *err) {
  bool is_good = user.len > 0 && user.len <= 256;
  for (size_t i = 0; i < user.len; i++) {
    is_good = is_good && strchr(USER_CHARACTERS, user.data[i]) != NULL;
  }
  if (!is_good) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_USAGE, "\"%.*s\" cannot be a user", (int)(user.len > 100 ? 100 : user.len), user.data));
    return snt_err_hint(err, "--user: names as `sentinel whoami` shows them, with commas between them");
  }
  if (snt_glob_match(user.data, user.len, SOMEBODY_ELSE, strlen(SOMEBODY_ELSE))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "the user %.*s would be everybody", (int)user.len, user.data));
    return snt_err_hint(err, "begin with the names that are known, and widen the policy afterwards");
  }
  SNT_FREE_AUTO char *copy = snt_str_dup_slice(user);
  return copy == NULL ? snt_fail_memory(err) : add_copy(setup->users, SNT_SETUP_USERS_MAX, copy, "--user", err);
}

static snt_status take_users(const char *text, struct snt_setup *setup, struct snt_err *err) {
  for (;;) {
    size_t len = strcspn(text, ",");
    SNT_TRY(add_user(setup, (struct snt_slice){text, len}, err));
    if (text[len] == '\0') {
      return snt_done();
    }
    text += len + 1;
  }
}

struct asking {
  const struct snt_issue_options *options;
  struct snt_aws_identity who;
};

static snt_status ask_there(void *context, struct snt_err *err) {
  struct asking *asking = context;
  return snt_issue_whoami(asking->options, &asking->who, err);
}

static snt_status send_who(const void *context, int fd) {
  const struct asking *asking = context;
  return snt_file_write_all(fd, &asking->who, sizeof asking->who, NULL);
}

static snt_status receive_who(void *context, int fd) {
  struct asking *asking = context;
  return snt_child_read(fd, &asking->who, sizeof asking->who);
}

/* A role's session names are many; its name is one. */
static snt_status take_caller(const struct snt_aws_identity *who, struct snt_setup *setup, struct snt_err *err) {
  char pattern[160];
  if (strcmp(who->kind, "root") == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "the account's root user asks, and is to have no access by policy"));
    return snt_err_hint(err, "name who may use the profile: --user alice,bob; better, run it as somebody else");
  }
  (void)snprintf(pattern, sizeof pattern, "role/%s/*", who->role);
  return add_user(setup, snt_slice_of(strcmp(who->kind, "role") == 0 ? pattern : who->user), err);
}

static snt_status ask_sts(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  struct asking asking = {.options = &options->common};
  const struct snt_child child = {.what = "asks STS for the account",
                                  .context = &asking,
                                  .work = ask_there,
                                  .send = send_who,
                                  .receive = receive_who};
  SNT_TRY(snt_child_run(&child, err));
  if (options->account != NULL && strcmp(options->account, asking.who.account) != 0) {
    return snt_fail(err, SNT_CODE_USAGE, "--account is %s, and the credentials of profile \"%s\" are of %s",
                    options->account, options->common.profile, asking.who.account);
  }
  if (strcmp(asking.who.partition, setup->partition) != 0) {
    return snt_fail(err, SNT_CODE_USAGE, "the credentials of profile \"%s\" are of the partition %s, and %s of %s",
                    options->common.profile, asking.who.partition, setup->regions[0], setup->partition);
  }
  memcpy(setup->account, asking.who.account, sizeof setup->account);
  setup->was_asked = true;
  return setup->users[0] != NULL ? snt_done() : take_caller(&asking.who, setup, err);
}

static snt_status check_account(const char *account, struct snt_err *err) {
  if (account == NULL || (strlen(account) == 12 && strspn(account, "0123456789") == 12)) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_USAGE, "--account: \"%.100s\" is not an account: it has 12 digits", account);
}

snt_status snt_setup_find_scope(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  SNT_TRY(take_name("the name of a policy", options->name, setup->name, err));
  SNT_TRY(check_account(options->account, err));
  SNT_TRY(find_local(options, setup, err));
  SNT_TRY(options->users == NULL ? snt_done() : take_users(options->users, setup, err));
  if (options->is_plan && options->account != NULL) {
    memcpy(setup->account, options->account, sizeof setup->account);
    return snt_done();
  }
  return ask_sts(options, setup, err);
}
