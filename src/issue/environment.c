#include "issue/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

void snt_environment_clear(struct snt_environment *environment) {
  snt_aws_credentials_clear(&environment->aws.credentials);
  snt_secret_free(&environment->aws.container_token);
  snt_secret_free(&environment->passphrase);
}

/* Nothing but the bytes of none is no value: for a key, blanks; "" for what may be blanks. */
static snt_status take_variable(const char *name, const char *none, struct snt_secret **out, struct snt_err *err) {
  char *value = getenv(name);
  if (value == NULL || value[strspn(value, none)] == '\0') {
    return snt_done();
  }
  size_t len = strlen(value);
  SNT_TRY(snt_secret_new_from(value, len, out, err));
  explicit_bzero(value, len);
  return unsetenv(name) == 0 ? snt_done() : snt_fail_memory(err);
}

snt_status snt_environment_take_passphrase(struct snt_secret **out, struct snt_err *err) {
  return take_variable("SENTINEL_FILE_PASSPHRASE", "", out, err);
}

snt_status snt_environment_take_vault_passphrase(struct snt_secret **out, struct snt_err *err) {
  return take_variable("AWS_VAULT_FILE_PASSPHRASE", "", out, err);
}

snt_status snt_environment_take(struct snt_environment *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_aws_credentials *credentials = &out->aws.credentials;
  SNT_SECRET_AUTO struct snt_secret *id = NULL;
  SNT_TRY(snt_environment_take_passphrase(&out->passphrase, err));
  SNT_TRY(take_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", BLANKS, &out->aws.container_token, err));
  SNT_TRY(take_variable("AWS_ACCESS_KEY_ID", BLANKS, &id, err));
  SNT_TRY(take_variable("AWS_SECRET_ACCESS_KEY", BLANKS, &credentials->secret_key, err));
  SNT_TRY(take_variable("AWS_SESSION_TOKEN", BLANKS, &credentials->session_token, err));
  if ((id == NULL) != (credentials->secret_key == NULL)) {
    (void)snprintf(out->aws.problem, sizeof out->aws.problem, "the environment holds half a key: %s is missing",
                   id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
  } else if (id != NULL && !snt_aws_access_key_id_check(snt_secret_borrow(id))) {
    (void)snprintf(out->aws.problem, sizeof out->aws.problem,
                   "AWS_ACCESS_KEY_ID of the environment is not an access key id");
  }
  if (id == NULL || out->aws.problem[0] != '\0') {
    snt_aws_credentials_clear(credentials);
    return snt_done();
  }
  (void)snprintf(credentials->access_key_id, sizeof credentials->access_key_id, "%s", snt_secret_borrow(id));
  (void)snprintf(credentials->source, sizeof credentials->source, "environment");
  return snt_done();
}
