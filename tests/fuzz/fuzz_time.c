/* Times, durations, HTTP dates and URLs: what is read is written and read again to the same. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "format/time.h"
#include "format/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *text) {
  char written[1400];
  struct snt_url url;
  struct snt_url again;
  if (!snt_ok(snt_url_parse(text, "fuzz", &url, NULL))) {
    return;
  }
  (void)snprintf(written, sizeof written, "%s://%s%s", url.scheme, url.authority, url.path);
  if (!snt_ok(snt_url_parse(written, "fuzz", &again, NULL)) || strcmp(url.host, again.host) != 0 ||
      strcmp(url.path, again.path) != 0 || url.port != again.port || url.is_loopback != again.is_loopback) {
    __builtin_trap();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char text[256];
  char written[32];
  int64_t ms = 0;
  int64_t again = 0;
  size_t len = size < sizeof text - 1 ? size : sizeof text - 1;
  memcpy(text, data, len);
  text[len] = '\0';
  if (snt_ok(snt_time_parse(text, &ms, NULL))) {
    snt_time_format(ms, true, written);
    if (!snt_ok(snt_time_parse(written, &again, NULL)) || again != ms) {
      __builtin_trap();
    }
  }
  if (snt_ok(snt_duration_parse(text, &ms, NULL))) {
    snt_duration_format(ms, written);
    if (!snt_ok(snt_duration_parse(written, &again, NULL)) || again != ms) {
      __builtin_trap();
    }
  }
  (void)snt_time_parse_http(text, &ms);
  check_url(text);
  return 0;
}
