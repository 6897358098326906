/* audit/verify (layer 4): checks a decision log from its bytes.
 *
 * What a file alone proves: each record vouches for the one before it, so every change that is not followed by a new
 * hash in all later lines is found. Nothing behind the last record vouches for it, and nothing in the file tells
 * whether whole records were cut off its end, or the chain was written anew from some record on: that takes the root as
 * it was noted elsewhere, or the SentinelRecord tag in CloudTrail. */
#ifndef SNT_AUDIT_VERIFY_H
#define SNT_AUDIT_VERIFY_H

#include <stdint.h>

#include "base/buf.h"

struct snt_log_report {
  bool is_ok;
  int64_t records;    /* whole lines, of closed segments too */
  int64_t segments;   /* closed segments that were read before the file, as far as its records follow upon them */
  int64_t unseen;     /* records before the first that was read: a closed segment was named, and looked at alone */
  int64_t first_bad;  /* sequence number (or the number of the line) of the first damage; 0: none */
  char damage[256];   /* "line 41: prev is not the hash of line 40"; "" when intact */
  char root[65];      /* RFC 6962 Merkle root over the lines, hex */
  int64_t recovered;  /* repaired tails: a note, not damage */
  bool has_torn_tail; /* the last line has no newline: a note; the next append repairs it */
  int64_t last_seq;   /* of the last record: no later line vouches for its bytes */
};

/* The file, and the closed segments beside it that it goes on with (audit/segments.h). Codes: NOT_A_LOG (not JSON lines
 * of ours, empty, not readable as a regular file), IO. Damage is not a failure of this function: it is in the report.
 */
snt_status snt_log_verify(const char *path, struct snt_log_report *out, struct snt_err *err);

/* Calls visit with each whole line of the same files in order, checked or not (of one over 64 KiB: its beginning); for
 * `log show`. Code NOT_A_LOG as above, where no line is ours behind the last visit. */
typedef snt_status (*snt_log_visit)(void *context, const char *line, size_t len, struct snt_err *err);
snt_status snt_log_walk(const char *path, snt_log_visit visit, void *context, struct snt_err *err);

#endif
