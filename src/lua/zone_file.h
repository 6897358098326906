/* lua/zone_file (layer 3): the core's reader of the system's time-zone files; an evaluator cannot open one. */
#ifndef SNT_LUA_ZONE_FILE_H
#define SNT_LUA_ZONE_FILE_H

#include "base/buf.h"

#define SNT_ZONE_NAME_CAP 65

/* An IANA name: segments of [A-Za-z0-9_+-] with '/' between them, at most 64 bytes. Not "localtime", which is the
 * host's own zone, nor its like. */
bool snt_zone_name_check(const char *name);
/* The bytes of /usr/share/zoneinfo/<name>, at most 64 KiB; TZDIR plays no part. Code NOT_FOUND for a name that is not
 * one or that this machine lacks. */
snt_status snt_zone_file_read(const char *name, struct snt_buf *out, struct snt_err *err);

#endif
