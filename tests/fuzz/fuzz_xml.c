/* Any bytes as an answer of AWS: a text that is found ends with its NUL, holds no other, and is trimmed. */
#include <stdint.h>
#include <string.h>

#include "format/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const paths[] = {"", "a", "b", "a/b", "a/b/a", "Result/Credentials/Token"};
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  if (!snt_ok(snt_xml_parse((const char *)data, size, "fuzz", &doc, NULL))) {
    return 0;
  }
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    size_t len = 0;
    const char *text = snt_xml_find(doc, paths[i], &len);
    if (text != NULL && (strlen(text) != len || (len > 0 && (is_blank(text[0]) || is_blank(text[len - 1]))))) {
      __builtin_trap();
    }
  }
  if (snt_xml_root(doc)[0] == '\0') {
    __builtin_trap();
  }
  return 0;
}
