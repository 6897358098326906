/* issue/rotate (layer 5, internal): the state of one rotation. */
#ifndef SNT_ISSUE_ROTATE_INTERNAL_H
#define SNT_ISSUE_ROTATE_INTERNAL_H

#include "aws/iam.h"
#include "base/turn.h"
#include "issue/flow.h"
#include "issue/rotate.h"
#include "issue/rotating_key.h"

struct snt_rotate {
  const struct snt_rotate_options *options;
  struct snt_rotation *out;
  const char *profile;
  struct snt_flow flow;
  struct snt_turn turn;
  struct snt_aws_endpoint iam;
  struct snt_aws_credentials relied; /* the keychain's entry */
  struct snt_rotating_key next;      /* beside it; replaces is "" when there is none */
  bool is_old_deleted;               /* the key that next replaces */
  char arn[2049];                    /* whose keys they are; "" when it is not known */
  int64_t clock_offset_ms;           /* of AWS's clock, from ours */
  sigset_t signals;                  /* those that wait */
};

/* rotate_keys.c: the entry, and what lies beside it. Refused when ~/.aws or another entry holds the same key. Codes
 * NOT_FOUND, PROFILE_INVALID, KEYCHAIN. */
snt_status snt_rotate_load_keys(struct snt_rotate *rotate, struct snt_err *err);

/* rotate_aws.c: the calls. Each fails with the codes of service.h. */

/* Who the relied key is, and which keys that user has. */
snt_status snt_rotate_look(struct snt_rotate *rotate, struct snt_iam_keys *keys, struct snt_err *err);
snt_status snt_rotate_create(struct snt_rotate *rotate, struct snt_err *err); /* fills next.key */
/* Deletes a key; by: the key that signs. One that signs for itself and is not known is gone. */
snt_status snt_rotate_delete(struct snt_rotate *rotate, const struct snt_aws_credentials *by, const char *id,
                             struct snt_err *err);
/* The same for the replaced key, signed by the new one, which IAM may not know at once: asked again for 30 s. */
snt_status snt_rotate_delete_replaced(struct snt_rotate *rotate, struct snt_err *err);
/* STS knows the new key, as the same user; asked again for 30 s, because it may take that long. TIMEOUT. */
snt_status snt_rotate_verify(struct snt_rotate *rotate, struct snt_err *err);
/* ACTION_REQUIRED, and out->signal, when a signal has come; waits up to ms for one. */
snt_status snt_rotate_wait(struct snt_rotate *rotate, int64_t ms, struct snt_err *err);

#endif
