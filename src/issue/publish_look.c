/* What is in force in the regions, read by a child: this process goes on to start evaluators. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "issue/child.h"
#include "issue/depot.h"
#include "issue/signers.h"

enum { VALUE_MAX = 64 * 1024, SIGNERS_MAX = SNT_SIGNATURES_MAX };

struct looking {
  const struct snt_publish_options *options;
  enum snt_look look;
  int64_t serial;
  struct snt_publish_view *view;
};

/* What the child says first; the regions, what is older, and the signers follow. */
struct head {
  char parameter[sizeof((struct snt_publish_view *)NULL)->parameter];
  size_t count;
  struct snt_aws_identity who;
  int64_t now_ms;
  size_t signer_count;
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

const struct snt_published *snt_publish_newest(const struct snt_publish_view *view) {
  const struct snt_published *newest = NULL;
  for (size_t i = 0; i < view->count; i++) {
    int64_t serial = view->regions[i].pointer.serial;
    if (serial > 0 && (newest == NULL || serial > newest->pointer.serial)) {
      newest = &view->regions[i];
    }
  }
  return newest;
}

/* A bundle that is not whole is told, and no reason to stop here. */
static snt_status fetch(struct snt_depot *depot, size_t region, struct snt_published *published, struct snt_err *err) {
  struct snt_err failure = {0};
  snt_status status = snt_depot_fetch(depot, region, &published->pointer, &published->packed, &failure);
  bool is_incomplete = status.code == SNT_CODE_POLICY_INVALID;
  if (!snt_ok(status)) {
    *(is_incomplete ? &published->incomplete : err) = failure;
  }
  return is_incomplete ? snt_done() : status;
}

/* Whether a version of the history is the one that is looked for: of what was in force before, the latest. */
static bool is_wanted(const struct looking *looking, const struct snt_pointer *in_force,
                      const struct snt_pointer *pointer) {
  if (pointer->serial == 0) {
    return false;
  }
  return looking->serial > 0 ? pointer->serial == looking->serial : pointer->serial < in_force->serial;
}

static snt_status fail_none_older(const struct looking *looking, const struct snt_published *newest,
                                  struct snt_err *err) {
  const char *parameter = looking->view->parameter;
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

static snt_status find_older(struct snt_depot *depot, const struct looking *looking, struct snt_err *err) {
  struct snt_publish_view *view = looking->view;
  const struct snt_published *newest = snt_publish_newest(view);
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  if (newest == NULL) {
    return fail_none_older(looking, NULL, err);
  }
  size_t region = (size_t)(newest - view->regions);
  SNT_TRY(snt_depot_read_history(depot, region, view->parameter, &history, err));
  for (size_t i = 0; i < history.count; i++) {
    const struct snt_ssm_entry *entry = &history.list[i];
    struct snt_slice value = {snt_buf_borrow(&entry->value), entry->value.len};
    snt_published_clear(&view->older);
    memcpy(view->older.region, newest->region, sizeof view->older.region);
    view->older.version = entry->version;
    SNT_TRY(snt_published_take(view->parameter, value, &view->older, err));
    if (is_wanted(looking, &newest->pointer, &view->older.pointer)) {
      return fetch(depot, region, &view->older, err);
    }
  }
  return fail_none_older(looking, newest, err);
}

static snt_status fetch_bundles(struct snt_depot *depot, const struct looking *looking, struct snt_err *err) {
  struct snt_publish_view *view = looking->view;
  const struct snt_published *newest = snt_publish_newest(view);
  for (size_t i = 0; i < view->count; i++) {
    struct snt_published *at = &view->regions[i];
    bool is_asked = looking->look == SNT_LOOK_ALL || (looking->look == SNT_LOOK_NEWEST && at == newest);
    SNT_TRY(is_asked && at->pointer.serial > 0 ? fetch(depot, i, at, err) : snt_done());
  }
  return looking->look == SNT_LOOK_OLDER ? find_older(depot, looking, err) : snt_done();
}

/* All of it, in the child. */
static snt_status look_there(void *context, struct snt_err *err) {
  struct looking *looking = context;
  struct snt_publish_view *view = looking->view;
  SNT_DEPOT_AUTO struct snt_depot depot = {.tell = looking->options->tell};
  SNT_SIGNERS_AUTO struct snt_signers signers = {0};
  SNT_TRY(snt_depot_open(&depot, &looking->options->common, err));
  SNT_TRY(snt_signers_open(&depot.flow, looking->options->keys, looking->options->key_count, &signers, err));
  SNT_TRY(snt_signers_list_keys(&signers, &view->signers, err));
  SNT_TRY(snt_depot_look(&depot, view->parameter, view->regions, err));
  view->count = depot.count;
  view->who = depot.flow.who;
  view->now_ms = snt_flow_now_ms(&depot.flow);
  return fetch_bundles(&depot, looking, err);
}

static snt_status send_buf(int fd, const struct snt_buf *buf) {
  SNT_TRY(snt_file_write_all(fd, &buf->len, sizeof buf->len, NULL));
  return snt_file_write_all(fd, snt_buf_borrow(buf), buf->len, NULL);
}

static snt_status send_published(int fd, const struct snt_published *published) {
  SNT_TRY(snt_file_write_all(fd, published, sizeof *published, NULL));
  SNT_TRY(send_buf(fd, &published->value));
  return send_buf(fd, &published->packed);
}

static snt_status send_view(const void *context, int fd) {
  const struct snt_publish_view *view = ((const struct looking *)context)->view;
  struct head head = {
      .count = view->count, .who = view->who, .now_ms = view->now_ms, .signer_count = view->signers.count};
  memcpy(head.parameter, view->parameter, sizeof head.parameter);
  SNT_TRY(snt_file_write_all(fd, &head, sizeof head, NULL));
  for (size_t i = 0; i < view->count; i++) {
    SNT_TRY(send_published(fd, &view->regions[i]));
  }
  SNT_TRY(send_published(fd, &view->older));
  return snt_file_write_all(fd, view->signers.list, view->signers.count * sizeof *view->signers.list, NULL);
}

static snt_status receive_buf(int fd, size_t max, struct snt_buf *out) {
  size_t len = 0;
  *out = (struct snt_buf){0}; /* what came with the struct are the child's own */
  SNT_TRY(snt_child_read(fd, &len, sizeof len));
  return snt_child_read_text(fd, len, max, out);
}

static snt_status receive_published(int fd, struct snt_published *out) {
  struct snt_published published;
  SNT_TRY(snt_child_read(fd, &published, sizeof published));
  published.packed = (struct snt_buf){0};
  published.unreadable.file = published.incomplete.file = NULL;
  snt_status status = receive_buf(fd, VALUE_MAX, &published.value);
  *out = published;
  return snt_ok(status) ? receive_buf(fd, SNT_PACKED_CAP, &out->packed) : status;
}

static snt_status receive_view(void *context, int fd) {
  struct snt_publish_view *view = ((struct looking *)context)->view;
  struct head head;
  SNT_TRY(snt_child_read(fd, &head, sizeof head));
  if (head.count > SNT_PUBLISH_REGIONS_MAX || head.signer_count > SIGNERS_MAX) {
    return (snt_status){SNT_CODE_IO};
  }
  view->who = head.who;
  view->now_ms = head.now_ms;
  for (view->count = 0; view->count < head.count; view->count++) {
    SNT_TRY(receive_published(fd, &view->regions[view->count]));
  }
  SNT_TRY(receive_published(fd, &view->older));
  view->signers.list = calloc(SIGNERS_MAX, sizeof *view->signers.list);
  SNT_TRY(view->signers.list == NULL ? (snt_status){SNT_CODE_NO_MEMORY} : snt_done());
  view->signers.count = head.signer_count;
  return snt_child_read(fd, view->signers.list, head.signer_count * sizeof *view->signers.list);
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
  SNT_TRY(snt_depot_name_parameter(options->name, out->parameter, err));
  return snt_child_run(&child, err);
}
