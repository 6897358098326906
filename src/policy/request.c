#include "policy/request.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "format/json.h"
#include "format/time.h"

/* The order is the one of policy.md, so that records of two releases compare. */
static void put_user(struct snt_json_writer *writer, const struct snt_aws_identity *user) {
  snt_json_begin_object(writer, "user");
  snt_json_put_string(writer, "name", user->user);
  snt_json_put_string(writer, "kind", user->kind);
  if (user->arn[0] != '\0') {
    snt_json_put_string(writer, "arn", user->arn);
  }
  if (user->account[0] != '\0') {
    snt_json_put_string(writer, "account", user->account);
  }
  if (user->role[0] != '\0') {
    snt_json_put_string(writer, "role", user->role);
  }
  snt_json_end_object(writer);
}

static void put_known(struct snt_json_writer *writer, const char *key, const char *text) {
  if (text != NULL && text[0] != '\0') {
    snt_json_put_string(writer, key, text);
  }
}

bool snt_mode_check(const char *mode) {
#define SNT_MODE_TEST(name)                                                                                            \
  if (strcmp(mode, #name) == 0) {                                                                                      \
    return true;                                                                                                       \
  }
  SNT_MODES(SNT_MODE_TEST)
#undef SNT_MODE_TEST
  return false;
}

snt_status snt_justification_check(const char *text, struct snt_err *err) {
  size_t len = strlen(text);
  if (len > SNT_JUSTIFICATION_CAP) {
    return snt_fail(err, SNT_CODE_USAGE, "the justification has %zu bytes; at most %d are kept", len,
                    SNT_JUSTIFICATION_CAP);
  }
  if (!snt_utf8_check_printable(text, len)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "the justification holds control characters or is not UTF-8"));
    return snt_err_hint(err, "write it on one line");
  }
  return snt_done();
}

