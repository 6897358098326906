/* Makes the calls of aws/ssm.h and aws/kms.h for the specs, one command a run:
 *
 *   aws_calls put REGION NAME VALUE Standard|Advanced|Intelligent-Tiering keep|overwrite String|SecureString
 * DESCRIPTION aws_calls get REGION NAME...          aws_calls delete REGION NAME... aws_calls history REGION NAME
 * aws_calls list REGION PATH aws_calls key ARN                     aws_calls sign ARN ALGORITHM DIGEST    (base64)
 *
 * The endpoint is AWS_ENDPOINT_URL's, the key AWS_ACCESS_KEY_ID's. Prints a JSON object; after a failure that of the
 * last call, and on stderr "CODE: message" and the hint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/kms.h"
#include "aws/ssm.h"
#include "base/base64.h"
#include "format/json.h"

struct work {
  struct snt_http_client *client;
  struct snt_aws_credentials credentials;
  struct snt_aws_endpoint endpoint;
  struct snt_aws_call call;
  char **words; /* after the command and the region or ARN */
  const char *place;
  struct snt_json_writer writer;
};

static snt_status perform(struct work *work, struct snt_err *err) {
  struct snt_aws_call *const calls[] = {&work->call};
  return snt_aws_perform(work->client, calls, 1, err);
}

static struct snt_ssm_names names_of(const struct work *work) {
  struct snt_ssm_names names = {.list = (const char *const *)work->words};
  while (work->words[names.count] != NULL) {
    names.count++;
  }
  return names;
}

static void write_buf(struct work *work, const char *key, const struct snt_buf *buf) {
  snt_json_put_slice(&work->writer, key, (struct snt_slice){snt_buf_borrow(buf), buf->len});
}

static snt_status do_put(struct work *work, struct snt_err *err) {
  char **words = work->words;
  struct snt_ssm_put put = {.name = words[0], .value = snt_slice_of(words[1]), .description = words[5]};
  put.tier = strcmp(words[2], "Advanced") == 0   ? SNT_SSM_TIER_ADVANCED
             : strcmp(words[2], "Standard") == 0 ? SNT_SSM_TIER_STANDARD
                                                 : SNT_SSM_TIER_INTELLIGENT;
  put.may_overwrite = strcmp(words[3], "overwrite") == 0;
  put.is_secure = strcmp(words[4], "SecureString") == 0;
  int64_t version = 0;
  SNT_TRY(snt_ssm_prepare_put_parameter(&work->call, &work->endpoint, &work->credentials, &put, err));
  SNT_TRY(perform(work, err));
  SNT_TRY(snt_ssm_parse_put_parameter(&work->call, &version, err));
  snt_json_put_integer(&work->writer, "version", version);
  return snt_done();
}

static snt_status do_get(struct work *work, struct snt_err *err) {
  struct snt_ssm_names names = names_of(work);
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  SNT_TRY(snt_ssm_prepare_get_parameters(&work->call, &work->endpoint, &work->credentials, &names, err));
  SNT_TRY(perform(work, err));
  SNT_TRY(snt_ssm_parse_get_parameters(&work->call, &names, &batch, err));
  snt_json_put_integer(&work->writer, "missing", (int64_t)batch.missing);
  snt_json_begin_array(&work->writer, "values");
  for (size_t i = 0; i < batch.count; i++) {
    snt_json_begin_object(&work->writer, NULL);
    write_buf(work, "value", &batch.list[i].value);
    snt_json_put_integer(&work->writer, "version", batch.list[i].version);
    snt_json_put_bool(&work->writer, "is_secure", batch.list[i].is_secure);
    snt_json_end_object(&work->writer);
  }
  snt_json_end_array(&work->writer);
  return snt_done();
}

static snt_status do_delete(struct work *work, struct snt_err *err) {
  struct snt_ssm_names names = names_of(work);
  size_t deleted = 0;
  SNT_TRY(snt_ssm_prepare_delete_parameters(&work->call, &work->endpoint, &work->credentials, &names, err));
  SNT_TRY(perform(work, err));
  SNT_TRY(snt_ssm_parse_delete_parameters(&work->call, &names, &deleted, err));
  snt_json_put_integer(&work->writer, "deleted", (int64_t)deleted);
  return snt_done();
}

static snt_status read_pages(struct work *work, bool is_history, struct snt_ssm_entries *entries, struct snt_err *err) {
  do {
    const char *token = entries->next_token;
    SNT_TRY(is_history ? snt_ssm_prepare_get_history(&work->call, &work->endpoint, &work->credentials, work->words[0],
                                                     token, err)
                       : snt_ssm_prepare_get_by_path(&work->call, &work->endpoint, &work->credentials, work->words[0],
                                                     token, err));
    SNT_TRY(perform(work, err));
    SNT_TRY(is_history ? snt_ssm_parse_get_history(&work->call, entries, err)
                       : snt_ssm_parse_get_by_path(&work->call, entries, err));
  } while (entries->next_token != NULL);
  return snt_done();
}

static snt_status write_pages(struct work *work, bool is_history, struct snt_err *err) {
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries entries = {.keeps_values = true};
  SNT_TRY(read_pages(work, is_history, &entries, err));
  snt_json_put_integer(&work->writer, "pages", (int64_t)entries.pages);
  snt_json_begin_array(&work->writer, "entries");
  for (size_t i = 0; i < entries.count; i++) {
    const struct snt_ssm_entry *entry = &entries.list[i];
    snt_json_begin_object(&work->writer, NULL);
    snt_json_put_string(&work->writer, "name", entry->name);
    write_buf(work, "value", &entry->value);
    snt_json_put_integer(&work->writer, "version", entry->version);
    snt_json_put_integer(&work->writer, "modified_ms", entry->modified_ms);
    snt_json_put_string(&work->writer, "modified_by", entry->modified_by);
    snt_json_put_string(&work->writer, "description", entry->description);
    snt_json_end_object(&work->writer);
  }
  snt_json_end_array(&work->writer);
  return snt_done();
}

