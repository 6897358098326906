#include "aws/json_answer.h"

#include "aws/refusal.h"

static const char *const TYPES[] = {"application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json",
                                    NULL};

snt_status snt_aws_json_refuse(const struct snt_aws_call *call, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer of %s makes no sense (%s)", call->what,
                  call->endpoint.host, what);
}

snt_status snt_aws_json_open(const struct snt_aws_call *call, struct snt_json_doc **out, struct snt_err *err) {
  *out = NULL;
  SNT_TRY(snt_aws_call_check(call, TYPES, err));
  const struct snt_secret *body = call->response.body;
  struct snt_err inner = {0};
  if (!snt_ok(snt_json_parse(snt_secret_borrow(body), snt_secret_len(body), "the answer", out, &inner))) {
    return inner.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : snt_aws_json_refuse(call, inner.message, err);
  }
  return snt_done();
}