snt_status snt_request_format(const struct snt_request *request, struct snt_buf *out, struct snt_err *err) {
  char time[32];
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  put_user(&writer, &request->user);
  snt_json_put_string(&writer, "profile", request->profile);
  put_known(&writer, "role_arn", request->role_arn);
  put_known(&writer, "mode", request->mode);
  if (request->time_ms != SNT_REQUEST_NO_TIME) {
    snt_time_format(request->time_ms, false, time);
    snt_json_put_string(&writer, "time", time);
  }
  if (request->duration_s > 0) {
    snt_json_put_integer(&writer, "duration", request->duration_s);
  }
  put_known(&writer, "justification", request->justification);
  if (request->facts != NULL && request->facts[0] != '\0') {
    SNT_TRY(snt_buf_append_char(out, ',', err));
    SNT_TRY(snt_buf_append_str(out, request->facts, err));
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

void snt_request_text_clear(struct snt_request_text *text) {
  snt_buf_clear(&text->strings);
  snt_buf_clear(&text->facts);
}

enum field_type { FIELD_TEXT, FIELD_TIME, FIELD_BOOL, FIELD_TEXTS, FIELD_ADDRESS, FIELD_OS, FIELD_ROLE };

/* What a request file may say beyond the fields of struct snt_request. A row without a parent stands at the top. Specs
 * refuse the same (lua/stdlib/spec_request.lua). */
static const struct {
  const char *parent;
  const char *name;
  enum field_type type;
} FACT_FIELDS[] = {
    {NULL, "source_ip", FIELD_ADDRESS},       {"break_glass", "reason_code", FIELD_TEXT},
    {NULL, "session_table", FIELD_TEXT},      {"approval", "id", FIELD_TEXT},
    {"approval", "approvers", FIELD_TEXTS},   {"approval", "approved_at", FIELD_TIME},
    {"approval", "expires_at", FIELD_TIME},   {"mfa", "authenticated_at", FIELD_TIME},
    {"device", "disk_encrypted", FIELD_BOOL}, {"device", "mdm_enrolled", FIELD_BOOL},
    {"device", "mdm_compliant", FIELD_BOOL},  {"device", "firewall_enabled", FIELD_BOOL},
    {"device", "os_type", FIELD_OS},          {"device", "os_version", FIELD_TEXT},
};
enum { FACT_FIELD_COUNT = sizeof FACT_FIELDS / sizeof FACT_FIELDS[0] };
static const char *const FACT_PARENTS[] = {"break_glass", "approval", "mfa", "device", NULL};

static bool is_address(const char *text) {
  unsigned char bytes[sizeof(struct in6_addr)];
  return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_os(const char *text) {
  return strcmp(text, "darwin") == 0 || strcmp(text, "windows") == 0 || strcmp(text, "linux") == 0;
}

/* arn:PARTITION:iam::ACCOUNT:role/NAME, with any name and partition: policies may mention some that AWS has not, and
 * who-can makes requests of what they mention. */
static bool is_role(const char *text) {
  static const char service[] = ":iam::";
  static const char digits[] = "0123456789";
  static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  enum { ACCOUNT_LEN = 12, SERVICE_LEN = sizeof service - 1 };
  const char *partition = text + strlen("arn:");
  if (!snt_str_starts_with(text, "arn:") || strspn(partition, word) == 0) {
    return false;
  }
  const char *rest = partition + strspn(partition, word);
  if (!snt_str_starts_with(rest, service) || strspn(rest + SERVICE_LEN, digits) != ACCOUNT_LEN) {
    return false;
  }
  rest += SERVICE_LEN + ACCOUNT_LEN;
  return snt_str_starts_with(rest, ":role/") && rest[strlen(":role/")] != '\0' &&
         snt_utf8_check_printable(text, strlen(text));
}

static bool is_of_type(const struct snt_json_value *value, enum field_type type) {
  int64_t ms = 0;
  bool boolean = false;
  const char *text = snt_json_string(value, NULL);
  switch (type) {
  case FIELD_TEXT:
    return text != NULL && text[0] != '\0' && snt_utf8_check_printable(text, strlen(text));
  case FIELD_TIME:
    return text != NULL && snt_ok(snt_time_parse(text, &ms, NULL));
  case FIELD_BOOL:
    return snt_json_bool(value, &boolean);
  case FIELD_TEXTS:
    for (size_t i = 0; i < snt_json_count(value); i++) {
      if (!is_of_type(snt_json_at(value, i), FIELD_TEXT)) {
        return false;
      }
    }
    return snt_json_type(value) == SNT_JSON_ARRAY && snt_json_count(value) > 0;
  case FIELD_ADDRESS:
    return text != NULL && is_address(text);
  case FIELD_OS:
    return text != NULL && is_os(text);
  case FIELD_ROLE:
    return text != NULL && is_role(text);
  }
  return false;
}

static bool is_absent(const struct snt_json_value *value) {
  return snt_json_type(value) == SNT_JSON_NONE || snt_json_type(value) == SNT_JSON_NULL;
}

static const char *const TYPE_NAMES[] = {"a text",
                                         "a time (RFC 3339)",
                                         "true or false",
                                         "a list of texts, not an empty one",
                                         "an address, such as 198.51.100.7",
                                         "darwin, windows or linux",
                                         "the ARN of a role, such as arn:aws:iam::123456789012:role/Name"};

static snt_status put_fact(struct snt_json_writer *writer, const char *what, size_t row,
                           const struct snt_json_value *value, struct snt_err *err) {
  const char *parent = FACT_FIELDS[row].parent;
  if (!is_of_type(value, FACT_FIELDS[row].type)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"%s%s%s\" has to be %s", what, parent == NULL ? "" : parent,
                    parent == NULL ? "" : ".", FACT_FIELDS[row].name, TYPE_NAMES[FACT_FIELDS[row].type]);
  }
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_json_dump(value, &text, err));
  snt_json_put_raw(writer, FACT_FIELDS[row].name, (struct snt_slice){text.data, text.len});
  return snt_done();
}

static snt_status put_group(struct snt_json_writer *writer, const char *what, const char *parent,
                            const struct snt_json_value *object, struct snt_err *err) {
  const char *allowed[FACT_FIELD_COUNT + 1] = {0};
  size_t count = 0;
  for (size_t row = 0; row < FACT_FIELD_COUNT; row++) {
    if (FACT_FIELDS[row].parent != NULL && strcmp(FACT_FIELDS[row].parent, parent) == 0) {
      allowed[count++] = FACT_FIELDS[row].name;
    }
  }
  SNT_TRY(snt_json_check_keys(object, what, allowed, err));
  snt_json_begin_object(writer, parent);
  for (size_t row = 0; row < FACT_FIELD_COUNT; row++) {
    bool is_child = FACT_FIELDS[row].parent != NULL && strcmp(FACT_FIELDS[row].parent, parent) == 0;
    const struct snt_json_value *value = snt_json_get(object, FACT_FIELDS[row].name);
    if (is_child && !is_absent(value)) {
      SNT_TRY(put_fact(writer, what, row, value, err));
    }
  }
  snt_json_end_object(writer);
  return snt_done();
}

/* The members beyond struct snt_request, as text without braces. */
static snt_status collect_facts(const struct snt_json_value *root, const char *what, struct snt_buf *out,
                                struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &text, err);
  snt_json_begin_object(&writer, NULL);
  for (size_t row = 0; row < FACT_FIELD_COUNT; row++) {
    const struct snt_json_value *value = snt_json_get(root, FACT_FIELDS[row].name);
    if (FACT_FIELDS[row].parent == NULL && !is_absent(value)) {
      SNT_TRY(put_fact(&writer, what, row, value, err));
    }
  }
  for (const char *const *parent = FACT_PARENTS; *parent != NULL; parent++) {
    const struct snt_json_value *value = snt_json_get(root, *parent);
    if (is_absent(value)) {
      continue;
    }
    if (snt_json_type(value) != SNT_JSON_OBJECT) {
      return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"%s\" has to be an object", what, *parent);
    }
    SNT_TRY(put_group(&writer, what, *parent, value, err));
  }
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_buf_append(out, text.data + 1, text.len - 2, err);
}

