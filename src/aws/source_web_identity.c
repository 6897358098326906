/* Keys of a role that trusts an identity provider (AWS SDKs and Tools Reference Guide, "Assume role credential
 * provider"): a token in a file is exchanged at STS.
 *
 * MUST
 *  1. read the token anew each time, into a secret;
 *  2. hand out no session of another role. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/base_cache.h"
#include "aws/refusal.h"
#include "base/file.h"

enum { TOKEN_MAX = 32 * 1024, TRIES = 2 };

/* Where no session name is given, ours is always the same: it is part of the name that policy sees. */
#define SESSION_NAME "sentinel"

/* What a search finds; all is borrowed. */
struct identity {
  const char *token_file, *role_arn, *session_name;
  const char *place; /* for messages: "profile \"ci\"", "the environment" */
  char place_text[320];
};

/* One exchange of a token. */
struct exchanging {
  const struct snt_aws_search *search;
  struct snt_aws_endpoint endpoint;
  struct snt_sts_web_identity parameters;
  const char *place;
};

static const char *find(const struct snt_aws_search *search, const char *profile, const char *key,
                        const char *variable) {
  const char *value = profile == NULL ? getenv(variable) : snt_aws_profile_get(search->target->config, profile, key);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

static snt_status find_identity(const struct snt_aws_search *search, const char *profile, struct identity *out,
                                struct snt_err *err) {
  out->token_file = find(search, profile, "web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE");
  out->role_arn = find(search, profile, "role_arn", "AWS_ROLE_ARN");
  out->session_name = find(search, profile, "role_session_name", "AWS_ROLE_SESSION_NAME");
  out->session_name = out->session_name == NULL ? SESSION_NAME : out->session_name;
  (void)snprintf(out->place_text, sizeof out->place_text, "profile \"%.256s\"", profile == NULL ? "" : profile);
  out->place = profile == NULL ? "the environment" : out->place_text;
  if (out->token_file == NULL) {
    return snt_fail(err, SNT_CODE_NO_CREDENTIALS, "%s names no web identity token", out->place);
  }
  if (out->role_arn == NULL) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_PROFILE_INVALID, "%s names a web identity token, and no role for it", out->place));
    return snt_err_hint(err, "add %s", profile == NULL ? "AWS_ROLE_ARN" : "role_arn");
  }
  return snt_done();
}

/* A line feed at its end is no part of a token. */
static snt_status read_token(const struct identity *identity, struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  struct snt_err inner = {0};
  snt_status status = snt_file_read_secret(identity->token_file, SNT_FILE_ANY, TOKEN_MAX, &token, &inner);
  if (!snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, status.code == SNT_CODE_NO_MEMORY ? status.code : SNT_CODE_NO_CREDENTIALS,
                        "the web identity token of %s: %s", identity->place, inner.message));
    return snt_err_hint(err, "whatever writes the token has to write it there, readable for this user");
  }
  const char *text = snt_secret_borrow(token);
  size_t len = snt_secret_len(token);
  while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
    len--;
  }
  snt_secret_set_len(token, len);
  bool is_good = len > 0;
  for (size_t i = 0; i < len; i++) {
    is_good = is_good && text[i] > 0x20 && text[i] < 0x7f;
  }
  if (!is_good) {
    return snt_fail(err, SNT_CODE_NO_CREDENTIALS, "the web identity token of %s: %s holds no token", identity->place,
                    identity->token_file);
  }
  *out = SNT_MOVE(token);
  return snt_done();
}

/* STS asks the issuer for its keys, and may be told to wait. */
static bool may_ask_again(const struct snt_aws_call *call) {
  struct snt_aws_refusal refusal = {0};
  if (!snt_ok(call->response.status) || call->response.http_status != 400) {
    return false;
  }
  snt_aws_refusal_read(call, &refusal);
  return strcmp(refusal.code, "IDPCommunicationError") == 0;
}

static snt_status exchange(void *context, struct snt_aws_credentials *out, struct snt_err *err) {
  const struct exchanging *it = context;
  struct snt_http_client *client = NULL;
  SNT_TRY(it->search->check_endpoint(it->search->context, &it->endpoint, err));
  SNT_TRY(it->search->open_client(it->search->context, &client, err));
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  for (int i = 0; i < TRIES && (i == 0 || may_ask_again(&call)); i++) {
    SNT_TRY(snt_sts_prepare_web_identity(&call, &it->endpoint, &it->parameters, err));
    SNT_TRY(snt_aws_perform(client, (struct snt_aws_call *const[]){&call}, 1, err));
  }
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  SNT_TRY(snt_sts_parse_web_identity(&call, &session, err));
  *out = session.credentials;
  session.credentials = (struct snt_aws_credentials){0}; /* ownership went to out */
  (void)snprintf(out->source, sizeof out->source, "web identity of %.220s", it->place);
  return snt_done();
}

/* All that shapes the session. */
static snt_status describe(const struct identity *identity, const struct snt_aws_endpoint *endpoint,
                           struct snt_buf *out, struct snt_err *err) {
  return snt_buf_appendf(out, err, "web\n%s\n%s\n%s\n", endpoint->url, identity->role_arn, identity->session_name);
}

snt_status snt_aws_source_web_identity(const struct snt_aws_search *search, const char *profile,
                                       struct snt_aws_credentials *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct identity identity = {0};
  struct exchanging it = {.search = search};
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(find_identity(search, profile, &identity, err));
  SNT_TRY(read_token(&identity, &token, err));
  char what[360];
  (void)snprintf(what, sizeof what, "the web identity of %s", identity.place);
  SNT_TRY(snt_aws_search_sts(search, profile, what, &it.endpoint, err));
  SNT_TRY(describe(&identity, &it.endpoint, &text, err));
  it.parameters = (struct snt_sts_web_identity){identity.role_arn, identity.session_name, token};
  it.place = identity.place;
  const struct snt_aws_base_kept kept = {token, {text.data, text.len}, exchange, &it};
  return snt_aws_base_cache_obtain(search, &kept, out, err);
}
