/* MUST
 *  1. believe nothing of a pointer before enough of the configured keys have signed it, and nothing of the bytes before
 *     they have its hash;
 *  2. take no bundle of another name or installation, outside of its validity, or below the floor;
 *  3. take the manifest's word only where it agrees with the pointer's;
 *  4. leave nothing of a bundle that was not taken: while flow->bundle is there, flow->policy is that bundle. */
#include "issue/flow_bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "format/time.h"
#include "policy/pack.h"

void snt_flow_bundle_free(struct snt_flow_bundle **bundle) {
  if (*bundle != NULL) {
    snt_policy_keys_clear(&(*bundle)->keys);
    snt_buf_clear(&(*bundle)->text);
    snt_buf_clear(&(*bundle)->packed);
    free(*bundle);
  }
  *bundle = NULL;
}

static snt_status refuse(const struct snt_flow *flow, const char *what, const char *hint, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s %s: %s", flow->policy.source, what, flow->bundle->account));
  return snt_err_hint(err, "%s", hint);
}

/* Who asks for a number of signatures means to ask for some. */
static snt_status check_nothing_is_asked(const struct snt_flow *flow, struct snt_err *err) {
  if (snt_settings_text(flow->settings, SNT_SETTING_POLICY_MIN_SIGNATURES) == NULL) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.min_signatures is set, and policy.keys is not"));
  return snt_err_hint(err, "list the keys that sign policy, or remove policy.min_signatures");
}

snt_status snt_flow_check_unsigned(const struct snt_flow *flow, struct snt_err *err) {
  if (snt_settings_list(flow->settings, SNT_SETTING_POLICY_KEYS) == NULL) {
    return check_nothing_is_asked(flow, err);
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is not signed, and policy.keys asks for signatures",
                      flow->policy.source));
  return snt_err_hint(err,
                      flow->source.origin == SNT_POLICY_ORIGIN_FILE
                          ? "only bundles of SSM are signed: to try this one, write a test (`sentinel test`), or name "
                            "with --config a configuration without policy.keys"
                          : "put a signed bundle there: sentinel policy push NAME DIR --key KEY");
}

snt_status snt_flow_open_bundle(struct snt_flow *flow, struct snt_err *err) {
  snt_flow_bundle_free(&flow->bundle);
  flow->bundle = calloc(1, sizeof *flow->bundle);
  if (flow->bundle == NULL) {
    return snt_fail_memory(err);
  }
  const char *least = snt_settings_text(flow->settings, SNT_SETTING_POLICY_MIN_SIGNATURES);
  return snt_policy_keys_read(snt_settings_list(flow->settings, SNT_SETTING_POLICY_KEYS),
                              least == NULL ? 0 : strtoll(least, NULL, 10), &flow->bundle->keys, err);
}

/* For messages: which bundle this is, and who put it there when, as far as can be told. */
static void write_account(struct snt_flow_bundle *bundle, const struct snt_flow_value *value) {
  char when[32] = "";
  if (value->modified_ms > 0) {
    snt_time_format(value->modified_ms, false, when);
  }
  int used = snprintf(bundle->account, sizeof bundle->account, "serial %" PRId64 " (version %" PRId64 "%s%s",
                      bundle->pointer.serial, value->version, when[0] == '\0' ? "" : " of ", when);
  for (size_t i = 0; i < bundle->pointer.signature_count && used > 0 && used < (int)sizeof bundle->account; i++) {
    used += snprintf(bundle->account + used, sizeof bundle->account - (size_t)used, "%s%.24s...",
                     i == 0 ? ", signed by " : " and ", bundle->pointer.signatures[i].key);
  }
  if (used > 0 && used + 1 < (int)sizeof bundle->account) {
    (void)snprintf(bundle->account + used, sizeof bundle->account - (size_t)used, ")");
  }
}

static snt_status read_pointer(struct snt_flow *flow, const struct snt_flow_value *value, struct snt_err *err) {
  SNT_TRY(snt_flow_open_bundle(flow, err));
  SNT_TRY(snt_pointer_parse(flow->policy.source, value->text, &flow->bundle->pointer, err));
  SNT_TRY(snt_buf_append(&flow->bundle->text, value->text.data, value->text.len, err));
  write_account(flow->bundle, value);
  return snt_done();
}

/* The keys' ids, for the record: what is not asked for is not vouched for. */
static void name_signers(struct snt_flow_bundle *bundle) {
  size_t count = bundle->keys.count == 0 ? 0 : bundle->pointer.signature_count;
  for (size_t i = 0; i < count; i++) {
    bundle->signed_by[i] = bundle->pointer.signatures[i].key;
  }
}

static snt_status check_names(const struct snt_flow *flow, struct snt_err *err) {
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  const char *installation = snt_settings_text(flow->settings, SNT_SETTING_INSTALLATION);
  bool is_signed = flow->bundle->keys.count > 0;
  if (strcmp(pointer->name, strrchr(flow->source.path, '/') + 1) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s holds bundle \"%s\": %s", flow->policy.source, pointer->name,
                        flow->bundle->account));
    return snt_err_hint(err, "a bundle is good only under its own name: publish it there");
  }
  if (installation == NULL && is_signed) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.keys is set, and installation is not"));
    return snt_err_hint(err, "set installation to the name that bundles are signed for: %s",
                        pointer->installation[0] == '\0' ? "this one names none" : pointer->installation);
  }
  if (installation != NULL && strcmp(installation, pointer->installation) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is for installation \"%s\", and this one is \"%s\": %s",
                        flow->policy.source, pointer->installation, installation, flow->bundle->account));
    return snt_err_hint(err, "check installation in the configuration and in the bundle's manifest");
  }
  return snt_done();
}

