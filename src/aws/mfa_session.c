#include "aws/mfa_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/json.h"

enum { VERSION = 1, HEAD_CAP = 128, SLACK_MS = 5 * 60 * 1000 };

void snt_mfa_session_clear(struct snt_mfa_session *session) {
  snt_aws_credentials_clear(&session->credentials);
  session->authenticated_at_ms = 0;
}

snt_status snt_mfa_session_format(const struct snt_mfa_session *session, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SNT_SECRET_AUTO struct snt_secret *credentials = NULL;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  char head[HEAD_CAP];
  SNT_TRY(snt_aws_credentials_format(&session->credentials, &credentials, err));
  (void)snprintf(head, sizeof head,
                 "{\"v\":%d,\"authenticated_at\":%" PRId64 ",\"expires_at\":%" PRId64 ",\"credentials\":", VERSION,
                 session->authenticated_at_ms, session->credentials.expires_at_ms);
  SNT_TRY(snt_secret_new(sizeof head + snt_secret_len(credentials) + 1, &text, err));
  SNT_TRY(snt_secret_append(text, head, strlen(head), err));
  SNT_TRY(snt_secret_append(text, snt_secret_borrow(credentials), snt_secret_len(credentials), err));
  SNT_TRY(snt_secret_append(text, "}", 1, err));
  *out = SNT_MOVE(text);
  return snt_done();
}

static snt_status refuse(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "the kept session: %s", what);
}

static bool is_possible(int64_t authenticated_at_ms, int64_t expires_at_ms) {
  return authenticated_at_ms > 0 && expires_at_ms > authenticated_at_ms &&
         expires_at_ms - authenticated_at_ms <= SNT_MFA_SESSION_MAX_S * INT64_C(1000) + SLACK_MS;
}

static struct snt_slice text_of(const struct snt_json_value *object, const char *key) {
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(snt_json_get(object, key), &text.len);
  return text.data == NULL ? (struct snt_slice){"", 0} : text;
}

static snt_status take_credentials(const struct snt_json_value *object, struct snt_aws_credentials *out,
                                   struct snt_err *err) {
  static const char *const keys[] = {"access_key_id", "secret_access_key", "session_token", NULL};
  if (snt_json_type(object) != SNT_JSON_OBJECT) {
    return refuse("there are no credentials", err);
  }
  SNT_TRY(snt_json_check_keys(object, "the kept session", keys, err));
  struct snt_aws_key_text text = {text_of(object, "access_key_id"), text_of(object, "secret_access_key"),
                                  text_of(object, "session_token")};
  if (text.token.len == 0) {
    return refuse("there is no session token", err);
  }
  return snt_aws_credentials_take_text(&text, "session with MFA", SNT_CODE_SYNTAX, out, err);
}

snt_status snt_mfa_session_parse(const struct snt_secret *text, struct snt_mfa_session *out, struct snt_err *err) {
  static const char *const keys[] = {"v", "authenticated_at", "expires_at", "credentials", NULL};
  memset(out, 0, sizeof *out);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(snt_secret_borrow(text), snt_secret_len(text), "the kept session", &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  int64_t version = 0;
  int64_t authenticated_at_ms = 0;
  int64_t expires_at_ms = 0;
  if (snt_json_type(root) != SNT_JSON_OBJECT || !snt_json_integer(snt_json_get(root, "v"), &version) ||
      version != VERSION) {
    return refuse("it is of another version", err);
  }
  SNT_TRY(snt_json_check_keys(root, "the kept session", keys, err));
  if (!snt_json_integer(snt_json_get(root, "authenticated_at"), &authenticated_at_ms) ||
      !snt_json_integer(snt_json_get(root, "expires_at"), &expires_at_ms) ||
      !is_possible(authenticated_at_ms, expires_at_ms)) {
    return refuse("its times cannot be", err);
  }
  SNT_TRY(take_credentials(snt_json_get(root, "credentials"), &out->credentials, err));
  out->credentials.expires_at_ms = expires_at_ms;
  out->authenticated_at_ms = authenticated_at_ms;
  return snt_done();
}

bool snt_mfa_session_is_good(const struct snt_mfa_session *session, int64_t life_s, int64_t now_ms) {
  int64_t end_ms = session->authenticated_at_ms + life_s * 1000;
  end_ms = session->credentials.expires_at_ms < end_ms ? session->credentials.expires_at_ms : end_ms;
  return session->authenticated_at_ms <= now_ms + SLACK_MS && end_ms - now_ms >= SNT_MFA_SESSION_LEAST_S * 1000;
}
