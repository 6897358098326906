#include "aws/console.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "format/json.h"
#include "snt_build_id.h"

enum { CONNECT_MS = 1000, TOTAL_MS = 5000, TRIES = 2, ANSWER_CAP = 64 * 1024, TOKEN_MAX = 16 * 1024 };
enum { SESSION_CAP = 16 * 1024, BODY_CAP = 3 * SESSION_CAP + 256, URL_CAP = 3 * TOKEN_MAX + 2048 };

/* Where each partition's console is. */
static const struct {
  const char *partition, *domain;
} CONSOLES[] = {{"aws", "console.aws.amazon.com"},
                {"aws-cn", "console.amazonaws.cn"},
                {"aws-us-gov", "console.amazonaws-us-gov.com"}};

/* NULL: not known. */
static const char *find_domain(const char *partition) {
  for (size_t i = 0; i < sizeof CONSOLES / sizeof CONSOLES[0]; i++) {
    if (strcmp(CONSOLES[i].partition, partition) == 0) {
      return CONSOLES[i].domain;
    }
  }
  return NULL;
}

snt_status snt_console_check_service(const char *service, struct snt_err *err) {
  size_t len = strlen(service);
  if (len == 0 || len > 64 || service[0] == '-' || strspn(service, "abcdefghijklmnopqrstuvwxyz0123456789-") != len) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_USAGE, "--service: \"%.100s\" is not the name of a page of the console", service));
    return snt_err_hint(err, "give what stands in the console's address: s3, ec2, cloudwatch");
  }
  return snt_done();
}

/* The parts of arn:P:iam::A:role/path/Name, which was checked to be one. */
static void take_role(const char *arn, struct snt_console_page *page) {
  const char *partition = arn + strlen("arn:");
  const char *slash = strrchr(arn, '/');
  const char *account = strstr(arn, ":iam::");
  (void)snprintf(page->partition, sizeof page->partition, "%.*s", (int)strcspn(partition, ":"), partition);
  (void)snprintf(page->account, sizeof page->account, "%.12s", account == NULL ? "" : account + strlen(":iam::"));
  (void)snprintf(page->role, sizeof page->role, "%s", slash == NULL ? "" : slash + 1);
}

snt_status snt_console_find(const char *role_arn, const char *region, const char *service,
                            struct snt_console_page *page, struct snt_err *err) {
  memset(page, 0, sizeof *page);
  take_role(role_arn, page);
  if (find_domain(page->partition) == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "the console of partition \"%s\" cannot be signed in to: %s",
                        page->partition, role_arn));
    return snt_err_hint(err, "`sentinel login` knows the consoles of aws, aws-cn and aws-us-gov");
  }
  if (strcmp(snt_aws_partition_of(region), page->partition) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s is not a region of partition \"%s\", which the role is in", region,
                        page->partition));
    return snt_err_hint(err, "give a region of that partition with --region");
  }
  (void)snprintf(page->region, sizeof page->region, "%s", region);
  (void)snprintf(page->service, sizeof page->service, "%s", service == NULL ? "" : service);
  return snt_done();
}

static snt_status append(struct snt_secret *out, const char *text, struct snt_err *err) {
  return snt_secret_append(out, text, strlen(text), err);
}

/* As in RFC 3986, which forms and queries both read. */
static snt_status append_encoded(struct snt_secret *out, const char *text, struct snt_err *err) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static const char digits[] = "0123456789ABCDEF";
  for (const char *p = text; *p != '\0'; p++) {
    unsigned char c = (unsigned char)*p;
    const char encoded[] = {'%', digits[c >> 4], digits[c & 15]};
    SNT_TRY(strchr(plain, *p) != NULL ? snt_secret_append(out, p, 1, err) : snt_secret_append(out, encoded, 3, err));
  }
  return snt_done();
}

/* Nothing that could end a JSON string. */
static bool is_plain(const char *text) {
  const char *p = text;
  while (*p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\') {
    p++;
  }
  return *p == '\0';
}

/* {"sessionId":...,"sessionKey":...,"sessionToken":...} */
static snt_status format_session(const struct snt_aws_credentials *session, struct snt_secret **out,
                                 struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_TRY(snt_secret_new(SESSION_CAP, &text, err));
  if (session->session_token == NULL) {
    return snt_fail(err, SNT_CODE_BUG, "only a session can sign in to the console");
  }
  const char *const members[][2] = {{"{\"sessionId\":\"", session->access_key_id},
                                    {"\",\"sessionKey\":\"", snt_secret_borrow(session->secret_key)},
                                    {"\",\"sessionToken\":\"", snt_secret_borrow(session->session_token)}};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    if (!is_plain(members[i][1])) {
      return snt_fail(err, SNT_CODE_ANSWER_INVALID, "STS answered with a session that is not plain text");
    }
    SNT_TRY(append(text, members[i][0], err));
    SNT_TRY(append(text, members[i][1], err));
  }
  SNT_TRY(append(text, "\"}", err));
  *out = SNT_MOVE(text);
  return snt_done();
}

