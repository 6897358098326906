/* For the time oracle: local times as policy sees them. Reads lines "zone epoch", prints one for each:
 * "year month day hour min sec wday offset is_dst abbrev", or "none". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lua/tz.h"
#include "lua/zone_file.h"

/* The zone of the line before, which is nearly always the next one's. */
static struct snt_tz *load(const char *name) {
  SNT_BUF_AUTO struct snt_buf data = {0};
  struct snt_tz *tz = NULL;
  if (!snt_ok(snt_zone_file_read(name, &data, NULL)) || !snt_tz_parse(data.data, data.len, &tz)) {
    fprintf(stderr, "local_time: the zone %s cannot be read\n", name);
  }
  return tz;
}

int main(void) {
  char name[SNT_ZONE_NAME_CAP] = "", last[SNT_ZONE_NAME_CAP] = "";
  int64_t epoch = 0;
  SNT_TZ_AUTO struct snt_tz *tz = NULL;
  while (scanf("%64s %" SCNd64, name, &epoch) == 2) {
    struct snt_local_time t;
    if (strcmp(name, last) != 0) {
      snt_tz_free(&tz);
      tz = load(name);
      memcpy(last, name, sizeof last);
    }
    if (tz == NULL || !snt_tz_local(tz, epoch, &t)) {
      puts("none");
      continue;
    }
    printf("%" PRId64 " %d %d %d %d %d %d %d %d %s\n", t.year, t.month, t.day, t.hour, t.min, t.sec, t.wday, t.offset,
           t.is_dst, t.abbrev);
  }
  return 0;
}
