/* Any bytes as JSON: whatever parses is written again, and what was written parses and is written to the same. What the
 * scan takes is what parses to an object. */
#include <stdint.h>
#include <string.h>

#include "format/json.h"
#include "format/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* False when text is refused; what is taken and cannot be written is a bug. */
static bool rewrite(const char *text, size_t len, struct snt_buf *out) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(text, len, "fuzz", &doc, NULL))) {
    return false;
  }
  if (!snt_ok(snt_json_dump(snt_json_root(doc), out, NULL))) {
    __builtin_trap();
  }
  return true;
}

static void compare_scan(const char *text, size_t len) {
  static const char *const names[] = {"a", "b", NULL};
  struct snt_slice values[2];
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  bool is_taken = snt_ok(snt_scan_object(text, len, "fuzz", names, values, NULL, NULL));
  bool is_parsed = snt_ok(snt_json_parse(text, len, "fuzz", &doc, NULL));
  bool is_object = is_parsed && snt_json_type(snt_json_root(doc)) == SNT_JSON_OBJECT;
  /* Behind a number jansson passes over a NUL, which the scan does not. */
  if ((is_taken && !is_object) || (!is_taken && is_object && memchr(text, '\0', len) == NULL)) {
    __builtin_trap();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  compare_scan((const char *)data, size);
  SNT_BUF_AUTO struct snt_buf first = {0};
  SNT_BUF_AUTO struct snt_buf second = {0};
  if (rewrite((const char *)data, size, &first) &&
      (!rewrite(first.data, first.len, &second) || first.len != second.len ||
       memcmp(first.data, second.data, first.len) != 0)) {
    __builtin_trap();
  }
  return 0;
}
