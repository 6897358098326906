/* What is in force in the regions, read by a child: this process goes on to start evaluators. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "issue/child.h"
#include "issue/depot.h"
#include "issue/publish_rules.h"
#include "issue/signers.h"

enum { VALUE_MAX = 64 * 1024, SIGNERS_MAX = SNT_SIGNATURES_MAX };

struct looking {
  const struct snt_publish_options *options;
  enum snt_look look;
  int64_t serial;
  struct snt_publish_view *view;
};

void snt_published_clear(struct snt_published *published) {
  snt_buf_clear(&published->value);
  snt_buf_clear(&published->packed);
  memset(published, 0, sizeof *published);
}

void snt_publish_view_clear(struct snt_publish_view *view) {
  for (size_t i = 0; i < view->count; i++) {
    snt_published_clear(&view->regions[i]);
  }
  snt_published_clear(&view->older);
  snt_policy_keys_clear(&view->signers);
  memset(view, 0, sizeof *view);
}

snt_status snt_publish_name_parameter(const char *name, char out[static 128], struct snt_err *err) {
  if (!snt_name_check(name)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" cannot be the name of a policy", name));
    return snt_err_hint(err, "a name has " SNT_NAME_WANTED);
  }
  (void)snprintf(out, 128, SNT_DEPOT_POLICIES "/%s", name);
  return snt_done();
}

bool snt_publish_is_believed(const struct snt_publish_view *view, const struct snt_published *published) {
  return published->pointer.serial > 0 && (!view->has_keys || published->is_trusted);
}

const struct snt_published *snt_publish_newest(const struct snt_publish_view *view) {
  const struct snt_published *newest = NULL;
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    if (snt_publish_is_believed(view, at) && (newest == NULL || at->pointer.serial > newest->pointer.serial)) {
      newest = at;
    }
  }
  return newest;
}

/* A bundle that is not whole is told, and no reason to stop here. */
static snt_status fetch(struct snt_depot *depot, size_t region, struct snt_published *published, struct snt_err *err) {
  struct snt_err failure = {0};
  snt_status status = snt_depot_fetch(depot, region, &published->pointer, &published->packed, &failure);
  bool is_incomplete = status.code == SNT_CODE_POLICY_INVALID;
  published->is_whole = snt_ok(status);
  if (!snt_ok(status)) {
    *(is_incomplete ? &published->incomplete : err) = failure;
  }
  return is_incomplete ? snt_done() : status;
}

/* The same of signatures that readers would refuse; file: where the pointer is, NULL for SSM. */
static snt_status verify(const struct looking *looking, const struct snt_publish_rules *rules, const char *file,
                         struct snt_published *published, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf source = {0};
  struct snt_err failure = {0};
  SNT_TRY(file != NULL ? snt_buf_appendf(&source, err, "%s.pointer", file)
                       : snt_buf_appendf(&source, err, "ssm:%s in %s", looking->view->parameter, published->region));
  snt_status status =
      snt_publish_rules_verify(rules, &looking->view->signers, &published->pointer, source.data, &failure);
  bool is_untrusted = status.code == SNT_CODE_POLICY_INVALID;
  published->is_trusted = snt_ok(status);
  if (!snt_ok(status)) {
    *(is_untrusted ? &published->untrusted : err) = failure;
  }
  return is_untrusted ? snt_done() : status;
}

/* Whether a version of the history is one that is looked for. */
static bool is_wanted(const struct looking *looking, int64_t in_force, int64_t serial) {
  if (looking->look == SNT_LOOK_HIGHER) {
    return serial > in_force;
  }
  return looking->serial > 0 ? serial == looking->serial : serial < in_force;
}

/* Serials only grow where nobody meddles: the highest counts, wherever it lies in the history; of the same serial one
 * whose signatures are good, then what was written last. */
static bool is_better(const struct snt_published *candidate, const struct snt_published *best) {
  int64_t serial = candidate->pointer.serial;
  return serial > best->pointer.serial ||
         (serial == best->pointer.serial && candidate->is_trusted && !best->is_trusted);
}

/* A pointer that is there and not believed; NULL when there is none. */
static const struct snt_published *find_refused(const struct snt_publish_view *view) {
  for (size_t i = 0; i < view->count; i++) {
    if (view->regions[i].is_pointer) {
      return &view->regions[i];
    }
  }
  return NULL;
}

