/* Keys of a container (AWS SDKs and Tools Reference Guide, "Container credential provider").
 *
 * MUST
 *  1. plain http goes to the loopback and to the hosts of net/metadata.h only;
 *  2. the token is read anew for each question, goes out as it is, and breaks no header's line;
 *  3. hand out no keys unless the answer is whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/json_credentials.h"
#include "aws/metadata.h"
#include "base/file.h"

#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"

enum { TRY_MS = 2000, TRIES = 3, TOKEN_MAX = 16 * 1024 };

/* One question. */
struct place {
  const char *variable; /* that says where */
  struct snt_buf url;
  struct snt_url parts;
};

static void clear_place(struct place *place) { snt_buf_clear(&place->url); }

static const char *read_variable(const char *name) {
  const char *value = getenv(name);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

static snt_status find_url(struct place *out, struct snt_err *err) {
  const char *relative = read_variable(RELATIVE_URI);
  const char *full = read_variable(FULL_URI);
  if (relative == NULL && full == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS, "neither %s nor %s says where a container's keys are",
                        RELATIVE_URI, FULL_URI));
    return snt_err_hint(err, "ECS and EKS set one of them for a task or pod that has a role; elsewhere name another "
                             "source of keys (credential_source)");
  }
  out->variable = relative != NULL ? RELATIVE_URI : FULL_URI;
  if (relative != NULL && relative[0] != '/') {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s does not begin with a /", RELATIVE_URI);
  }
  SNT_TRY(snt_buf_append_str(&out->url, relative != NULL ? "http://169.254.170.2" : "", err));
  return snt_buf_append_str(&out->url, relative != NULL ? relative : full, err);
}

static snt_status find_place(struct place *out, struct snt_err *err) {
  SNT_TRY(find_url(out, err));
  SNT_BUF_AUTO struct snt_buf bare = {0};
  struct snt_err inner = {0};
  SNT_TRY(snt_buf_append(&bare, out->url.data, strcspn(out->url.data, "?"), err));
  if (!snt_ok(snt_url_parse(snt_buf_borrow(&bare), out->variable, &out->parts, &inner))) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s", inner.message);
  }
  return snt_done();
}

/* Whoever writes the file may end it with a line feed, and the SDKs refuse it: so it is told. */
static snt_status check_token(const struct snt_secret *token, const char *variable, const char *file,
                              struct snt_err *err) {
  const char *text = snt_secret_borrow(token);
  size_t len = snt_secret_len(token);
  const char *fault = len == 0 ? "is empty" : strcspn(text, "\r\n") < len ? "holds a line break" : NULL;
  for (size_t i = 0; fault == NULL && i < len; i++) {
    fault = text[i] < 0x20 || text[i] > 0x7e ? "holds a byte that a header may not hold" : NULL;
  }
  if (fault == NULL) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "the token of %s%s%s %s", variable, file == NULL ? "" : ", ",
                      file == NULL ? "" : file, fault));
  return snt_err_hint(err, "it is one line of printable ASCII, without a line break at its end");
}

/* *out stays NULL when nothing names a token. */
static snt_status read_token(const struct snt_aws_search *search, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  const char *file = read_variable(TOKEN_FILE);
  if (file != NULL) {
    struct snt_err inner = {0};
    if (!snt_ok(snt_file_read_secret(file, SNT_FILE_ANY, TOKEN_MAX, &token, &inner))) {
      return snt_fail(err, SNT_CODE_CONFIG_INVALID, TOKEN_FILE ": %s", inner.message);
    }
    SNT_TRY(check_token(token, TOKEN_FILE, file, err));
    *out = SNT_MOVE(token);
    return snt_done();
  }
  const struct snt_secret *given = search->environment == NULL ? NULL : search->environment->container_token;
  if (given != NULL) {
    SNT_TRY(check_token(given, TOKEN, NULL, err));
    SNT_TRY(snt_secret_new_from(snt_secret_borrow(given), snt_secret_len(given), out, err));
  }
  return snt_done();
}

static snt_status take_answer(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                              struct snt_aws_credentials *out, struct snt_err *err) {
  static const struct snt_aws_json_shape shape = {.token = "Token", .is_temporary = true};
  if (response->http_status != 200) {
    SNT_IGNORE(snt_aws_metadata_refuse(host, response, err));
    return snt_err_hint(err,
                        "see that " TOKEN_FILE " or " TOKEN " holds the token that it wants, and that the container "
                        "has a role");
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  char what[320];
  (void)snprintf(what, sizeof what, "the answer of %s", host->place);
  SNT_TRY(snt_aws_metadata_json(host, response, &doc, err));
  return snt_aws_json_credentials_parse(snt_json_root(doc), &shape, what, out, err);
}

static snt_status ask(const struct snt_aws_search *search, const struct place *place, struct snt_aws_credentials *out,
                      struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  struct snt_aws_metadata host = {.try_ms = TRY_MS, .tries = TRIES};
  SNT_TRY(snt_aws_metadata_open(search, &place->parts, place->variable, &host, err));
  SNT_TRY(read_token(search, &token, err));
  host.token = token;
  struct snt_aws_metadata_question question = {.method = "GET", .url = place->url.data};
  if (token != NULL) {
    question.header = "Authorization";
    question.value = snt_secret_borrow(token);
  }
  SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
  SNT_TRY(snt_aws_metadata_ask(&host, &question, &response, err));
  SNT_TRY(take_answer(&host, &response, out, err));
  (void)snprintf(out->source, sizeof out->source, "container (%.200s)", host.place);
  return snt_done();
}

snt_status snt_aws_source_container(const struct snt_aws_search *search, struct snt_aws_credentials *out,
                                    struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_CLEANUP(clear_place) struct place place = {0};
  SNT_TRY(find_place(&place, err));
  struct snt_err inner = {0};
  snt_status status = ask(search, &place, out, &inner);
  if (!snt_ok(status) && err != NULL) {
    *err = inner;
    return snt_err_prefix(err, "the container's keys (%s)", place.variable);
  }
  return status;
}
