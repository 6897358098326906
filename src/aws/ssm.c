/* SSM: GetParameter with decryption (AWS Systems Manager API Reference; JSON 1.1).
 *
 * MUST
 *  1. take no other parameter's value for the one that was asked for. */
#include <string.h>

#include "aws/call.h"
#include "aws/ssm_parts.h"

snt_status snt_ssm_prepare_get_parameter(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                         const struct snt_aws_credentials *credentials, const char *name,
                                         struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, "AmazonSSM.GetParameter", "GetParameter", name, err));
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "Name", name);
  snt_json_put_bool(&writer, "WithDecryption", true);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static bool is_asked_for(const struct snt_aws_call *call, const struct snt_json_value *parameter) {
  const char *name = snt_ssm_name_of(parameter);
  return name != NULL && strcmp(name, call->subject) == 0;
}

snt_status snt_ssm_parse_get_parameter(const struct snt_aws_call *call, struct snt_ssm_parameter *out,
                                       struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  const struct snt_json_value *parameter = snt_json_get(snt_json_root(doc), "Parameter");
  if (snt_json_type(parameter) != SNT_JSON_OBJECT) {
    return snt_aws_json_refuse(call, "Parameter", err);
  }
  if (is_asked_for(call, parameter) && snt_ssm_is_list(parameter)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "SSM parameter %.300s in %s is a StringList, not a policy",
                        call->subject, call->endpoint.region));
    return snt_err_hint(err, "store the policy as a parameter of type String or SecureString");
  }
  return snt_ssm_take_parameter(call, call->subject, parameter, out, err);
}