static snt_status fail_none_older(const struct looking *looking, const struct snt_published *newest,
                                  struct snt_err *err) {
  const char *parameter = looking->view->parameter;
  const struct snt_published *refused = newest == NULL ? find_refused(looking->view) : NULL;
  if (refused != NULL) {
    *err = refused->pointer.serial == 0 ? refused->unreadable : refused->untrusted;
    SNT_IGNORE(snt_err_prefix(err, "readers refuse what is in force"));
    return snt_err_hint(err, "push the content from where it is reviewed: sentinel policy push %s DIR --key KEY",
                        looking->options->name);
  }
  if (newest == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "%s holds no bundle in any region", parameter));
    return snt_err_hint(err, "push one first: sentinel policy push %s DIR", looking->options->name);
  }
  if (looking->serial > 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "the history of %s in %s has no serial %lld", parameter,
                        newest->region, (long long)looking->serial));
    return snt_err_hint(err, "`sentinel policy history %s` lists what there is", looking->options->name);
  }
  return snt_fail(err, SNT_CODE_NO_POLICY, "nothing was in force in %s before serial %lld of %s", newest->region,
                  (long long)newest->pointer.serial, parameter);
}

/* The best of the versions of the history that are wanted; its serial is 0 when there is none. */
static snt_status search(const struct looking *looking, const struct snt_publish_rules *rules,
                         const struct snt_ssm_entries *history, const struct snt_published *newest,
                         struct snt_err *err) {
  struct snt_publish_view *view = looking->view;
  for (size_t i = 0; i < history->count; i++) {
    const struct snt_ssm_entry *entry = &history->list[i];
    SNT_CLEANUP(snt_published_clear) struct snt_published found = {.version = entry->version};
    struct snt_slice value = {snt_buf_borrow(&entry->value), entry->value.len};
    memcpy(found.region, newest->region, sizeof found.region);
    SNT_TRY(snt_published_take(view->parameter, value, &found, err));
    int64_t serial = found.pointer.serial;
    if (serial == 0 || strcmp(found.pointer.name, newest->pointer.name) != 0) {
      continue; /* bare, unreadable, or somebody put another bundle's there */
    }
    SNT_TRY(verify(looking, rules, NULL, &found, err));
    bool is_signed = found.is_trusted && found.pointer.signature_count > 0;
    view->highest = is_signed && serial > view->highest ? serial : view->highest;
    bool may_be = looking->look == SNT_LOOK_OLDER || found.is_trusted;
    if (may_be && is_wanted(looking, newest->pointer.serial, serial) && is_better(&found, &view->older)) {
      snt_published_clear(&view->older);
      view->older = found;
      memset(&found, 0, sizeof found); /* ownership went to view */
    }
  }
  return snt_done();
}

static snt_status look_back(struct snt_depot *depot, const struct looking *looking,
                            const struct snt_publish_rules *rules, struct snt_err *err) {
  struct snt_publish_view *view = looking->view;
  const struct snt_published *newest = snt_publish_newest(view);
  bool is_needed = looking->look == SNT_LOOK_OLDER;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  if (newest == NULL) {
    return is_needed ? fail_none_older(looking, NULL, err) : snt_done();
  }
  size_t region = (size_t)(newest - view->regions);
  view->highest = newest->pointer.serial;
  SNT_TRY(snt_depot_read_history(depot, region, view->parameter, &history, err));
  SNT_TRY(search(looking, rules, &history, newest, err));
  if (!is_needed) {
    return snt_done();
  }
  return view->older.pointer.serial > 0 ? fetch(depot, region, &view->older, err)
                                        : fail_none_older(looking, newest, err);
}

static void take_rules(const struct snt_publish_rules *rules, struct snt_publish_view *view) {
  view->has_keys = rules->keys.count > 0;
  view->min_signatures = rules->keys.min_signatures;
  view->min_serial = rules->min_serial;
  memcpy(view->installation, rules->installation, sizeof view->installation);
}

