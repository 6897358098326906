/* policy/import (layer 4): the YAML of the older Go program, as one policy of ours.
 *
 * Its files say one thing as they are written and at times another as that program reads them: it ignores keys that it
 * does not know, compares patterns letter by letter, and issues for effects that it does not know.
 *
 * MUST
 *  1. grant only what a file grants both as it is written and as it was read, but for names of users, which are taken
 *     as they are written: that program alters what it compares them with;
 *  2. refuse what it was written, or read, to refuse;
 *  3. tell every difference with its place, and leave nothing out without a comment in the policy. */
#ifndef SNT_POLICY_IMPORT_H
#define SNT_POLICY_IMPORT_H

#include "base/buf.h"
#include "base/str.h"
#include "lua/evaluator.h"

struct snt_yaml_doc;

enum { SNT_IMPORT_FILES_MAX = 4 }; /* one of each kind */

/* A place in a file of the older program; the file's name is borrowed from the import. */
struct snt_import_place {
  const char *file;
  unsigned line, column; /* from 1 */
};

/* A change of meaning. Owned by the import. */
struct snt_import_note {
  struct snt_import_place place;
  char *change; /* what it was, and what it is now */
  char *why;
};

struct snt_import_file {
  char *name;
  struct snt_yaml_doc *doc; /* NULL: there is no such file */
};

struct snt_import {
  struct snt_buf text; /* the policy */
  struct snt_import_note *notes;
  size_t note_count;
  struct snt_import_place *origins; /* of each line of text */
  size_t origin_count;
  struct snt_import_file files[SNT_IMPORT_FILES_MAX]; /* by enum snt_import_kind */
  const char *zone;                                   /* of windows that name none; NULL: refuse them. Borrowed */
  unsigned told;                                      /* what is told once, as bits */
};
void snt_import_clear(struct snt_import *import);
#define SNT_IMPORT_AUTO SNT_CLEANUP(snt_import_clear)

/* Adds a file, of at most 512 KiB: access policy, approval policy, break-glass policy or rate limits, each once, known
 * by the keys of their rules. Code POLICY_INVALID or CONFIG_INVALID, "file:line:column: message". */
snt_status snt_import_add(struct snt_import *import, const char *name, struct snt_slice text, struct snt_err *err);
/* The same from a file; code NO_POLICY when there is none. */
snt_status snt_import_add_file(struct snt_import *import, const char *path, struct snt_err *err);
/* Fills text, notes and origins, once. The text is for the evaluator to accept: time zones are not looked at here. */
snt_status snt_import_write(struct snt_import *import, enum snt_policy_kind kind, struct snt_err *err);
/* Where a line of text, counted from 1, comes from; NULL when there is no such line. */
const struct snt_import_place *snt_import_origin(const struct snt_import *import, size_t line);

#endif
