#include "audit/verify.h"

#include <stdio.h>
#include <string.h>

#include "audit/closed.h"
#include "audit/line.h"
#include "audit/merkle.h"
#include "audit/segments.h"
#include "base/sha256.h"

/* Where the walk stands: what the line before said and what its bytes are. */
struct walk {
  struct snt_log_report report;
  struct snt_merkle tree;
  struct snt_log_segments *files;
  size_t at;        /* which of the files */
  const char *path; /* of that file */
  int64_t ours;     /* lines that are records */
  struct snt_log_head last;
  char last_sha256[65];
  bool has_chain;          /* last.chain is set */
  int64_t suspect_prev;    /* this record's prev is not the hash of the line before: which of the two was changed? */
  int64_t suspect_missing; /* this record was not where it should be: is it somewhere else? */
  char first_fault[128];   /* what is wrong with line 1, should no line be ours */
};

/* The file that holds a record, by the names of the closed segments. */
static const char *find_holder(const struct walk *walk, int64_t seq) {
  struct snt_log_closed closed;
  for (size_t i = 0; i < walk->files->count; i++) {
    const char *path = walk->files->paths[i];
    if (snt_log_closed_check(path, &closed) && closed.first <= seq && seq <= closed.last) {
      return path;
    }
  }
  return walk->files->name;
}

