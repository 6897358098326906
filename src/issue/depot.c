#include "issue/depot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "issue/signals.h"

enum { WINDOW = 8, CALL_MS = 10000, PAUSE_MIN_MS = 200, PAUSE_MAX_MS = 5000, THROTTLED_MS = 60000, OUTAGES_MAX = 2 };

snt_status snt_published_take(const char *parameter, struct snt_slice value, struct snt_published *out,
                              struct snt_err *err) {
  char source[192];
  SNT_TRY(snt_buf_append(&out->value, value.data, value.len, err));
  out->is_pointer = snt_pointer_is_one(value);
  (void)snprintf(source, sizeof source, "ssm:%s in %s", parameter, out->region);
  if (out->is_pointer && !snt_ok(snt_pointer_parse(source, value, &out->pointer, &out->unreadable))) {
    memset(&out->pointer, 0, sizeof out->pointer);
  }
  return snt_done();
}

void snt_depot_clear(struct snt_depot *depot) { snt_flow_clear(&depot->flow); }

snt_status snt_depot_open(struct snt_depot *depot, const struct snt_issue_options *options, struct snt_err *err) {
  struct snt_flow *flow = &depot->flow;
  flow->options = options;
  flow->stage = "config";
  SNT_TRY(snt_flow_load_settings(flow, err));
  SNT_TRY(snt_environment_take(&flow->environment, err));
  SNT_TRY(snt_flow_find_caller(flow, err));
  SNT_TRY(snt_flow_find_credentials(flow, err));
  SNT_TRY(snt_flow_ask(flow, err));
  for (depot->count = 0; flow->regions[depot->count] != NULL; depot->count++) {
    const char *region = flow->regions[depot->count];
    SNT_TRY(snt_flow_open_service(flow, "ssm", region, &depot->ssm[depot->count], err));
  }
  return snt_done();
}

/* Some of a batch's calls, on their way. */
struct window {
  const struct snt_depot_batch *batch;
  size_t first, count;
  struct snt_aws_call calls[WINDOW];
  bool is_done[WINDOW];
};

static void clear_window(struct window *window) {
  for (size_t i = 0; i < window->count; i++) {
    snt_aws_call_clear(&window->calls[i]);
  }
}

static void pause_ms(int64_t ms) {
  (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Sends those that are not done, and takes what came; *has_busy, *has_lost: some are to be asked again. */
static snt_status send(struct snt_depot *depot, struct window *window, bool may_wait, bool may_lose, size_t *left,
                       bool *has_lost, struct snt_err *err) {
  struct snt_aws_call *calls[WINDOW];
  size_t count = 0;
  for (size_t i = 0; i < window->count; i++) {
    if (!window->is_done[i]) {
      calls[count++] = &window->calls[i];
    }
  }
  SNT_TRY(snt_aws_perform(depot->flow.client, calls, count, err));
  *left = 0;
  for (size_t i = 0; i < window->count; i++) {
    const struct snt_aws_call *call = &window->calls[i];
    bool is_lost = snt_aws_call_is_outage(call) && !snt_aws_call_is_throttled(call);
    bool is_again = snt_aws_call_is_throttled(call) ? may_wait : is_lost && may_lose;
    if (window->is_done[i]) {
      continue;
    }
    *has_lost = *has_lost || (is_again && is_lost);
    *left += is_again ? 1 : 0;
    window->is_done[i] = !is_again;
    SNT_TRY(is_again ? snt_done() : window->batch->take(window->batch->context, window->first + i, call, err));
  }
  return snt_done();
}

static snt_status check_signals(struct snt_depot *depot, struct snt_err *err) {
  depot->signal = depot->held == NULL ? 0 : snt_signals_take(depot->held, 0);
  return depot->signal == 0 ? snt_done() : snt_fail(err, SNT_CODE_ACTION_REQUIRED, "interrupted");
}

static snt_status perform_window(struct snt_depot *depot, struct window *window, struct snt_err *err) {
  for (size_t i = 0; i < window->count; i++) {
    SNT_TRY(window->batch->prepare(window->batch->context, window->first + i, &window->calls[i], err));
    window->calls[i].timeout_ms = CALL_MS; /* nobody waits for credentials meanwhile */
  }
  int64_t end_ms = snt_clock_monotonic_ms() + THROTTLED_MS;
  int outages = 0;
  for (int64_t pause = PAUSE_MIN_MS;; pause = pause < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS) {
    size_t left = 0;
    bool has_lost = false;
    bool may_wait = snt_clock_monotonic_ms() + pause < end_ms;
    SNT_TRY(check_signals(depot, err));
    SNT_TRY(send(depot, window, may_wait, outages < OUTAGES_MAX, &left, &has_lost, err));
    if (left == 0) {
      return snt_done();
    }
    outages += has_lost ? 1 : 0;
    pause_ms(pause);
  }
}

snt_status snt_depot_perform(struct snt_depot *depot, const struct snt_depot_batch *batch, struct snt_err *err) {
  for (size_t first = 0; first < batch->count; first += WINDOW) {
    size_t count = batch->count - first < WINDOW ? batch->count - first : WINDOW;
    SNT_CLEANUP(clear_window) struct window window = {.batch = batch, .first = first, .count = count};
    SNT_TRY(perform_window(depot, &window, err));
  }
  return snt_done();
}

struct looking {
  struct snt_depot *depot;
  const char *parameter;
  struct snt_published *out;
};

static snt_status prepare_look(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  const struct looking *looking = context;
  const struct snt_ssm_names names = {&looking->parameter, 1};
  struct snt_depot *depot = looking->depot;
  return snt_ssm_prepare_get_parameters(call, &depot->ssm[i], snt_flow_signer(&depot->flow), &names, err);
}

static snt_status take_look(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  const struct looking *looking = context;
  const struct snt_ssm_names names = {&looking->parameter, 1};
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  struct snt_published *out = &looking->out[i];
  snt_published_clear(out);
  (void)snprintf(out->region, sizeof out->region, "%s", looking->depot->flow.regions[i]);
  SNT_TRY(snt_ssm_parse_get_parameters(call, &names, &batch, err));
  const struct snt_ssm_parameter *parameter = &batch.list[0];
  out->version = parameter->version;
  out->is_secure = parameter->is_secure;
  struct snt_slice value = {snt_buf_borrow(&parameter->value), parameter->value.len};
  return out->version == 0 ? snt_done() : snt_published_take(looking->parameter, value, out, err);
}

snt_status snt_depot_look(struct snt_depot *depot, const char *parameter, struct snt_published *out,
                          struct snt_err *err) {
  struct looking looking = {depot, parameter, out};
  const struct snt_depot_batch batch = {
      .count = depot->count, .context = &looking, .prepare = prepare_look, .take = take_look};
  return snt_depot_perform(depot, &batch, err);
}
