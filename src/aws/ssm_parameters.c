/* Many parameters at once, and writing them (AWS Systems Manager API Reference; JSON 1.1).
 *
 * MUST
 *  1. give each value to the very name that was asked for, and take none beside;
 *  2. never write over what another wrote in between: a call that overwrites goes out once. */
#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/refusal.h"
#include "aws/ssm.h"
#include "aws/ssm_parts.h"

enum { WRITE_MS = 10000 };

static snt_status check_names(const struct snt_ssm_names *names, struct snt_err *err) {
  bool is_good = names->count > 0 && names->count <= SNT_SSM_BATCH_MAX;
  for (size_t i = 0; is_good && i < names->count; i++) {
    is_good = names->list[i][0] != '\0' && strchr(names->list[i], ':') == NULL;
    for (size_t j = 0; is_good && j < i; j++) {
      is_good = strcmp(names->list[i], names->list[j]) != 0;
    }
  }
  return is_good ? snt_done() : snt_fail(err, SNT_CODE_BUG, "%zu odd names of parameters in one call", names->count);
}

/* "/a", or "/a and 3 more". */
static snt_status begin_batch(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                              const struct snt_aws_credentials *credentials, const char *target,
                              const struct snt_ssm_names *names, struct snt_err *err) {
  SNT_TRY(check_names(names, err));
  SNT_BUF_AUTO struct snt_buf subject = {0};
  SNT_TRY(snt_buf_append_str(&subject, names->list[0], err));
  if (names->count > 1) {
    SNT_TRY(snt_buf_appendf(&subject, err, " and %zu more", names->count - 1));
  }
  return snt_aws_call_begin(call, endpoint, credentials, target, strchr(target, '.') + 1, subject.data, err);
}

static void put_names(struct snt_json_writer *writer, const struct snt_ssm_names *names) {
  snt_json_begin_array(writer, "Names");
  for (size_t i = 0; i < names->count; i++) {
    snt_json_put_string(writer, NULL, names->list[i]);
  }
  snt_json_end_array(writer);
}

