/* IAM: the access keys of whoever signs.
 *
 * MUST
 *  1. keep the secret of a new key in a secret, from the answer on;
 *  2. never create two keys where one was asked for. */
#include "aws/iam.h"

#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/refusal.h"
#include "aws/sts_parts.h"

enum { SECRET_KEY_MAX = 256, MISSING = 404, CREATE_MS = 10000 };

#define VERSION "&Version=2010-05-08"

const struct snt_iam_key *snt_iam_keys_find(const struct snt_iam_keys *keys, const char *id) {
  for (size_t i = 0; i < keys->count; i++) {
    if (strcmp(keys->list[i].id, id) == 0) {
      return &keys->list[i];
    }
  }
  return NULL;
}

snt_status snt_iam_prepare_list_keys(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                     const struct snt_aws_credentials *credentials, struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "ListAccessKeys", NULL, err));
  return snt_buf_append_str(&call->body, "Action=ListAccessKeys" VERSION, err);
}

static snt_status check_id(const struct snt_aws_call *call, const char *id, struct snt_err *err) {
  return snt_aws_access_key_id_check(id) ? snt_done() : snt_sts_refuse_answer(call, "an odd access key id", err);
}

/* "Active" or "Inactive". */
static snt_status take_status(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *path,
                              bool *is_active, struct snt_err *err) {
  const char *text = NULL;
  SNT_TRY(snt_sts_find_field(call, doc, path, 16, &text, err));
  *is_active = strcmp(text, "Active") == 0;
  return *is_active || strcmp(text, "Inactive") == 0 ? snt_done() : snt_sts_refuse_answer(call, path, err);
}

static snt_status take_member(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *member,
                              struct snt_iam_key *out, struct snt_err *err) {
  char path[96];
  const char *text = NULL;
  (void)snprintf(path, sizeof path, "%s/AccessKeyId", member);
  SNT_TRY(snt_sts_find_field(call, doc, path, sizeof out->id - 1, &text, err));
  SNT_TRY(check_id(call, text, err));
  (void)snprintf(out->id, sizeof out->id, "%s", text);
  (void)snprintf(path, sizeof path, "%s/CreateDate", member);
  if (snt_xml_find(doc, path, NULL) != NULL) {
    SNT_TRY(snt_sts_find_field(call, doc, path, sizeof out->created - 1, &text, err));
    (void)snprintf(out->created, sizeof out->created, "%s", text);
  }
  (void)snprintf(path, sizeof path, "%s/Status", member);
  return take_status(call, doc, path, &out->is_active, err);
}

snt_status snt_iam_parse_list_keys(const struct snt_aws_call *call, struct snt_iam_keys *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_TRY(snt_sts_open_answer(call, "ListAccessKeysResponse", &doc, err));
  struct snt_iam_keys keys = {0};
  for (size_t i = 0;; i++) {
    char member[64];
    (void)snprintf(member, sizeof member, "ListAccessKeysResult/AccessKeyMetadata/member[%zu]", i);
    if (snt_xml_find(doc, member, NULL) == NULL) {
      break;
    }
    if (i == SNT_IAM_KEYS_MAX) {
      return snt_sts_refuse_answer(call, "more keys than a user can have", err);
    }
    SNT_TRY(take_member(call, doc, member, &keys.list[keys.count++], err));
  }
  const char *truncated = snt_xml_find(doc, "ListAccessKeysResult/IsTruncated", NULL);
  if (truncated != NULL && strcmp(truncated, "false") != 0) {
    return snt_sts_refuse_answer(call, "a list that is cut off", err);
  }
  *out = keys;
  return snt_done();
}

snt_status snt_iam_prepare_create_key(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                      const struct snt_aws_credentials *credentials, struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "CreateAccessKey", NULL, err));
  call->is_once = true;
  call->timeout_ms = CREATE_MS; /* to give up early would lose a key */
  return snt_buf_append_str(&call->body, "Action=CreateAccessKey" VERSION, err);
}

snt_status snt_iam_parse_create_key(const struct snt_aws_call *call, struct snt_aws_credentials *out,
                                    struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_TRY(snt_sts_open_answer(call, "CreateAccessKeyResponse", &doc, err));
  const char *id = NULL;
  const char *secret = NULL;
  bool is_active = false;
  SNT_TRY(snt_sts_find_field(call, doc, "CreateAccessKeyResult/AccessKey/AccessKeyId", sizeof out->access_key_id - 1,
                             &id, err));
  SNT_TRY(check_id(call, id, err));
  SNT_TRY(
      snt_sts_find_field(call, doc, "CreateAccessKeyResult/AccessKey/SecretAccessKey", SECRET_KEY_MAX, &secret, err));
  SNT_TRY(take_status(call, doc, "CreateAccessKeyResult/AccessKey/Status", &is_active, err));
  if (!is_active || strcmp(id, call->credentials->access_key_id) == 0) {
    return snt_sts_refuse_answer(call, "a key that is not a new one", err);
  }
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  SNT_TRY(snt_secret_new_from(secret, strlen(secret), &key.secret_key, err));
  (void)snprintf(key.access_key_id, sizeof key.access_key_id, "%s", id);
  (void)snprintf(key.source, sizeof key.source, "%s", call->what);
  *out = key;
  key = (struct snt_aws_credentials){0}; /* ownership went to out */
  return snt_done();
}

snt_status snt_iam_prepare_delete_key(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                      const struct snt_aws_credentials *credentials, const char *id,
                                      struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "DeleteAccessKey", id, err));
  SNT_TRY(snt_buf_append_str(&call->body, "Action=DeleteAccessKey" VERSION, err));
  return snt_sts_add_field(&call->body, "AccessKeyId", id, err);
}

static bool is_gone(const struct snt_aws_call *call) {
  struct snt_aws_refusal refusal = {0};
  if (!snt_ok(call->response.status) || call->response.http_status != MISSING) {
    return false;
  }
  snt_aws_refusal_read(call, &refusal);
  return strcmp(refusal.code, "NoSuchEntity") == 0;
}

snt_status snt_iam_parse_delete_key(const struct snt_aws_call *call, struct snt_err *err) {
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  return is_gone(call) ? snt_done() : snt_sts_open_answer(call, "DeleteAccessKeyResponse", &doc, err);
}
