#include "aws/base_roles.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws/base_cache.h"
#include "aws/identity.h"
#include "base/buf.h"

enum { LIFE_S = 3600 /* as long as a session of a session may be */, NAME_CAP = 65 };

#define NAME_PREFIX "sentinel-"

/* One step and where it is asked for. */
struct assuming {
  const struct snt_aws_search *search;
  const struct snt_aws_role_step *step;
  const struct snt_aws_credentials *base; /* what signs */
  struct snt_aws_endpoint endpoint;
  int64_t duration_s;
  char place[320]; /* for messages */
};

static snt_status check_step(const struct assuming *assuming, struct snt_err *err) {
  const struct snt_aws_role_step *step = assuming->step;
  char account[13];
  char name[128];
  if (!snt_ok(snt_aws_role_arn_parse(step->role_arn, account, name, err))) {
    return snt_err_prefix(err, "%s", assuming->place);
  }
  if (step->mfa_serial == NULL || step->mfa_serial[0] == '\0') {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                      "%s is assumed on the way to another one and needs an MFA code (mfa_serial), which is asked for "
                      "only for the role of the profile that is asked for",
                      assuming->place));
  return snt_err_hint(err, "let mfa_serial stand in [profile %s] instead, with a role that the key itself may assume",
                      assuming->search->target->profile);
}

static snt_status perform(const struct assuming *assuming, struct snt_aws_call *call, struct snt_err *err) {
  struct snt_http_client *client = NULL;
  SNT_TRY(assuming->search->check_endpoint(assuming->search->context, &assuming->endpoint, err));
  SNT_TRY(assuming->search->open_client(assuming->search->context, &client, err));
  return snt_aws_perform(client, (struct snt_aws_call *const[]){call}, 1, err);
}

/* Whoever base is, in CloudTrail too; what was named so once is carried on. */
static snt_status make_name(const struct assuming *assuming, const struct snt_aws_credentials *base,
                            char out[static NAME_CAP], struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_sts_caller caller = {0};
  struct snt_aws_identity who = {0};
  char part[30];
  SNT_TRY(snt_sts_prepare_get_caller_identity(&call, &assuming->endpoint, base, err));
  SNT_TRY(perform(assuming, &call, err));
  SNT_TRY(snt_sts_parse_get_caller_identity(&call, &caller, err));
  SNT_TRY(snt_aws_identity_parse(caller.arn, NULL, &who, err));
  const char *session = strcmp(who.kind, "role") == 0 ? strrchr(who.user, '/') : NULL;
  if (session != NULL && snt_str_starts_with(session + 1, NAME_PREFIX) && strlen(session + 1) < NAME_CAP) {
    (void)snprintf(out, NAME_CAP, "%s", session + 1);
    return snt_done();
  }
  snt_session_user_part(who.user, part);
  (void)snprintf(out, NAME_CAP, "%s%s", NAME_PREFIX, part);
  return snt_done();
}

static snt_status ask(void *context, struct snt_aws_credentials *out, struct snt_err *err) {
  const struct assuming *assuming = context;
  const struct snt_aws_credentials *base = assuming->base;
  const struct snt_aws_role_step *step = assuming->step;
  char name[NAME_CAP];
  bool is_named = step->role_session_name != NULL && step->role_session_name[0] != '\0';
  SNT_TRY(is_named ? snt_done() : make_name(assuming, base, name, err));
  const struct snt_sts_assume_role parameters = {.role_arn = step->role_arn,
                                                 .role_session_name = is_named ? step->role_session_name : name,
                                                 .is_on_the_way = true,
                                                 .external_id = step->external_id,
                                                 .duration_s = assuming->duration_s};
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  SNT_TRY(snt_sts_prepare_assume_role(&call, &assuming->endpoint, base, &parameters, err));
  SNT_TRY(perform(assuming, &call, err));
  SNT_TRY(snt_sts_parse_assume_role(&call, &session, err));
  *out = session.credentials;
  session.credentials = (struct snt_aws_credentials){0}; /* ownership went to out */
  (void)snprintf(out->source, sizeof out->source, "role of profile \"%.100s\", by %.120s", step->profile, base->source);
  return snt_done();
}

/* All that shapes the session; each field with its length before it. */
static snt_status describe(const struct assuming *assuming, struct snt_buf *out, struct snt_err *err) {
  const struct snt_aws_role_step *step = assuming->step;
  const char *const fields[] = {"role", assuming->endpoint.url, step->role_arn, step->external_id,
                                step->role_session_name};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    const char *field = fields[i] == NULL ? "" : fields[i];
    SNT_TRY(snt_buf_appendf(out, err, "%zu:%s,", strlen(field), field));
  }
  return snt_buf_appendf(out, err, "%" PRId64, assuming->duration_s);
}

/* base becomes the session. */
static snt_status assume(struct assuming *assuming, struct snt_aws_credentials *base, struct snt_err *err) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials session = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(describe(assuming, &text, err));
  const struct snt_aws_base_kept kept = {base->secret_key, {text.data, text.len}, ask, assuming};
  if (!snt_ok(snt_aws_base_cache_obtain(assuming->search, &kept, &session, err))) {
    return snt_err_prefix(err, "%s", assuming->place);
  }
  session.is_kept = session.is_kept || base->is_kept; /* what it rests on, AWS may not know either */
  snt_aws_credentials_clear(base);
  *base = session;
  session = (struct snt_aws_credentials){0}; /* ownership went to base */
  return snt_done();
}

snt_status snt_aws_base_roles_assume(const struct snt_aws_search *search, const struct snt_aws_chain *chain,
                                     struct snt_aws_credentials *base, struct snt_err *err) {
  for (size_t i = 0; i < chain->step_count; i++) {
    const struct snt_aws_role_step *step = &chain->steps[i];
    bool is_shorter = step->duration_s > 0 && step->duration_s < LIFE_S;
    struct assuming assuming = {
        .search = search, .step = step, .base = base, .duration_s = is_shorter ? step->duration_s : LIFE_S};
    (void)snprintf(assuming.place, sizeof assuming.place, "the role of profile \"%.256s\"", step->profile);
    SNT_TRY(check_step(&assuming, err));
    SNT_TRY(snt_aws_search_sts(search, step->profile, assuming.place, &assuming.endpoint, err));
    SNT_TRY(assume(&assuming, base, err));
  }
  return snt_done();
}