/* path is that of the file that the text speaks of; the one that was named needs no naming. */
static void set_damage(struct walk *walk, const char *path, int64_t seq, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void set_damage(struct walk *walk, const char *path, int64_t seq, const char *format, ...) {
  char *damage = walk->report.damage;
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  int used = path == walk->files->name ? 0 : snprintf(damage, sizeof walk->report.damage, "%.100s: ", name);
  walk->report.first_bad = seq;
  va_list args;
  va_start(args, format);
  (void)vsnprintf(damage + used, sizeof walk->report.damage - (size_t)used, format, args);
  va_end(args);
}

static bool is_damaged(const struct walk *walk) { return walk->report.first_bad != 0; }

/* The record behind tells which of two was changed: it holds the hash of the second as it was written. */
static void resolve_prev(struct walk *walk, const struct snt_log_head *head) {
  int64_t seq = walk->suspect_prev;
  walk->suspect_prev = 0;
  if (seq == 0 || head->seq != seq + 1) {
    return;
  }
  if (strcmp(head->prev, walk->last_sha256) == 0) {
    set_damage(walk, find_holder(walk, seq - 1), seq - 1,
               "record %lld was changed: prev of record %lld is not its hash", (long long)(seq - 1), (long long)seq);
  } else {
    set_damage(walk, find_holder(walk, seq), seq,
               "record %lld was changed, and perhaps the one before it: neither neighbour fits", (long long)seq);
  }
}

static void resolve_missing(struct walk *walk, const struct snt_log_head *head) {
  if (walk->suspect_missing != 0 && head->seq == walk->suspect_missing) {
    set_damage(walk, walk->path, head->seq, "records are reordered: record %lld stands in line %lld",
               (long long)head->seq, (long long)walk->files->line);
    walk->suspect_missing = 0;
  }
}

/* The sequence number is not the one that follows. */
static void judge_seq(struct walk *walk, const struct snt_log_head *head, const char *sha256) {
  long long line = (long long)walk->files->line;
  int64_t wanted = walk->last.seq + 1;
  if (strcmp(head->prev, walk->last_sha256) == 0) {
    set_damage(walk, walk->path, wanted, "line %lld has seq %lld instead of %lld", line, (long long)head->seq,
               (long long)wanted);
  } else if (head->seq > wanted) {
    walk->suspect_missing = wanted;
    set_damage(walk, walk->path, wanted, "records are missing: line %lld is record %lld and should be %lld", line,
               (long long)head->seq, (long long)wanted);
  } else if (strcmp(sha256, walk->last_sha256) == 0) {
    set_damage(walk, walk->path, head->seq, "record %lld is duplicated: it stands again in line %lld",
               (long long)head->seq, line);
  } else {
    set_damage(walk, walk->path, head->seq, "a record %lld stands a second time, in line %lld", (long long)head->seq,
               line);
  }
}

static void judge(struct walk *walk, const struct snt_log_head *head, const char *sha256) {
  long long line = (long long)walk->files->line;
  if (walk->has_chain && strcmp(head->chain, walk->last.chain) != 0) {
    set_damage(walk, walk->path, walk->last.seq + 1, "line %lld (record %lld) is of another chain", line,
               (long long)head->seq);
  } else if (head->seq != walk->last.seq + 1) {
    judge_seq(walk, head, sha256);
  } else if (strcmp(head->prev, walk->last_sha256) != 0) {
    walk->suspect_prev = head->seq;
    set_damage(walk, find_holder(walk, head->seq - 1), head->seq - 1,
               "prev of record %lld is not the hash of record %lld: one of them was changed", (long long)head->seq,
               (long long)(head->seq - 1));
  }
}

static void judge_first(struct walk *walk, const struct snt_log_head *head) {
  if (head->seq == 1) {
    if (strcmp(head->prev, SNT_LOG_NO_PREV) != 0) {
      set_damage(walk, walk->path, 1, "record 1 was changed: its prev is not 64 zeros");
    }
    return;
  }
  struct snt_log_closed closed;
  if (snt_log_closed_check(walk->path, &closed) && closed.first == head->seq && walk->files->count == 0) {
    walk->report.unseen = closed.first - 1; /* it was meant alone */
  } else {
    walk->suspect_missing = 1;
    set_damage(walk, walk->path, 1,
               "records are missing: the log begins with record %lld, and no closed segment ends before it",
               (long long)head->seq);
  }
}

static void take_odd_line(struct walk *walk, const char *what) {
  if (!is_damaged(walk)) {
    set_damage(walk, walk->path, walk->last.seq + 1, "line %lld %s", (long long)walk->files->line, what);
  }
  walk->suspect_prev = 0;
  walk->last.seq++;
}

/* Only the first damage counts: what comes after it tells at most what kind it is. */
static void take_record(struct walk *walk, const struct snt_log_head *head, const char *sha256) {
  resolve_prev(walk, head);
  resolve_missing(walk, head);
  if (!is_damaged(walk) && walk->report.records == 1) {
    judge_first(walk, head);
  } else if (!is_damaged(walk)) {
    judge(walk, head, sha256);
  }
  walk->report.recovered += strcmp(head->kind, "recovered") == 0 ? 1 : 0;
  walk->last = *head;
  walk->has_chain = true;
}

/* Counts a line, and whether it is a record: head is that then, else why says what the line is. */
static snt_status count_line(struct walk *walk, enum snt_log_piece piece, const char *line, size_t len,
                             struct snt_log_head *head, struct snt_err *why) {
  snt_status status = piece == SNT_LOG_PIECE_LONG ? snt_fail(why, SNT_CODE_NOT_A_LOG, "is longer than 64 KiB")
                                                  : snt_log_head_parse(line, len, head, why);
  walk->report.records++;
  walk->ours += snt_ok(status) ? 1 : 0;
  if (walk->report.records == 1 && !snt_ok(status)) {
    (void)snprintf(walk->first_fault, sizeof walk->first_fault, "%.100s", why->message);
  }
  return status;
}

static snt_status walk_line(struct walk *walk, enum snt_log_piece piece, char *line, size_t len, struct snt_err *err) {
  char sha256[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(line, len, sha256);
  snt_merkle_add(&walk->tree, (uint8_t *)line - 1, len);
  struct snt_log_head head = {0};
  struct snt_err why = {0};
  snt_status status = count_line(walk, piece, line, len, &head, &why);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (snt_ok(status)) {
    take_record(walk, &head, sha256);
  } else {
    take_odd_line(walk, why.message);
  }
  memcpy(walk->last_sha256, sha256, sizeof walk->last_sha256);
  return snt_done();
}

/* A closed segment's name says with which record it ends, and nobody repairs its end. */
static void judge_end(struct walk *walk) {
  struct snt_log_closed closed;
  if (!snt_log_closed_check(walk->path, &closed)) {
    return;
  }
  bool is_torn = walk->report.has_torn_tail;
  walk->report.has_torn_tail = false;
  if (is_damaged(walk)) {
    return;
  }
  if (walk->last.seq != closed.last) {
    set_damage(walk, walk->path, walk->last.seq + 1,
               "records are missing: the segment ends with record %lld, and its name says %lld",
               (long long)walk->last.seq, (long long)closed.last);
  } else if (is_torn) {
    set_damage(walk, walk->path, closed.last, "something stands behind record %lld, the last of a closed segment",
               (long long)closed.last);
  }
}

static snt_status walk_all(struct walk *walk, struct snt_err *err) {
  walk->path = walk->files->count > 0 ? walk->files->paths[0] : walk->files->name;
  for (;;) {
    enum snt_log_piece piece = SNT_LOG_PIECE_END;
    char *line = NULL;
    size_t len = 0;
    SNT_TRY(snt_log_segments_next(walk->files, &piece, &line, &len, err));
    if (piece == SNT_LOG_PIECE_END || walk->at != walk->files->at) {
      judge_end(walk);
      walk->at = walk->files->at;
      walk->path = walk->files->path;
    }
    if (piece == SNT_LOG_PIECE_END) {
      return snt_done();
    }
    if (piece == SNT_LOG_PIECE_TORN) {
      walk->report.has_torn_tail = true;
      continue;
    }
    SNT_TRY(walk_line(walk, piece, line, len, err));
  }
}

static snt_status refuse(const struct walk *walk, struct snt_err *err) {
  if (walk->report.records == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_A_LOG, "%s holds no record", walk->path));
  } else {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_A_LOG, "%s is not a decision log: line 1 %s", walk->path, walk->first_fault));
  }
  return snt_err_hint(err, "a decision log has one JSON object per line, with v, chain, seq and prev");
}

