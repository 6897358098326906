/* What comes page by page: the versions of a parameter, and what is below a path (AWS Systems Manager API Reference;
 * JSON 1.1).
 *
 * MUST
 *  1. take nothing that was not asked for, and nothing twice;
 *  2. come to an end, whatever the pages say of a next one. */
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "aws/ssm.h"
#include "aws/ssm_parts.h"

enum { HISTORY_MAX = 50, PAGES_MAX = 4000, TOKEN_CAP = 8192, TEXT_CAP = 4096 };

/* 50 values of 8 KiB, each byte of them written as six, and all that stands around them. */
#define HISTORY_CAP ((size_t)4 * 1024 * 1024)
/* 9999-12-31T23:59:59Z */

static void clear_entry(struct snt_ssm_entry *entry) {
  free(entry->name);
  free(entry->modified_by);
  free(entry->description);
  snt_buf_clear(&entry->value);
  memset(entry, 0, sizeof *entry);
}

void snt_ssm_entries_clear(struct snt_ssm_entries *entries) {
  for (size_t i = 0; i < entries->count; i++) {
    clear_entry(&entries->list[i]);
  }
  free(entries->list);
  free(entries->next_token);
  memset(entries, 0, sizeof *entries);
}

/* The two kinds of pages. */
struct kind {
  const char *target;
  const char *subject_key;
  int size_max;
  bool is_history;
  int (*compare)(const struct snt_ssm_entry *a, const struct snt_ssm_entry *b);
};

/* The newest first. */
static int compare_versions(const struct snt_ssm_entry *a, const struct snt_ssm_entry *b) {
  return (a->version < b->version) - (a->version > b->version);
}

static int compare_names(const struct snt_ssm_entry *a, const struct snt_ssm_entry *b) {
  return strcmp(a->name, b->name);
}

static const struct kind HISTORY = {"AmazonSSM.GetParameterHistory", "Name", HISTORY_MAX, true, compare_versions};
static const struct kind LISTING = {"AmazonSSM.GetParametersByPath", "Path", SNT_SSM_BATCH_MAX, false, compare_names};

static snt_status write_body(struct snt_aws_call *call, const struct kind *kind, const char *token,
                             struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, kind->subject_key, call->subject);
  if (!kind->is_history) {
    snt_json_put_bool(&writer, "Recursive", true);
  }
  snt_json_put_bool(&writer, "WithDecryption", true);
  snt_json_put_integer(&writer, "MaxResults", kind->size_max);
  if (token != NULL) {
    snt_json_put_string(&writer, "NextToken", token);
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

snt_status snt_ssm_prepare_get_history(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials, const char *name,
                                       const char *token, struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, HISTORY.target, "GetParameterHistory", name, err));
  call->body_cap = HISTORY_CAP;
  return write_body(call, &HISTORY, token, err);
}

snt_status snt_ssm_prepare_get_by_path(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials, const char *path,
                                       const char *token, struct snt_err *err) {
  if (path[0] != '/' || path[strlen(path) - 1] == '/') {
    return snt_fail(err, SNT_CODE_BUG, "\"%.300s\" is not a path of parameters", path);
  }
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, LISTING.target, "GetParametersByPath", path, err));
  return write_body(call, &LISTING, token, err);
}

static bool is_below(const char *path, const char *name) {
  size_t len = strlen(path);
  return strncmp(name, path, len) == 0 && name[len] == '/' && name[len + 1] != '\0';
}

