/* MUST
 *  1. take nothing on trust: every count, index, order and range is checked before it is used;
 *  2. know local time from the given bytes alone. */
#include "lua/tz.h"

#include "lua/tz_rule.h"

#include <stdlib.h>
#include <string.h>

enum {
  HEADER_LEN = 44,
  SECONDS_PER_DAY = 86400,
  TRANSITIONS_MAX = 4096,
  TYPES_MAX = 256,
  ABBREVS_MAX = 512,
  OFFSET_MIN = -25 * 3600 + 1, /* RFC 8536, 3.2 */
  OFFSET_MAX = 26 * 3600 - 1,
  YEAR_MIN = 1,
  YEAR_MAX = 9999,
};

#define EPOCH_MIN (-62135596800 - 2 * SECONDS_PER_DAY)
#define EPOCH_MAX (253402300799 + 2 * SECONDS_PER_DAY)

struct snt_tz {
  size_t n_times, n_types;
  int64_t *times;       /* ascending */
  unsigned char *kinds; /* of each time: index of a type */
  struct snt_tz_type *types;
  bool has_rule;
  struct snt_tz_rule rule;
};

/* The header's six counts, in the file's order. */
struct counts {
  uint32_t isut, isstd, leap, time, type, chars;
};

struct reader {
  const unsigned char *at, *end;
};

static size_t left(const struct reader *r) { return (size_t)(r->end - r->at); }

