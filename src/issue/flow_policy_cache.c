/* A policy of SSM that was fetched a moment ago (policy.cache_ttl): a file below $XDG_CACHE_HOME/sentinel, vouched for
 * by the base secret, good in the boot in which it was written.
 *
 * MUST
 *  1. use nothing that the base secret does not vouch for, for another question than was asked, or that is too old;
 *  2. use no copy where the administrator locked where policy comes from: its user holds that secret, and could make
 *     one, or make an old one look young. Of a bundle the pointer is kept, and verified as if it had just come. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "issue/flow_bundle.h"

enum { FILE_CAP = 64 * 1024, HEAD_CAP = 1024 };

static int64_t read_ttl_ms(const struct snt_flow *flow) {
  bool is_on = !snt_settings_is_locked(flow->settings, SNT_SETTING_POLICY_SOURCE) &&
               flow->cache.place != SNT_CACHE_OFF && flow->source.origin == SNT_POLICY_ORIGIN_SSM;
  return is_on ? snt_settings_seconds(flow->settings, SNT_SETTING_POLICY_CACHE_TTL) * 1000 : 0;
}

/* A name for the question: parameter, regions and the way to each, whoever else asks it. So a copy is used only while
 * the way to its region is the one that it came by. */
static snt_status name_question(const struct snt_flow *flow, char out[static SNT_CACHE_NAME_CAP], struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err, "%s\n%s\n", flow->base.access_key_id, flow->source.path));
  for (const char *const *region = flow->regions; *region != NULL; region++) {
    SNT_TRY(snt_buf_appendf(&text, err, "%s\n", *region));
    SNT_TRY(snt_flow_add_way_in(flow, "ssm", *region, &text, err));
  }
  snt_cache_name(&flow->cache, "policy", "", (struct snt_slice){text.data, text.len}, out);
  return snt_done();
}

snt_status snt_flow_cache_folder(struct snt_buf *out, struct snt_err *err) {
  const char *cache = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  if (cache != NULL && cache[0] == '/') {
    return snt_buf_appendf(out, err, "%s/sentinel", cache);
  }
  if (home == NULL || home[0] != '/') {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "HOME is not set");
  }
  return snt_buf_appendf(out, err, "%s/.cache/sentinel", home);
}

static snt_status find_path(const char *name, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_flow_cache_folder(out, err));
  return snt_buf_appendf(out, err, "/policy-%.32s", name + 1);
}

static void vouch(const struct snt_flow *flow, const char *name, struct snt_slice content,
                  char out[static SNT_SHA256_HEX_CAP]) {
  char text[SNT_CACHE_NAME_CAP];
  snt_cache_name(&flow->cache, "policy-value", "", content, text);
  char both[2 * SNT_CACHE_NAME_CAP];
  int len = snprintf(both, sizeof both, "%s%s", name, text);
  snt_cache_name(&flow->cache, "policy-voucher", "", (struct snt_slice){both, (size_t)len}, text);
  memcpy(out, text + 1, SNT_SHA256_HEX_CAP);
}

static bool take_value(struct snt_flow *flow, const struct snt_flow_value *value) {
  bool is_outage = false;
  snt_status status = snt_pointer_is_one(value->text)
                          ? snt_flow_take_pointer(flow, value, true, &is_outage, NULL)
                          : snt_policy_from_parameter(flow->source.path, value->region, value->version, value->text,
                                                      &flow->policy, NULL);
  if (!snt_ok(status)) {
    snt_policy_clear(&flow->policy);
  }
  return snt_ok(status);
}

/* Behind the voucher and a line feed: "<boot id> <boot time> <wall time> <version> <region>\n", and the parameter's
 * value. */
