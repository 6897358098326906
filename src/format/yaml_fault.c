#include "format/yaml_fault.h"

#include <string.h>

/* The first byte of a character; NUL when there is none. */
static char find_char(struct snt_slice text, size_t line, size_t column) {
  size_t i = 0;
  for (; i < text.len && line > 0; i++) {
    line -= text.data[i] == '\n' ? 1 : 0;
  }
  for (; i < text.len && column > 0; column--) {
    i++;
    while (i < text.len && ((unsigned char)text.data[i] & 0xc0) == 0x80) {
      i++;
    }
  }
  return i < text.len ? text.data[i] : '\0';
}

const char *snt_yaml_explain(const char *problem, const char *context, struct snt_slice text, size_t line,
                             size_t column) {
  static const char tab[] = "a tab stands where YAML wants spaces: write spaces in its place";
  if (context != NULL && strcmp(context, "while scanning an alias") == 0) {
    return "a text that begins with * has to be quoted: \"*\"";
  }
  if (context != NULL && strcmp(context, "while scanning an anchor") == 0) {
    return "a text that begins with & has to be quoted: \"&\"";
  }
  if (strstr(problem, "tab character") != NULL) {
    return tab;
  }
  char found = strstr(problem, "cannot start any token") == NULL ? '\0' : find_char(text, line, column);
  return found == '\t'  ? tab
         : found == '@' ? "a text that begins with @ has to be quoted: \"@\""
         : found == '`' ? "a text that begins with ` has to be quoted: \"`\""
         : found == '%' ? "a text that begins with % has to be quoted: \"%\""
                        : NULL;
}
