/* A key gives way to a new one.
 *
 * MUST
 *  1. leave, whenever it ends, a key in the keychain's entry that AWS accepts;
 *  2. rely on a new key only after it was stored, read back and verified; delete the old one only after the new one is
 *     in its place and was read back;
 *  3. delete no key that it did not make or replace, unless a person named it;
 *  4. from the creation of a key on, say in every failure which ids there are and what to do. */
#include "issue/rotate.h"

#include <stdio.h>
#include <string.h>

#include "audit/log.h"
#include "base/file.h"
#include "issue/rotate_internal.h"
#include "issue/signals.h"

enum { TURN_WAIT_MS = 2000 };

#define KEYS_OF_A_USER 2 /* IAM's limit, which nobody can raise */

static void clear_rotate(struct snt_rotate *rotate) {
  snt_turn_end(&rotate->turn);
  snt_rotating_key_clear(&rotate->next);
  snt_aws_credentials_clear(&rotate->relied);
  snt_flow_clear(&rotate->flow);
}

static const char *old_id(const struct snt_rotate *rotate) { return rotate->next.replaces; }
static const char *new_id(const struct snt_rotate *rotate) { return rotate->next.key.access_key_id; }

static bool is_swapped(const struct snt_rotate *rotate) {
  return strcmp(rotate->relied.access_key_id, new_id(rotate)) == 0;
}

/* Adds to a failure what there is now, and what to do. */
static snt_status tell_state(const struct snt_rotate *rotate, struct snt_err *err) {
  char remedy[SNT_ERR_HINT_CAP];
  (void)snprintf(remedy, sizeof remedy, "%s", err->hint);
  if (is_swapped(rotate)) {
    SNT_IGNORE(snt_err_prefix(
        err,
        "the rotation of %s is not finished: the keychain holds the new key %s, and the old key %s "
        "is %s",
        rotate->profile, new_id(rotate), old_id(rotate), rotate->is_old_deleted ? "deleted" : "still at IAM"));
  } else {
    SNT_IGNORE(snt_err_prefix(err,
                              "the rotation of %s is not finished: the new key %s lies beside the old key %s, which is "
                              "still in use",
                              rotate->profile, new_id(rotate), old_id(rotate)));
  }
  return snt_err_hint(err, "%s%sto finish: sentinel rotate %s", remedy, remedy[0] == '\0' ? "" : "; ", rotate->profile);
}

static snt_status remove_side_entry(struct snt_rotate *rotate, struct snt_err *err) {
  SNT_TRY(snt_keychain_remove(rotate->flow.keychain, SNT_KEYCHAIN_KIND_ROTATING, rotate->profile, err));
  snt_rotating_key_clear(&rotate->next);
  return snt_done();
}

/* The entry has to be what it was when the rotation began: somebody may have stored another key meanwhile. */
static snt_status check_entry(struct snt_rotate *rotate, struct snt_err *err) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials now = {0};
  SNT_TRY(snt_aws_credentials_load(rotate->flow.keychain, rotate->profile, &now, err));
  return strcmp(now.access_key_id, rotate->relied.access_key_id) == 0
             ? snt_done()
             : snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain entry \"%s\" became %s meanwhile", rotate->profile,
                        now.access_key_id);
}

static snt_status swap(struct snt_rotate *rotate, struct snt_err *err) {
  SNT_TRY(check_entry(rotate, err));
  snt_status status = snt_relied_key_store(rotate->flow.keychain, rotate->profile, &rotate->next.key, err);
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials now = {0};
  if (snt_ok(snt_aws_credentials_load(rotate->flow.keychain, rotate->profile, &now, NULL))) {
    snt_aws_credentials_clear(&rotate->relied);
    rotate->relied = now;
    now = (struct snt_aws_credentials){0}; /* ownership went to relied */
  }
  SNT_TRY(status);
  return is_swapped(rotate) ? snt_done() : check_entry(rotate, err);
}

static snt_status verify_and_swap(struct snt_rotate *rotate, struct snt_err *err) {
  SNT_TRY(snt_rotate_verify(rotate, err));
  SNT_TRY(snt_rotate_wait(rotate, 0, err));
  return swap(rotate, err);
}

