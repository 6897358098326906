/* A profile with an MFA device.
 *
 * MUST
 *  1. ask one person once: who waits for the code of the same key and device takes what the first one got, and hears
 *     why he got nothing;
 *  2. send no code twice, and nothing that is not one;
 *  3. keep a session under the base secret only (keychain/cache.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/mfa_session.h"
#include "base/clock.h"
#include "base/prompt.h"
#include "base/turn.h"
#include "format/time.h"
#include "issue/flow.h"

enum {
  CHAINED_MAX_S = 3600, /* of a role that is assumed with a session (aws.md, Durations) */
  CODE_MEMORY_S = 120,  /* for how long AWS may still take a code */
  CODE_CAP = 64,        /* of what a person types: what is longer is no code */
};

static const int64_t DEFAULT_LIFE_S = 43200;

const struct snt_aws_credentials *snt_flow_signer(const struct snt_flow *flow) {
  return flow->mfa_session.secret_key != NULL ? &flow->mfa_session : &flow->base;
}

/* What is remembered of one device and one key. */
struct memory {
  char name[SNT_CACHE_NAME_CAP];
  int64_t life_s;
};

static int64_t find_life(const struct snt_flow *flow) {
  const char *text = snt_settings_text(flow->settings, SNT_SETTING_MFA_SESSION);
  int64_t life_s = DEFAULT_LIFE_S;
  bool is_set = text != NULL && snt_ok(snt_duration_parse(text, &life_s, NULL)); /* checked when it was read */
  return is_set ? life_s : DEFAULT_LIFE_S;
}

/* A session is good wherever its partition is; another endpoint is another world. */
static snt_status open_memory(const struct snt_flow *flow, struct memory *out, struct snt_err *err) {
  struct snt_aws_endpoint sts;
  SNT_BUF_AUTO struct snt_buf text = {0};
  out->life_s = find_life(flow);
  SNT_TRY(snt_aws_endpoint_of(&flow->target, "sts", flow->regions[0], &sts, err));
  const char *where = sts.is_overridden ? sts.url : strchr(sts.host, '.') + 1 + strlen(flow->regions[0]);
  SNT_TRY(snt_buf_appendf(&text, err, "session-v1\n%s\n%s\n%s\n", flow->base.access_key_id, flow->target.mfa_serial,
                          where));
  SNT_TRY(snt_flow_add_trust(flow, sts.url, &text, err));
  snt_cache_name(&flow->cache, SNT_KEYCHAIN_KIND_MFA, "", (struct snt_slice){text.data, text.len}, out->name);
  return snt_done();
}

static void use(struct snt_flow *flow, struct snt_mfa_session *session, bool is_kept) {
  snt_aws_credentials_clear(&flow->mfa_session);
  flow->mfa_session = session->credentials;
  session->credentials = (struct snt_aws_credentials){0}; /* ownership went to flow */
  flow->mfa_authenticated_at_ms = session->authenticated_at_ms;
  flow->is_mfa_kept = is_kept;
}

/* What cannot be read is made again. */
static bool use_kept(struct snt_flow *flow, const struct memory *memory) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
  bool is_good = snt_cache_read(&flow->cache, SNT_KEYCHAIN_KIND_MFA, memory->name, &text) &&
                 snt_ok(snt_mfa_session_parse(text, &session, NULL)) &&
                 snt_mfa_session_is_good(&session, memory->life_s, snt_clock_wall_ms());
  if (is_good) {
    use(flow, &session, true);
  }
  return is_good;
}

static void keep(const struct snt_flow *flow, const struct memory *memory, const struct snt_mfa_session *session) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  int64_t life_s = (session->credentials.expires_at_ms - session->authenticated_at_ms) / 1000;
  if (snt_ok(snt_mfa_session_format(session, &text, NULL))) {
    snt_cache_write(&flow->cache, SNT_KEYCHAIN_KIND_MFA, memory->name, text, life_s);
  }
}

