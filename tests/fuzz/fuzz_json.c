/* Any bytes as JSON: whatever parses is written again, and what was written parses and is written to the same. */
#include <stdint.h>
#include <string.h>

#include "format/json.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_BUF_AUTO struct snt_buf first = {0};
  SNT_BUF_AUTO struct snt_buf second = {0};
  if (rewrite((const char *)data, size, &first) &&
      (!rewrite(first.data, first.len, &second) || first.len != second.len ||
       memcmp(first.data, second.data, first.len) != 0)) {
    __builtin_trap();
  }
  return 0;
}
