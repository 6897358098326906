/* A policy's parameter, from what it was to what it is to be. SSM knows no "only if it is still that": it is looked at
 * before and behind, and what another wrote in between is told. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "issue/depot.h"

enum { READ_BACKS = 4, READ_BACK_PAUSE_MS = 250, TRIES_MAX = 5, TRY_PAUSE_MS = 500 };

struct putting {
  struct snt_depot *depot;
  size_t region;
  const struct snt_depot_put *put;
  struct snt_published now; /* what is there */
};

static void clear_putting(struct putting *putting) { snt_published_clear(&putting->now); }

static bool is_value(const struct snt_published *published, struct snt_slice value) {
  return published->version > 0 && published->value.len == value.len &&
         memcmp(published->value.data, value.data, value.len) == 0;
}

static snt_status prepare_read(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  (void)i;
  const struct putting *putting = context;
  struct snt_depot *depot = putting->depot;
  const struct snt_ssm_names names = {&putting->put->parameter, 1};
  return snt_ssm_prepare_get_parameters(call, &depot->ssm[putting->region], snt_flow_signer(&depot->flow), &names, err);
}

static snt_status take_read(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  (void)i;
  struct putting *putting = context;
  const struct snt_ssm_names names = {&putting->put->parameter, 1};
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  snt_published_clear(&putting->now);
  SNT_TRY(snt_ssm_parse_get_parameters(call, &names, &batch, err));
  putting->now.version = batch.list[0].version;
  struct snt_buf *value = &batch.list[0].value;
  return snt_buf_append(&putting->now.value, snt_buf_borrow(value), value->len, err);
}

static snt_status read_now(struct putting *putting, struct snt_err *err) {
  const struct snt_depot_batch batch = {.count = 1, .context = putting, .prepare = prepare_read, .take = take_read};
  return snt_depot_perform(putting->depot, &batch, err);
}

static snt_status fail_changed(const struct putting *putting, struct snt_err *err) {
  const char *parameter = putting->put->parameter;
  const char *region = putting->depot->flow.regions[putting->region];
  SNT_IGNORE(snt_fail(err, SNT_CODE_CHANGED, "somebody else wrote %s in %s meanwhile: it is version %" PRId64 " now",
                      parameter, region, putting->now.version));
  return snt_err_hint(
      err,
      "see who that was with `sentinel policy history %s --region %s`, and run this again; a push needs "
      "a serial above theirs then",
      strrchr(parameter, '/') + 1, region);
}

static snt_status send_put(struct putting *putting, enum snt_ssm_tier tier, struct snt_aws_call *call,
                           struct snt_err *err) {
  struct snt_depot *depot = putting->depot;
  const struct snt_ssm_put put = {.name = putting->put->parameter,
                                  .value = putting->put->value,
                                  .tier = tier,
                                  .is_secure = putting->put->seen->is_secure, /* SSM changes no type */
                                  .may_overwrite = putting->put->seen->version > 0};
  SNT_TRY(snt_ssm_prepare_put_parameter(call, &depot->ssm[putting->region], snt_flow_signer(&depot->flow), &put, err));
  struct snt_aws_call *const calls[] = {call};
  return snt_aws_perform(depot->flow.client, calls, 1, err);
}

/* Nobody can make a standard parameter of an advanced one again, and SSM says so. */
static bool is_advanced_already(const struct snt_err *err) {
  return strstr(err->message, "advanced-parameter tier") != NULL;
}

/* What became of a write. */
enum wrote { WROTE_NOTHING = 0, WROTE_MAYBE, WROTE_IT };