/* From the side entry on: also what a later run does. */
static snt_status finish(struct snt_rotate *rotate, struct snt_err *err) {
  (void)snprintf(rotate->out->old_id, sizeof rotate->out->old_id, "%s", old_id(rotate));
  (void)snprintf(rotate->out->new_id, sizeof rotate->out->new_id, "%s", new_id(rotate));
  snt_status status = is_swapped(rotate) ? snt_done() : verify_and_swap(rotate, err);
  status = snt_ok(status) ? snt_rotate_wait(rotate, 0, err) : status;
  status = snt_ok(status) ? snt_rotate_delete_replaced(rotate, err) : status;
  rotate->is_old_deleted = snt_ok(status);
  status = snt_ok(status) ? remove_side_entry(rotate, err) : status;
  return snt_ok(status) ? status : tell_state(rotate, err);
}

/* Somebody stored another key: the one that was never relied on goes, and the rotation is that of the other. */
static snt_status abandon(struct snt_rotate *rotate, struct snt_err *err) {
  if (!snt_ok(snt_rotate_delete(rotate, &rotate->next.key, new_id(rotate), err))) {
    SNT_IGNORE(snt_err_prefix(err, "the keychain entry \"%s\" became %s while %s was to replace %s", rotate->profile,
                              rotate->relied.access_key_id, new_id(rotate), old_id(rotate)));
    return snt_err_hint(err,
                        "delete %s at IAM, where nothing uses it; then: sentinel remove %s, add it again, and "
                        "sentinel rotate %s",
                        new_id(rotate), rotate->profile, rotate->profile);
  }
  return remove_side_entry(rotate, err);
}

/* What an earlier run left is finished, or undone; *is_done: there is nothing more to do. */
static snt_status settle(struct snt_rotate *rotate, bool *is_done, struct snt_err *err) {
  struct snt_iam_keys keys = {0};
  if (!is_swapped(rotate) && strcmp(rotate->relied.access_key_id, old_id(rotate)) != 0) {
    return abandon(rotate, err);
  }
  bool is_gone = !is_swapped(rotate) && snt_ok(snt_rotate_look(rotate, &keys, NULL)) &&
                 snt_iam_keys_find(&keys, new_id(rotate)) == NULL;
  if (is_gone) { /* somebody deleted it */
    return remove_side_entry(rotate, err);
  }
  rotate->out->was_begun_before = true;
  *is_done = true;
  return finish(rotate, err);
}

static const struct snt_iam_key *find_other(const struct snt_rotate *rotate, const struct snt_iam_keys *keys) {
  for (size_t i = 0; i < keys->count; i++) {
    if (strcmp(keys->list[i].id, rotate->relied.access_key_id) != 0) {
      return &keys->list[i];
    }
  }
  return NULL;
}

static snt_status fail_full(const struct snt_rotate *rotate, const struct snt_iam_key *other, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED,
                      "IAM keeps at most %d keys of a user, and has two already: %s, which the keychain holds, and %s "
                      "(%s, made %s)",
                      KEYS_OF_A_USER, rotate->relied.access_key_id, other->id, other->is_active ? "active" : "inactive",
                      other->created[0] == '\0' ? "at an unknown time" : other->created));
  return snt_err_hint(err,
                      "one has to go first. When nothing uses %s (an interrupted rotation may have left it, and then "
                      "nobody has its secret): sentinel rotate %s --discard %s",
                      other->id, rotate->profile, other->id);
}

static snt_status discard(struct snt_rotate *rotate, struct snt_iam_keys *keys, struct snt_err *err) {
  const char *id = rotate->options->discard;
  if (strcmp(id, rotate->relied.access_key_id) == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "--discard: %s is the key that the keychain holds", id);
  }
  if (snt_iam_keys_find(keys, id) == NULL) {
    return snt_fail(err, SNT_CODE_USAGE, "--discard: %.130s is not a key of %s", id, rotate->arn);
  }
  SNT_TRY(snt_rotate_delete(rotate, &rotate->relied, id, err));
  return snt_rotate_look(rotate, keys, err);
}

/* The creation failed, and IAM may have done it all the same. */
static snt_status tell_creation(struct snt_rotate *rotate, struct snt_err *err) {
  struct snt_iam_keys keys = {0};
  bool is_known = snt_ok(snt_rotate_look(rotate, &keys, NULL));
  const struct snt_iam_key *other = is_known ? find_other(rotate, &keys) : NULL;
  if (other != NULL) {
    SNT_IGNORE(snt_err_prefix(err, "%s is still in use; IAM has %s too, whose secret was lost with its answer",
                              rotate->relied.access_key_id, other->id));
    return snt_err_hint(err, "sentinel rotate %s --discard %s", rotate->profile, other->id);
  }
  if (is_known) {
    return snt_err_prefix(err, "no key was created, and %s is still in use", rotate->relied.access_key_id);
  }
  return snt_err_prefix(err, "%s is still in use, and a new key may be at IAM", rotate->relied.access_key_id);
}

