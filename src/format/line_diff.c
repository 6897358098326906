/* The shortest edit script by the greedy algorithm of E. W. Myers, "An O(ND) Difference Algorithm and Its Variations"
 * (1986), between the first and the last line that differ. */
#include "format/line_diff.h"

#include <stdlib.h>
#include <string.h>

enum { AROUND = 3, EDITS_MAX = 1000 };

struct text {
  struct snt_slice *lines; /* with their newlines; the last one may have none */
  bool *is_common;         /* the line is in both texts, at the same place of the edit */
  size_t count;
};

static void clear_text(struct text *text) {
  free(text->lines);
  free(text->is_common);
}

static snt_status split(struct snt_slice whole, struct text *out, struct snt_err *err) {
  size_t count = 0;
  for (size_t i = 0; i < whole.len; i++) {
    count += whole.data[i] == '\n' || i + 1 == whole.len ? 1 : 0;
  }
  out->lines = calloc(count + 1, sizeof *out->lines);
  out->is_common = calloc(count + 1, sizeof *out->is_common);
  if (out->lines == NULL || out->is_common == NULL) {
    return snt_fail_memory(err);
  }
  for (const char *at = whole.data; out->count < count;) {
    size_t left = (size_t)(whole.data + whole.len - at);
    const char *newline = memchr(at, '\n', left);
    size_t len = newline == NULL ? left : (size_t)(newline - at) + 1;
    out->lines[out->count++] = (struct snt_slice){at, len};
    at += len;
  }
  return snt_done();
}

static bool is_same(const struct text *a, size_t i, const struct text *b, size_t k) {
  return a->lines[i].len == b->lines[k].len && memcmp(a->lines[i].data, b->lines[k].data, a->lines[i].len) == 0;
}

static void mark(struct text *a, size_t i, struct text *b, size_t k) {
  a->is_common[i] = true;
  b->is_common[k] = true;
}

/* What is left when both begin and end alike. */
struct middle {
  struct text *a, *b;
  size_t a_start, a_len, b_start, b_len;
};

static struct middle trim(struct text *a, struct text *b) {
  size_t first = 0;
  size_t last = 0;
  for (; first < a->count && first < b->count && is_same(a, first, b, first); first++) {
    mark(a, first, b, first);
  }
  for (; last < a->count - first && last < b->count - first && is_same(a, a->count - 1 - last, b, b->count - 1 - last);
       last++) {
    mark(a, a->count - 1 - last, b, b->count - 1 - last);
  }
  return (struct middle){a, b, first, a->count - first - last, first, b->count - first - last};
}

/* How far the furthest paths of d edits come, by diagonal (x - y), of which every other one is used; the rows of all d,
 * one behind the other. */
struct reach {
  int *rows;
  int edits; /* of the shortest script; -1: more than EDITS_MAX */
};

static int *row_of(const struct reach *reach, int d) { return reach->rows + (size_t)d * (size_t)d; }

/* The x from which a path of d edits goes on along the diagonal, from the paths of d - 1 edits. */
static int step(const struct reach *reach, int d, int diagonal) {
  if (d == 0) {
    return 0;
  }
  const int *before = row_of(reach, d - 1) + d - 1; /* [-(d - 1)] to [d - 1] */
  bool is_insertion = diagonal == -d || (diagonal != d && before[diagonal - 1] < before[diagonal + 1]);
  return is_insertion ? before[diagonal + 1] : before[diagonal - 1] + 1;
}

static int follow(const struct middle *middle, int x, int diagonal) {
  int y = x - diagonal;
  while (x < (int)middle->a_len && y < (int)middle->b_len &&
         is_same(middle->a, middle->a_start + (size_t)x, middle->b, middle->b_start + (size_t)y)) {
    x++;
    y++;
  }
  return x;
}

static bool is_end(const struct middle *middle, int x, int diagonal) {
  return x >= (int)middle->a_len && x - diagonal >= (int)middle->b_len;
}

/* False when out of memory. */
static bool search(const struct middle *middle, struct reach *reach) {
  reach->edits = -1;
  for (int d = 0; d <= EDITS_MAX; d++) {
    int *rows = realloc(reach->rows, ((size_t)d + 1) * ((size_t)d + 1) * sizeof *rows);
    if (rows == NULL) {
      return false;
    }
    reach->rows = rows;
    int *row = row_of(reach, d) + d;
    for (int diagonal = -d; diagonal <= d; diagonal += 2) {
      row[diagonal] = follow(middle, step(reach, d, diagonal), diagonal);
      if (is_end(middle, row[diagonal], diagonal)) {
        reach->edits = d;
        return true;
      }
    }
  }
  return true;
}

/* Marks the lines that both have, from the end of the script to its beginning. */
static void trace(const struct middle *middle, const struct reach *reach) {
  int x = (int)middle->a_len;
  int diagonal = x - (int)middle->b_len;
  for (int d = reach->edits; d >= 0; d--) {
    int start = step(reach, d, diagonal);
    for (; x > start; x--) {
      mark(middle->a, middle->a_start + (size_t)x - 1, middle->b, middle->b_start + (size_t)(x - 1 - diagonal));
    }
    if (d > 0) {
      const int *before = row_of(reach, d - 1) + d - 1;
      bool is_insertion = diagonal == -d || (diagonal != d && before[diagonal - 1] < before[diagonal + 1]);
      x = is_insertion ? start : start - 1;
      diagonal += is_insertion ? 1 : -1;
    }
  }
}