static bool take_content(struct snt_flow *flow, struct snt_slice content, int64_t ttl_ms) {
  char boot_id[37];
  char *rest = NULL;
  char region[64];
  const char *end = memchr(content.data, '\n', content.len);
  snt_clock_boot_id(boot_id);
  size_t len = strlen(boot_id);
  if (end == NULL || len == 0 || strncmp(content.data, boot_id, len) != 0 || content.data[len] != ' ') {
    return false;
  }
  int64_t boot_ms = strtoll(content.data + len, &rest, 10);
  int64_t wall_ms = strtoll(rest, &rest, 10);
  int64_t age_ms = snt_clock_boot_ms() - boot_ms;
  int64_t version = strtoll(rest, &rest, 10);
  int region_len = *rest == ' ' ? (int)(end - rest) - 1 : 0;
  if (age_ms < 0 || age_ms >= ttl_ms || !snt_clock_agrees(boot_ms, wall_ms) || region_len <= 0 ||
      region_len >= (int)sizeof region) {
    return false;
  }
  (void)snprintf(region, sizeof region, "%.*s", region_len, rest + 1);
  struct snt_slice text = {end + 1, content.len - (size_t)(end + 1 - content.data)};
  const struct snt_flow_value value = {.text = text, .region = region, .version = version};
  struct snt_aws_endpoint ssm = {0};
  bool is_taken = snt_ok(snt_aws_endpoint_of(&flow->target, "ssm", region, &ssm, NULL)) && take_value(flow, &value);
  if (is_taken) {
    snt_flow_note_host(flow, &ssm, &flow->policy_from);
  }
  flow->policy_age_ms = is_taken ? age_ms : 0;
  return is_taken;
}

bool snt_flow_recall_policy(struct snt_flow *flow) {
  char name[SNT_CACHE_NAME_CAP];
  char voucher[SNT_SHA256_HEX_CAP];
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  int64_t ttl_ms = read_ttl_ms(flow);
  size_t head = SNT_SHA256_HEX_CAP; /* digits and a line feed */
  if (ttl_ms == 0 || !snt_ok(name_question(flow, name, NULL)) || !snt_ok(find_path(name, &path, NULL)) ||
      !snt_ok(snt_file_read(path.data, SNT_FILE_PRIVATE, FILE_CAP, &text, NULL)) || text.len <= head) {
    return false;
  }
  struct snt_slice content = {text.data + head, text.len - head};
  vouch(flow, name, content, voucher);
  return text.data[head - 1] == '\n' && snt_digest_is_equal(voucher, text.data, head - 1) &&
         take_content(flow, content, ttl_ms);
}

static snt_status format_file(const struct snt_flow *flow, const char *name, struct snt_buf *out, struct snt_err *err) {
  char boot_id[37];
  char voucher[SNT_SHA256_HEX_CAP];
  SNT_BUF_AUTO struct snt_buf content = {0};
  snt_clock_boot_id(boot_id);
  SNT_TRY(snt_buf_appendf(&content, err, "%s %" PRId64 " %" PRId64 " %" PRId64 " %s\n", boot_id, snt_clock_boot_ms(),
                          snt_clock_wall_ms(), flow->policy.version, flow->policy.region));
  const struct snt_buf *value = flow->bundle == NULL ? &flow->policy.text : &flow->bundle->text;
  SNT_TRY(snt_buf_append(&content, value->data, value->len, err));
  vouch(flow, name, (struct snt_slice){content.data, content.len}, voucher);
  SNT_TRY(snt_buf_appendf(out, err, "%s\n", voucher));
  return snt_buf_append(out, content.data, content.len, err);
}

/* "policy-" and 32 digits; others may keep other files there. */
static bool is_copy(const char *name) {
  size_t prefix = strlen("policy-");
  return strlen(name) == prefix + 32 && strncmp(name, "policy-", prefix) == 0 &&
         strspn(name + prefix, "0123456789abcdef") == 32;
}

/* Each key has copies of its own, and temporary keys come and go: what is too old for anybody goes. */
static void tidy(const char *folder, int64_t ttl_ms) {
  DIR *dir = opendir(folder);
  time_t oldest = (time_t)((snt_clock_wall_ms() - ttl_ms) / 1000);
  for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL; entry = readdir(dir)) {
    struct stat info;
    bool is_ours = is_copy(entry->d_name) && fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                   S_ISREG(info.st_mode);
    if (is_ours && info.st_mtime < oldest) {
      (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
  }
  if (dir != NULL) {
    (void)closedir(dir);
  }
}

/* Best effort: what is not kept is fetched again. */
void snt_flow_keep_policy(const struct snt_flow *flow) {
  char name[SNT_CACHE_NAME_CAP];
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (read_ttl_ms(flow) == 0 || !snt_ok(name_question(flow, name, NULL)) || !snt_ok(find_path(name, &path, NULL)) ||
      !snt_ok(snt_buf_append(&folder, path.data, (size_t)(strrchr(path.data, '/') - path.data), NULL)) ||
      !snt_ok(snt_file_make_folders(folder.data, NULL)) || !snt_ok(format_file(flow, name, &text, NULL))) {
    return;
  }
  tidy(folder.data, read_ttl_ms(flow));
  SNT_IGNORE(snt_file_replace(path.data, text.data, text.len, 0600, NULL));
}
