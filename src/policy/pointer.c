#include "policy/pointer.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "format/json.h"
#include "format/time.h"

#define BEGIN "{\"sentinel_pointer\":"
#define SERIAL_MAX (INT64_C(1) << 53) /* exclusive: what every reader of JSON can count to */

enum { VERSION = 1, ED25519_LEN = 64 };

/* source is where the pointer came from, for messages. */
static snt_status refuse(const char *source, const char *key, const char *wanted, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: %s of the pointer has to be %s", source, key, wanted);
}

/* A moment that is written as snt_time_format writes it. */
static bool read_moment(const char *text, int64_t *ms) {
  char again[32] = "";
  if (!snt_ok(snt_time_parse(text, ms, NULL))) {
    return false;
  }
  snt_time_format(*ms, false, again);
  return strcmp(again, text) == 0;
}

/* INT64_MIN stands for no not_before. */
static snt_status read_times(const char *source, const struct snt_pointer *pointer, int64_t *from, int64_t *until,
                             struct snt_err *err) {
  *from = INT64_MIN;
  if (strcmp(pointer->not_before, "-") != 0 && !read_moment(pointer->not_before, from)) {
    return refuse(source, "not_before", "a time such as 2026-01-19T02:47:33Z, or -", err);
  }
  if (!read_moment(pointer->not_after, until)) {
    return refuse(source, "not_after", "a time such as 2026-02-18T00:00:00Z", err);
  }
  return *from < *until ? snt_done() : refuse(source, "not_after", "later than not_before", err);
}

static snt_status check_bytes(const char *source, const struct snt_pointer *pointer, struct snt_err *err) {
  const int64_t part = (int64_t)SNT_BUNDLE_PART;
  if (strspn(pointer->sha256, "0123456789abcdef") != 64) {
    return refuse(source, "sha256", "64 of the digits 0-9 a-f", err);
  }
  if (pointer->size < 1 || pointer->size > (int64_t)SNT_PACKED_CAP) {
    return refuse(source, "size", "1 to 1048576 bytes", err);
  }
  return pointer->parts == (pointer->size + part - 1) / part
             ? snt_done()
             : refuse(source, "parts", "the size in parts of 3072 bytes, rounded up", err);
}

/* Which algorithms a key of that kind signs with; other kinds have none. */
static bool is_algorithm_of(const char *key, const char *algorithm) {
  if (snt_str_starts_with(key, "ed25519:")) {
    return strcmp(algorithm, "ed25519") == 0;
  }
  return snt_str_starts_with(key, "kms:") &&
         (strcmp(algorithm, "RSASSA_PSS_SHA_256") == 0 || strcmp(algorithm, "ECDSA_SHA_256") == 0);
}

static snt_status check_signature(const char *source, const struct snt_signature *signature, struct snt_err *err) {
  if (!snt_utf8_check_printable(signature->key, strlen(signature->key)) ||
      !is_algorithm_of(signature->key, signature->algorithm)) {
    return refuse(source, "a signature",
                  "of a key ed25519:BASE64 with the algorithm ed25519, or of a key kms:ARN with RSASSA_PSS_SHA_256 or "
                  "ECDSA_SHA_256",
                  err);
  }
  bool is_ed25519 = strcmp(signature->algorithm, "ed25519") == 0;
  bool is_good = is_ed25519 ? signature->len == ED25519_LEN : signature->len >= 1;
  return is_good ? snt_done() : refuse(source, "a signature", is_ed25519 ? "64 bytes long" : "not empty", err);
}

static snt_status check_signatures(const char *source, const struct snt_pointer *pointer, struct snt_err *err) {
  if (pointer->signature_count > SNT_SIGNATURES_MAX) {
    return refuse(source, "signatures", "a list of at most 8", err);
  }
  for (size_t i = 0; i < pointer->signature_count; i++) {
    SNT_TRY(check_signature(source, &pointer->signatures[i], err));
    for (size_t k = 0; k < i; k++) {
      if (strcmp(pointer->signatures[k].key, pointer->signatures[i].key) == 0) {
        return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: the pointer is signed twice with the key %.80s", source,
                        pointer->signatures[i].key);
      }
    }
  }
  return snt_done();
}

