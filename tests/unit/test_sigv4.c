/* The examples of AWS's public documentation; the whole test suite of AWS runs as vectors.sigv4. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/sigv4.h"

enum { TIME_2015 = 1440938160, TIME_2013 = 1369353600 }; /* 20150830T123600Z, 20130524T000000Z */

static const char EMPTY_SHA256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void make_credentials(const char *id, const char *key, const char *token, struct snt_aws_credentials *out) {
  memset(out, 0, sizeof *out);
  (void)snprintf(out->access_key_id, sizeof out->access_key_id, "%s", id);
  assert_ok(snt_secret_new_from(key, strlen(key), &out->secret_key, NULL));
  if (token != NULL) {
    assert_ok(snt_secret_new_from(token, strlen(token), &out->session_token, NULL));
  }
}

static void clear_credentials(struct snt_aws_credentials *credentials) {
  snt_secret_free(&credentials->secret_key);
  snt_secret_free(&credentials->session_token);
}
#define CREDENTIALS_AUTO SNT_CLEANUP(clear_credentials)

static void example_credentials(struct snt_aws_credentials *out) {
  make_credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL, out);
}

static void without_a_secret_key_nothing_is_signed(void **state) {
  (void)state;
  struct snt_aws_credentials credentials = {.access_key_id = "AKIDEXAMPLE"};
  struct snt_sigv4_request request = {.method = "GET", .path = "/", .query = "", .region = "r", .service = "s"};
  SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
  assert_code(snt_sigv4_sign(&request, &credentials, &result, NULL), SNT_CODE_BUG);
  assert_null(result.authorization.data);
}

static void more_headers_than_there_is_room_for_fail(void **state) {
  (void)state;
  CREDENTIALS_AUTO struct snt_aws_credentials credentials;
  example_credentials(&credentials);
  struct snt_sigv4_header headers[65];
  for (size_t i = 0; i < 65; i++) {
    headers[i] = (struct snt_sigv4_header){"X-Header", "1"};
  }
  struct snt_sigv4_request request = {
      .method = "GET", .path = "/", .query = "", .headers = headers, .header_count = 65, .region = "r", .service = "s"};
  SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
  assert_code(snt_sigv4_sign(&request, &credentials, &result, NULL), SNT_CODE_BUG);
  assert_string_equal(result.signature, "");
  assert_null(result.canonical_request.data);
}

