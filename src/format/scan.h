/* format/scan (layer 1): members of a strict JSON object, without a document of it: for what is read by the hundred
 * thousand, where format/json would take most of the time for memory that it gets and wipes.
 *
 * MUST
 *  1. take nothing that snt_json_parse refuses: what is out of the ordinary is left to it. */
#ifndef SNT_FORMAT_SCAN_H
#define SNT_FORMAT_SCAN_H

#include <stdint.h>

#include "base/str.h"
#include "format/json.h"

/* Finds the members called names (ended by NULL) of the object that data is, as their JSON text, borrowed from data;
 * {NULL, 0} for one that is not there. *others counts the members that are not among names; may be NULL. Code SYNTAX
 * as of snt_json_parse, or for what is no object. */
snt_status snt_scan_object(const char *data, size_t len, const char *what, const char *const *names,
                           struct snt_slice *values, size_t *others, struct snt_err *err);

/* The type of a value that a scan found; of a number always SNT_JSON_INTEGER. */
enum snt_json_type snt_scan_type(struct snt_slice value);
/* A string of fewer than cap bytes, terminated; false for anything else, and out is then "". */
bool snt_scan_text(struct snt_slice value, char *out, size_t cap);
/* False for what is no whole number of at most 18 digits. */
bool snt_scan_integer(struct snt_slice value, int64_t *out);

#endif