snt_status snt_log_verify(const char *path, struct snt_log_report *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_LOG_SEGMENTS_AUTO struct snt_log_segments files = {.last = {.fd = -1}, .segment = {.fd = -1}};
  SNT_TRY(snt_log_segments_open(path, &files, err));
  struct walk walk = {.files = &files};
  SNT_TRY(walk_all(&walk, err));
  if (walk.ours == 0) {
    return refuse(&walk, err);
  }
  walk.report.is_ok = !is_damaged(&walk);
  walk.report.last_seq = walk.last.seq;
  walk.report.segments = (int64_t)files.count;
  snt_merkle_root(&walk.tree, walk.report.root);
  *out = walk.report;
  return snt_done();
}

snt_status snt_log_walk(const char *path, snt_log_visit visit, void *context, struct snt_err *err) {
  SNT_LOG_SEGMENTS_AUTO struct snt_log_segments files = {.last = {.fd = -1}, .segment = {.fd = -1}};
  SNT_TRY(snt_log_segments_open(path, &files, err));
  struct walk walk = {.files = &files};
  for (;;) {
    enum snt_log_piece piece = SNT_LOG_PIECE_END;
    char *line = NULL;
    size_t len = 0;
    SNT_TRY(snt_log_segments_next(&files, &piece, &line, &len, err));
    if (piece == SNT_LOG_PIECE_END) {
      walk.path = files.path;
      return walk.ours > 0 ? snt_done() : refuse(&walk, err);
    }
    if (piece != SNT_LOG_PIECE_TORN) {
      struct snt_log_head head = {0};
      struct snt_err why = {0};
      snt_status status = count_line(&walk, piece, line, len, &head, &why);
      SNT_TRY(status.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : snt_done());
      SNT_TRY(visit(context, line, len, err));
    }
  }
}