/* Takes note of a code that is about to be sent; false when it was sent before. */
static bool note_code(const struct snt_flow *flow, const struct memory *memory, const struct snt_secret *code) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_SECRET_AUTO struct snt_secret *mark = NULL;
  char name[SNT_CACHE_NAME_CAP];
  if (!snt_ok(snt_buf_appendf(&text, NULL, "code-v1\n%s\n%s", memory->name, snt_secret_borrow(code)))) {
    return true;
  }
  snt_cache_name(&flow->cache, SNT_KEYCHAIN_KIND_MFA, "", (struct snt_slice){text.data, text.len}, name);
  if (snt_cache_read(&flow->cache, SNT_KEYCHAIN_KIND_MFA, name, &mark)) {
    return false;
  }
  if (snt_ok(snt_secret_new_from("1", 1, &mark, NULL))) {
    snt_cache_write(&flow->cache, SNT_KEYCHAIN_KIND_MFA, name, mark, CODE_MEMORY_S);
  }
  return true;
}

static snt_status hint_process(const struct snt_flow *flow, struct snt_err *err) {
  return snt_err_hint(err, "see that mfa_process of profile %s prints a code of this device on its first line",
                      flow->options->profile);
}

static bool has_process(const struct snt_flow *flow) { return flow->target.mfa_process[0] != '\0'; }

/* What is kept for one duration serves no other. */
static snt_status hint_terminal(const struct snt_flow *flow, struct snt_err *err) {
  char duration[32] = "";
  bool is_named = flow->options->duration_s != 0;
  if (is_named) {
    snt_duration_format(flow->options->duration_s, duration);
  }
  return snt_err_hint(err,
                      "run it in a terminal, once: sentinel exec %s%s%s -- true; or set mfa_process to a command that "
                      "prints a code",
                      flow->options->profile, is_named ? " --duration " : "", duration);
}

/* Why there was no answer stays the reason. */
static snt_status fail_unasked(const struct snt_flow *flow, struct snt_err *err) {
  if (err == NULL) {
    return (snt_status){SNT_CODE_ACTION_REQUIRED};
  }
  SNT_IGNORE(snt_err_prefix(err, "a code of %s is needed", flow->target.mfa_serial));
  err->code = SNT_CODE_ACTION_REQUIRED;
  return has_process(flow) ? hint_process(flow, err) : hint_terminal(flow, err);
}

static snt_status check_code(const struct snt_flow *flow, struct snt_secret *code, struct snt_err *err) {
  const char *digits = snt_secret_borrow(code);
  if (snt_secret_len(code) != SNT_MFA_CODE_LEN || strspn(digits, "0123456789") != SNT_MFA_CODE_LEN) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "what was given for %s is no code: one has %d digits",
                        flow->target.mfa_serial, SNT_MFA_CODE_LEN));
    return has_process(flow) ? hint_process(flow, err)
                             : snt_err_hint(err, "run it again, and give the digits that the device shows then");
  }
  struct memory memory = {0};
  SNT_TRY(open_memory(flow, &memory, err));
  if (!note_code(flow, &memory, code)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "this code of %s was used already", flow->target.mfa_serial));
    return snt_err_hint(err, "wait for the device's next code, and try again");
  }
  return snt_done();
}

static struct snt_prompt prompt_of(const struct snt_flow *flow, const char *text) {
  return (struct snt_prompt){.text = text,
                             .label = "code",
                             .command = flow->target.mfa_process,
                             .deadline_ms = snt_flow_left_ms(flow, SNT_PROMPT_MS),
                             .cap = CODE_CAP};
}

static snt_status check_person(const struct snt_flow *flow, struct snt_err *err) {
  const struct snt_prompt prompt = prompt_of(flow, "");
  return snt_ok(snt_prompt_check(&prompt, err)) ? snt_done() : fail_unasked(flow, err);
}

snt_status snt_flow_ask_code(const struct snt_flow *flow, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  SNT_TRY(
      snt_buf_appendf(&text, err, "MFA code of %s for profile %s", flow->target.mfa_serial, flow->options->profile));
  const struct snt_prompt prompt = prompt_of(flow, text.data);
  if (!snt_ok(snt_prompt_ask(&prompt, &code, err))) {
    return fail_unasked(flow, err);
  }
  SNT_TRY(check_code(flow, code, err));
  *out = SNT_MOVE(code);
  return snt_done();
}

/* A region that answers, and its clock: a key that AWS does not know costs no code, and the code, which goes out once,
 * is signed with the right time. */
struct place {
  struct snt_aws_endpoint sts;
  int64_t clock_offset_ms;
};