/* One try. WROTE_MAYBE and WROTE_NOTHING leave the failure in err; only the latter with code OK may be tried again. */
static snt_status write_value(struct putting *putting, enum wrote *wrote, struct snt_err *err) {
  int64_t version = 0;
  bool is_small = putting->put->value.len <= SNT_DEPOT_STANDARD;
  enum snt_ssm_tier tier = is_small ? SNT_SSM_TIER_STANDARD : SNT_SSM_TIER_ADVANCED;
  for (;; tier = SNT_SSM_TIER_ADVANCED) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    SNT_TRY(send_put(putting, tier, &call, err));
    snt_status status = snt_ssm_parse_put_parameter(&call, &version, err);
    bool is_throttled = snt_aws_call_is_throttled(&call);
    bool is_open = snt_aws_call_is_outage(&call) || snt_ssm_is_put_over_existing(&call);
    *wrote = snt_ok(status) ? WROTE_IT : is_open && !is_throttled ? WROTE_MAYBE : WROTE_NOTHING;
    if (*wrote != WROTE_NOTHING || is_throttled) {
      return snt_done();
    }
    if (tier == SNT_SSM_TIER_ADVANCED || !is_advanced_already(err)) {
      return status;
    }
  }
}

static void pause_ms(long ms) {
  (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* Waits until the value is there; a read that follows a write may come before it. *is_there stays false when the
 * parameter is what it was. */
static snt_status read_back(struct putting *putting, bool *is_there, struct snt_err *err) {
  for (int tries = 0; tries < READ_BACKS; tries++) {
    SNT_TRY(read_now(putting, err));
    *is_there = is_value(&putting->now, putting->put->value);
    if (*is_there) {
      return snt_done();
    }
    if (putting->now.version != putting->put->seen->version) {
      return fail_changed(putting, err);
    }
    pause_ms(READ_BACK_PAUSE_MS);
  }
  return snt_done();
}

static snt_status fail_unseen(const struct putting *putting, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_INVALID,
                      "SSM said in %s that %s was written, and reading it shows the old one",
                      putting->depot->flow.regions[putting->region], putting->put->parameter));
  return snt_err_hint(err,
                      "look again in a moment with `sentinel policy verify`, and run this again if it is still so");
}

/* Of two who write at once, the later one sees that his is not the version that comes next. */
static snt_status check_version(const struct putting *putting, struct snt_err *err) {
  if (putting->now.version == putting->put->seen->version + 1) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CHANGED,
                      "somebody else wrote %s in %s at the same moment, and was written over: it is version %" PRId64
                      " now",
                      putting->put->parameter, putting->depot->flow.regions[putting->region], putting->now.version));
  return snt_err_hint(err, "see who that was with `sentinel policy history`, and agree on what is to be in force");
}

static snt_status put_value(struct putting *putting, struct snt_err *err) {
  bool is_there = false;
  struct snt_err failure = {0};
  for (int tries = 0; tries < TRIES_MAX; tries++) {
    enum wrote wrote = WROTE_NOTHING;
    SNT_TRY(read_now(putting, err));
    if (is_value(&putting->now, putting->put->value)) {
      return snt_done();
    }
    SNT_TRY(putting->now.version == putting->put->seen->version ? snt_done() : fail_changed(putting, err));
    snt_status status = write_value(putting, &wrote, &failure);
    if (!snt_ok(status)) {
      *err = failure;
      return status;
    }
    SNT_TRY(wrote == WROTE_NOTHING ? snt_done() : read_back(putting, &is_there, err));
    if (is_there || wrote == WROTE_IT) {
      return is_there ? check_version(putting, err) : fail_unseen(putting, err);
    }
    pause_ms(TRY_PAUSE_MS << tries);
  }
  *err = failure;
  return (snt_status){failure.code};
}

snt_status snt_depot_put(struct snt_depot *depot, size_t region, const struct snt_depot_put *put, int64_t *version,
                         struct snt_err *err) {
  SNT_CLEANUP(clear_putting) struct putting putting = {.depot = depot, .region = region, .put = put};
  snt_status status = put_value(&putting, err);
  *version = is_value(&putting.now, put->value) ? putting.now.version : 0;
  return status;
}
