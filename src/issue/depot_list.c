#include "issue/depot.h"

/* A page of a listing or a history: the one that comes next. */
struct paging {
  struct snt_depot *depot;
  size_t region;
  const char *name;
  struct snt_ssm_entries *out;
};

static snt_status prepare_history(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  (void)i;
  const struct paging *paging = context;
  struct snt_depot *depot = paging->depot;
  return snt_ssm_prepare_get_history(call, &depot->ssm[paging->region], snt_flow_signer(&depot->flow), paging->name,
                                     paging->out->next_token, err);
}

static snt_status take_history(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  (void)i;
  const struct paging *paging = context;
  return snt_ssm_parse_get_history(call, paging->out, err);
}

static snt_status prepare_listing(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  (void)i;
  const struct paging *paging = context;
  struct snt_depot *depot = paging->depot;
  return snt_ssm_prepare_get_by_path(call, &depot->ssm[paging->region], snt_flow_signer(&depot->flow), paging->name,
                                     paging->out->next_token, err);
}

static snt_status take_listing(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  (void)i;
  const struct paging *paging = context;
  return snt_ssm_parse_get_by_path(call, paging->out, err);
}

/* All pages, each asked with what the one before said. */
static snt_status read_pages(struct paging *paging, const struct snt_depot_batch *batch, struct snt_err *err) {
  do {
    SNT_TRY(snt_depot_perform(paging->depot, batch, err));
  } while (paging->out->next_token != NULL);
  return snt_done();
}

snt_status snt_depot_read_history(struct snt_depot *depot, size_t region, const char *parameter,
                                  struct snt_ssm_entries *out, struct snt_err *err) {
  struct paging paging = {depot, region, parameter, out};
  const struct snt_depot_batch batch = {
      .count = 1, .context = &paging, .prepare = prepare_history, .take = take_history};
  return read_pages(&paging, &batch, err);
}

snt_status snt_depot_list(struct snt_depot *depot, size_t region, const char *path, struct snt_ssm_entries *out,
                          struct snt_err *err) {
  struct paging paging = {depot, region, path, out};
  const struct snt_depot_batch batch = {
      .count = 1, .context = &paging, .prepare = prepare_listing, .take = take_listing};
  return read_pages(&paging, &batch, err);
}

/* Names on their way out, ten a call. */
struct removal {
  struct snt_depot *depot;
  size_t region;
  const char *const *names;
  size_t count;
};

static struct snt_ssm_names names_of(const struct removal *removal, size_t call) {
  size_t first = call * SNT_SSM_BATCH_MAX;
  size_t left = removal->count - first;
  return (struct snt_ssm_names){removal->names + first, left < SNT_SSM_BATCH_MAX ? left : SNT_SSM_BATCH_MAX};
}

static snt_status prepare_removal(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  const struct removal *removal = context;
  struct snt_depot *depot = removal->depot;
  const struct snt_ssm_names names = names_of(removal, i);
  return snt_ssm_prepare_delete_parameters(call, &depot->ssm[removal->region], snt_flow_signer(&depot->flow), &names,
                                           err);
}

static snt_status take_removal(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  const struct removal *removal = context;
  const struct snt_ssm_names names = names_of(removal, i);
  size_t deleted = 0;
  return snt_ssm_parse_delete_parameters(call, &names, &deleted, err);
}

snt_status snt_depot_delete(struct snt_depot *depot, size_t region, const char *const *names, size_t count,
                            struct snt_err *err) {
  struct removal removal = {depot, region, names, count};
  const struct snt_depot_batch batch = {.count = (count + SNT_SSM_BATCH_MAX - 1) / SNT_SSM_BATCH_MAX,
                                        .context = &removal,
                                        .prepare = prepare_removal,
                                        .take = take_removal};
  return snt_depot_perform(depot, &batch, err);
}