static snt_status find_place(struct snt_flow *flow, struct place *out, struct snt_err *err) {
  for (size_t i = 0;; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    struct snt_aws_call *const calls[] = {&call};
    struct snt_sts_caller caller = {0};
    SNT_TRY(snt_aws_endpoint_of(&flow->target, "sts", flow->regions[i], &flow->sts, err));
    SNT_TRY(snt_flow_open_sts(flow, err));
    SNT_TRY(snt_sts_prepare_get_caller_identity(&call, &flow->sts, &flow->base, err));
    SNT_TRY(snt_aws_perform(flow->client, calls, 1, err));
    if (flow->regions[i + 1] != NULL && snt_aws_call_is_outage(&call)) {
      continue;
    }
    SNT_TRY(snt_sts_parse_get_caller_identity(&call, &caller, err));
    int64_t server_ms = caller.date_ms + (snt_clock_monotonic_ms() - caller.received_at_ms);
    *out = (struct place){.sts = flow->sts, .clock_offset_ms = server_ms - snt_clock_wall_ms()};
    return snt_done();
  }
}

static snt_status get_session(struct snt_flow *flow, const struct memory *memory, struct snt_mfa_session *out,
                              struct snt_err *err) {
  struct place place = {0};
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_aws_call *const calls[] = {&call};
  SNT_TRY(check_person(flow, err));
  SNT_TRY(find_place(flow, &place, err));
  SNT_TRY(snt_flow_ask_code(flow, &code, err));
  const struct snt_sts_mfa mfa = {
      .serial = flow->target.mfa_serial, .code = snt_secret_borrow(code), .duration_s = memory->life_s};
  SNT_TRY(snt_sts_prepare_get_session_token(&call, &place.sts, &flow->base, &mfa, err));
  call.clock_offset_ms = place.clock_offset_ms;
  SNT_TRY(snt_aws_perform(flow->client, calls, 1, err));
  return snt_sts_parse_get_session_token(&call, &out->credentials, &out->authenticated_at_ms, err);
}

/* One process asks; who waited for it looks at what it got first. */
static snt_status make_session(struct snt_flow *flow, const struct memory *memory, struct snt_turn *turn,
                               struct snt_err *err) {
  if (use_kept(flow, memory)) {
    return snt_done();
  }
  if (turn->was_told) {
    *err = turn->told;
    return (snt_status){err->code};
  }
  SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
  snt_status status = get_session(flow, memory, &session, err);
  if (!snt_ok(status)) {
    snt_turn_tell(turn, err);
    return status;
  }
  keep(flow, memory, &session);
  use(flow, &session, false);
  return snt_done();
}

static snt_status take_turn(const struct snt_flow *flow, const struct memory *memory, struct snt_turn *turn,
                            struct snt_err *err) {
  snt_status status = snt_flow_take_turn(flow, "mfa", memory->name, turn, err);
  return snt_ok(status) ? status : snt_err_prefix(err, "a code of %s is needed", flow->target.mfa_serial);
}

/* An AssumeRole that carried a code, and its session that is handed out again. */
static snt_status name_direct(const struct snt_flow *flow, char out[static SNT_CACHE_NAME_CAP], struct snt_err *err) {
  struct memory memory = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(open_memory(flow, &memory, err));
  SNT_TRY(snt_buf_appendf(&text, err, "direct-v1\n%s\n%s\n%s\n%" PRId64, memory.name, flow->options->profile,
                          flow->target.role_arn, flow->duration_s));
  snt_cache_name(&flow->cache, SNT_KEYCHAIN_KIND_MFA, "", (struct snt_slice){text.data, text.len}, out);
  return snt_done();
}

/* "<when> <until>" */
void snt_flow_keep_code(const struct snt_flow *flow, int64_t granted_s) {
  char name[SNT_CACHE_NAME_CAP];
  char text[64];
  int64_t now_ms = snt_flow_now_ms(flow);
  int64_t life_s = granted_s - SNT_MFA_SESSION_LEAST_S;
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  int len = snprintf(text, sizeof text, "%" PRId64 " %" PRId64, now_ms, now_ms + life_s * 1000);
  if (flow->is_mfa_direct && life_s > 0 && snt_ok(name_direct(flow, name, NULL)) &&
      snt_ok(snt_secret_new_from(text, (size_t)len, &entry, NULL))) {
    snt_cache_write(&flow->cache, SNT_KEYCHAIN_KIND_MFA, name, entry, life_s);
  }
}

