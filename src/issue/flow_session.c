/* Sessions that are handed out again (aws.md, credential_process; Session cache).
 *
 * MUST
 *  1. name a session by all that shapes it, under the base secret: an access key id alone opens nothing;
 *  2. hand none out for longer than this decision grants, nor when it is about to end;
 *  3. hand none out whose decision does not stand in this log;
 *  4. hand none out that is older than a code which the decision rests on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issue/flow.h"

enum {
  LEFT_MIN_MS = 15 * 60 * 1000 + 60 * 1000, /* botocore asks again on each signing below 15 minutes */
  ROUNDING_MS = 5000                        /* STS's Date and Expiration are whole seconds */
};

void snt_flow_session_clear(struct snt_flow_session *session) {
  snt_aws_credentials_clear(&session->credentials);
  memset(session, 0, sizeof *session);
}

/* Each field with its length before it: no two lists of fields make the same text. */
static snt_status add(struct snt_buf *text, const char *field, struct snt_err *err) {
  return snt_buf_appendf(text, err, "%zu:%s,", field == NULL ? 0 : strlen(field), field == NULL ? "" : field);
}

snt_status snt_flow_name_session(const struct snt_flow *flow, char out[static SNT_CACHE_NAME_CAP],
                                 struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf way = {0};
  char duration[24];
  char mfa[24];
  (void)snprintf(duration, sizeof duration, "%" PRId64, flow->duration_s);
  (void)snprintf(mfa, sizeof mfa, "%" PRId64, flow->is_mfa_direct ? 0 : flow->mfa_authenticated_at_ms);
  SNT_TRY(snt_flow_add_way(flow, "sts", &way, err));
  const char *const fields[] = {
      snt_log_path(flow->log),
      way.data,
      flow->base.access_key_id,
      flow->who.arn,
      flow->who.user,
      flow->options->profile,
      flow->target.role_arn,
      flow->target.external_id,
      flow->target.mfa_serial,
      mfa,
      duration,
      snt_settings_text(flow->settings, SNT_SETTING_TAGS),
      snt_settings_text(flow->settings, SNT_SETTING_SEPARATOR),
      snt_settings_text(flow->settings, SNT_SETTING_INSTALLATION),
      flow->policy.source,
      flow->policy.sha256,
      flow->decision.rule,
      flow->marker,
      flow->approval,
      flow->options->justification,
  };
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    SNT_TRY(add(&text, fields[i], err));
  }
  snt_cache_name(&flow->cache, SNT_KEYCHAIN_KIND_SESSION, flow->options->profile,
                 (struct snt_slice){text.data, text.len}, out);
  return snt_done();
}

/* The next word of a line that ends with a line feed; NULL when there is none, or when it does not fit. */
static const char *take_word(const char *text, char *out, size_t cap) {
  size_t len = text == NULL ? 0 : strcspn(text, " \n");
  if (len == 0 || len >= cap || text[len] == '\0') {
    return NULL;
  }
  memcpy(out, text, len);
  out[len] = '\0';
  return text + len + 1;
}

/* "<chain> <request id> <session id> <source identity> <end> <lease>\n", and the keys as the keychain has them. */
static bool parse_entry(const struct snt_secret *entry, struct snt_flow_session *out) {
  char end[24];
  char lease[24];
  const char *text = snt_secret_borrow(entry);
  text = take_word(text, out->chain, sizeof out->chain);
  text = take_word(text, out->request_id, sizeof out->request_id);
  text = take_word(text, out->session_id, sizeof out->session_id);
  text = take_word(text, out->source_identity, sizeof out->source_identity);
  text = take_word(text, end, sizeof end);
  text = take_word(text, lease, sizeof lease);
  if (text == NULL || strspn(lease, "0123456789") != strlen(lease)) {
    return false;
  }
  SNT_SECRET_AUTO struct snt_secret *keys = NULL;
  bool is_good = snt_ok(snt_secret_new_from(text, strlen(text), &keys, NULL)) &&
                 snt_ok(snt_aws_credentials_parse(keys, &out->credentials, NULL));
  out->credentials.expires_at_ms = strtoll(end, NULL, 10);
  out->lease_s = strtoll(lease, NULL, 10);
  return is_good && out->credentials.session_token != NULL;
}

/* A program that `exec` starts cannot ask for another session: it gets at least half of what is granted. */
static int64_t least_left_ms(const struct snt_flow *flow, int64_t granted_s) {
  bool is_kept = strcmp(flow->options->mode, "cli") == 0;
  return is_kept && granted_s * 500 > LEFT_MIN_MS ? granted_s * 500 : LEFT_MIN_MS;
}

bool snt_flow_find_session(const struct snt_flow *flow, const char *name, int64_t granted_s,
                           struct snt_flow_session *out) {
  SNT_CLEANUP(snt_flow_session_clear) struct snt_flow_session found = {0};
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  memset(out, 0, sizeof *out);
  if (!snt_cache_read(&flow->cache, SNT_KEYCHAIN_KIND_SESSION, name, &entry) || !parse_entry(entry, &found)) {
    return false;
  }
  int64_t issued_at_ms = found.credentials.expires_at_ms - granted_s * 1000;
  int64_t left_ms = found.credentials.expires_at_ms - snt_flow_now_ms(flow);
  if (left_ms < least_left_ms(flow, granted_s) || left_ms > granted_s * 1000 + ROUNDING_MS ||
      strcmp(found.chain, snt_log_chain(flow->log)) != 0 ||
      (flow->is_mfa_direct && (flow->decision.ends_with_window || /* what was granted then is not known */
                               issued_at_ms + ROUNDING_MS < flow->mfa_authenticated_at_ms))) {
    return false;
  }
  *out = found;
  memset(&found, 0, sizeof found); /* ownership went to out */
  return true;
}

bool snt_flow_shares_session(const struct snt_flow *flow, int64_t granted_s) {
  return granted_s * 1000 > LEFT_MIN_MS && snt_cache_check(&flow->cache);
}

static snt_status format_entry(const struct snt_flow *flow, const struct snt_flow_grant *grant,
                               const struct snt_aws_credentials *credentials, struct snt_secret **out) {
  char line[512];
  SNT_SECRET_AUTO struct snt_secret *keys = NULL;
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  int len =
      snprintf(line, sizeof line, "%s %s %s %s %" PRId64 " %" PRId64 "\n", snt_log_chain(flow->log), flow->request_id,
               flow->names.session_id, flow->names.source_identity, credentials->expires_at_ms, grant->lease_s);
  SNT_TRY(snt_aws_credentials_format(credentials, &keys, NULL));
  SNT_TRY(snt_secret_new((size_t)len + snt_secret_len(keys), &entry, NULL));
  SNT_TRY(snt_secret_append(entry, line, (size_t)len, NULL));
  SNT_TRY(snt_secret_append(entry, snt_secret_borrow(keys), snt_secret_len(keys), NULL));
  *out = SNT_MOVE(entry);
  return snt_done();
}

void snt_flow_keep_session(struct snt_flow *flow, const char *name, const struct snt_flow_grant *grant,
                           const struct snt_aws_credentials *credentials) {
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  int64_t life_ms = credentials->expires_at_ms - snt_flow_now_ms(flow) - LEFT_MIN_MS;
  flow->is_session_kept = life_ms > 0 && snt_ok(format_entry(flow, grant, credentials, &entry)) &&
                          snt_cache_write(&flow->cache, SNT_KEYCHAIN_KIND_SESSION, name, entry, life_ms / 1000 + 1);
}