static void the_documented_request_to_iam_has_every_stage(void **state) {
  (void)state;
  CREDENTIALS_AUTO struct snt_aws_credentials credentials;
  example_credentials(&credentials);
  static const struct snt_sigv4_header headers[] = {
      {"Host", "iam.amazonaws.com"}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  struct snt_sigv4_request request = {.method = "GET",
                                      .path = "/",
                                      .query = "Action=ListUsers&Version=2010-05-08",
                                      .headers = headers,
                                      .header_count = 2,
                                      .region = "us-east-1",
                                      .service = "iam",
                                      .time_ms = TIME_2015 * INT64_C(1000)};
  SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
  assert_ok(snt_sigv4_sign(&request, &credentials, &result, NULL));
  assert_string_equal(result.amz_date, "20150830T123600Z");
  assert_string_equal(result.content_sha256, EMPTY_SHA256);
  assert_string_equal(result.canonical_request.data,
                      "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
                      "content-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\n"
                      "x-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n"
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_string_equal(result.string_to_sign.data,
                      "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                      "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
  assert_string_equal(result.signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  assert_string_equal(result.authorization.data,
                      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                      "SignedHeaders=content-type;host;x-amz-date, "
                      "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

static void the_documented_requests_to_s3_have_their_signatures(void **state) {
  (void)state;
  static const struct {
    const char *path, *query, *range, *signature;
  } rows[] = {
      {"/test.txt", "", "bytes=0-9", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"/", "lifecycle", NULL, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"/", "max-keys=2&prefix=J", NULL, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  CREDENTIALS_AUTO struct snt_aws_credentials credentials;
  make_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, &credentials);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct snt_sigv4_header headers[] = {{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", rows[i].range}};
    struct snt_sigv4_request request = {.method = "GET",
                                        .path = rows[i].path,
                                        .query = rows[i].query,
                                        .headers = headers,
                                        .header_count = rows[i].range == NULL ? 1 : 2,
                                        .region = "us-east-1",
                                        .service = "s3",
                                        .time_ms = TIME_2013 * INT64_C(1000),
                                        .is_path_unnormalised = true,
                                        .signs_body_header = true};
    SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
    assert_ok(snt_sigv4_sign(&request, &credentials, &result, NULL));
    assert_string_equal(result.signature, rows[i].signature);
  }
}

static void sign_canonical(const struct snt_sigv4_request *request, const char *token,
                           struct snt_sigv4_result *result) {
  CREDENTIALS_AUTO struct snt_aws_credentials credentials;
  make_credentials("AKIDEXAMPLE", "secret", token, &credentials);
  assert_ok(snt_sigv4_sign(request, &credentials, result, NULL));
}

static void paths_and_queries_have_one_canonical_form(void **state) {
  (void)state;
  static const struct {
    const char *path, *query, *wanted;
  } rows[] = {
      {"", "", "GET\n/\n\n"},
      {"/..", "", "GET\n/\n\n"},
      {"/a/../..//b/./c/", "", "GET\n/b/c/\n\n"},
      {"/a%20b", "", "GET\n/a%2520b\n\n"},
      {"/a b~", "", "GET\n/a%20b~\n\n"},
      {"/", "b=2&a=1&a=0&A", "GET\n/\nA=&a=0&a=1&b=2\n"},
      {"/", "a-=1&a=2", "GET\n/\na=2&a-=1\n"},
      {"/", "k=%7e%2f%zz%4", "GET\n/\nk=~%2F%25zz%254\n"},
      {"/", "k=a=b", "GET\n/\nk=a%3Db\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_sigv4_request request = {
        .method = "GET", .path = rows[i].path, .query = rows[i].query, .region = "r", .service = "s"};
    SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
    sign_canonical(&request, NULL, &result);
    if (strncmp(result.canonical_request.data, rows[i].wanted, strlen(rows[i].wanted)) != 0) {
      fail_msg("\"%s?%s\" became %s", rows[i].path, rows[i].query, result.canonical_request.data);
    }
  }
}

static void headers_are_sorted_joined_and_trimmed(void **state) {
  (void)state;
  static const struct snt_sigv4_header headers[] = {
      {"X-B", "  one \t  two "}, {"host", "h"}, {"X-A", ""}, {"x-b", "zero"}, {"X-B", "\n three\n\n"}};
  struct snt_sigv4_request request = {
      .method = "GET", .path = "/", .query = "", .headers = headers, .header_count = 5, .region = "r", .service = "s"};
  SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
  sign_canonical(&request, NULL, &result);
  assert_non_null(strstr(result.canonical_request.data, "\n\nhost:h\nx-a:\nx-amz-date:19700101T000000Z\n"
                                                        "x-b:one two,zero,three\n\nhost;x-a;x-amz-date;x-b\n"));
}

static void the_session_token_is_signed_unless_it_is_left_out(void **state) {
  (void)state;
  struct snt_sigv4_request request = {.method = "GET", .path = "/", .query = "", .region = "r", .service = "s"};
  SNT_SIGV4_AUTO struct snt_sigv4_result with = {0};
  SNT_SIGV4_AUTO struct snt_sigv4_result without = {0};
  sign_canonical(&request, "tok/en==", &with);
  assert_non_null(strstr(with.canonical_request.data, "\nx-amz-security-token:tok/en==\n"));
  request.omits_session_token = true;
  sign_canonical(&request, "tok/en==", &without);
  assert_null(strstr(without.canonical_request.data, "token"));
  assert_string_not_equal(with.signature, without.signature);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_secret_key_nothing_is_signed),
      cmocka_unit_test(more_headers_than_there_is_room_for_fail),
      cmocka_unit_test(the_documented_request_to_iam_has_every_stage),
      cmocka_unit_test(the_documented_requests_to_s3_have_their_signatures),
      cmocka_unit_test(paths_and_queries_have_one_canonical_form),
      cmocka_unit_test(headers_are_sorted_joined_and_trimmed),
      cmocka_unit_test(the_session_token_is_signed_unless_it_is_left_out),
  };
  return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