static snt_status recall_code(struct snt_flow *flow, struct snt_err *err) {
  char name[SNT_CACHE_NAME_CAP];
  char *rest = NULL;
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(name_direct(flow, name, err));
  if (!snt_cache_read(&flow->cache, SNT_KEYCHAIN_KIND_MFA, name, &entry)) {
    return snt_done();
  }
  int64_t at_ms = strtoll(snt_secret_borrow(entry), &rest, 10);
  int64_t until_ms = strtoll(rest, NULL, 10);
  flow->is_mfa_kept = at_ms > 0 && snt_clock_wall_ms() < until_ms;
  flow->mfa_authenticated_at_ms = flow->is_mfa_kept ? at_ms : 0;
  return snt_done();
}

bool snt_flow_owes_code(const struct snt_flow *flow) { return flow->is_mfa_direct && !flow->is_mfa_kept; }

snt_status snt_flow_find_mfa(struct snt_flow *flow, struct snt_err *err) {
  if (flow->target.mfa_serial[0] == '\0') {
    return snt_done();
  }
  flow->stage = "mfa";
  SNT_TRY(snt_flow_find_regions(flow, err));
  flow->is_mfa_direct = flow->base.session_token != NULL || flow->duration_s > CHAINED_MAX_S;
  if (flow->is_mfa_direct) {
    return recall_code(flow, err);
  }
  struct memory memory = {0};
  SNT_TRY(open_memory(flow, &memory, err));
  if (use_kept(flow, &memory)) {
    return snt_done();
  }
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  SNT_TRY(take_turn(flow, &memory, &turn, err));
  return make_session(flow, &memory, &turn, err);
}

/* Not what another process has put there meanwhile. */
static void forget_session(const struct snt_flow *flow) {
  struct memory memory = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
  if (snt_ok(open_memory(flow, &memory, NULL)) &&
      snt_cache_read(&flow->cache, SNT_KEYCHAIN_KIND_MFA, memory.name, &text) &&
      snt_ok(snt_mfa_session_parse(text, &session, NULL)) &&
      strcmp(session.credentials.access_key_id, flow->mfa_session.access_key_id) == 0) {
    snt_cache_remove(&flow->cache, SNT_KEYCHAIN_KIND_MFA, memory.name);
  }
}

static void forget(struct snt_flow *flow) {
  char name[SNT_CACHE_NAME_CAP];
  if (!flow->is_mfa_direct) {
    forget_session(flow);
  } else if (snt_ok(name_direct(flow, name, NULL))) {
    snt_cache_remove(&flow->cache, SNT_KEYCHAIN_KIND_MFA, name);
  }
  flow->is_mfa_kept = false;
  flow->mfa_authenticated_at_ms = 0;
  snt_aws_credentials_clear(&flow->mfa_session);
}

/* Who waited for the answer that another process got heard only that it was a refusal. */
static bool may_be_old(const struct snt_flow *flow, snt_status status) {
  bool is_signer = flow->is_mfa_kept && !flow->is_mfa_direct;
  return is_signer && (flow->is_key_refused || status.code == SNT_CODE_LOGIN_REQUIRED);
}

snt_status snt_flow_ask_with_mfa(struct snt_flow *flow, struct snt_err *err) {
  snt_status status = snt_flow_ask(flow, err);
  bool has_policy = flow->source.origin == SNT_POLICY_ORIGIN_SSM && flow->policy.sha256[0] != '\0';
  if (snt_ok(status) || has_policy || !may_be_old(flow, status)) {
    return status; /* the evaluator takes one policy */
  }
  forget(flow);
  SNT_TRY(snt_flow_find_mfa(flow, err));
  return snt_flow_ask(flow, err);
}

/* Whether the decision rests on a code that was given too long ago. */
static bool is_too_old(const struct snt_decision *decision) {
  static const char age[] = "mfa.max_age";
  return !snt_decision_allows(decision) &&
         (strstr(decision->failed_condition, age) != NULL || strstr(decision->nearest, age) != NULL);
}

void snt_flow_forget_mfa(struct snt_flow *flow, struct snt_err *err) {
  if (!flow->is_mfa_kept || !(flow->is_key_refused || is_too_old(&flow->decision))) {
    return;
  }
  forget(flow);
  if (!snt_settings_is(flow->settings, SNT_SETTING_DENY_VERBOSITY, "minimal")) {
    SNT_IGNORE(snt_err_hint(err, "what the last code was given for is forgotten: run it again, and a new code is "
                                 "asked for"));
  }
}