/* Whose signatures count, and which keys there are. */
static snt_status read_rules(struct snt_depot *depot, const struct looking *looking, struct snt_publish_rules *rules,
                             struct snt_err *err) {
  struct snt_publish_view *view = looking->view;
  SNT_SIGNERS_AUTO struct snt_signers signers = {0};
  SNT_TRY(snt_publish_rules_read(depot->flow.settings, rules, err));
  SNT_TRY(snt_signers_open(&depot->flow, looking->options->keys, looking->options->key_count, &signers, err));
  SNT_TRY(snt_signers_list_keys(&signers, &view->signers, err));
  SNT_TRY(snt_publish_rules_check_signers(rules, &view->signers, err));
  take_rules(rules, view);
  return snt_done();
}

static snt_status look_at_all(struct snt_depot *depot, const struct looking *looking,
                              const struct snt_publish_rules *rules, struct snt_err *err) {
  struct snt_publish_view *view = looking->view;
  SNT_TRY(snt_depot_look(depot, view->parameter, view->regions, err));
  for (view->count = 0; view->count < depot->count; view->count++) {
    struct snt_published *at = &view->regions[view->count];
    bool has_bundle = at->pointer.serial > 0;
    SNT_TRY(has_bundle ? verify(looking, rules, NULL, at, err) : snt_done());
    SNT_TRY(has_bundle && looking->look != SNT_LOOK_POINTERS ? fetch(depot, view->count, at, err) : snt_done());
  }
  bool looks_back = looking->look == SNT_LOOK_OLDER || looking->look == SNT_LOOK_HIGHER;
  return looks_back ? look_back(depot, looking, rules, err) : snt_done();
}

/* All of it, in the child. */
static snt_status look_there(void *context, struct snt_err *err) {
  struct looking *looking = context;
  struct snt_publish_view *view = looking->view;
  SNT_DEPOT_AUTO struct snt_depot depot = {.tell = looking->options->tell};
  SNT_PUBLISH_RULES_AUTO struct snt_publish_rules rules = {0};
  SNT_TRY(snt_depot_open(&depot, &looking->options->common, err));
  SNT_TRY(read_rules(&depot, looking, &rules, err));
  view->who = depot.flow.who;
  view->now_ms = snt_flow_now_ms(&depot.flow);
  return look_at_all(&depot, looking, &rules, err);
}

static snt_status send_buf(int fd, const struct snt_buf *buf) {
  SNT_TRY(snt_file_write_all(fd, &buf->len, sizeof buf->len, NULL));
  return snt_file_write_all(fd, snt_buf_borrow(buf), buf->len, NULL);
}

static snt_status send_owned(int fd, const struct snt_published *published) {
  SNT_TRY(send_buf(fd, &published->value));
  return send_buf(fd, &published->packed);
}

/* The view as it lies there, and behind it what it owns. */
static snt_status send_view(const void *context, int fd) {
  const struct snt_publish_view *view = ((const struct looking *)context)->view;
  SNT_TRY(snt_file_write_all(fd, view, sizeof *view, NULL));
  for (size_t i = 0; i < view->count; i++) {
    SNT_TRY(send_owned(fd, &view->regions[i]));
  }
  SNT_TRY(send_owned(fd, &view->older));
  return snt_file_write_all(fd, view->signers.list, view->signers.count * sizeof *view->signers.list, NULL);
}

static snt_status receive_buf(int fd, size_t max, struct snt_buf *out) {
  size_t len = 0;
  SNT_TRY(snt_child_read(fd, &len, sizeof len));
  return snt_child_read_text(fd, len, max, out);
}

/* What the child owned is not ours. */
static void disown(struct snt_published *published) {
  published->value = published->packed = (struct snt_buf){0};
  published->unreadable.file = published->untrusted.file = published->incomplete.file = NULL;
}

static snt_status receive_owned(int fd, struct snt_published *out) {
  SNT_TRY(receive_buf(fd, VALUE_MAX, &out->value));
  return receive_buf(fd, SNT_PACKED_CAP, &out->packed);
}

