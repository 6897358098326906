/* The statements of each document (IAM User Guide, Policies; Service Authorization Reference, Systems Manager, KMS and
 * STS). */
#include "issue/setup_iam.h"

#include <stdio.h>

#include "format/json.h"
#include "issue/setup_iam_internal.h"

enum { ARN_CAP = 512 };

/* A policy being written. */
struct policy {
  const struct snt_setup_scope *scope;
  struct snt_json_writer writer;
};

static void begin_statement(struct policy *policy, const char *sid, const char *effect) {
  snt_json_begin_object(&policy->writer, NULL);
  snt_json_put_string(&policy->writer, "Sid", sid);
  snt_json_put_string(&policy->writer, "Effect", effect);
}

static void end_statement(struct policy *policy) { snt_json_end_object(&policy->writer); }

/* list ends with NULL. */
static void put_list(struct policy *policy, const char *key, const char *const *list) {
  snt_json_begin_array(&policy->writer, key);
  for (; *list != NULL; list++) {
    snt_json_put_string(&policy->writer, NULL, *list);
  }
  snt_json_end_array(&policy->writer);
}

/* "Condition": {operator: {key: value}} */
static void put_condition(struct policy *policy, const char *operator, const char * key, const char *value) {
  snt_json_begin_object(&policy->writer, "Condition");
  snt_json_begin_object(&policy->writer, operator);
  snt_json_put_string(&policy->writer, key, value);
  snt_json_end_object(&policy->writer);
  snt_json_end_object(&policy->writer);
}

