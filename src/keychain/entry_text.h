/* keychain/entry_text (layer 2, inner): entries for keepers of passwords, which hold text under names of their own.
 *
 * A value of printable UTF-8 stays as it is; any other becomes "base64:" and its bytes in base64. A name keeps what its
 * keeper takes as it is; every other byte becomes the mark and two lower-case hex digits. */
#ifndef SNT_KEYCHAIN_ENTRY_TEXT_H
#define SNT_KEYCHAIN_ENTRY_TEXT_H

#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"

/* What can become of a value of len bytes, at most. */
#define SNT_ENTRY_TEXT_CAP(len) ((len)*4 / 3 + 16)

/* A new secret of one line, without a line feed. Code NO_MEMORY. */
snt_status snt_entry_text_format(const struct snt_secret *value, struct snt_secret **out, struct snt_err *err);
/* The other way; one line feed at its end does not count, whatever else a person put there does. Code SYNTAX: there is
 * nothing, or it is no base64. */
snt_status snt_entry_text_parse(struct snt_slice text, struct snt_secret **out, struct snt_err *err);

/* How names are written. */
struct snt_entry_spelling {
  char mark;         /* is none of plain */
  const char *plain; /* what stays; '.' is marked at the beginning all the same */
};
/* Code NO_MEMORY. */
snt_status snt_entry_name_format(const struct snt_entry_spelling *spelling, const char *name, struct snt_buf *out,
                                 struct snt_err *err);
/* Appends the name; *is_name is false for what snt_entry_name_format would not have written, and then out may hold
 * anything. Code NO_MEMORY. */
snt_status snt_entry_name_parse(const struct snt_entry_spelling *spelling, const char *text, struct snt_buf *out,
                                bool *is_name, struct snt_err *err);

#endif
