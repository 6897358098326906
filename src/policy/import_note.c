#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/import_internal.h"

enum { RULE_NAME_MAX = 64, NUMBER_ROOM = 6 };

/* What is told ------------------------------------------------------------------------------------------------------
 */

static snt_status add_note(struct snt_import_job *job, const struct snt_import_remark *remark, const char *change) {
  struct snt_import *import = job->import;
  size_t count = import->note_count;
  if ((count & (count - 1)) == 0) { /* the array doubles at each power of two */
    struct snt_import_note *grown = realloc(import->notes, (count == 0 ? 1 : count * 2) * sizeof *grown);
    if (grown == NULL) {
      return snt_fail_memory(job->err);
    }
    import->notes = grown;
  }
  struct snt_import_note *note = &import->notes[count];
  *note = (struct snt_import_note){remark->place, snt_str_dup(change), snt_str_dup(remark->why)};
  import->note_count++;
  return note->change == NULL || note->why == NULL ? snt_fail_memory(job->err) : snt_done();
}

snt_status snt_import_tell(struct snt_import_job *job, const struct snt_import_remark *remark, const char *format,
                           ...) {
  va_list args;
  va_start(args, format);
  SNT_BUF_AUTO struct snt_buf change = {0};
  snt_status status = snt_buf_vappendf(&change, job->err, format, args);
  va_end(args);
  SNT_TRY(status);
  if (remark->is_inside) {
    job->writer.place = remark->place;
    snt_import_put_comment(&job->writer, change.data);
  }
  return add_note(job, remark, change.data);
}

bool snt_import_tells(struct snt_import_job *job, enum snt_import_once what) {
  bool is_first = (job->import->told & what) == 0;
  job->import->told |= what;
  return is_first;
}

/* The length of the character at the text's beginning; 0: there is none, for these bytes are not UTF-8. */
static size_t character_length(const char *text, size_t left) {
  for (size_t len = 1; len <= 4 && len <= left; len++) {
    if (snt_utf8_check(text, len)) {
      return len;
    }
  }
  return 0;
}

snt_status snt_import_clean(const char *text, size_t cap, struct snt_buf *out, struct snt_err *err) {
  size_t begin = out->len;
  size_t left = strlen(text);
  while (left > 0) {
    size_t len = character_length(text, left);
    bool is_printable = len > 0 && snt_utf8_check_printable(text, len);
    len = len == 0 ? 1 : len;
    if (out->len - begin + len > cap) {
      break;
    }
    SNT_TRY(snt_buf_append(out, is_printable ? text : " ", is_printable ? len : 1, err));
    text += len;
    left -= len;
  }
  while (out->len > begin && out->data[out->len - 1] == ' ') {
    out->data[--out->len] = '\0';
  }
  return snt_done();
}

/* Names of rules --------------------------------------------------------------------------------------------------- */

/* How many names begin like this one; *is_taken: whether one is the same. */
static unsigned count_like(const struct snt_import_job *job, const char *name, bool *is_taken) {
  unsigned count = 0;
  *is_taken = false;
  for (size_t i = 0; i < job->name_count; i++) {
    count += snt_str_starts_with(job->names[i].text, name) ? 1 : 0;
    *is_taken = *is_taken || strcmp(job->names[i].text, name) == 0;
  }
  return count;
}

static snt_status keep_name(struct snt_import_job *job, const struct snt_import_name *name) {
  if ((job->name_count & (job->name_count - 1)) == 0) {
    struct snt_import_name *grown =
        realloc(job->names, (job->name_count == 0 ? 1 : job->name_count * 2) * sizeof *grown);
    if (grown == NULL) {
      return snt_fail_memory(job->err);
    }
    job->names = grown;
  }
  job->names[job->name_count++] = *name;
  return snt_done();
}

snt_status snt_import_take_name(struct snt_import_job *job, const char *from, const char *suffix,
                                struct snt_import_name *out) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  char base[RULE_NAME_MAX + 1];
  size_t room = RULE_NAME_MAX - strlen(suffix);
  size_t len = strlen(from);
  len = len > room ? room - NUMBER_ROOM : len; /* what is cut may be the same for several */
  for (size_t i = 0; i < len; i++) {
    base[i] = strchr(allowed, from[i]) != NULL ? from[i] : '-';
  }
  (void)snprintf(out->text, sizeof out->text, "%.*s%s", (int)len, base, suffix);
  bool is_taken = false;
  unsigned number = count_like(job, out->text, &is_taken); /* no long search where many rules come of one */
  size_t most = room - NUMBER_ROOM;
  while (is_taken) {
    number++;
    (void)snprintf(out->text, sizeof out->text, "%.*s%s-%u", (int)(len > most ? most : len), base, suffix, number);
    (void)count_like(job, out->text, &is_taken);
  }
  return keep_name(job, out);
}