/* "Resource": the parameters of these paths below /sentinel, in each of the scope's regions. */
static void put_parameters(struct policy *policy, const char *const *paths) {
  char arn[ARN_CAP];
  snt_json_begin_array(&policy->writer, "Resource");
  for (const char *const *region = policy->scope->regions; *region != NULL; region++) {
    for (const char *const *path = paths; *path != NULL; path++) {
      (void)snprintf(arn, sizeof arn, "arn:%s:ssm:%s:%s:parameter/sentinel/%s", policy->scope->partition, *region,
                     policy->scope->account, *path);
      snt_json_put_string(&policy->writer, NULL, arn);
    }
  }
  snt_json_end_array(&policy->writer);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define BOTH_PATHS LIST("policies/*", "bundles/*")
#define ASSUMING LIST("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")

static void allow_parameters(struct policy *policy, const char *sid, const char *const *actions,
                             const char *const *paths) {
  begin_statement(policy, sid, "Allow");
  put_list(policy, "Action", actions);
  put_parameters(policy, paths);
  end_statement(policy);
}

static void write_reader(struct policy *policy) {
  allow_parameters(policy, "ReadPolicy", LIST("ssm:GetParameter", "ssm:GetParameters"), BOTH_PATHS);
}

static void write_assume(struct policy *policy) {
  begin_statement(policy, "AssumeRoles", "Allow");
  put_list(policy, "Action", ASSUMING);
  put_list(policy, "Resource", policy->scope->roles);
  end_statement(policy);
}

/* Only digests are signed (policy.md, Bundles). */
static void write_publisher(struct policy *policy) {
  allow_parameters(policy, "PublishPolicy",
                   LIST("ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:PutParameter"),
                   BOTH_PATHS);
  if (policy->scope->kms_key == NULL) {
    return;
  }
  begin_statement(policy, "SignPolicy", "Allow");
  put_list(policy, "Action", LIST("kms:Sign"));
  put_list(policy, "Resource", LIST(policy->scope->kms_key));
  put_condition(policy, "StringEquals", "kms:MessageType", "DIGEST");
  end_statement(policy);
  begin_statement(policy, "ReadPublicKey", "Allow");
  put_list(policy, "Action", LIST("kms:GetPublicKey"));
  put_list(policy, "Resource", LIST(policy->scope->kms_key));
  end_statement(policy);
}

/* What is listed is a path, which IAM takes for a resource of that name. */
static void write_janitor(struct policy *policy) {
  allow_parameters(policy, "ReadPointers", LIST("ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters"),
                   LIST("policies/*"));
  allow_parameters(policy, "ListParameters", LIST("ssm:GetParametersByPath"),
                   LIST("policies", "policies/*", "bundles", "bundles/*"));
  allow_parameters(policy, "DeleteParts", LIST("ssm:DeleteParameters"), LIST("bundles/*"));
}

static void begin_trust(struct policy *policy, const char *sid) {
  char arn[ARN_CAP];
  (void)snprintf(arn, sizeof arn, "arn:%s:iam::%s:root", policy->scope->partition, policy->scope->account);
  begin_statement(policy, sid, "Allow");
  snt_json_begin_object(&policy->writer, "Principal");
  snt_json_put_string(&policy->writer, "AWS", arn);
  snt_json_end_object(&policy->writer);
  put_list(policy, "Action", ASSUMING);
}

/* An account's root stands for whomever IAM lets assume the role. A user of IAM comes under his own name alone; others
 * have no aws:username, and a variable without a value matches nothing. */
static void write_trust(struct policy *policy) {
  begin_trust(policy, "UsersUnderTheirName");
  put_condition(policy, "StringLike", "sts:SourceIdentity", "sentinel=${aws:username}=*");
  end_statement(policy);
  begin_trust(policy, "OthersBySentinel");
  snt_json_begin_object(&policy->writer, "Condition");
  snt_json_begin_object(&policy->writer, "StringLike");
  snt_json_put_string(&policy->writer, "sts:SourceIdentity", "sentinel=*");
  snt_json_end_object(&policy->writer);
  snt_json_begin_object(&policy->writer, "Null");
  snt_json_put_string(&policy->writer, "aws:username", "true");
  snt_json_end_object(&policy->writer);
  snt_json_end_object(&policy->writer);
  end_statement(policy);
}

/* In every region: a copy elsewhere must not become one that somebody reads. */
static void deny_parameters(struct policy *policy, const char *sid, const char *const *actions,
                            const char *const *paths) {
  char arn[ARN_CAP];
  begin_statement(policy, sid, "Deny");
  put_list(policy, "Action", actions);
  snt_json_begin_array(&policy->writer, "Resource");
  for (; *paths != NULL; paths++) {
    (void)snprintf(arn, sizeof arn, "arn:%s:ssm:*:%s:parameter/sentinel/%s", policy->scope->partition,
                   policy->scope->account, *paths);
    snt_json_put_string(&policy->writer, NULL, arn);
  }
  snt_json_end_array(&policy->writer);
}

static void end_unless(struct policy *policy, const char *role) {
  char arn[ARN_CAP];
  (void)snprintf(arn, sizeof arn, "arn:%s:iam::%s:role/%s", policy->scope->partition, policy->scope->account, role);
  put_condition(policy, "ArnNotLike", "aws:PrincipalArn", arn);
  end_statement(policy);
}

static void write_protect(struct policy *policy) {
  deny_parameters(policy, "OnlyThePublisherWrites",
                  LIST("ssm:LabelParameterVersion", "ssm:PutParameter", "ssm:UnlabelParameterVersion"), BOTH_PATHS);
  end_unless(policy, "SentinelPublisher");
  deny_parameters(policy, "NobodyElseDeletesPolicy", LIST("ssm:DeleteParameter", "ssm:DeleteParameters"),
                  LIST("policies/*"));
  end_unless(policy, "SentinelPublisher");
  deny_parameters(policy, "OnlyTheJanitorDeletesParts", LIST("ssm:DeleteParameter", "ssm:DeleteParameters"),
                  LIST("bundles/*"));
  end_unless(policy, "SentinelJanitor");
  if (policy->scope->kms_key != NULL) {
    begin_statement(policy, "OnlyThePublisherSigns", "Deny");
    put_list(policy, "Action", LIST("kms:Sign"));
    put_list(policy, "Resource", LIST(policy->scope->kms_key));
    end_unless(policy, "SentinelPublisher");
  }
}

snt_status snt_setup_policy_write(enum snt_setup_document document, const struct snt_setup_scope *scope,
                                  struct snt_buf *out, struct snt_err *err) {
  static void (*const writers[SNT_SETUP_DOCUMENT_COUNT])(struct policy * policy) = {
      [SNT_SETUP_READER] = write_reader,   [SNT_SETUP_ASSUME] = write_assume, [SNT_SETUP_PUBLISHER] = write_publisher,
      [SNT_SETUP_JANITOR] = write_janitor, [SNT_SETUP_TRUST] = write_trust,   [SNT_SETUP_PROTECT] = write_protect};
  struct policy policy = {.scope = scope};
  snt_json_writer_init(&policy.writer, out, err);
  snt_json_begin_object(&policy.writer, NULL);
  snt_json_put_string(&policy.writer, "Version", "2012-10-17");
  snt_json_begin_array(&policy.writer, "Statement");
  writers[document](&policy);
  snt_json_end_array(&policy.writer);
  snt_json_end_object(&policy.writer);
  return snt_json_finish(&policy.writer);
}
