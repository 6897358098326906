#include "policy/spec_fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "base/str.h"
#include "format/json.h"
#include "format/select.h"

enum { FIXTURE_CAP = 64 * 1024 };

static const char FOLDER[] = "testdata";

bool snt_fixture_is_lua(const char *spec) { return snt_str_ends_with(spec, ".lua"); }

/* Parameters as a JSON object in the order of their names: the same for the same question. */
snt_status snt_fixture_format_params(const struct snt_fact *fact, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  const char *last = "";
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  for (size_t done = 0; done < fact->param_count; done++) {
    const struct snt_need_param *next = NULL;
    for (size_t i = 0; i < fact->param_count; i++) {
      const struct snt_need_param *param = &fact->params[i];
      bool is_later = strcmp(param->name, last) > 0;
      next = is_later && (next == NULL || strcmp(param->name, next->name) < 0) ? param : next;
    }
    if (next == NULL) {
      break;
    }
    snt_json_put_string(&writer, next->name, next->value);
    last = next->name;
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

/* A text, number or truth value as the spec's language writes it. Lua's texts are JSON's, but for \u{1234}. */
static snt_status put_value(const char *spec, const struct snt_json_value *value, struct snt_buf *out,
                            struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf json = {0};
  if (!snt_fixture_is_lua(spec)) {
    return snt_json_dump(value, out, err);
  }
  SNT_TRY(snt_json_dump(value, &json, err));
  for (const char *at = json.data; *at != '\0';) {
    bool is_code = at[0] == '\\' && at[1] == 'u';
    int len = is_code ? 6 : at[0] == '\\' ? 2 : 1;
    SNT_TRY(is_code ? snt_buf_appendf(out, err, "\\u{%.4s}", at + 2) : snt_buf_append(out, at, (size_t)len, err));
    at += len;
  }
  return snt_done();
}

/* {"id": "x1"}, or { ["id"] = "x1" }. */
static snt_status put_map(const char *spec, const char *json, size_t json_len, struct snt_buf *out,
                          struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  const struct snt_json_value *value = NULL;
  const char *key = NULL;
  const char *separator = "";
  void *at = NULL;
  SNT_TRY(snt_json_parse(json, json_len, "what was recorded", &doc, err));
  SNT_TRY(snt_buf_append_str(out, snt_fixture_is_lua(spec) ? "{ " : "{", err));
  while (snt_json_next(snt_json_root(doc), &at, &key, &value)) {
    SNT_TRY(snt_buf_appendf(out, err, snt_fixture_is_lua(spec) ? "%s[\"%s\"] = " : "%s\"%s\": ", separator, key));
    SNT_TRY(put_value(spec, value, out, err));
    separator = ", ";
  }
  return snt_buf_append_str(out, snt_fixture_is_lua(spec) ? " }" : "}", err);
}

/* "testdata/plugin-need-01234567.json": of words and hexadecimal digits only. */
static snt_status name_file(const struct snt_fact *fact, struct snt_buf *out, struct snt_err *err) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  SNT_BUF_AUTO struct snt_buf params = {0};
  char hash[65];
  const char *plugin = fact->plugin->name;
  const char *need = snt_fact_need(fact);
  if (strspn(plugin, allowed) != strlen(plugin) || strspn(need, allowed) != strlen(need)) {
    return snt_fail(err, SNT_CODE_BUG, "a plugin's name is no word");
  }
  SNT_TRY(snt_fixture_format_params(fact, &params, err));
  snt_sha256_hex(params.data, params.len, hash);
  return snt_buf_appendf(out, err, "%s/%s-%s-%.8s.json", FOLDER, plugin, need, hash);
}

/* The path of what lies below the spec's folder. */
static snt_status place_beside(const char *spec, const char *name, struct snt_buf *out, struct snt_err *err) {
  const char *slash = strrchr(spec, '/');
  int len = slash == NULL ? 0 : (int)(slash + 1 - spec);
  return snt_buf_appendf(out, err, "%.*s%s", len, spec, name);
}

/* A file as JSON that this process wrote: the evaluator reads no other. */
static snt_status read_file(const char *path, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_json_writer writer;
  SNT_TRY(snt_file_read(path, SNT_FILE_ANY, FIXTURE_CAP, &text, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&text), text.len, path, &doc, err));
  snt_json_writer_init(&writer, out, err);
  SNT_TRY(snt_select_write(snt_json_root(doc), NULL, &writer, NULL, err));
  return snt_json_finish(&writer);
}

snt_status snt_fixture_send(const char *spec, const struct snt_json_value *files, struct snt_evaluator *evaluator,
                            struct snt_err *err) {
  for (size_t i = 0; i < snt_json_count(files); i++) {
    SNT_BUF_AUTO struct snt_buf path = {0};
    SNT_BUF_AUTO struct snt_buf name = {0};
    SNT_BUF_AUTO struct snt_buf content = {0};
    struct snt_err inner = {0};
    const char *file = snt_json_string(snt_json_at(files, i), NULL);
    SNT_TRY(place_beside(spec, file, &path, err));
    SNT_TRY(snt_buf_appendf(&name, err, "spec/%s", file));
    if (snt_fixture_is_lua(spec) && access(path.data, F_OK) != 0) {
      continue; /* a text that only looks like a file's name */
    }
    if (!snt_ok(read_file(path.data, &content, &inner))) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: json_file: %s", spec, inner.message);
    }
    SNT_TRY(snt_evaluator_add_file(evaluator, name.data, (struct snt_slice){content.data, content.len}, err));
  }
  return snt_done();
}