/* Nobody will have the secret when this process ends: the key goes again. */
static snt_status take_back(struct snt_rotate *rotate, struct snt_err *err) {
  struct snt_err inner = {0};
  bool is_back = snt_ok(snt_rotate_delete(rotate, &rotate->relied, new_id(rotate), &inner));
  SNT_IGNORE(
      snt_keychain_remove(rotate->flow.keychain, SNT_KEYCHAIN_KIND_ROTATING, rotate->profile, NULL)); /* a half */
  SNT_IGNORE(snt_err_prefix(err,
                            is_back ? "the new key %s could not be stored and was deleted again; %s is still in use"
                                    : "the new key %s could not be stored, and not be deleted; %s is still in use",
                            new_id(rotate), rotate->relied.access_key_id));
  return is_back ? (snt_status){err->code}
                 : snt_err_hint(err, "nobody has its secret: sentinel rotate %s --discard %s", rotate->profile,
                                new_id(rotate));
}

static snt_status rotate_afresh(struct snt_rotate *rotate, struct snt_err *err) {
  struct snt_iam_keys keys = {0};
  SNT_TRY(snt_rotate_look(rotate, &keys, err));
  SNT_TRY(rotate->options->discard == NULL ? snt_done() : discard(rotate, &keys, err));
  const struct snt_iam_key *other = find_other(rotate, &keys);
  if (other != NULL && keys.count >= KEYS_OF_A_USER) {
    return fail_full(rotate, other, err);
  }
  SNT_TRY(snt_rotate_wait(rotate, 0, err));
  snt_status status = snt_rotate_create(rotate, err);
  if (!snt_ok(status)) {
    return tell_creation(rotate, err);
  }
  (void)snprintf(rotate->next.replaces, sizeof rotate->next.replaces, "%s", rotate->relied.access_key_id);
  status = snt_rotating_key_store(rotate->flow.keychain, rotate->profile, &rotate->next, err);
  return snt_ok(status) ? finish(rotate, err) : take_back(rotate, err);
}

/* Around them */

static snt_status take_turn(struct snt_rotate *rotate, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_flow_state_folder(&rotate->flow, &folder, err));
  if (snt_log_is_default(snt_settings_text(rotate->flow.settings, SNT_SETTING_LOG_PATH))) {
    SNT_TRY(snt_file_make_folders(folder.data, err));
  }
  return snt_turn_take(folder.data, "rotate", TURN_WAIT_MS, &rotate->turn, err);
}

static snt_status open_all(struct snt_rotate *rotate, struct snt_err *err) {
  struct snt_flow *flow = &rotate->flow;
  SNT_TRY(snt_flow_load_settings(flow, err));
  SNT_TRY(snt_environment_take_passphrase(&flow->environment.passphrase, err));
  SNT_TRY(snt_flow_find_target_if_any(flow, err));
  SNT_TRY(snt_flow_open_keychain(flow, err));
  SNT_TRY(take_turn(rotate, err));
  SNT_TRY(snt_rotate_load_keys(rotate, err));
  return snt_flow_open_iam(flow, &rotate->iam, err);
}

static snt_status rotate_held(struct snt_rotate *rotate, struct snt_err *err) {
  bool is_done = false;
  if (rotate->next.replaces[0] != '\0') {
    SNT_TRY(settle(rotate, &is_done, err));
  }
  return is_done ? snt_done() : rotate_afresh(rotate, err);
}

snt_status snt_issue_rotate(const struct snt_rotate_options *options, struct snt_rotation *out, struct snt_err *err) {
  *out = (struct snt_rotation){0};
  SNT_CLEANUP(clear_rotate)
  struct snt_rotate rotate = {.options = options,
                              .out = out,
                              .profile = options->common.profile,
                              .flow = {.options = &options->common, .stage = "config"},
                              .turn = {.fd = -1}};
  SNT_TRY(open_all(&rotate, err));
  snt_signals_hold(&rotate.signals);
  return rotate_held(&rotate, err);
}
