/* format/line_diff (layer 1): which lines of two texts differ, and that as a unified diff (POSIX diff -u), which
 * `patch` takes. */
#ifndef SNT_FORMAT_LINE_DIFF_H
#define SNT_FORMAT_LINE_DIFF_H

#include "base/buf.h"
#include "base/str.h"

/* Appends the lines that differ with three lines around them, below "--- before" and "+++ after"; nothing for texts
 * that are the same. An edit of very many lines is told as one that replaces all between the first and the last of
 * them. Code NO_MEMORY. */
snt_status snt_line_diff(const char *before_name, struct snt_slice before, const char *after_name,
                         struct snt_slice after, struct snt_buf *out, struct snt_err *err);

#endif
