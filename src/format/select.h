/* format/select (layer 1): a part of a JSON value, in a form that Lua can hold.
 *
 * MUST
 *  1. leave null out, and write whole numbers beyond 2^53 as texts: neither has a value in Lua;
 *  2. refuse what is nested more than 16 deep. */
#ifndef SNT_FORMAT_SELECT_H
#define SNT_FORMAT_SELECT_H

#include "format/json.h"

enum { SNT_SELECT_DEPTH_MAX = 16 };

/* Whether the text is a path such as "more", "oncalls[].user.summary" or "[].id". */
bool snt_select_check_path(const char *path);
/* Writes what the paths (ended by NULL) name of the value, or all of it when paths is NULL; what a path names and is
 * not there is left out, and so is an object where the path has [] or a list where it has none. Code SYNTAX for a value
 * that is nested too deep. */
snt_status snt_select_write(const struct snt_json_value *value, char *const *paths, struct snt_json_writer *writer,
                            const char *key, struct snt_err *err);

#endif