/* What is read and what is written is held to the same. */
static snt_status check(const char *source, const struct snt_pointer *pointer, struct snt_err *err) {
  int64_t from = 0;
  int64_t until = 0;
  if (!snt_name_check(pointer->name)) {
    return refuse(source, "name", SNT_NAME_WANTED, err);
  }
  if (pointer->serial < 1 || pointer->serial >= SERIAL_MAX) {
    return refuse(source, "serial", "a whole number from 1 to 9007199254740991", err);
  }
  if (pointer->installation[0] != '\0' && !snt_name_check(pointer->installation)) {
    return refuse(source, "installation", SNT_NAME_WANTED ", or empty", err);
  }
  SNT_TRY(check_bytes(source, pointer, err));
  SNT_TRY(read_times(source, pointer, &from, &until, err));
  return check_signatures(source, pointer, err);
}

bool snt_pointer_is_one(struct snt_slice value) {
  return value.len >= strlen(BEGIN) && memcmp(value.data, BEGIN, strlen(BEGIN)) == 0;
}

/* The object being read. */
struct reading {
  const char *source;
  const struct snt_json_value *object;
};

static snt_status read_text(const struct reading *reading, const char *key, char *out, size_t cap,
                            struct snt_err *err) {
  const char *text = snt_json_printable(snt_json_get(reading->object, key), cap);
  if (text == NULL) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: %s of the pointer has to be a text of less than %zu bytes",
                    reading->source, key, cap);
  }
  (void)snprintf(out, cap, "%s", text);
  return snt_done();
}

static snt_status read_integer(const struct reading *reading, const char *key, int64_t *out, struct snt_err *err) {
  bool is_good = snt_json_integer(snt_json_get(reading->object, key), out);
  return is_good ? snt_done() : refuse(reading->source, key, "a whole number", err);
}

static snt_status check_keys(const struct reading *reading, const char *const *keys, struct snt_err *err) {
  struct snt_err inner = {0};
  if (snt_json_type(reading->object) != SNT_JSON_OBJECT) {
    return refuse(reading->source, "each part", "a JSON object", err);
  }
  if (!snt_ok(snt_json_check_keys(reading->object, reading->source, keys, &inner))) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s of the pointer", inner.message);
  }
  for (const char *const *key = keys; *key != NULL; key++) {
    if (snt_json_get(reading->object, *key) == NULL) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: \"%s\" of the pointer is missing", reading->source, *key);
    }
  }
  return snt_done();
}

static snt_status read_signature(const struct reading *reading, struct snt_signature *out, struct snt_err *err) {
  static const char *const keys[] = {"key", "algorithm", "signature", NULL};
  char text[SNT_BASE64_CAP(sizeof out->bytes)];
  SNT_TRY(check_keys(reading, keys, err));
  SNT_TRY(read_text(reading, "key", out->key, sizeof out->key, err));
  SNT_TRY(read_text(reading, "algorithm", out->algorithm, sizeof out->algorithm, err));
  SNT_TRY(read_text(reading, "signature", text, sizeof text, err));
  bool is_base64 = snt_base64_parse(snt_slice_of(text), out->bytes, sizeof out->bytes, &out->len);
  return is_base64 ? snt_done() : refuse(reading->source, "a signature", "base64", err);
}

