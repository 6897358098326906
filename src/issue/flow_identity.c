/* Who asks, and what time it is, from the last time that STS said so (aws.md, Time; Base credentials): for an hour of
 * the same boot, under the secret of the credentials that were asked for.
 *
 * MUST
 *  1. keep nothing where the administrator locked where policy comes from: whoever has the base secret can vouch for
 *     what he likes, and so for another name and another time;
 *  2. believe no time that the clocks of this machine do not agree on: one of them was turned, or it stood still (a
 *     virtual machine that was halted) while the time went on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "issue/flow.h"

enum { LIFE_S = 3600, ENTRY_CAP = 2048 + 1024 };

/* What was asked of whom, and for which log; temporary keys have a secret of their own each. */
snt_status snt_flow_name_identity(const struct snt_flow *flow, char out[static SNT_CACHE_NAME_CAP],
                                  struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_flow_state_folder(flow, &text, err));
  SNT_TRY(snt_buf_appendf(&text, err, "\n%s\n", flow->base.access_key_id));
  SNT_TRY(snt_flow_add_way(flow, "sts", &text, err));
  snt_cache_name(&flow->cache, SNT_KEYCHAIN_KIND_IDENTITY, "", (struct snt_slice){text.data, text.len}, out);
  return snt_done();
}

/* " <host> <proxy or -> <region> ", of the STS that said it; what is behind it. NULL for what is none. */
static const char *parse_host(const char *text, struct snt_flow_host *out) {
  int used = 0;
  *out = (struct snt_flow_host){0};
  bool is_one = sscanf(text, " %271s %511s %63s %n", out->host, out->proxy, out->region, &used) == 3 && used > 0;
  if (strcmp(out->proxy, "-") == 0) {
    out->proxy[0] = '\0';
  }
  return is_one ? text + used : NULL;
}

/* "<boot id> <boot time> <wall time> <server time> <host> <proxy or -> <region> <ARN>"; the times are those of one
 * moment. */
static bool parse_entry(struct snt_flow *flow, const char *text) {
  char boot_id[37];
  char *rest = NULL;
  snt_clock_boot_id(boot_id);
  size_t len = strlen(boot_id);
  if (len == 0 || strncmp(text, boot_id, len) != 0 || text[len] != ' ') {
    return false;
  }
  int64_t boot_ms = strtoll(text + len, &rest, 10);
  int64_t wall_ms = strtoll(rest, &rest, 10);
  int64_t server_ms = strtoll(rest, &rest, 10);
  int64_t age_ms = snt_clock_boot_ms() - boot_ms;
  const char *const *accounts = snt_settings_list(flow->settings, SNT_SETTING_IDENTITY_ACCOUNTS);
  struct snt_flow_host from;
  const char *arn = parse_host(rest, &from);
  if (arn == NULL || age_ms < 0 || age_ms > LIFE_S * INT64_C(1000) || !snt_clock_agrees(boot_ms, wall_ms) ||
      server_ms <= 0 || !snt_ok(snt_aws_identity_parse(arn, accounts, &flow->who, NULL))) {
    return false;
  }
  flow->sts_from = from;
  flow->server_time_ms = server_ms;
  flow->server_boot_ms = boot_ms;
  flow->time_source = SNT_TIME_CACHED;
  return true;
}

bool snt_flow_keeps_identity(const struct snt_flow *flow) {
  return flow->has_caches && !snt_settings_is_locked(flow->settings, SNT_SETTING_POLICY_SOURCE);
}

bool snt_flow_recall_identity(struct snt_flow *flow) {
  char name[SNT_CACHE_NAME_CAP];
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  return snt_ok(snt_flow_name_identity(flow, name, NULL)) &&
         snt_cache_read(&flow->cache, SNT_KEYCHAIN_KIND_IDENTITY, name, &entry) &&
         parse_entry(flow, snt_secret_borrow(entry));
}

void snt_flow_remember_identity(struct snt_flow *flow) {
  char name[SNT_CACHE_NAME_CAP];
  char boot_id[37];
  char text[ENTRY_CAP];
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  snt_clock_boot_id(boot_id);
  int64_t wall_ms = snt_clock_wall_ms() - (snt_clock_boot_ms() - flow->server_boot_ms);
  const struct snt_flow_host *from = &flow->sts_from;
  int len = snprintf(text, sizeof text, "%s %" PRId64 " %" PRId64 " %" PRId64 " %s %s %s %s", boot_id,
                     flow->server_boot_ms, wall_ms, flow->server_time_ms, from->host,
                     from->proxy[0] == '\0' ? "-" : from->proxy, from->region, flow->who.arn);
  flow->is_identity_kept = snt_flow_keeps_identity(flow) && len > 0 && len < (int)sizeof text &&
                           snt_ok(snt_flow_name_identity(flow, name, NULL)) &&
                           snt_ok(snt_secret_new_from(text, (size_t)len, &entry, NULL)) &&
                           snt_cache_write(&flow->cache, SNT_KEYCHAIN_KIND_IDENTITY, name, entry, LIFE_S);
}

void snt_flow_forget_identity(const struct snt_flow *flow) {
  char name[SNT_CACHE_NAME_CAP];
  if (snt_ok(snt_flow_name_identity(flow, name, NULL))) {
    snt_cache_remove(&flow->cache, SNT_KEYCHAIN_KIND_IDENTITY, name);
  }
}