static snt_status receive_view(void *context, int fd) {
  struct snt_publish_view *view = ((struct looking *)context)->view;
  snt_status status = snt_child_read(fd, view, sizeof *view);
  size_t signers = view->signers.count;
  view->signers.list = NULL;
  view->signers.count = 0;
  for (size_t i = 0; i < SNT_PUBLISH_REGIONS_MAX; i++) {
    disown(&view->regions[i]);
  }
  disown(&view->older);
  if (!snt_ok(status) || view->count > SNT_PUBLISH_REGIONS_MAX || signers > SIGNERS_MAX) {
    view->count = 0;
    return (snt_status){SNT_CODE_IO};
  }
  for (size_t i = 0; i < view->count; i++) {
    SNT_TRY(receive_owned(fd, &view->regions[i]));
  }
  SNT_TRY(receive_owned(fd, &view->older));
  view->signers.list = calloc(SIGNERS_MAX, sizeof *view->signers.list);
  SNT_TRY(view->signers.list == NULL ? (snt_status){SNT_CODE_NO_MEMORY} : snt_done());
  view->signers.count = signers;
  return snt_child_read(fd, view->signers.list, signers * sizeof *view->signers.list);
}

snt_status snt_publish_look(const struct snt_publish_options *options, enum snt_look look, int64_t serial,
                            struct snt_publish_view *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct looking looking = {options, look, serial, out};
  const struct snt_child child = {.what = "looks at the regions",
                                  .context = &looking,
                                  .work = look_there,
                                  .send = send_view,
                                  .receive = receive_view};
  SNT_TRY(snt_publish_name_parameter(options->name, out->parameter, err));
  return snt_child_run(&child, err);
}

/* A file in the place of a region. */
struct looking_at_file {
  const char *path;
  const char *config;
  struct looking looking;
};

static snt_status read_file_pointer(const char *path, struct snt_published *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&file, err, "%s.pointer", path));
  snt_status status = snt_file_read(file.data, SNT_FILE_ANY, SNT_POINTER_CAP, &text, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_err_hint(err, "`sentinel policy sign %s --key KEY` makes it", path);
  }
  SNT_TRY(status);
  return snt_published_take(file.data, (struct snt_slice){snt_buf_borrow(&text), text.len}, out, err);
}

static void check_file_hash(const char *path, struct snt_published *at) {
  char sha256[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(snt_buf_borrow(&at->packed), at->packed.len, sha256);
  at->is_whole = strcmp(sha256, at->pointer.sha256) == 0 && (int64_t)at->packed.len == at->pointer.size;
  if (!at->is_whole) {
    SNT_IGNORE(snt_fail(&at->incomplete, SNT_CODE_POLICY_INVALID, "%s.pointer is of another file than %s", path, path));
  }
}

/* In the child, for libcrypto's sake. */
static snt_status look_at_file(void *context, struct snt_err *err) {
  struct looking_at_file *at_file = context;
  struct snt_publish_view *view = at_file->looking.view;
  struct snt_published *at = &view->regions[0];
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  SNT_PUBLISH_RULES_AUTO struct snt_publish_rules rules = {0};
  (void)snprintf(view->parameter, sizeof view->parameter, "%s", at_file->path);
  SNT_TRY(snt_settings_load(at_file->config, &settings, err));
  SNT_TRY(snt_publish_rules_read(settings, &rules, err));
  take_rules(&rules, view);
  view->now_ms = snt_clock_wall_ms();
  view->count = 1;
  at->version = 1;
  SNT_TRY(snt_file_read(at_file->path, SNT_FILE_ANY, SNT_PACKED_CAP, &at->packed, err));
  SNT_TRY(read_file_pointer(at_file->path, at, err));
  check_file_hash(at_file->path, at);
  return at->pointer.serial > 0 ? verify(&at_file->looking, &rules, at_file->path, at, err) : snt_done();
}

static snt_status send_file_view(const void *context, int fd) {
  return send_view(&((const struct looking_at_file *)context)->looking, fd);
}

static snt_status receive_file_view(void *context, int fd) {
  return receive_view(&((struct looking_at_file *)context)->looking, fd);
}

snt_status snt_publish_look_file(const char *path, const char *config, struct snt_publish_view *out,
                                 struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct looking_at_file at_file = {path, config, {.view = out}};
  const struct snt_child child = {.what = "looks at the file",
                                  .context = &at_file,
                                  .work = look_at_file,
                                  .send = send_file_view,
                                  .receive = receive_file_view};
  return snt_child_run(&child, err);
}
