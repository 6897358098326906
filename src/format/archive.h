/* format/archive (layer 1): several files as one run of bytes, which is the same for the same files: of each its name,
 * a line feed, its size in digits, a line feed, its bytes and a line feed, in the order of the names' bytes.
 *
 * MUST
 *  1. take nothing that it would not have written: no other order, no second file of a name, no other digits, nothing
 *     behind the last file;
 *  2. take no name that leads out of a folder, or into a hidden one. */
#ifndef SNT_FORMAT_ARCHIVE_H
#define SNT_FORMAT_ARCHIVE_H

#include "base/buf.h"
#include "base/str.h"

/* Bytes of one file, of all files, and of an archive with their names and sizes. */
#define SNT_ARCHIVE_FILE_CAP ((size_t)512 * 1024)
#define SNT_ARCHIVE_FILES_CAP ((size_t)2 * 1024 * 1024)
#define SNT_ARCHIVE_CAP (SNT_ARCHIVE_FILES_CAP + (size_t)64 * 1024)
enum { SNT_ARCHIVE_COUNT_MAX = 256, SNT_ARCHIVE_NAME_MAX = 200 };

/* "policy.lua", "rules/common.lua": printable, at most 200 bytes, below the folder it is in, no part begins with a
 * point. */
bool snt_archive_check_name(const char *name);

/* Appends a file; the caller has them in order. Code POLICY_INVALID, naming it, for one that cannot be in an archive.
 */
snt_status snt_archive_add(struct snt_buf *out, const char *name, struct snt_slice content, struct snt_err *err);

struct snt_archive_file {
  char name[SNT_ARCHIVE_NAME_MAX + 1];
  struct snt_slice content; /* borrowed from the archive */
};
/* What is left to read; borrows the bytes. */
struct snt_archive {
  struct snt_slice rest;
  struct snt_archive_file file; /* the one that was read last */
  size_t count, bytes;          /* of the files that were read */
  const char *damage;           /* why nothing more can be read; NULL at a clean end */
};
struct snt_archive snt_archive_of(struct snt_slice bytes);
/* Reads the next file. False at the end, and at damage. */
bool snt_archive_next(struct snt_archive *archive);
/* NULL when all of it is good; else what is wrong with it. Not a single file is wrong, too. */
const char *snt_archive_check(struct snt_slice bytes);

#endif
