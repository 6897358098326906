/* Any bytes as ~/.aws/config: every event lies in its order, with a section, and without a NUL. */
#include <stdint.h>
#include <string.h>

#include "format/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
  unsigned line;
  bool has_section;
};

static snt_status check(void *context, const struct snt_ini_event *event, struct snt_err *err) {
  (void)err;
  struct seen *seen = context;
  bool is_section = event->key.data == NULL;
  bool is_good = event->line > seen->line && (is_section || (seen->has_section && event->key.len > 0)) &&
                 (event->value.len == 0 || memchr(event->value.data, '\0', event->value.len) == NULL);
  if (!is_good) {
    __builtin_trap();
  }
  *seen = (struct seen){event->line, true};
  return snt_done();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct seen seen = {0};
  SNT_IGNORE(snt_ini_parse("fuzz", (const char *)data, size, check, &seen, NULL));
  return 0;
}