/* A string member of the type, kept in text; *out stays as it is when the member is absent. */
static snt_status take_text(const struct snt_json_value *root, const char *what, const char *key, enum field_type type,
                            struct snt_request_text *text, const char **out, struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(root, key);
  if (is_absent(value)) {
    return snt_done();
  }
  if (!is_of_type(value, type)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"%s\" has to be %s", what, key, TYPE_NAMES[type]);
  }
  size_t len = 0;
  const char *string = snt_json_string(value, &len);
  if (text->strings.cap - text->strings.len <= len + 1) { /* reserved once, so that pointers into it stay */
    return snt_fail(err, SNT_CODE_SYNTAX, "%s is too long", what);
  }
  *out = text->strings.data + text->strings.len;
  return snt_buf_append(&text->strings, string, len + 1, err);
}

static snt_status take_field(const struct snt_json_value *user, const char *what, const char *key, char *out,
                             size_t cap, struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(user, key);
  if (is_absent(value)) {
    return snt_done();
  }
  size_t len = 0;
  const char *text = snt_json_string(value, &len);
  if (text == NULL || len >= cap || !snt_utf8_check_printable(text, len)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"user.%s\" has to be a text of at most %zu bytes", what, key, cap - 1);
  }
  memcpy(out, text, len + 1);
  return snt_done();
}

static snt_status take_user(const struct snt_json_value *value, const char *what, struct snt_aws_identity *out,
                            struct snt_err *err) {
  const char *name = snt_json_string(value, NULL);
  if (name != NULL) {
    return snt_aws_identity_from_short(name, out, err);
  }
  static const char *const keys[] = {"name", "kind", "arn", "account", "role", NULL};
  static const char *const kinds[] = {"user", "sso", "role", "federated", "root", NULL};
  if (snt_json_type(value) != SNT_JSON_OBJECT) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"user\" is required: a name, or an object with name and kind", what);
  }
  SNT_TRY(snt_json_check_keys(value, what, keys, err));
  memset(out, 0, sizeof *out);
  SNT_TRY(take_field(value, what, "name", out->user, sizeof out->user, err));
  SNT_TRY(take_field(value, what, "kind", out->kind, sizeof out->kind, err));
  SNT_TRY(take_field(value, what, "arn", out->arn, sizeof out->arn, err));
  SNT_TRY(take_field(value, what, "account", out->account, sizeof out->account, err));
  SNT_TRY(take_field(value, what, "role", out->role, sizeof out->role, err));
  bool is_kind = false;
  for (const char *const *kind = kinds; *kind != NULL; kind++) {
    is_kind = is_kind || strcmp(*kind, out->kind) == 0;
  }
  if (out->user[0] == '\0' || !is_kind) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"user\" needs a name and a kind (user, sso, role, federated, root)",
                    what);
  }
  return snt_done();
}

