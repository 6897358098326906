#include "cli/problems.h"

#include <stdlib.h>
#include <string.h>

#include "cli/common.h"
#include "format/json.h"

static snt_status print_problem(struct snt_out *out, const struct snt_json_value *problem, struct snt_err *err) {
  int64_t line = 0;
  int64_t column = 0;
  (void)snt_json_integer(snt_json_get(problem, "line"), &line);
  (void)snt_json_integer(snt_json_get(problem, "column"), &column);
  const char *file = snt_json_string(snt_json_get(problem, "file"), NULL);
  const char *message = snt_json_string(snt_json_get(problem, "message"), NULL);
  const char *hint = snt_json_string(snt_json_get(problem, "hint"), NULL);
  SNT_TRY(snt_cli_print_clean(&out->text, file == NULL ? "" : file, err));
  SNT_TRY(snt_out_printf(out, err, ":%lld:%lld: ", (long long)line, (long long)column));
  SNT_TRY(snt_cli_print_clean(&out->text, message == NULL ? "" : message, err));
  if (hint != NULL && hint[0] != '\0') {
    SNT_TRY(snt_out_text(out, "\n  ", err));
    SNT_TRY(snt_cli_print_clean(&out->text, hint, err));
  }
  return snt_out_text(out, "\n", err);
}

/* Puts what one file had to say into the JSON array, without brackets. */
static snt_status collect(struct snt_buf *all, const struct snt_buf *problems, struct snt_err *err) {
  if (problems->len <= 2) {
    return snt_done();
  }
  if (all->len > 0) {
    SNT_TRY(snt_buf_append_char(all, ',', err));
  }
  return snt_buf_append(all, problems->data + 1, problems->len - 2, err);
}

/* A number that ends with a colon; moves behind it. */
static bool take_number(const char **text, int64_t *out) {
  char *end = NULL;
  *out = strtol(*text, &end, 10);
  bool is_number = end != *text && *end == ':';
  *text = is_number ? end + 1 : *text;
  return is_number;
}

/* "FILE:3:1: what": file gets the name, and message moves behind the place. */
static bool take_place(const char **message, struct snt_slice *file, int64_t *line, int64_t *column) {
  for (const char *colon = strchr(*message, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
    const char *at = colon + 1;
    if (take_number(&at, line) && take_number(&at, column) && *at == ' ') {
      *file = (struct snt_slice){*message, (size_t)(colon - *message)};
      *message = at + 1;
      return true;
    }
  }
  return false;
}

/* A file that could not even be given to the evaluator is a problem like the others. */
static snt_status make_problem(const char *path, const struct snt_err *failure, struct snt_buf *out,
                               struct snt_err *err) {
  const char *message = failure->message;
  struct snt_slice file = snt_slice_of(path);
  int64_t line = 1;
  int64_t column = 1;
  if (!take_place(&message, &file, &line, &column)) {
    line = 1;
    column = 1;
  }
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_array(&writer, NULL);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_slice(&writer, "file", file);
  snt_json_put_integer(&writer, "line", line);
  snt_json_put_integer(&writer, "column", column);
  snt_json_put_string(&writer, "message", message);
  snt_json_put_string(&writer, "hint", failure->hint);
  snt_json_end_object(&writer);
  snt_json_end_array(&writer);
  return snt_json_finish(&writer);
}

static snt_status print_for_people(struct snt_out *out, const struct snt_buf *array, size_t files,
                                   struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(array->data, array->len, "the list of problems", &doc, err));
  size_t count = snt_json_count(snt_json_root(doc));
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(print_problem(out, snt_json_at(snt_json_root(doc), i), err));
  }
  return count > 0 ? snt_done()
                   : snt_out_printf(out, err, "%zu %s valid\n", files, files == 1 ? "policy is" : "policies are");
}

static snt_status print_json(struct snt_out *out, const struct snt_buf *array, bool is_valid, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "valid", is_valid);
  snt_json_put_raw(&writer, "problems", (struct snt_slice){array->data, array->len});
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

snt_status snt_problems_format(const char *source, const struct snt_err *failure, const struct snt_buf *array,
                               struct snt_buf *out, struct snt_err *err) {
  return array->len > 2 ? snt_buf_append(out, array->data, array->len, err) : make_problem(source, failure, out, err);
}

void snt_problems_clear(struct snt_problems *problems) { snt_buf_clear(&problems->list); }

snt_status snt_problems_add(struct snt_problems *problems, const char *path, snt_status status,
                            const struct snt_err *failure, const struct snt_buf *array, struct snt_err *err) {
  problems->files++;
  if (snt_ok(status)) {
    return snt_done();
  }
  if (status.code != SNT_CODE_POLICY_INVALID && status.code != SNT_CODE_NO_POLICY) {
    *err = *failure;
    return status;
  }
  problems->refused++;
  SNT_BUF_AUTO struct snt_buf own = {0};
  SNT_TRY(snt_problems_format(path, failure, array, &own, err));
  return collect(&problems->list, &own, err);
}

snt_status snt_problems_print(const struct snt_problems *problems, bool is_json, struct snt_out *out,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf array = {0};
  SNT_TRY(snt_buf_appendf(&array, err, "[%s]", snt_buf_borrow(&problems->list)));
  return is_json ? print_json(out, &array, problems->refused == 0, err)
                 : print_for_people(out, &array, problems->files, err);
}

snt_status snt_problems_status(const struct snt_problems *problems, struct snt_err *err) {
  if (problems->refused == 0) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%zu of %zu %s refused", problems->refused, problems->files,
                  problems->files == 1 ? "policy is" : "policies are");
}
