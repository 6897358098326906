#include "policy/plugin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "format/select.h"

enum { QUESTIONS_MAX = 16, SECRETS_MAX = 8, LIST_MAX = 32 };

/* What is being read, for messages. */
struct reading {
  const char *file;
  struct snt_slice source; /* its text */
  struct snt_plugin *out;
};

static void free_list(char **list) {
  for (char **item = list; item != NULL && *item != NULL; item++) {
    free(*item);
  }
  free((void *)list);
}

void snt_plugin_clear(struct snt_plugin *plugin) {
  for (size_t i = 0; i < plugin->question_count; i++) {
    snt_question_clear(&plugin->questions[i]);
  }
  free(plugin->questions);
  free(plugin->secrets);
  free_list(plugin->files);
  snt_buf_clear(&plugin->args);
  snt_buf_clear(&plugin->request);
  snt_buf_clear(&plugin->said);
  memset(plugin, 0, sizeof *plugin);
}

/* What the evaluator should have refused. */
static snt_status refuse_reply(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a plugin makes no sense (%s)", what);
}

static bool is_word_byte(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Where `key =` stands in the text from there on; the text's end for nowhere. */
static size_t find_key(struct snt_slice text, size_t from, const char *key) {
  size_t len = strlen(key);
  for (size_t at = from; at + len < text.len; at++) {
    size_t after = at + len;
    if (memcmp(text.data + at, key, len) != 0 || (at > 0 && is_word_byte(text.data[at - 1]))) {
      continue;
    }
    while (after < text.len && text.data[after] == ' ') {
      after++;
    }
    if (after + 1 < text.len && text.data[after] == '=' && text.data[after + 1] != '=') {
      return at;
    }
  }
  return text.len;
}

/* "file:line:column: needs.http.oncalls.url", of the last of the keys, which ends with NULL. Code made the manifest
 * where one is not written out: 1:1 then. */
static snt_status put_place(const struct reading *reading, const char *const *keys, struct snt_buf *out,
                            struct snt_err *err) {
  struct snt_slice text = reading->source;
  SNT_BUF_AUTO struct snt_buf path = {0};
  unsigned line = 1, column = 1;
  size_t at = 0;
  for (const char *const *key = keys; *key != NULL; key++) {
    at = find_key(text, at, *key);
    SNT_TRY(snt_buf_appendf(&path, err, "%s%s", key == keys ? "" : ".", *key));
  }
  for (size_t i = 0; at < text.len && i < at; i++) {
    bool is_end = text.data[i] == '\n';
    line += is_end ? 1 : 0;
    column = is_end ? 1 : column + 1;
  }
  return snt_buf_appendf(out, err, "%s:%u:%u: %s", reading->file, line, column, path.data);
}

static snt_status refuse_plugin(const struct reading *reading, const char *const *keys, const char *what,
                                struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf place = {0};
  SNT_TRY(put_place(reading, keys, &place, err));
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s %s", place.data, what);
}

static snt_status refuse_question(const struct reading *reading, const char *name, const char *key, const char *what,
                                  struct snt_err *err) {
  const char *const keys[] = {"needs", "http", name, key, NULL};
  return refuse_plugin(reading, keys, what, err);
}

static snt_status refuse_secret(const struct reading *reading, const char *name, const char *key, const char *what,
                                struct snt_err *err) {
  const char *const keys[] = {"needs", "secrets", name, key, NULL};
  return refuse_plugin(reading, keys, what, err);
}

/* A printable text of at most cap - 1 bytes; absent is "". */
static bool take_text(const struct snt_json_value *object, const char *key, char *out, size_t cap) {
  const struct snt_json_value *value = snt_json_get(object, key);
  const char *text = snt_json_printable(value, cap);
  out[0] = '\0';
  if (snt_json_type(value) == SNT_JSON_NONE) {
    return true;
  }
  if (text == NULL) {
    return false;
  }
  memcpy(out, text, strlen(text) + 1);
  return true;
}

/* A list of printable texts; absent is none. */
static snt_status take_list(const struct snt_json_value *object, const char *key, char ***out, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(object, key);
  size_t count = snt_json_count(list);
  if (snt_json_type(list) == SNT_JSON_NONE) {
    return snt_done();
  }
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > LIST_MAX) {
    return refuse_reply(key, err);
  }
  *out = calloc(count + 1, sizeof **out);
  if (*out == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    const char *text = snt_json_printable(snt_json_at(list, i), 201);
    if (text == NULL || text[0] == '\0') {
      return refuse_reply(key, err);
    }
    (*out)[i] = snt_str_dup(text);
    if ((*out)[i] == NULL) {
      return snt_fail_memory(err);
    }
  }
  return snt_done();
}

