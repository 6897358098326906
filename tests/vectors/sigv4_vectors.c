/* AWS's own test suite for Signature Version 4: every stage of every case is compared.
 *
 * usage: sigv4_vectors FOLDER-OF-SHARED-DATA   (SENTINEL_SHARED goes first; without the folder: status 77, skipped) */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/sigv4.h"
#include "base/file.h"
#include "base/str.h"
#include "format/json.h"
#include "format/time.h"

enum { CASES_WANTED = 38, HEADERS_MAX = 32, FILE_MAX = 65536, SKIPPED = 77 };

static int failures;

/* One case: its files, and what they say. */
struct vector {
  const char *name;
  struct snt_buf request_text;
  struct snt_json_doc *context;
  struct snt_sigv4_header headers[HEADERS_MAX];
  struct snt_sigv4_request request;
  struct snt_aws_credentials credentials;
};

static void clear_vector(struct vector *vector) {
  snt_buf_clear(&vector->request_text);
  snt_json_free(&vector->context);
  snt_secret_free(&vector->credentials.secret_key);
  snt_secret_free(&vector->credentials.session_token);
}

static snt_status read_file(const char *folder, const char *name, const char *file, struct snt_buf *out,
                            struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_buf_appendf(&path, err, "%s/%s/%s", folder, name, file));
  return snt_file_read(path.data, SNT_FILE_ANY, FILE_MAX, out, err);
}

static snt_status refuse_case(const struct vector *vector, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "%s: %s", vector->name, what);
}

/* "GET /path?query HTTP/1.1", with whatever bytes in between. The text is cut into pieces in place. */
static snt_status take_first_line(struct vector *vector, char *line, struct snt_err *err) {
  char *space = strchr(line, ' ');
  char *end = strstr(line, " HTTP/1.1");
  if (space == NULL || end == NULL || end <= space) {
    return refuse_case(vector, "no request line", err);
  }
  *space = '\0';
  *end = '\0';
  char *query = strchr(space + 1, '?');
  if (query != NULL) {
    *query = '\0';
  }
  vector->request.method = line;
  vector->request.path = space + 1;
  vector->request.query = query == NULL ? "" : query + 1;
  return snt_done();
}

/* A line that begins with a space goes on with the value before it. */
static snt_status take_headers(struct vector *vector, char *text, struct snt_err *err) {
  while (*text != '\0' && *text != '\n') {
    char *colon = strchr(text, ':');
    char *end = strchr(text, '\n');
    while (end != NULL && (end[1] == ' ' || end[1] == '\t')) {
      end = strchr(end + 1, '\n');
    }
    if (colon == NULL || vector->request.header_count == HEADERS_MAX) {
      return refuse_case(vector, "an odd header", err);
    }
    *colon = '\0';
    vector->headers[vector->request.header_count++] = (struct snt_sigv4_header){text, colon + 1};
    if (end == NULL) {
      text += strlen(text); /* at the colon's place, which is a NUL now */
      break;
    }
    *end = '\0';
    text = end + 1;
  }
  vector->request.headers = vector->headers;
  vector->request.body = *text == '\n' ? text + 1 : "";
  vector->request.body_len = strlen(vector->request.body);
  return snt_done();
}

static snt_status take_request(struct vector *vector, struct snt_err *err) {
  char *text = vector->request_text.data;
  char *newline = text == NULL ? NULL : strchr(text, '\n');
  if (newline == NULL) {
    return refuse_case(vector, "no request", err);
  }
  *newline = '\0';
  SNT_TRY(take_first_line(vector, text, err));
  return take_headers(vector, newline + 1, err);
}

static const char *context_text(const struct snt_json_value *value, const char *key) {
  const char *text = snt_json_string(snt_json_get(value, key), NULL);
  return text == NULL ? "" : text;
}

static bool context_flag(const struct snt_json_value *value, const char *key) {
  bool flag = false;
  return snt_json_bool(snt_json_get(value, key), &flag) && flag;
}

static snt_status take_context(struct vector *vector, struct snt_err *err) {
  const struct snt_json_value *root = snt_json_root(vector->context);
  const struct snt_json_value *keys = snt_json_get(root, "credentials");
  struct snt_aws_credentials *credentials = &vector->credentials;
  const char *secret = context_text(keys, "secret_access_key");
  const char *token = context_text(keys, "token");
  (void)snprintf(credentials->access_key_id, sizeof credentials->access_key_id, "%s",
                 context_text(keys, "access_key_id"));
  SNT_TRY(snt_secret_new_from(secret, strlen(secret), &credentials->secret_key, err));
  if (token[0] != '\0') {
    SNT_TRY(snt_secret_new_from(token, strlen(token), &credentials->session_token, err));
  }
  vector->request.region = context_text(root, "region");
  vector->request.service = context_text(root, "service");
  vector->request.is_path_unnormalised = !context_flag(root, "normalize");
  vector->request.signs_body_header = context_flag(root, "sign_body");
  vector->request.omits_session_token = context_flag(root, "omit_session_token");
  return snt_time_parse(context_text(root, "timestamp"), &vector->request.time_ms, err);
}

