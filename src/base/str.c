#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct snt_slice snt_slice_of(const char *text) {
  return (struct snt_slice){text, text == NULL ? 0 : strlen(text)};
}

bool snt_slice_is(struct snt_slice slice, const char *text) {
  return slice.len == strlen(text) && (slice.len == 0 || memcmp(slice.data, text, slice.len) == 0);
}

bool snt_str_starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

bool snt_str_ends_with(const char *text, const char *suffix) {
  size_t text_len = strlen(text);
  size_t suffix_len = strlen(suffix);
  return text_len >= suffix_len && memcmp(text + text_len - suffix_len, suffix, suffix_len) == 0;
}

char *snt_str_dup(const char *text) { return text == NULL ? NULL : strdup(text); }

char *snt_str_dup_slice(struct snt_slice slice) {
  char *copy = malloc(slice.len + 1);
  if (copy != NULL) {
    if (slice.len > 0) {
      memcpy(copy, slice.data, slice.len);
    }
    copy[slice.len] = '\0';
  }
  return copy;
}

/* Length of the valid sequence at data, 0 when there is none; the code point goes to *out. */
static size_t utf8_sequence(const unsigned char *data, size_t len, uint32_t *out) {
  unsigned char lead = data[0];
  if (lead < 0x80) {
    *out = lead;
    return 1;
  }
  size_t wanted = lead >= 0xf0 && lead <= 0xf4 ? 4 : (lead & 0xf0) == 0xe0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 0;
  if (wanted == 0 || wanted > len) {
    return 0;
  }
  uint32_t point = wanted == 4 ? lead & 0x07u : wanted == 3 ? lead & 0x0fu : lead & 0x1fu;
  for (size_t i = 1; i < wanted; i++) {
    if ((data[i] & 0xc0) != 0x80) {
      return 0;
    }
    point = point << 6 | (data[i] & 0x3fu);
  }
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[wanted] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    return 0;
  }
  *out = point;
  return wanted;
}

static bool is_control(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

static bool utf8_walk(const char *data, size_t len, bool with_controls) {
  const unsigned char *bytes = (const unsigned char *)data;
  for (size_t i = 0; i < len;) {
    uint32_t point = 0;
    size_t step = utf8_sequence(bytes + i, len - i, &point);
    if (step == 0 || (!with_controls && is_control(point))) {
      return false;
    }
    i += step;
  }
  return true;
}

bool snt_utf8_check(const char *data, size_t len) { return utf8_walk(data, len, true); }
bool snt_utf8_check_printable(const char *data, size_t len) { return utf8_walk(data, len, false); }

bool snt_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t text_len) {
  /* The classic two-pointer match: on a mismatch go back to the last star and let it take one byte more. A star that
   * would have to take a '/' cannot be saved by an earlier one, because that one would have to take it too. */
  size_t p = 0;
  size_t t = 0;
  size_t star = SIZE_MAX;
  size_t star_text = 0;
  while (t < text_len) {
    if (p < pattern_len && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern_len && (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
      p++;
      t++;
    } else if (star != SIZE_MAX && text[star_text] != '/') {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern_len && pattern[p] == '*') {
    p++;
  }
  return p == pattern_len;
}

enum { OVERLAP_CAP = 256 };

static bool is_star(char c) { return c == '*'; }

/* One character of each: the same, or any but '/' for a '?'. */
static bool fits_one(char a, char b) {
  return a != '\0' && b != '\0' && (a == b || (a == '?' && b != '/') || (b == '?' && a != '/'));
}

bool snt_glob_overlaps(const char *p, const char *q) {
  size_t p_len = strlen(p);
  size_t q_len = strlen(q);
  if (p_len >= OVERLAP_CAP || q_len >= OVERLAP_CAP) {
    return true;
  }
  /* row[j]: whether some text fits what is left of p from place i on and of q from place j on. From the end. */
  bool row[OVERLAP_CAP + 1] = {false};
  bool after[OVERLAP_CAP + 1] = {false};
  for (size_t i = p_len + 1; i-- > 0;) {
    memcpy(after, row, sizeof row);
    for (size_t j = q_len + 1; j-- > 0;) {
      bool is_end = i == p_len && j == q_len;
      bool of_p = is_star(p[i]) && (after[j] || (j < q_len && q[j] != '/' && row[j + 1]));
      bool of_q = is_star(q[j]) && ((j < q_len && row[j + 1]) || (i < p_len && p[i] != '/' && after[j]));
      bool is_one = !is_star(p[i]) && !is_star(q[j]) && fits_one(p[i], q[j]) && after[j + 1];
      row[j] = is_end || of_p || of_q || is_one;
    }
  }
  return row[0];
}

enum { NEAREST_CAP = 64, SHORT_FORM_LEN = 3 };

static char fold_case(char c) { return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

/* Letters that differ in case only are the same one. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
  size_t row[NEAREST_CAP + 1];
  for (size_t j = 0; j <= b_len; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a_len; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_len; j++) {
      size_t above = row[j];
      size_t best = diagonal + (fold_case(a[i - 1]) == fold_case(b[j - 1]) ? 0 : 1);
      best = above + 1 < best ? above + 1 : best;
      best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
      row[j] = best;
      diagonal = above;
    }
  }
  return row[b_len];
}

/* The only candidate that begins with the word, as monday does with mon; else NULL. */
static const char *find_whole(const char *word, size_t word_len, const char *const *candidates) {
  const char *whole = NULL;
  for (; word_len >= SHORT_FORM_LEN && *candidates != NULL; candidates++) {
    size_t len = strlen(*candidates);
    if (len > word_len && len <= NEAREST_CAP && edit_distance(word, word_len, *candidates, word_len) == 0) {
      if (whole != NULL) {
        return NULL;
      }
      whole = *candidates;
    }
  }
  return whole;
}

const char *snt_str_nearest(const char *word, const char *const *candidates) {
  size_t word_len = strlen(word);
  if (word_len > NEAREST_CAP) {
    return NULL;
  }
  size_t limit = word_len / 3 > 2 ? word_len / 3 : 2;
  const char *nearest = NULL;
  const char *const *all = candidates;
  for (; *candidates != NULL; candidates++) {
    size_t len = strlen(*candidates);
    if (len > NEAREST_CAP) {
      continue;
    }
    size_t distance = edit_distance(word, word_len, *candidates, len);
    if (distance <= limit && distance < len) {
      nearest = *candidates;
      limit = distance == 0 ? 0 : distance - 1;
    }
  }
  return nearest != NULL ? nearest : find_whole(word, word_len, all);
}

bool snt_name_check(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t len = strlen(name);
  return len >= 1 && len <= 64 && strspn(name, allowed) == len;
}

bool snt_profile_name_check(const char *name) {
  size_t len = strlen(name);
  if (len < 1 || len > 256) {
    return false;
  }
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/:.@+-";
  if (strspn(name, allowed) != len) {
    return false;
  }
  return strstr(name, "..") == NULL && strstr(name, "//") == NULL && strstr(name, "./") == NULL &&
         strstr(name, "/.") == NULL;
}
