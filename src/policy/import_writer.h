/* policy/import_writer (layer 4): a policy as text, in YAML or Lua, from the same calls.
 *
 * A failure (out of memory, a policy that grows too large) sticks and is returned by finish. */
#ifndef SNT_POLICY_IMPORT_WRITER_H
#define SNT_POLICY_IMPORT_WRITER_H

#include "policy/import.h"

struct snt_import_writer {
  struct snt_import *import;     /* text and origins go there */
  struct snt_import_place place; /* where what is written comes from */
  struct snt_err *err;
  snt_status status;
  int depth;
  bool is_lua;
  bool is_empty;  /* nothing was written since the last begin */
  bool is_item;   /* the next line begins an item of a list, in YAML */
  size_t line_at; /* where the current line begins */
  size_t rule_count;
};

/* Writes what stands before the rules; about is a comment. */
void snt_import_writer_begin(struct snt_import_writer *writer, struct snt_import *import, bool is_lua,
                             const char *about, struct snt_err *err);
snt_status snt_import_writer_end(struct snt_import_writer *writer);

/* Comes before what it is about; text is printable. */
void snt_import_put_comment(struct snt_import_writer *writer, const char *text);
void snt_import_begin_rule(struct snt_import_writer *writer, const char *name);
/* key NULL: an item of a list. */
void snt_import_begin_map(struct snt_import_writer *writer, const char *key);
void snt_import_end_map(struct snt_import_writer *writer); /* of a rule too */
/* A list of maps: any or all. */
void snt_import_begin_list(struct snt_import_writer *writer, const char *key);
void snt_import_end_list(struct snt_import_writer *writer);
/* text is printable UTF-8. */
void snt_import_put_text(struct snt_import_writer *writer, const char *key, const char *text);
/* A number or true: stands as it is in both forms. */
void snt_import_put_bare(struct snt_import_writer *writer, const char *key, const char *text);
void snt_import_begin_words(struct snt_import_writer *writer, const char *key);
void snt_import_add_word(struct snt_import_writer *writer, const char *word);
void snt_import_end_words(struct snt_import_writer *writer);

#endif