static void compare(const struct vector *vector, const char *stage, const char *wanted, const char *got) {
  if (strcmp(wanted, got) != 0) {
    failures++;
    printf("FAILED %s, %s\n--- wanted\n%s\n--- got\n%s\n", vector->name, stage, wanted, got);
  }
}

/* The value of a header of the signed request, or "". */
static void find_header(const char *text, const char *name, struct snt_buf *out) {
  SNT_BUF_AUTO struct snt_buf start = {0};
  SNT_IGNORE(snt_buf_appendf(&start, NULL, "\n%s:", name)); /* a failure makes the comparison fail */
  const char *found = strstr(text, snt_buf_borrow(&start));
  if (found != NULL) {
    const char *value = found + start.len;
    SNT_IGNORE(snt_buf_append(out, value, strcspn(value, "\n"), NULL));
  }
}

static snt_status compare_all(const char *folder, const struct vector *vector, const struct snt_sigv4_result *result,
                              struct snt_err *err) {
  const struct {
    const char *file;
    const char *got;
  } stages[] = {{"header-canonical-request.txt", snt_buf_borrow(&result->canonical_request)},
                {"header-string-to-sign.txt", snt_buf_borrow(&result->string_to_sign)},
                {"header-signature.txt", result->signature}};
  for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
    SNT_BUF_AUTO struct snt_buf wanted = {0};
    SNT_TRY(read_file(folder, vector->name, stages[i].file, &wanted, err));
    compare(vector, stages[i].file, snt_buf_borrow(&wanted), stages[i].got);
  }
  SNT_BUF_AUTO struct snt_buf sent = {0};
  SNT_BUF_AUTO struct snt_buf authorization = {0};
  SNT_BUF_AUTO struct snt_buf date = {0};
  SNT_BUF_AUTO struct snt_buf sha256 = {0};
  SNT_TRY(read_file(folder, vector->name, "header-signed-request.txt", &sent, err));
  find_header(sent.data, "Authorization", &authorization);
  find_header(sent.data, "X-Amz-Date", &date);
  find_header(sent.data, "x-amz-content-sha256", &sha256);
  compare(vector, "authorization header", snt_buf_borrow(&authorization), snt_buf_borrow(&result->authorization));
  compare(vector, "date header", snt_buf_borrow(&date), result->amz_date);
  bool has_body_header = vector->request.signs_body_header;
  compare(vector, "body header", snt_buf_borrow(&sha256), has_body_header ? result->content_sha256 : "");
  return snt_done();
}

static snt_status run_case(const char *folder, const char *name, struct snt_err *err) {
  SNT_CLEANUP(clear_vector) struct vector vector = {.name = name};
  SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
  SNT_BUF_AUTO struct snt_buf context = {0};
  SNT_TRY(read_file(folder, name, "request.txt", &vector.request_text, err));
  SNT_TRY(read_file(folder, name, "context.json", &context, err));
  SNT_TRY(snt_json_parse(context.data, context.len, name, &vector.context, err));
  SNT_TRY(take_request(&vector, err));
  SNT_TRY(take_context(&vector, err));
  SNT_TRY(snt_sigv4_sign(&vector.request, &vector.credentials, &result, err));
  return compare_all(folder, &vector, &result, err);
}

static int run_folder(const char *folder, DIR *handle) {
  int count = 0;
  for (struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
    if (entry->d_name[0] == '.') {
      continue;
    }
    struct snt_err err = {0};
    count++;
    if (!snt_ok(run_case(folder, entry->d_name, &err))) {
      failures++;
      printf("FAILED %s: %s\n", entry->d_name, err.message);
    }
  }
  printf("%d cases, %d failures\n", count, failures);
  if (count != CASES_WANTED) {
    printf("FAILED: there should be %d cases\n", CASES_WANTED);
    return EXIT_FAILURE;
  }
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  const char *shared = getenv("SENTINEL_SHARED");
  shared = shared == NULL || shared[0] == '\0' ? (argc > 1 ? argv[1] : ".") : shared;
  char folder[4096];
  (void)snprintf(folder, sizeof folder, "%s/sigv4/v4", shared);
  DIR *handle = opendir(folder);
  if (handle == NULL) {
    printf("skipped: %s does not exist (set SENTINEL_SHARED)\n", folder);
    return SKIPPED;
  }
  int status = run_folder(folder, handle);
  (void)closedir(handle);
  return status;
}