static snt_status read_signatures(const struct reading *reading, struct snt_pointer *out, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(reading->object, "signatures");
  if (snt_json_type(list) != SNT_JSON_ARRAY || snt_json_count(list) > SNT_SIGNATURES_MAX) {
    return refuse(reading->source, "signatures", "a list of at most 8", err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    const struct reading inner = {reading->source, snt_json_at(list, i)};
    SNT_TRY(read_signature(&inner, &out->signatures[out->signature_count++], err));
  }
  return snt_done();
}

static snt_status read_all(const struct reading *reading, struct snt_pointer *out, struct snt_err *err) {
  static const char *const keys[] = {"sentinel_pointer", "name",      "serial",       "sha256",     "size", "parts",
                                     "not_before",       "not_after", "installation", "signatures", NULL};
  int64_t version = 0;
  SNT_TRY(check_keys(reading, keys, err));
  SNT_TRY(read_integer(reading, "sentinel_pointer", &version, err));
  if (version != VERSION) {
    return refuse(reading->source, "sentinel_pointer", "1: this program knows no other form", err);
  }
  SNT_TRY(read_text(reading, "name", out->name, sizeof out->name, err));
  SNT_TRY(read_integer(reading, "serial", &out->serial, err));
  SNT_TRY(read_text(reading, "sha256", out->sha256, sizeof out->sha256, err));
  SNT_TRY(read_integer(reading, "size", &out->size, err));
  SNT_TRY(read_integer(reading, "parts", &out->parts, err));
  SNT_TRY(read_text(reading, "not_before", out->not_before, sizeof out->not_before, err));
  SNT_TRY(read_text(reading, "not_after", out->not_after, sizeof out->not_after, err));
  SNT_TRY(read_text(reading, "installation", out->installation, sizeof out->installation, err));
  return read_signatures(reading, out, err);
}

/* No byte may be another without being noticed: what was read is written again and compared. */
static snt_status check_spelling(const char *source, struct snt_slice value, const struct snt_pointer *pointer,
                                 struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf again = {0};
  SNT_TRY(snt_pointer_format(pointer, &again, err));
  if (again.len == value.len && memcmp(again.data, value.data, value.len) == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "%s: the pointer is not written as pointers are: without white "
                      "space and escapes, its keys in their order",
                      source));
  return snt_err_hint(err, "store it with `sentinel policy push` and do not edit it");
}

snt_status snt_pointer_parse(const char *source, struct snt_slice value, struct snt_pointer *out, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_pointer pointer = {0};
  struct snt_err inner = {0};
  memset(out, 0, sizeof *out);
  if (value.len > SNT_POINTER_CAP) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: a pointer of %zu bytes; at most %zu", source, value.len,
                    SNT_POINTER_CAP);
  }
  snt_status status = snt_json_parse(value.data, value.len, source, &doc, &inner);
  if (!snt_ok(status)) {
    return status.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err)
                                             : snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", inner.message);
  }
  const struct reading reading = {source, snt_json_root(doc)};
  SNT_TRY(read_all(&reading, &pointer, err));
  SNT_TRY(check(source, &pointer, err));
  SNT_TRY(check_spelling(source, value, &pointer, err));
  SNT_TRY(read_times(source, &pointer, &pointer.not_before_ms, &pointer.not_after_ms, err));
  *out = pointer;
  return snt_done();
}

static void write_signature(struct snt_json_writer *writer, const struct snt_signature *signature) {
  char text[SNT_BASE64_CAP(sizeof signature->bytes)];
  snt_base64(signature->bytes, signature->len, text);
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "key", signature->key);
  snt_json_put_string(writer, "algorithm", signature->algorithm);
  snt_json_put_string(writer, "signature", text);
  snt_json_end_object(writer);
}

snt_status snt_pointer_format(const struct snt_pointer *pointer, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  size_t before = out->len;
  SNT_TRY(check("the pointer to be written", pointer, err));
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_integer(&writer, "sentinel_pointer", VERSION);
  snt_json_put_string(&writer, "name", pointer->name);
  snt_json_put_integer(&writer, "serial", pointer->serial);
  snt_json_put_string(&writer, "sha256", pointer->sha256);
  snt_json_put_integer(&writer, "size", pointer->size);
  snt_json_put_integer(&writer, "parts", pointer->parts);
  snt_json_put_string(&writer, "not_before", pointer->not_before);
  snt_json_put_string(&writer, "not_after", pointer->not_after);
  snt_json_put_string(&writer, "installation", pointer->installation);
  snt_json_begin_array(&writer, "signatures");
  for (size_t i = 0; i < pointer->signature_count; i++) {
    write_signature(&writer, &pointer->signatures[i]);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return out->len - before <= SNT_POINTER_CAP
             ? snt_done()
             : snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "the pointer to be written has %zu bytes; at most %zu: sign it "
                        "with fewer keys",
                        out->len - before, SNT_POINTER_CAP);
}

snt_status snt_pointer_signed_bytes(const struct snt_pointer *pointer, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(check("the pointer to be signed", pointer, err));
  return snt_buf_appendf(out, err, "sentinel-bundle-v1\n%s\n%s\n%lld\n%s\n%lld\n%s\n%s\n", pointer->installation,
                         pointer->name, (long long)pointer->serial, pointer->sha256, (long long)pointer->size,
                         pointer->not_before, pointer->not_after);
}