static uint32_t take_u32(struct reader *r) {
  const unsigned char *p = r->at;
  r->at += 4;
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t take_i64(struct reader *r) {
  uint64_t high = take_u32(r);
  return (int64_t)(high << 32 | take_u32(r));
}

/* version 0, or what the digit says. */
static bool take_header(struct reader *r, int *version, struct counts *out) {
  if (left(r) < HEADER_LEN || memcmp(r->at, "TZif", 4) != 0) {
    return false;
  }
  unsigned char digit = r->at[4];
  if (digit != '\0' && (digit < '2' || digit > '9')) {
    return false;
  }
  *version = digit == '\0' ? 1 : digit - '0';
  r->at += 20;
  out->isut = take_u32(r);
  out->isstd = take_u32(r);
  out->leap = take_u32(r);
  out->time = take_u32(r);
  out->type = take_u32(r);
  out->chars = take_u32(r);
  return out->time <= TRANSITIONS_MAX && out->type >= 1 && out->type <= TYPES_MAX && out->chars >= 1 &&
         out->chars <= ABBREVS_MAX && out->leap == 0 && (out->isut == 0 || out->isut == out->type) &&
         (out->isstd == 0 || out->isstd == out->type);
}

static size_t block_len(const struct counts *counts, size_t time_size) {
  return counts->time * (time_size + 1) + (size_t)counts->type * 6 + counts->chars + counts->isstd + counts->isut;
}

static bool allocate(struct snt_tz *tz, const struct counts *counts) {
  tz->n_times = counts->time;
  tz->n_types = counts->type;
  tz->times = calloc(counts->time + 1, sizeof *tz->times);
  tz->kinds = calloc(counts->time + 1, sizeof *tz->kinds);
  tz->types = calloc(counts->type, sizeof *tz->types);
  return tz->times != NULL && tz->kinds != NULL && tz->types != NULL;
}

static bool read_times(struct snt_tz *tz, struct reader *r, size_t time_size) {
  for (size_t i = 0; i < tz->n_times; i++) {
    tz->times[i] = time_size == 8 ? take_i64(r) : (int32_t)take_u32(r);
    if (i > 0 && tz->times[i] <= tz->times[i - 1]) {
      return false;
    }
  }
  for (size_t i = 0; i < tz->n_times; i++) {
    tz->kinds[i] = *r->at++;
    if (tz->kinds[i] >= tz->n_types) {
      return false;
    }
  }
  return true;
}

static bool is_abbrev_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

static bool copy_abbrev(const unsigned char *chars, size_t len, size_t at, char out[static SNT_TZ_ABBREV_CAP]) {
  for (size_t n = 0; at + n < len && n < SNT_TZ_ABBREV_CAP; n++) {
    char c = (char)chars[at + n];
    out[n] = c;
    if (c == '\0') {
      return true;
    }
    if (!is_abbrev_char(c)) {
      return false;
    }
  }
  return false;
}

static bool read_types(struct snt_tz *tz, struct reader *r, size_t chars_len) {
  const unsigned char *chars = r->at + tz->n_types * 6;
  for (size_t i = 0; i < tz->n_types; i++) {
    struct snt_tz_type *type = &tz->types[i];
    type->offset = (int32_t)take_u32(r);
    unsigned char is_dst = *r->at++, at = *r->at++;
    if (type->offset < OFFSET_MIN || type->offset > OFFSET_MAX || is_dst > 1 ||
        !copy_abbrev(chars, chars_len, at, type->abbrev)) {
      return false;
    }
    type->is_dst = is_dst == 1;
  }
  r->at += chars_len;
  return true;
}

static bool read_block(struct snt_tz *tz, struct reader *r, const struct counts *counts, size_t time_size) {
  if (left(r) < block_len(counts, time_size) || !allocate(tz, counts) || !read_times(tz, r, time_size) ||
      !read_types(tz, r, counts->chars)) {
    return false;
  }
  r->at += counts->isstd + counts->isut; /* whether rules were given in standard or universal time: not of use */
  return true;
}

/* "\n<rule>\n" and nothing after it; an empty rule is none. */
static bool read_footer(struct snt_tz *tz, struct reader *r, int version) {
  size_t len = left(r);
  const char *text = (const char *)r->at;
  if (len < 2 || text[0] != '\n' || memchr(text + 1, '\n', len - 1) != text + len - 1) {
    return false;
  }
  tz->has_rule = len > 2;
  return !tz->has_rule || snt_tz_rule_parse(text + 1, len - 2, version >= 3, &tz->rule);
}

static bool parse(struct snt_tz *tz, const char *data, size_t len) {
  struct reader r = {.at = (const unsigned char *)data, .end = (const unsigned char *)data + len};
  struct counts counts;
  int version = 0;
  if (!take_header(&r, &version, &counts)) {
    return false;
  }
  if (version == 1) {
    return read_block(tz, &r, &counts, 4) && left(&r) == 0;
  }
  size_t old_block = block_len(&counts, 4);
  if (left(&r) < old_block) {
    return false;
  }
  r.at += old_block;
  int second_version = 0;
  return take_header(&r, &second_version, &counts) && second_version == version && read_block(tz, &r, &counts, 8) &&
         read_footer(tz, &r, version);
}

bool snt_tz_parse(const char *data, size_t len, struct snt_tz **out) {
  *out = NULL;
  SNT_TZ_AUTO struct snt_tz *tz = calloc(1, sizeof *tz);
  if (tz == NULL || !parse(tz, data, len)) {
    return false;
  }
  *out = SNT_MOVE(tz);
  return true;
}

void snt_tz_free(struct snt_tz **tz) {
  if (tz == NULL || *tz == NULL) {
    return;
  }
  free((*tz)->times);
  free((*tz)->kinds);
  free((*tz)->types);
  free(*tz);
  *tz = NULL;
}

/* Before the first transition the first type holds, after the last one the rule, when there is one. */
static const struct snt_tz_type *find_type(const struct snt_tz *tz, int64_t epoch_s) {
  if (tz->has_rule && (tz->n_times == 0 || epoch_s >= tz->times[tz->n_times - 1])) {
    return snt_tz_rule_type(&tz->rule, epoch_s);
  }
  if (tz->n_times == 0 || epoch_s < tz->times[0]) {
    return &tz->types[0];
  }
  size_t low = 0, high = tz->n_times; /* times[low] <= epoch_s < times[high] */
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (tz->times[middle] <= epoch_s) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return &tz->types[tz->kinds[low]];
}

bool snt_tz_local(const struct snt_tz *tz, int64_t epoch_s, struct snt_local_time *out) {
  static const struct snt_tz_type utc = {.abbrev = "UTC"};
  *out = (struct snt_local_time){0};
  if (epoch_s < EPOCH_MIN || epoch_s > EPOCH_MAX) {
    return false;
  }
  const struct snt_tz_type *type = tz == NULL ? &utc : find_type(tz, epoch_s);
  int64_t local = epoch_s + type->offset;
  int64_t days = local / SECONDS_PER_DAY - (local % SECONDS_PER_DAY < 0 ? 1 : 0);
  int rest = (int)(local - days * SECONDS_PER_DAY);
  struct snt_local_time result = {.offset = type->offset, .is_dst = type->is_dst, .day_number = days};
  snt_tz_date_of_days(days, &result.year, &result.month, &result.day);
  if (result.year < YEAR_MIN || result.year > YEAR_MAX) {
    return false;
  }
  result.hour = rest / 3600;
  result.min = rest / 60 % 60;
  result.sec = rest % 60;
  result.wday = (int)(((days + 3) % 7 + 7) % 7) + 1;
  memcpy(result.abbrev, type->abbrev, sizeof result.abbrev);
  *out = result;
  return true;
}