static snt_status format_body(const struct snt_aws_credentials *session, struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *json = NULL;
  SNT_SECRET_AUTO struct snt_secret *body = NULL;
  SNT_TRY(format_session(session, &json, err));
  SNT_TRY(snt_secret_new(BODY_CAP, &body, err));
  SNT_TRY(append(body, "Action=getSigninToken&Session=", err));
  SNT_TRY(append_encoded(body, snt_secret_borrow(json), err));
  *out = SNT_MOVE(body);
  return snt_done();
}

static snt_status refuse_answer(const struct snt_aws_endpoint *signin, const char *why, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "sign-in to the console: the answer of %s makes no sense (%s)",
                  signin->host, why);
}

static snt_status refuse_status(const struct snt_aws_endpoint *signin, long status, struct snt_err *err) {
  if (status < 400 || status > 599) {
    char why[32];
    (void)snprintf(why, sizeof why, "HTTP %ld", status);
    return refuse_answer(signin, why, err);
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "sign-in to the console: %s refused the session (HTTP %ld)",
                      signin->host, status));
  return snt_err_hint(err, status >= 500 || status == 429 ? "try again in a moment"
                                                          : "`sentinel clear` forgets the session; then try again");
}

/* {"SigninToken":"..."}, whatever it calls its type: AWS does not say which. */
static snt_status parse_answer(const struct snt_aws_endpoint *signin, const struct snt_http_response *response,
                               struct snt_secret **out, struct snt_err *err) {
  if (!snt_ok(response->status)) {
    return snt_fail(err, response->status.code, "sign-in to the console: %s", response->err.message);
  }
  if (response->http_status != 200) {
    return refuse_status(signin, response->http_status, err);
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  const char *body = snt_secret_borrow(response->body);
  if (!snt_ok(snt_json_parse(body, snt_secret_len(response->body), "the answer", &doc, NULL))) {
    return refuse_answer(signin, "it is not JSON", err);
  }
  const char *token = snt_json_string(snt_json_get(snt_json_root(doc), "SigninToken"), NULL);
  if (token == NULL || token[0] == '\0' || strlen(token) > TOKEN_MAX || !is_plain(token)) {
    return refuse_answer(signin, token == NULL ? "there is no SigninToken" : "its SigninToken is not one", err);
  }
  return snt_secret_new_from(token, strlen(token), out, err);
}

snt_status snt_console_ask_token(struct snt_http_client *client, const struct snt_aws_endpoint *signin,
                                 const struct snt_aws_credentials *session, struct snt_secret **out,
                                 struct snt_err *err) {
  *out = NULL;
  char url[sizeof signin->url + 16];
  SNT_SECRET_AUTO struct snt_secret *body = NULL;
  SNT_TRY(format_body(session, &body, err));
  (void)snprintf(url, sizeof url, "%s/federation", signin->url);
  const struct snt_http_request request = {
      .method = "POST",
      .url = url,
      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"User-Agent", "sentinel/" SNT_VERSION}},
      .header_count = 2,
      .body = snt_secret_borrow(body),
      .body_len = snt_secret_len(body),
      .body_cap = ANSWER_CAP,
      .connect_timeout_ms = CONNECT_MS,
      .timeout_ms = TOTAL_MS};
  SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
  for (int tries = 0; tries < TRIES && (tries == 0 || response.is_retryable); tries++) {
    snt_http_response_clear(&response);
    SNT_TRY(snt_http_perform(client, &request, &response, 1, err));
  }
  return parse_answer(signin, &response, out, err);
}

/* https://REGION.console.aws.amazon.com/s3/home?region=REGION */
static void format_destination(const struct snt_console_page *page, char *out, size_t cap) {
  const char *service = page->service[0] == '\0' ? "console" : page->service;
  (void)snprintf(out, cap, "https://%s.%s/%s/home?region=%s", page->region, find_domain(page->partition), service,
                 page->region);
}

snt_status snt_console_format_url(const struct snt_console_page *page, const struct snt_secret *token,
                                  struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  char destination[512];
  format_destination(page, destination, sizeof destination);
  SNT_SECRET_AUTO struct snt_secret *url = NULL;
  SNT_TRY(snt_secret_new(URL_CAP, &url, err));
  SNT_TRY(append(url, page->signin.url, err));
  SNT_TRY(append(url, "/federation?Action=login&Issuer=sentinel&Destination=", err));
  SNT_TRY(append_encoded(url, destination, err));
  SNT_TRY(append(url, "&SigninToken=", err));
  SNT_TRY(append_encoded(url, snt_secret_borrow(token), err));
  *out = SNT_MOVE(url);
  return snt_done();
}
