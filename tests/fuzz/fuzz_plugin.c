/* Any JSON as what an evaluator says of a plugin, and as what it needs: taken over, it may say anything. */
#include <stdint.h>
#include <string.h>

#include "policy/needs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The character that a server may read at text, and how long its writing is: a path is decoded once, and a backslash is
 * a slash to some. */
static char read_character(const char *text, size_t *len) {
  static const struct {
    const char *encoded;
    char character;
  } rows[] = {{"%2E", '.'}, {"%2e", '.'}, {"%2F", '/'}, {"%2f", '/'}, {"%5C", '/'}, {"%5c", '/'}, {"\\", '/'}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (snt_str_starts_with(text, rows[i].encoded)) {
      *len = strlen(rows[i].encoded);
      return rows[i].character;
    }
  }
  *len = 1;
  return *text;
}

/* Whether a segment of the path, which ends where the query begins, is "." or "..". */
static bool has_dot_segment(const char *path) {
  size_t points = 0;
  bool is_other = false;
  for (size_t len = 0;; path += len) {
    char character = *path == '?' ? '\0' : read_character(path, &len);
    if (character == '/' || character == '\0') {
      if (!is_other && (points == 1 || points == 2)) {
        return true;
      }
      points = 0;
      is_other = false;
    }
    if (character == '\0') {
      return false;
    }
    points += character == '.' ? 1 : 0;
    is_other = is_other || (character != '.' && character != '/');
  }
}

/* What is asked stays on the host and the path of the template, whatever the parameters are. A query is no path. */
static void build(const struct snt_fact *fact) {
  SNT_BUF_AUTO struct snt_buf url = {0};
  char host[256];
  if (fact->kind != SNT_NEED_HTTP ||
      !snt_ok(snt_question_build(fact->question, snt_fact_param, fact, &url, host, NULL))) {
    return;
  }
  if (!snt_str_starts_with(url.data, "https://") || strpbrk(url.data, " \r\n\t@#\\") != NULL) {
    __builtin_trap();
  }
  const char *path = strchr(url.data + strlen("https://"), '/');
  if (path == NULL || has_dot_segment(path)) {
    __builtin_trap();
  }
}

static void ask(struct snt_plugin *plugin, const char *text, size_t len) {
  struct snt_policy policy = {.plugins = plugin, .plugin_count = 1};
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  size_t added = 0;
  bool is_over = false;
  if (snt_ok(snt_needs_parse(text, len, &policy, &facts, &added, &is_over, NULL))) {
    SNT_BUF_AUTO struct snt_buf written = {0};
    for (size_t i = 0; i < facts.count; i++) {
      build(&facts.list[i]);
    }
    if (!snt_ok(snt_facts_format(&facts, false, &written, NULL))) {
      __builtin_trap();
    }
  }
}

/* The input is a plugin, a line feed, and what it needs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  const char *line = size == 0 ? NULL : memchr(text, '\n', size);
  size_t len = line == NULL ? size : (size_t)(line - text);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_PLUGIN_AUTO struct snt_plugin plugin = {0};
  if (snt_ok(snt_json_parse(text, len, "fuzz", &doc, NULL)) &&
      snt_ok(snt_plugin_parse("p", (struct snt_slice){0}, snt_json_root(doc), &plugin, NULL)) && line != NULL) {
    ask(&plugin, line + 1, size - len - 1);
  }
  return 0;
}