/* An object, or nothing at all. */
static bool is_map(const struct snt_json_value *value) {
  return snt_json_type(value) == SNT_JSON_OBJECT || snt_json_type(value) == SNT_JSON_NONE;
}

static bool is_word(const char *text) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return text[0] != '\0' && strlen(text) <= 64 && strspn(text, allowed) == strlen(text);
}

/* "needs.http.oncalls.url holds ..." */
static snt_status parse_url(const struct reading *reading, const char *text, struct snt_question *out,
                            struct snt_err *err) {
  struct snt_err inner = {0};
  snt_status status = snt_question_parse_url(text, out, &inner);
  return snt_ok(status) ? snt_done() : refuse_question(reading, out->name, "url", inner.message, err);
}

/* What the author declared for parameters that may be more than the usual. */
static snt_status read_params(const struct reading *reading, const struct snt_json_value *params,
                              struct snt_question *out, struct snt_err *err) {
  for (size_t i = 0; i < snt_json_count(params); i++) {
    const struct snt_json_value *value = NULL;
    const char *name = snt_json_key_at(params, i, &value);
    const char *text = snt_json_string(value, NULL);
    struct snt_question_param *param = NULL;
    for (size_t k = 0; k < out->param_count; k++) {
      param = strcmp(out->params[k].name, name) == 0 ? &out->params[k] : param;
    }
    if (param == NULL || text == NULL) {
      return refuse_question(reading, out->name, "params", "declares a parameter that is not in its url", err);
    }
    if (!snt_question_parse_class(text, param->is_allowed)) {
      return refuse_question(reading, out->name, "params",
                             "declares a parameter otherwise than as one class, such as [A-Z0-9-]+", err);
    }
  }
  return snt_done();
}

static snt_status read_question(const struct reading *reading, const char *name, const struct snt_json_value *value,
                                struct snt_question *out, struct snt_err *err) {
  static const char *const keys[] = {"url", "secret", "accept", "select", "params", NULL};
  char url[1025];
  if (!is_word(name) || !snt_ok(snt_json_check_keys(value, "", keys, NULL)) ||
      !take_text(value, "url", url, sizeof url) || !take_text(value, "secret", out->secret, sizeof out->secret) ||
      !take_text(value, "accept", out->accept, sizeof out->accept) || !is_map(snt_json_get(value, "params"))) {
    return refuse_reply("needs.http", err);
  }
  (void)snprintf(out->name, sizeof out->name, "%s", name);
  SNT_TRY(parse_url(reading, url, out, err));
  SNT_TRY(take_list(value, "select", &out->select, err));
  for (char *const *path = out->select; path != NULL && *path != NULL; path++) {
    if (!snt_select_check_path(*path)) {
      return refuse_question(reading, name, "select", "selects otherwise than by paths such as list[].user.name", err);
    }
  }
  return read_params(reading, snt_json_get(value, "params"), out, err);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const struct snt_question *)a)->name, ((const struct snt_question *)b)->name);
}

/* By name, because Lua tells them in any order. */
static snt_status read_questions(const struct reading *reading, const struct snt_json_value *http,
                                 struct snt_err *err) {
  size_t count = snt_json_count(http);
  if (count > QUESTIONS_MAX) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: needs.http has more than %d questions", reading->file,
                    QUESTIONS_MAX);
  }
  reading->out->questions = calloc(count + 1, sizeof *reading->out->questions);
  if (reading->out->questions == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    const struct snt_json_value *value = NULL;
    const char *name = snt_json_key_at(http, i, &value);
    struct snt_question *question = &reading->out->questions[reading->out->question_count++];
    SNT_TRY(read_question(reading, name, value, question, err));
    if (question->secret[0] != '\0' && snt_plugin_find_secret(reading->out, question->secret) == NULL) {
      return refuse_question(reading, question->name, "secret", "names a secret that is not in needs.secrets", err);
    }
  }
  qsort(reading->out->questions, count, sizeof *reading->out->questions, compare_names);
  return snt_done();
}

