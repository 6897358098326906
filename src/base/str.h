/* base/str (layer 0): bytes that are borrowed, names, patterns, nearest words. */
#ifndef SNT_BASE_STR_H
#define SNT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed bytes; not terminated. */
struct snt_slice {
  const char *data;
  size_t len;
};

struct snt_slice snt_slice_of(const char *text);
bool snt_slice_is(struct snt_slice slice, const char *text);
bool snt_str_starts_with(const char *text, const char *prefix);
bool snt_str_ends_with(const char *text, const char *suffix);
/* strdup and strndup, named so that lints see them; NULL when out of memory. Free with free(). */
char *snt_str_dup(const char *text);
char *snt_str_dup_slice(struct snt_slice slice);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool snt_utf8_check(const char *data, size_t len);
/* Valid UTF-8 without control characters: C0, DEL, C1, separators of lines (U+2028, U+2029) and what turns the
 * direction of the text around it (U+202A to U+202E, U+2066 to U+2069), so that what is shown is what is there. */
bool snt_utf8_check_printable(const char *data, size_t len);

/* Whole-text match, byte for byte: '*' any run but '/', '?' one byte but '/'. Linear in text times pattern, no
 * recursion (policy.md, Two front ends). */
bool snt_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t text_len);
/* Whether some text fits both patterns of snt_glob_match. Patterns longer than 255 bytes are taken to overlap. */
bool snt_glob_overlaps(const char *p, const char *q);

/* The candidate with the smallest edit distance to word when that is at most a third of its length (at least 2); else
 * the only one that begins with a word of at least 3 bytes; else NULL. Case does not count. candidates ends with NULL.
 * For "did you mean". */
const char *snt_str_nearest(const char *word, const char *const *candidates);

/* The name of a policy, an installation or a key that signs: SNT_NAME_WANTED. */
bool snt_name_check(const char *name);
#define SNT_NAME_WANTED "1 to 64 of the characters A-Z a-z 0-9 . _ -"

/* A profile name as aws.md allows it: 1-256 of [A-Za-z0-9_/:.@+-] without "..", "//", "./", "/.". */
bool snt_profile_name_check(const char *name);

#endif