static snt_status take_numbers(const struct snt_json_value *root, const char *what, struct snt_request *out,
                               struct snt_err *err) {
  const struct snt_json_value *time = snt_json_get(root, "time");
  if (!is_absent(time) && (snt_json_string(time, NULL) == NULL ||
                           !snt_ok(snt_time_parse(snt_json_string(time, NULL), &out->time_ms, NULL)))) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"time\" has to be a time (RFC 3339)", what);
  }
  const struct snt_json_value *duration = snt_json_get(root, "duration");
  if (!is_absent(duration) &&
      (!snt_json_integer(duration, &out->duration_s) || out->duration_s < 1 || out->duration_s > 43200)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"duration\" has to be seconds, from 1 to 43200", what);
  }
  return snt_done();
}

/* What has a value where the file says nothing: null says that it is not known. */
static void take_nulls(const struct snt_json_value *root, struct snt_request *out) {
  if (snt_json_type(snt_json_get(root, "mode")) == SNT_JSON_NULL) {
    out->mode = NULL;
  }
  if (snt_json_type(snt_json_get(root, "time")) == SNT_JSON_NULL) {
    out->time_ms = SNT_REQUEST_NO_TIME;
  }
  if (snt_json_type(snt_json_get(root, "duration")) == SNT_JSON_NULL) {
    out->duration_s = 0;
  }
}

static snt_status take_request(const struct snt_json_value *root, const char *what, struct snt_request_text *text,
                               struct snt_request *out, struct snt_err *err) {
  static const char *const keys[] = {"user",     "profile",   "role_arn",      "mode",        "time",
                                     "duration", "source_ip", "justification", "break_glass", "session_table",
                                     "approval", "mfa",       "device",        NULL};
  if (snt_json_type(root) != SNT_JSON_OBJECT) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s has to be one JSON object", what);
  }
  SNT_TRY(snt_json_check_keys(root, what, keys, err));
  SNT_TRY(take_user(snt_json_get(root, "user"), what, &out->user, err));
  SNT_TRY(take_text(root, what, "profile", FIELD_TEXT, text, &out->profile, err));
  SNT_TRY(take_text(root, what, "role_arn", FIELD_ROLE, text, &out->role_arn, err));
  SNT_TRY(take_text(root, what, "mode", FIELD_TEXT, text, &out->mode, err));
  SNT_TRY(take_text(root, what, "justification", FIELD_TEXT, text, &out->justification, err));
  SNT_TRY(take_numbers(root, what, out, err));
  take_nulls(root, out);
  if (out->profile == NULL || !snt_profile_name_check(out->profile)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: \"profile\" is required and has to be a profile name", what);
  }
  if (out->mode != NULL && !snt_mode_check(out->mode)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: unknown mode \"%s\"; there are credential_process, cli, server", what,
                    out->mode);
  }
  return collect_facts(root, what, &text->facts, err);
}

snt_status snt_request_parse(const char *data, size_t len, const char *what, int64_t now_ms,
                             struct snt_request_text *text, struct snt_request *out, struct snt_err *err) {
  *out = (struct snt_request){.mode = "credential_process", .time_ms = now_ms, .duration_s = 3600};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(data, len, what, &doc, err));
  SNT_TRY(snt_buf_reserve(&text->strings, len + 8, err));
  SNT_TRY(take_request(snt_json_root(doc), what, text, out, err));
  out->facts = snt_buf_borrow(&text->facts);
  return snt_done();
}