/* Where SSM wrote none, and where it is none to show, "". */
static snt_status take_text(const struct snt_aws_call *call, const struct snt_json_value *parameter, const char *key,
                            char **out, struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(parameter, key);
  if (value != NULL && snt_json_type(value) != SNT_JSON_STRING) {
    return snt_aws_json_refuse(call, key, err);
  }
  const char *text = snt_json_printable(value, TEXT_CAP);
  *out = snt_str_dup(text == NULL ? "" : text);
  return *out == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status take_entry(const struct snt_aws_call *call, const struct kind *kind,
                             const struct snt_json_value *parameter, struct snt_ssm_entry *entry, struct snt_err *err) {
  const char *name = snt_ssm_name_of(parameter);
  bool is_asked_for =
      name != NULL && (kind->is_history ? strcmp(name, call->subject) == 0 : is_below(call->subject, name));
  if (!is_asked_for) {
    return snt_aws_json_refuse(call, "another parameter than those asked for", err);
  }
  struct snt_ssm_parameter taken = {0};
  SNT_TRY(snt_ssm_take_parameter(call, name, parameter, &taken, err));
  *entry = (struct snt_ssm_entry){
      .value = taken.value, .version = taken.version, .is_secure = taken.is_secure, .modified_ms = taken.modified_ms};
  if (entry->modified_ms == 0) {
    return snt_aws_json_refuse(call, "LastModifiedDate", err);
  }
  entry->name = snt_str_dup(name);
  SNT_TRY(entry->name == NULL ? snt_fail_memory(err) : snt_done());
  SNT_TRY(take_text(call, parameter, "LastModifiedUser", &entry->modified_by, err));
  return take_text(call, parameter, "Description", &entry->description, err);
}

/* Where the entry belongs; *is_there: its like stands there. */
static size_t find_place(const struct snt_ssm_entries *entries, const struct snt_ssm_entry *entry,
                         const struct kind *kind, bool *is_there) {
  size_t low = 0;
  size_t high = entries->count;
  *is_there = false;
  while (low < high && !*is_there) {
    size_t middle = low + (high - low) / 2;
    int order = kind->compare(&entries->list[middle], entry);
    *is_there = order == 0;
    low = order < 0 ? middle + 1 : low;
    high = order < 0 ? high : middle;
  }
  return low;
}

static snt_status reserve(struct snt_ssm_entries *entries, size_t more, struct snt_err *err) {
  size_t cap = entries->cap;
  while (cap < entries->count + more) {
    cap = cap == 0 ? HISTORY_MAX : 2 * cap;
  }
  struct snt_ssm_entry *list = cap == entries->cap ? entries->list : reallocarray(entries->list, cap, sizeof *list);
  if (list == NULL && cap > 0) {
    return snt_fail_memory(err);
  }
  entries->list = list;
  entries->cap = cap;
  return snt_done();
}

/* Takes the entry over, into room that was reserved. False: there is one already. */
static bool insert(struct snt_ssm_entries *entries, struct snt_ssm_entry *entry, const struct kind *kind) {
  bool is_there = false;
  size_t place = find_place(entries, entry, kind, &is_there);
  if (is_there) {
    return false;
  }
  memmove(&entries->list[place + 1], &entries->list[place], (entries->count - place) * sizeof *entries->list);
  entries->list[place] = *entry;
  entries->count++;
  memset(entry, 0, sizeof *entry);
  return true;
}

/* The page by itself, with the token of the next one. */
static snt_status take_page(const struct snt_aws_call *call, const struct kind *kind, const struct snt_json_value *root,
                            struct snt_ssm_entries *page, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(root, "Parameters");
  const struct snt_json_value *token = snt_json_get(root, "NextToken");
  if (snt_json_type(list) != SNT_JSON_ARRAY) {
    return snt_aws_json_refuse(call, "Parameters", err);
  }
  SNT_TRY(reserve(page, snt_json_count(list), err));
  for (size_t i = 0; i < snt_json_count(list); i++) {
    SNT_CLEANUP(clear_entry) struct snt_ssm_entry entry = {0};
    SNT_TRY(take_entry(call, kind, snt_json_at(list, i), &entry, err));
    if (!page->keeps_values) {
      snt_buf_clear(&entry.value);
    }
    if (!insert(page, &entry, kind)) {
      return snt_aws_json_refuse(call, "a parameter stands there twice", err);
    }
  }
  if (snt_json_type(token) == SNT_JSON_NONE) {
    return snt_done();
  }
  const char *text = snt_json_printable(token, TOKEN_CAP);
  if (text == NULL || text[0] == '\0') {
    return snt_aws_json_refuse(call, "NextToken", err);
  }
  page->next_token = snt_str_dup(text);
  return page->next_token == NULL ? snt_fail_memory(err) : snt_done();
}

/* Whether the page goes on from the ones before it, towards an end. */
static bool is_progress(const struct snt_ssm_entries *before, const struct snt_ssm_entries *page,
                        const struct kind *kind) {
  bool is_there = false;
  for (size_t i = 0; i < page->count && !is_there; i++) {
    (void)find_place(before, &page->list[i], kind, &is_there);
  }
  bool is_same =
      before->next_token != NULL && page->next_token != NULL && strcmp(before->next_token, page->next_token) == 0;
  return !is_there && !is_same && before->pages < PAGES_MAX;
}

static snt_status parse_page(const struct snt_aws_call *call, const struct kind *kind, struct snt_ssm_entries *entries,
                             struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries page = {.keeps_values = kind->is_history || entries->keeps_values};
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  SNT_TRY(take_page(call, kind, snt_json_root(doc), &page, err));
  if (!is_progress(entries, &page, kind)) {
    return snt_aws_json_refuse(call, "its pages go round in a loop", err);
  }
  SNT_TRY(reserve(entries, page.count, err));
  for (size_t i = 0; i < page.count; i++) {
    (void)insert(entries, &page.list[i], kind);
  }
  free(entries->next_token);
  entries->next_token = SNT_MOVE(page.next_token);
  entries->pages++;
  return snt_done();
}

snt_status snt_ssm_parse_get_history(const struct snt_aws_call *call, struct snt_ssm_entries *history,
                                     struct snt_err *err) {
  return parse_page(call, &HISTORY, history, err);
}

snt_status snt_ssm_parse_get_by_path(const struct snt_aws_call *call, struct snt_ssm_entries *listing,
                                     struct snt_err *err) {
  return parse_page(call, &LISTING, listing, err);
}
