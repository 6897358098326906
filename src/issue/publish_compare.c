/* What is about to change, before anybody agrees to it. Evaluators are started here. */
#include <string.h>

#include "issue/difference.h"
#include "issue/publish.h"
#include "policy/pack.h"

static struct snt_slice slice_of(const struct snt_buf *buf) {
  return (struct snt_slice){snt_buf_borrow(buf), buf->len};
}

/* Packed bytes, as the files that they are. */
static snt_status open_packed(const char *source, const struct snt_buf *packed, struct snt_policy *out,
                              struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  return snt_packed_open(source, slice_of(packed), evaluator, out, err);
}

/* What people go by now: NULL when there is nothing. */
static const struct snt_published *find_old(const struct snt_publish_view *view) {
  const struct snt_published *newest = snt_publish_newest(view);
  for (size_t i = 0; i < view->count && newest == NULL; i++) {
    newest = view->regions[i].version > 0 ? &view->regions[i] : NULL;
  }
  return newest;
}

static snt_status open_old(const struct snt_publish_view *view, const struct snt_published *at, struct snt_policy *out,
                           struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf source = {0};
  if (!at->is_pointer) {
    return snt_policy_from_parameter(view->parameter, at->region, at->version, slice_of(&at->value), out, err);
  }
  if (!at->is_whole) {
    *err = at->pointer.serial == 0 ? at->unreadable : at->incomplete;
    return snt_err_prefix(err, "what is in force cannot be read");
  }
  SNT_TRY(snt_buf_appendf(&source, err, "ssm:%s in %s", view->parameter, at->region));
  return open_packed(source.data, &at->packed, out, err);
}

/* A bare one is evaluated as readers will have it. */
static snt_status open_new(const struct snt_draft *draft, const struct snt_publish_view *view, struct snt_policy *out,
                           struct snt_err *err) {
  return draft->is_bare
             ? snt_policy_from_parameter(view->parameter, view->regions[0].region, 0, slice_of(&draft->bytes), out, err)
             : open_packed("the new bundle", &draft->bytes, out, err);
}

snt_status snt_publish_compare(const struct snt_publish_options *options, const struct snt_draft *draft,
                               const struct snt_publish_view *view, struct snt_difference *out, struct snt_err *err) {
  const struct snt_issue_difference_options how = {.config = options->common.config,
                                                   .time_ms = view->now_ms / 1000 * 1000};
  const struct snt_published *old = find_old(view);
  SNT_POLICY_AUTO struct snt_policy before = {0};
  SNT_POLICY_AUTO struct snt_policy after = {0};
  memset(out, 0, sizeof *out);
  SNT_TRY(old == NULL ? snt_done() : open_old(view, old, &before, err));
  SNT_TRY(open_new(draft, view, &after, err));
  return snt_issue_difference(&how, old == NULL ? NULL : &before, &after, out, NULL, err);
}