snt_status snt_ssm_prepare_get_parameters(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                          const struct snt_aws_credentials *credentials,
                                          const struct snt_ssm_names *names, struct snt_err *err) {
  SNT_TRY(begin_batch(call, endpoint, credentials, "AmazonSSM.GetParameters", names, err));
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  put_names(&writer, names);
  snt_json_put_bool(&writer, "WithDecryption", true);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

void snt_ssm_batch_clear(struct snt_ssm_batch *batch) {
  for (size_t i = 0; i < SNT_SSM_BATCH_MAX; i++) {
    snt_ssm_parameter_clear(&batch->list[i]);
  }
  memset(batch, 0, sizeof *batch);
}

/* Which of the names the answer has told something of. */
struct told {
  const struct snt_ssm_names *names;
  bool is_told[SNT_SSM_BATCH_MAX];
};

/* The place of a name that was asked for and not told of yet. */
static snt_status tell(const struct snt_aws_call *call, struct told *told, const char *name, size_t *place,
                       struct snt_err *err) {
  size_t i = 0;
  while (name != NULL && i < told->names->count && strcmp(told->names->list[i], name) != 0) {
    i++;
  }
  if (name == NULL || i == told->names->count) {
    return snt_aws_json_refuse(call, "another parameter than those asked for", err);
  }
  if (told->is_told[i]) {
    return snt_aws_json_refuse(call, "a parameter stands there twice", err);
  }
  told->is_told[i] = true;
  *place = i;
  return snt_done();
}

/* An array of names that were asked for. */
static snt_status tell_names(const struct snt_aws_call *call, struct told *told, const struct snt_json_value *root,
                             const char *key, struct snt_err *err) {
  const struct snt_json_value *names = snt_json_get(root, key);
  if (snt_json_type(names) != SNT_JSON_ARRAY) {
    return snt_aws_json_refuse(call, key, err);
  }
  for (size_t i = 0; i < snt_json_count(names); i++) {
    size_t place = 0;
    SNT_TRY(tell(call, told, snt_json_printable(snt_json_at(names, i), SIZE_MAX), &place, err));
  }
  return snt_done();
}

static snt_status take_batch(const struct snt_aws_call *call, struct told *told, const struct snt_json_value *root,
                             struct snt_ssm_batch *batch, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(root, "Parameters");
  if (snt_json_type(list) != SNT_JSON_ARRAY) {
    return snt_aws_json_refuse(call, "Parameters", err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    const struct snt_json_value *parameter = snt_json_at(list, i);
    size_t place = 0;
    SNT_TRY(tell(call, told, snt_ssm_name_of(parameter), &place, err));
    SNT_TRY(snt_ssm_take_parameter(call, told->names->list[place], parameter, &batch->list[place], err));
  }
  batch->count = told->names->count;
  batch->missing = batch->count - snt_json_count(list);
  return snt_done();
}

static snt_status check_all_told(const struct snt_aws_call *call, const struct told *told, struct snt_err *err) {
  for (size_t i = 0; i < told->names->count; i++) {
    if (!told->is_told[i]) {
      SNT_IGNORE(snt_aws_json_refuse(call, "it says nothing of a parameter that was asked for", err));
      return snt_err_prefix(err, "SSM parameter %.300s", told->names->list[i]);
    }
  }
  return snt_done();
}

snt_status snt_ssm_parse_get_parameters(const struct snt_aws_call *call, const struct snt_ssm_names *names,
                                        struct snt_ssm_batch *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  struct told told = {.names = names};
  SNT_TRY(check_names(names, err));
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  SNT_TRY(take_batch(call, &told, snt_json_root(doc), &batch, err));
  SNT_TRY(tell_names(call, &told, snt_json_root(doc), "InvalidParameters", err));
  SNT_TRY(check_all_told(call, &told, err));
  *out = batch;
  memset(&batch, 0, sizeof batch); /* ownership went to out */
  return snt_done();
}

static const char *name_of_tier(enum snt_ssm_tier tier) {
  static const char *const names[] = {[SNT_SSM_TIER_STANDARD] = "Standard",
                                      [SNT_SSM_TIER_ADVANCED] = "Advanced",
                                      [SNT_SSM_TIER_INTELLIGENT] = "Intelligent-Tiering"};
  return names[tier];
}

snt_status snt_ssm_prepare_put_parameter(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                         const struct snt_aws_credentials *credentials, const struct snt_ssm_put *put,
                                         struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, "AmazonSSM.PutParameter", "PutParameter", put->name, err));
  call->is_once = put->may_overwrite;
  call->timeout_ms = WRITE_MS; /* to give up early would leave it open whether it was written */
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "Name", put->name);
  snt_json_put_slice(&writer, "Value", put->value);
  snt_json_put_string(&writer, "Type", put->is_secure ? "SecureString" : "String");
  snt_json_put_bool(&writer, "Overwrite", put->may_overwrite);
  snt_json_put_string(&writer, "Tier", name_of_tier(put->tier));
  if (put->description != NULL) {
    snt_json_put_string(&writer, "Description", put->description);
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

snt_status snt_ssm_parse_put_parameter(const struct snt_aws_call *call, int64_t *version, struct snt_err *err) {
  *version = 0;
  int64_t written = 0;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  if (!snt_json_integer(snt_json_get(snt_json_root(doc), "Version"), &written) || written < 1) {
    return snt_aws_json_refuse(call, "Version", err);
  }
  *version = written;
  return snt_done();
}

bool snt_ssm_is_put_over_existing(const struct snt_aws_call *call) {
  return snt_aws_call_is_refused_as(call, (const char *const[]){"ParameterAlreadyExists", NULL});
}

snt_status snt_ssm_prepare_delete_parameters(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                             const struct snt_aws_credentials *credentials,
                                             const struct snt_ssm_names *names, struct snt_err *err) {
  SNT_TRY(begin_batch(call, endpoint, credentials, "AmazonSSM.DeleteParameters", names, err));
  call->timeout_ms = WRITE_MS;
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  put_names(&writer, names);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

snt_status snt_ssm_parse_delete_parameters(const struct snt_aws_call *call, const struct snt_ssm_names *names,
                                           size_t *deleted, struct snt_err *err) {
  *deleted = 0;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct told told = {.names = names};
  SNT_TRY(check_names(names, err));
  SNT_TRY(snt_aws_json_open(call, &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  SNT_TRY(tell_names(call, &told, root, "DeletedParameters", err));
  SNT_TRY(tell_names(call, &told, root, "InvalidParameters", err));
  SNT_TRY(check_all_told(call, &told, err));
  *deleted = snt_json_count(snt_json_get(root, "DeletedParameters"));
  return snt_done();
}