static snt_status check_validity(const struct snt_flow *flow, struct snt_err *err) {
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  int64_t now_ms = snt_flow_now_ms(flow);
  char what[64];
  if (now_ms < pointer->not_before_ms) {
    (void)snprintf(what, sizeof what, "is not valid before %s", pointer->not_before);
    return refuse(flow, what, "wait, or publish a bundle that is valid now", err);
  }
  if (now_ms >= pointer->not_after_ms) {
    (void)snprintf(what, sizeof what, "was valid until %s", pointer->not_after);
    SNT_IGNORE(refuse(flow, what, "", err));
    return snt_err_hint(err, "have it pushed again under the same serial: sentinel policy push %s DIR --key KEY",
                        pointer->name);
  }
  return snt_done();
}

/* What is refused is told with which bundle it is, as far as it can be told of one that nobody stands for. */
static snt_status check_signatures(const struct snt_flow *flow, struct snt_err *err) {
  char source[sizeof flow->policy.source + sizeof flow->bundle->account + 4];
  (void)snprintf(source, sizeof source, "%s, %s,", flow->policy.source, flow->bundle->account);
  return snt_policy_keys_verify(&flow->bundle->keys, &flow->bundle->pointer, source, err);
}

static snt_status check_pointer(struct snt_flow *flow, bool *is_below, struct snt_err *err) {
  SNT_TRY(check_signatures(flow, err));
  name_signers(flow->bundle);
  SNT_TRY(check_names(flow, err));
  SNT_TRY(snt_flow_check_floor(flow, is_below, err)); /* first: what has ended and is older, too, is an outage */
  return check_validity(flow, err);
}

static snt_status check_manifest(const struct snt_flow *flow, struct snt_err *err) {
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  const struct snt_manifest *manifest = &flow->policy.manifest;
  if (strcmp(manifest->name, pointer->name) != 0 || manifest->serial != pointer->serial ||
      strcmp(manifest->installation, pointer->installation) != 0) {
    return refuse(flow, "holds a manifest that names another bundle than its pointer",
                  "publish it again: sentinel policy push", err);
  }
  return flow->bundle->keys.count > 0 ? snt_manifest_check_signed(manifest, err) : snt_done();
}

/* Whose plain names are known: the bundle says it where the administrator does not. */
static snt_status apply_accounts(struct snt_flow *flow, struct snt_err *err) {
  const char *const *own = snt_settings_list(flow->settings, SNT_SETTING_IDENTITY_ACCOUNTS);
  char arn[sizeof flow->who.arn];
  if (own != NULL || flow->policy.manifest.accounts == NULL || flow->who.arn[0] == '\0') {
    return snt_done();
  }
  memcpy(arn, flow->who.arn, sizeof arn);
  return snt_aws_identity_parse(arn, (const char *const *)flow->policy.manifest.accounts, &flow->who, err);
}

/* The bytes that the pointer names. */
static snt_status find_packed(struct snt_flow *flow, const char *region, bool is_kept, bool *is_outage,
                              struct snt_err *err) {
  if (snt_flow_recall_parts(flow)) {
    return snt_done();
  }
  if (is_kept) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "no copy of the bundle was kept");
  }
  SNT_TRY(snt_flow_fetch_parts(flow, region, is_outage, err));
  snt_flow_keep_parts(flow);
  return snt_done();
}

static snt_status take_packed(struct snt_flow *flow, struct snt_err *err) {
  const struct snt_buf *packed = &flow->bundle->packed;
  struct snt_policy fetched = flow->policy; /* what is known of where it came from */
  SNT_TRY(snt_policy_from_packed(fetched.source, (struct snt_slice){packed->data, packed->len}, &flow->policy, err));
  memcpy(flow->policy.region, fetched.region, sizeof fetched.region);
  flow->policy.version = fetched.version;
  return check_manifest(flow, err);
}

static snt_status take_pointer(struct snt_flow *flow, const struct snt_flow_value *value, bool is_kept, bool *is_outage,
                               struct snt_err *err) {
  snt_policy_clear(&flow->policy);
  flow->policy.version = value->version;
  (void)snprintf(flow->policy.source, sizeof flow->policy.source, "ssm:%s", flow->source.path);
  (void)snprintf(flow->policy.region, sizeof flow->policy.region, "%s", value->region);
  SNT_TRY(read_pointer(flow, value, err));
  SNT_TRY(check_pointer(flow, is_outage, err));
  SNT_TRY(find_packed(flow, value->region, is_kept, is_outage, err));
  SNT_TRY(take_packed(flow, err));
  if (!is_kept) {
    snt_flow_raise_floor(flow);
  }
  return snt_done();
}

snt_status snt_flow_take_pointer(struct snt_flow *flow, const struct snt_flow_value *value, bool is_kept,
                                 bool *is_outage, struct snt_err *err) {
  flow->stage = "policy";
  snt_status status = take_pointer(flow, value, is_kept, is_outage, err);
  if (!snt_ok(status)) { /* what was verified of it may vouch for nothing that comes next */
    snt_flow_bundle_free(&flow->bundle);
    snt_policy_clear(&flow->policy);
  }
  return status;
}

snt_status snt_flow_recheck_bundle(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "policy";
  SNT_TRY(check_validity(flow, err));
  return apply_accounts(flow, err);
}