/* What the transport sets itself, or what would name another host. */
static bool is_own_header(const char *name) {
  static const char *const own[] = {"host",
                                    "content-length",
                                    "transfer-encoding",
                                    "connection",
                                    "cookie",
                                    "expect",
                                    "accept-encoding",
                                    "te",
                                    "upgrade",
                                    "trailer",
                                    "accept",
                                    "range",
                                    "proxy-authorization"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
    if (strcasecmp(own[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static bool is_header(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
  return name[0] != '\0' && strspn(name, allowed) == strlen(name) && !is_own_header(name);
}

/* One place for the secret, as %s or %b, and no other percent sign. */
static bool is_format(const char *text) {
  const char *at = strchr(text, '%');
  return at != NULL && (at[1] == 's' || at[1] == 'b') && strchr(at + 1, '%') == NULL;
}

static snt_status read_secrets(const struct reading *reading, const struct snt_json_value *secrets,
                               struct snt_err *err) {
  static const char *const keys[] = {"header", "format", NULL};
  size_t count = snt_json_count(secrets);
  reading->out->secrets = calloc(count + 1, sizeof *reading->out->secrets);
  if (reading->out->secrets == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    const struct snt_json_value *value = NULL;
    const char *name = snt_json_key_at(secrets, i, &value);
    if (i == SECRETS_MAX || !is_word(name) || !snt_ok(snt_json_check_keys(value, "", keys, NULL))) {
      return refuse_reply("needs.secrets", err);
    }
    struct snt_plugin_secret *secret = &reading->out->secrets[reading->out->secret_count++];
    (void)snprintf(secret->name, sizeof secret->name, "%s", name);
    if (!take_text(value, "header", secret->header, sizeof secret->header) || !is_header(secret->header)) {
      return refuse_secret(reading, name, "header", "has a header that a plugin may not set", err);
    }
    if (!take_text(value, "format", secret->format, sizeof secret->format) || !is_format(secret->format)) {
      return refuse_secret(reading, name, "format", "has a format without exactly one %s or %b", err);
    }
  }
  return snt_done();
}

/* A flag that is true when it is there. */
static bool take_flag(const struct snt_json_value *object, const char *key, bool *out) {
  const struct snt_json_value *value = snt_json_get(object, key);
  return snt_json_type(value) == SNT_JSON_NONE || snt_json_bool(value, out);
}

static snt_status read_needs(const struct reading *reading, const struct snt_json_value *needs, struct snt_err *err) {
  static const char *const keys[] = {"request", "http", "secrets", "geoip", "history", "files", NULL};
  struct snt_plugin *out = reading->out;
  char **fields = NULL;
  snt_status fields_status = take_list(needs, "request", &fields, err); /* only looked at, and kept as JSON */
  free_list(fields);
  SNT_TRY(fields_status);
  if (!is_map(needs) || !snt_ok(snt_json_check_keys(needs, "", keys, NULL)) || !is_map(snt_json_get(needs, "http")) ||
      !is_map(snt_json_get(needs, "secrets")) || !take_flag(needs, "geoip", &out->needs_geoip) ||
      !take_flag(needs, "history", &out->needs_history)) {
    return refuse_reply("needs", err);
  }
  const struct snt_json_value *request = snt_json_get(needs, "request");
  SNT_TRY(request == NULL ? snt_buf_append_str(&out->request, "[]", err) : snt_json_dump(request, &out->request, err));
  SNT_TRY(read_secrets(reading, snt_json_get(needs, "secrets"), err));
  SNT_TRY(read_questions(reading, snt_json_get(needs, "http"), err));
  return take_list(needs, "files", &out->files, err);
}

static bool take_limits(const struct snt_json_value *plugin, struct snt_plugin *out) {
  static const char *const keys[] = {"timeout", "fuel", NULL};
  static const char *const cache_keys[] = {"ttl", NULL};
  const struct snt_json_value *limits = snt_json_get(plugin, "limits");
  const struct snt_json_value *cache = snt_json_get(plugin, "cache");
  return snt_ok(snt_json_check_keys(limits, "", keys, NULL)) &&
         snt_json_integer(snt_json_get(limits, "timeout"), &out->timeout_ms) && out->timeout_ms >= 1 &&
         out->timeout_ms <= 5000 && snt_json_integer(snt_json_get(limits, "fuel"), &out->fuel) && out->fuel >= 1000 &&
         out->fuel <= 10000000 &&
         (cache == NULL || (snt_ok(snt_json_check_keys(cache, "", cache_keys, NULL)) &&
                            snt_json_integer(snt_json_get(cache, "ttl"), &out->cache_ttl_s) && out->cache_ttl_s >= 1));
}

static snt_status read_plugin(const struct reading *reading, const struct snt_json_value *plugin, struct snt_err *err) {
  static const char *const keys[] = {"name", "version", "api", "summary", "args", "needs", "limits", "cache", NULL};
  struct snt_plugin *out = reading->out;
  int64_t api = 0;
  if (snt_json_type(plugin) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(plugin, "", keys, NULL)) ||
      !snt_json_integer(snt_json_get(plugin, "api"), &api) || api != 1 ||
      !take_text(plugin, "name", out->name, sizeof out->name) ||
      !take_text(plugin, "version", out->version, sizeof out->version) ||
      !take_text(plugin, "summary", out->summary, sizeof out->summary) || !take_limits(plugin, out)) {
    return refuse_reply("members", err);
  }
  const struct snt_json_value *args = snt_json_get(plugin, "args");
  bool has_args = snt_json_type(args) == SNT_JSON_OBJECT;
  SNT_TRY(has_args ? snt_json_dump(args, &out->args, err) : snt_buf_append_str(&out->args, "{}", err));
  return read_needs(reading, snt_json_get(plugin, "needs"), err);
}

snt_status snt_plugin_parse(const char *file, struct snt_slice source, const struct snt_json_value *plugin,
                            struct snt_plugin *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_PLUGIN_AUTO struct snt_plugin parsed = {0};
  struct reading reading = {.file = file, .source = source, .out = &parsed};
  SNT_TRY(read_plugin(&reading, plugin, err));
  SNT_TRY(snt_json_dump_sorted(plugin, &parsed.said, err));
  *out = parsed;
  memset(&parsed, 0, sizeof parsed); /* ownership went to out */
  return snt_done();
}

const struct snt_question *snt_plugin_find_question(const struct snt_plugin *plugin, const char *name) {
  for (size_t i = 0; i < plugin->question_count; i++) {
    if (strcmp(plugin->questions[i].name, name) == 0) {
      return &plugin->questions[i];
    }
  }
  return NULL;
}

const struct snt_plugin_secret *snt_plugin_find_secret(const struct snt_plugin *plugin, const char *name) {
  for (size_t i = 0; i < plugin->secret_count; i++) {
    if (strcmp(plugin->secrets[i].name, name) == 0) {
      return &plugin->secrets[i];
    }
  }
  return NULL;
}

snt_status snt_plugin_format(const struct snt_plugin *plugin, char *const *files, size_t file_count,
                             struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "name", plugin->name);
  snt_json_put_raw(&writer, "args", (struct snt_slice){plugin->args.data, plugin->args.len});
  snt_json_put_raw(&writer, "request", (struct snt_slice){plugin->request.data, plugin->request.len});
  snt_json_begin_object(&writer, "http");
  for (size_t i = 0; i < plugin->question_count; i++) {
    snt_json_begin_object(&writer, plugin->questions[i].name);
    for (size_t k = 0; k < plugin->questions[i].param_count; k++) {
      snt_json_put_bool(&writer, plugin->questions[i].params[k].name, true);
    }
    snt_json_end_object(&writer);
  }
  snt_json_end_object(&writer);
  snt_json_put_bool(&writer, "geoip", plugin->needs_geoip);
  snt_json_put_bool(&writer, "history", plugin->needs_history);
  snt_json_put_bool(&writer, "needs_files", plugin->files != NULL && plugin->files[0] != NULL);
  snt_json_begin_array(&writer, "granted_files");
  for (size_t i = 0; i < file_count; i++) {
    snt_json_put_string(&writer, NULL, files[i]);
  }
  snt_json_end_array(&writer);
  snt_json_put_integer(&writer, "timeout_ms", plugin->timeout_ms);
  snt_json_put_integer(&writer, "fuel", plugin->fuel);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}
