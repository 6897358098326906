/* Any bytes as a TZif file: what is taken gives a local time that is one, at any instant. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lua/tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int64_t instants[] = {INT64_MIN,  -62135596800, -1,           0,        1000000000, 1785542400,
                                     4102444800, 32503680000,  253402300799, INT64_MAX};
  SNT_TZ_AUTO struct snt_tz *tz = NULL;
  if (!snt_tz_parse((const char *)data, size, &tz)) {
    return 0;
  }
  for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
    struct snt_local_time t;
    if (snt_tz_local(tz, instants[i], &t) &&
        (t.year < 1 || t.year > 9999 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour < 0 ||
         t.hour > 23 || t.min < 0 || t.min > 59 || t.sec < 0 || t.sec > 59 || t.wday < 1 || t.wday > 7 ||
         t.day_number * 86400 + t.hour * 3600 + t.min * 60 + t.sec - t.offset != instants[i] ||
         memchr(t.abbrev, '\0', sizeof t.abbrev) == NULL)) {
      abort();
    }
  }
  return 0;
}