static snt_status make_folder(const char *spec, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct stat st;
  SNT_TRY(place_beside(spec, FOLDER, &path, err));
  if (mkdir(path.data, 0755) != 0 && errno != EEXIST) {
    return snt_fail(err, SNT_CODE_IO, "%s cannot be made: %s", path.data, strerror(errno));
  }
  return lstat(path.data, &st) == 0 && S_ISDIR(st.st_mode)
             ? snt_done()
             : snt_fail(err, SNT_CODE_IO, "%s is no folder: move it away", path.data);
}

static snt_status write_file(const char *spec, const char *name, const struct snt_json_value *json,
                             struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf content = {0};
  SNT_TRY(make_folder(spec, err));
  SNT_TRY(place_beside(spec, name, &path, err));
  SNT_TRY(snt_json_dump(json, &content, err));
  SNT_TRY(snt_buf_append_char(&content, '\n', err));
  return snt_file_replace(path.data, content.data, content.len, 0644, err);
}

/* What the answer holds: JSON in a file, a text in the row; and its type, where a mock would have another one. */
static snt_status put_answer(const char *spec, const struct snt_fact *fact, const struct snt_json_value *answer,
                             struct snt_buf *out, struct snt_err *err) {
  const char *equals = snt_fixture_is_lua(spec) ? " =" : ":";
  const struct snt_json_value *json = snt_json_get(answer, "json");
  const struct snt_json_value *text = snt_json_get(answer, "text");
  const struct snt_json_value *type = snt_json_get(snt_json_get(answer, "headers"), "content-type");
  if (json != NULL) {
    SNT_BUF_AUTO struct snt_buf name = {0};
    SNT_TRY(name_file(fact, &name, err));
    SNT_TRY(write_file(spec, name.data, json, err));
    SNT_TRY(snt_buf_appendf(out, err, ", json_file%s \"%s\"", equals, name.data));
  } else if (text != NULL) {
    SNT_TRY(snt_buf_appendf(out, err, ", text%s ", equals));
    SNT_TRY(put_value(spec, text, out, err));
  }
  const char *name = snt_json_string(type, NULL);
  if (name != NULL && strcmp(name, text != NULL ? "text/plain" : "application/json") != 0) {
    SNT_TRY(snt_buf_appendf(out, err, ", type%s ", equals));
    SNT_TRY(put_value(spec, type, out, err));
  }
  return snt_done();
}

snt_status snt_fixture_put_http(const char *spec, const struct snt_fact *fact, struct snt_buf *out,
                                struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_BUF_AUTO struct snt_buf row = {0};
  SNT_BUF_AUTO struct snt_buf params = {0};
  int64_t status = 0;
  bool is_in_lua = snt_fixture_is_lua(spec);
  const char *equals = is_in_lua ? " =" : ":";
  SNT_TRY(snt_json_parse(fact->value.data, fact->value.len, "what was recorded", &doc, err));
  const struct snt_json_value *answer = snt_json_root(doc);
  (void)snt_json_integer(snt_json_get(answer, "status"), &status);
  SNT_TRY(snt_buf_appendf(&row, err, "%splugin%s \"%s\", need%s \"%s\"", is_in_lua ? "  mock.http { " : "    - {",
                          equals, fact->plugin->name, equals, snt_fact_need(fact)));
  if (fact->param_count > 0) {
    SNT_TRY(snt_fixture_format_params(fact, &params, err));
    SNT_TRY(snt_buf_appendf(&row, err, ", params%s ", equals));
    SNT_TRY(put_map(spec, params.data, params.len, &row, err));
  }
  SNT_TRY(snt_buf_appendf(&row, err, ", status%s %lld", equals, (long long)status));
  SNT_TRY(put_answer(spec, fact, answer, &row, err));
  SNT_TRY(snt_buf_append_str(&row, is_in_lua ? " }\n" : "}\n", err));
  return snt_buf_append(out, row.data, row.len, err);
}

snt_status snt_fixture_put_geoip(const char *spec, const struct snt_fact *fact, struct snt_buf *out,
                                 struct snt_err *err) {
  bool is_in_lua = snt_fixture_is_lua(spec);
  SNT_TRY(
      snt_buf_appendf(out, err, is_in_lua ? "  mock.geoip { [\"%s\"] = " : "    \"%s\": ", snt_fact_param(fact, "ip")));
  SNT_TRY(put_map(spec, fact->value.data, fact->value.len, out, err));
  return snt_buf_append_str(out, is_in_lua ? " }\n" : "\n", err);
}
