#include "lua/zone_file.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

enum { ZONE_CAP = 64 * 1024 };

/* Entries of the folder that are no zones of IANA's: the host's own zone, and copies with other rules. */
static bool is_other_entry(const char *name) {
  static const char *const others[] = {"localtime", "posixrules", NULL};
  for (size_t i = 0; others[i] != NULL; i++) {
    if (strcmp(name, others[i]) == 0) {
      return true;
    }
  }
  return snt_str_starts_with(name, "posix/") || snt_str_starts_with(name, "right/");
}

bool snt_zone_name_check(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
  size_t len = strlen(name);
  return len > 0 && len < SNT_ZONE_NAME_CAP && strspn(name, allowed) == len && name[0] != '/' && name[len - 1] != '/' &&
         strstr(name, "//") == NULL && !is_other_entry(name);
}

snt_status snt_zone_file_read(const char *name, struct snt_buf *out, struct snt_err *err) {
  char path[128];
  if (!snt_zone_name_check(name)) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "\"%.64s\" cannot be the name of a time zone", name);
  }
  (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
  return snt_file_read(path, SNT_FILE_ANY, ZONE_CAP, out, err);
}