static snt_status do_history(struct work *work, struct snt_err *err) { return write_pages(work, true, err); }

static snt_status do_list(struct work *work, struct snt_err *err) { return write_pages(work, false, err); }

static void write_base64(struct work *work, const char *key, const uint8_t *bytes, size_t len) {
  char text[SNT_BASE64_CAP(sizeof((struct snt_kms_public_key *)NULL)->der)];
  snt_base64(bytes, len, text);
  snt_json_put_string(&work->writer, key, text);
}

static snt_status do_key(struct work *work, struct snt_err *err) {
  struct snt_kms_public_key key = {0};
  SNT_TRY(snt_kms_prepare_get_public_key(&work->call, &work->endpoint, &work->credentials, work->place, err));
  SNT_TRY(perform(work, err));
  SNT_TRY(snt_kms_parse_get_public_key(&work->call, &key, err));
  snt_json_put_string(&work->writer, "spec", key.spec);
  snt_json_put_string(&work->writer, "algorithm", snt_kms_algorithm_name(key.algorithm));
  write_base64(work, "der", key.der, key.len);
  return snt_done();
}

static snt_status do_sign(struct work *work, struct snt_err *err) {
  struct snt_kms_sign sign = {.arn = work->place};
  struct snt_kms_signature signature = {0};
  size_t len = 0;
  bool is_rsa = strcmp(work->words[0], "RSASSA_PSS_SHA_256") == 0;
  sign.algorithm = is_rsa ? SNT_KMS_RSASSA_PSS_SHA_256 : SNT_KMS_ECDSA_SHA_256;
  if (!snt_base64_parse(snt_slice_of(work->words[1]), sign.digest, sizeof sign.digest, &len)) {
    return snt_fail(err, SNT_CODE_USAGE, "the digest is no base64");
  }
  SNT_TRY(snt_kms_prepare_sign(&work->call, &work->endpoint, &work->credentials, &sign, err));
  SNT_TRY(perform(work, err));
  SNT_TRY(snt_kms_parse_sign(&work->call, &sign, &signature, err));
  write_base64(work, "signature", signature.bytes, signature.len);
  return snt_done();
}

static const struct {
  const char *name;
  size_t least; /* words after the place */
  bool is_of_kms;
  snt_status (*run)(struct work *work, struct snt_err *err);
} COMMANDS[] = {
    {"put", 6, false, do_put},         {"get", 1, false, do_get},   {"delete", 1, false, do_delete},
    {"history", 1, false, do_history}, {"list", 1, false, do_list}, {"key", 0, true, do_key},
    {"sign", 2, true, do_sign},
};

static snt_status open_work(struct work *work, bool is_of_kms, struct snt_err *err) {
  char region[64];
  const char *key = getenv("AWS_ACCESS_KEY_ID");
  const char *secret = getenv("AWS_SECRET_ACCESS_KEY");
  if (key == NULL || secret == NULL) {
    return snt_fail(err, SNT_CODE_NO_CREDENTIALS, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  }
  if (is_of_kms) {
    SNT_TRY(snt_kms_arn_check(work->place, region, err));
  }
  SNT_TRY(
      snt_aws_endpoint_find(is_of_kms ? "kms" : "ssm", is_of_kms ? region : work->place, NULL, &work->endpoint, err));
  (void)snprintf(work->credentials.access_key_id, sizeof work->credentials.access_key_id, "%s", key);
  SNT_TRY(snt_secret_new_from(secret, strlen(secret), &work->credentials.secret_key, err));
  return snt_http_client_open(&(struct snt_http_options){0}, &work->client, err);
}

static snt_status run(struct work *work, int argc, char **argv, struct snt_err *err) {
  for (size_t i = 0; argc > 2 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
    if (strcmp(argv[1], COMMANDS[i].name) == 0 && (size_t)argc - 3 >= COMMANDS[i].least) {
      work->place = argv[2];
      work->words = argv + 3;
      SNT_TRY(open_work(work, COMMANDS[i].is_of_kms, err));
      return COMMANDS[i].run(work, err);
    }
  }
  return snt_fail(err, SNT_CODE_USAGE, "there is no such command, or too little after it");
}

int main(int argc, char **argv) {
  struct work work = {0};
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  snt_json_writer_init(&work.writer, &out, NULL);
  snt_json_begin_object(&work.writer, NULL);
  snt_status status = run(&work, argc, argv, &err);
  if (!snt_ok(status)) {
    (void)fprintf(stderr, "%s: %s\n%s\n", snt_code_name(status.code), err.message, err.hint);
    snt_json_put_bool(&work.writer, "is_there", snt_ssm_is_put_over_existing(&work.call));
    snt_json_put_bool(&work.writer, "is_throttled", snt_aws_call_is_throttled(&work.call));
    snt_json_put_bool(&work.writer, "is_outage", snt_aws_call_is_outage(&work.call));
  }
  snt_json_end_object(&work.writer);
  if (snt_ok(snt_json_finish(&work.writer))) {
    (void)puts(out.data);
  }
  snt_aws_call_clear(&work.call);
  snt_secret_free(&work.credentials.secret_key);
  snt_http_client_close(&work.client);
  return snt_code_exit_status(status.code);
}