static snt_status compare(struct text *a, struct text *b, struct snt_err *err) {
  struct middle middle = trim(a, b);
  struct reach reach = {.rows = NULL};
  bool is_done = search(&middle, &reach);
  if (is_done && reach.edits >= 0) {
    trace(&middle, &reach);
  }
  free(reach.rows);
  return is_done ? snt_done() : snt_fail_memory(err);
}

/* Writing -------------------------------------------------------------------------------------------------------- */

/* Where a hunk is in both texts: from, and behind its last line. */
struct hunk {
  size_t a, b, a_end, b_end;
};

static bool is_at_change(const struct text *a, size_t i, const struct text *b, size_t k) {
  return (i < a->count && !a->is_common[i]) || (k < b->count && !b->is_common[k]);
}

static void skip_change(const struct text *a, size_t *i, const struct text *b, size_t *k) {
  while (*i < a->count && !a->is_common[*i]) {
    (*i)++;
  }
  while (*k < b->count && !b->is_common[*k]) {
    (*k)++;
  }
}

/* The next hunk from there on; false when there is none. Changes that are near each other are in one. */
static bool find_hunk(const struct text *a, const struct text *b, size_t i, size_t k, struct hunk *out) {
  for (; i < a->count && k < b->count && !is_at_change(a, i, b, k); i++, k++) {
  }
  if (!is_at_change(a, i, b, k)) {
    return false;
  }
  size_t lead = i < AROUND ? i : AROUND;
  *out = (struct hunk){.a = i - lead, .b = k - lead};
  for (size_t common = 0; common <= 2 * (size_t)AROUND;) {
    if (is_at_change(a, i, b, k)) {
      skip_change(a, &i, b, &k);
      out->a_end = i;
      out->b_end = k;
      common = 0;
    } else if (i >= a->count || k >= b->count) {
      break;
    } else {
      i++;
      k++;
      common++;
    }
  }
  size_t left = a->count - out->a_end;
  size_t trail = left < AROUND ? left : AROUND;
  out->a_end += trail;
  out->b_end += trail;
  return true;
}

static snt_status put_line(struct snt_buf *out, char sign, struct snt_slice line, struct snt_err *err) {
  SNT_TRY(snt_buf_append_char(out, sign, err));
  SNT_TRY(snt_buf_append(out, line.data, line.len, err));
  bool is_whole = line.len > 0 && line.data[line.len - 1] == '\n';
  return is_whole ? snt_done() : snt_buf_append_str(out, "\n\\ No newline at end of file\n", err);
}

/* "3,4", "3" for one line, and the line before for none. */
static snt_status put_range(struct snt_buf *out, char sign, size_t from, size_t to, struct snt_err *err) {
  size_t count = to - from;
  if (count == 1) {
    return snt_buf_appendf(out, err, "%c%zu", sign, from + 1);
  }
  return snt_buf_appendf(out, err, "%c%zu,%zu", sign, count == 0 ? from : from + 1, count);
}

static snt_status put_hunk(const struct text *a, const struct text *b, const struct hunk *hunk, struct snt_buf *out,
                           struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(out, "@@ ", err));
  SNT_TRY(put_range(out, '-', hunk->a, hunk->a_end, err));
  SNT_TRY(snt_buf_append_char(out, ' ', err));
  SNT_TRY(put_range(out, '+', hunk->b, hunk->b_end, err));
  SNT_TRY(snt_buf_append_str(out, " @@\n", err));
  for (size_t i = hunk->a, k = hunk->b; i < hunk->a_end || k < hunk->b_end;) {
    if (i < hunk->a_end && !a->is_common[i]) {
      SNT_TRY(put_line(out, '-', a->lines[i++], err));
    } else if (k < hunk->b_end && !b->is_common[k]) {
      SNT_TRY(put_line(out, '+', b->lines[k++], err));
    } else {
      SNT_TRY(put_line(out, ' ', a->lines[i++], err));
      k++;
    }
  }
  return snt_done();
}

static snt_status write_all(const struct text *a, const char *a_name, const struct text *b, const char *b_name,
                            struct snt_buf *out, struct snt_err *err) {
  struct hunk hunk = {0};
  bool is_first = true;
  while (find_hunk(a, b, hunk.a_end, hunk.b_end, &hunk)) {
    SNT_TRY(is_first ? snt_buf_appendf(out, err, "--- %s\n+++ %s\n", a_name, b_name) : snt_done());
    is_first = false;
    SNT_TRY(put_hunk(a, b, &hunk, out, err));
  }
  return snt_done();
}

snt_status snt_line_diff(const char *before_name, struct snt_slice before, const char *after_name,
                         struct snt_slice after, struct snt_buf *out, struct snt_err *err) {
  SNT_CLEANUP(clear_text) struct text a = {0};
  SNT_CLEANUP(clear_text) struct text b = {0};
  SNT_TRY(split(before, &a, err));
  SNT_TRY(split(after, &b, err));
  SNT_TRY(compare(&a, &b, err));
  return write_all(&a, before_name, &b, after_name, out, err);
}
