/* The forms in which a document is written: JSON alone, Terraform, CloudFormation. */
#include <string.h>

#include "base/str.h"
#include "format/json.h"
#include "issue/setup_iam_internal.h"

enum kind { KIND_IDENTITY = 0, KIND_TRUST, KIND_ORGANIZATION };

static const struct {
  const char *stem; /* of the file */
  const char *name; /* of the policy at AWS; "" for a trust policy, which has none */
  const char *summary;
  enum kind kind;
  bool has_bundle; /* there is one for each bundle, and both names end in its name */
} DOCUMENTS[SNT_SETUP_DOCUMENT_COUNT] = {
    [SNT_SETUP_READER] = {"reader", "SentinelReader", "everybody who uses Sentinel: reading policy", KIND_IDENTITY,
                          false},
    [SNT_SETUP_ASSUME] = {"assume", "SentinelAssume", "who may use the profile: assuming its roles", KIND_IDENTITY,
                          true},
    [SNT_SETUP_PUBLISHER] = {"publisher", "SentinelPublisher", "the role SentinelPublisher: putting policy in force",
                             KIND_IDENTITY, false},
    [SNT_SETUP_JANITOR] = {"janitor", "SentinelJanitor", "the role SentinelJanitor: deleting old parts", KIND_IDENTITY,
                           false},
    [SNT_SETUP_TRUST] = {"trust", "", "trust policy of the roles: SourceIdentity of Sentinel", KIND_TRUST, false},
    [SNT_SETUP_PROTECT] = {"protect", "SentinelProtect", "service control policy: nobody else writes policy",
                           KIND_ORGANIZATION, false},
};

static const struct {
  const char *name;
  const char *extension;
} FORMATS[SNT_SETUP_FORMAT_COUNT] = {[SNT_SETUP_JSON] = {"json", "json"},
                                     [SNT_SETUP_TERRAFORM] = {"terraform", "tf"},
                                     [SNT_SETUP_CLOUDFORMATION] = {"cloudformation", "json"}};

snt_status snt_setup_format_find(const char *name, enum snt_setup_format *out, struct snt_err *err) {
  for (int i = 0; i < SNT_SETUP_FORMAT_COUNT; i++) {
    if (strcmp(FORMATS[i].name, name) == 0) {
      *out = (enum snt_setup_format)i;
      return snt_done();
    }
  }
  return snt_fail(err, SNT_CODE_USAGE, "--format: \"%.100s\" is none of " SNT_SETUP_FORMATS, name);
}

const char *snt_setup_document_summary(enum snt_setup_document document) { return DOCUMENTS[document].summary; }

/* "-prod" of a document that there is for each bundle. */
static snt_status append_bundle(enum snt_setup_document document, const struct snt_setup_scope *scope,
                                struct snt_buf *out, struct snt_err *err) {
  return DOCUMENTS[document].has_bundle ? snt_buf_appendf(out, err, "-%s", scope->name) : snt_done();
}

snt_status snt_setup_document_path(enum snt_setup_document document, enum snt_setup_format format,
                                   const struct snt_setup_scope *scope, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, "iam/%s/%s", FORMATS[format].name, DOCUMENTS[document].stem));
  SNT_TRY(append_bundle(document, scope, out, err));
  return snt_buf_appendf(out, err, ".%s", FORMATS[format].extension);
}

/* A document on its way into a form. */
struct form {
  enum snt_setup_document document;
  const struct snt_setup_scope *scope;
  struct snt_slice policy; /* compact JSON */
  struct snt_buf *out;
};

static snt_status write_json(const struct form *form, struct snt_err *err) {
  SNT_TRY(snt_json_pretty(form->policy, 0, form->out, err));
  return snt_buf_append_char(form->out, '\n', err);
}

/* jsonencode() of the same JSON, which is an expression of Terraform's too, once what begins one of its templates is
 * written twice. Its formatter wants a blank before each colon. */
static snt_status append_expression(const struct form *form, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  bool is_string = false;
  SNT_TRY(snt_json_pretty(form->policy, 2, &text, err));
  SNT_TRY(snt_buf_append_str(form->out, "jsonencode(", err));
  for (const char *p = text.data; *p != '\0'; p++) {
    bool is_template = (*p == '$' || *p == '%') && p[1] == '{';
    is_string = *p == '"' ? !is_string : is_string; /* nothing in a policy of ours has to be escaped */
    SNT_TRY(is_template ? snt_buf_append_char(form->out, *p, err) : snt_done());
    SNT_TRY(*p == ':' && !is_string ? snt_buf_append_char(form->out, ' ', err) : snt_done());
    SNT_TRY(snt_buf_append_char(form->out, *p, err));
  }
  return snt_buf_append_str(form->out, ")\n}\n", err);
}

/* A name of Terraform's has no dots. */
static snt_status append_label(const struct form *form, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, "sentinel_%s", DOCUMENTS[form->document].stem));
  SNT_TRY(append_bundle(form->document, form->scope, out, err));
  for (char *p = out->data; *p != '\0'; p++) {
    *p = *p == '.' || *p == '-' ? '_' : *p;
  }
  return snt_done();
}

static snt_status write_terraform(const struct form *form, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf label = {0};
  SNT_BUF_AUTO struct snt_buf name = {0};
  const char *summary = DOCUMENTS[form->document].summary;
  SNT_TRY(append_label(form, &label, err));
  SNT_TRY(snt_buf_append_str(&name, DOCUMENTS[form->document].name, err));
  SNT_TRY(append_bundle(form->document, form->scope, &name, err));
  switch (DOCUMENTS[form->document].kind) {
  case KIND_TRUST:
    SNT_TRY(snt_buf_appendf(form->out, err,
                            "# The %s.\n"
                            "# In each aws_iam_role: assume_role_policy = local.%s\n"
                            "locals {\n"
                            "  %s = ",
                            summary, label.data, label.data));
    break;
  case KIND_ORGANIZATION:
    SNT_TRY(snt_buf_appendf(form->out, err,
                            "resource \"aws_organizations_policy\" \"%s\" {\n"
                            "  name        = \"%s\"\n"
                            "  description = \"Sentinel: %s\"\n"
                            "  type        = \"SERVICE_CONTROL_POLICY\"\n\n"
                            "  content = ",
                            label.data, name.data, summary));
    break;
  case KIND_IDENTITY:
    SNT_TRY(snt_buf_appendf(form->out, err,
                            "resource \"aws_iam_policy\" \"%s\" {\n"
                            "  name        = \"%s\"\n"
                            "  description = \"Sentinel: %s\"\n\n"
                            "  policy = ",
                            label.data, name.data, summary));
    break;
  }
  return append_expression(form, err);
}

/* The template's one resource: "Type", and what its properties begin with. */
static void begin_resource(struct snt_json_writer *writer, const char *type) {
  snt_json_begin_object(writer, "Resources");
  snt_json_begin_object(writer, "Sentinel");
  snt_json_put_string(writer, "Type", type);
  snt_json_begin_object(writer, "Properties");
}

/* A role that is there already has to be imported, or gets the JSON; its permissions are not Sentinel's business. */
static void put_role(struct snt_json_writer *writer, const struct form *form) {
  snt_json_begin_object(writer, "Parameters");
  snt_json_begin_object(writer, "RoleName");
  snt_json_put_string(writer, "Type", "String");
  snt_json_put_string(writer, "Description", "Name of a role that a bundle has among its targets");
  snt_json_end_object(writer);
  snt_json_end_object(writer);
  begin_resource(writer, "AWS::IAM::Role");
  snt_json_begin_object(writer, "RoleName");
  snt_json_put_string(writer, "Ref", "RoleName");
  snt_json_end_object(writer);
  snt_json_put_raw(writer, "AssumeRolePolicyDocument", form->policy);
}

static void put_organization_policy(struct snt_json_writer *writer, const struct form *form) {
  begin_resource(writer, "AWS::Organizations::Policy");
  snt_json_put_string(writer, "Name", DOCUMENTS[form->document].name);
  snt_json_put_string(writer, "Type", "SERVICE_CONTROL_POLICY");
  snt_json_put_raw(writer, "Content", form->policy);
}

static void put_managed_policy(struct snt_json_writer *writer, const struct form *form, const char *name) {
  begin_resource(writer, "AWS::IAM::ManagedPolicy");
  snt_json_put_string(writer, "ManagedPolicyName", name);
  snt_json_put_raw(writer, "PolicyDocument", form->policy);
}

static snt_status write_cloudformation(const struct form *form, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_BUF_AUTO struct snt_buf description = {0};
  SNT_TRY(snt_buf_append_str(&name, DOCUMENTS[form->document].name, err));
  SNT_TRY(append_bundle(form->document, form->scope, &name, err));
  SNT_TRY(snt_buf_appendf(&description, err, "Sentinel: %s", DOCUMENTS[form->document].summary));
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "AWSTemplateFormatVersion", "2010-09-09");
  snt_json_put_string(&writer, "Description", description.data);
  switch (DOCUMENTS[form->document].kind) {
  case KIND_TRUST:
    put_role(&writer, form);
    break;
  case KIND_ORGANIZATION:
    put_organization_policy(&writer, form);
    break;
  case KIND_IDENTITY:
    put_managed_policy(&writer, form, name.data);
    break;
  }
  for (int open = 4; open > 0; open--) { /* Properties, Sentinel, Resources and the template */
    snt_json_end_object(&writer);
  }
  SNT_TRY(snt_json_finish(&writer));
  SNT_TRY(snt_json_pretty((struct snt_slice){text.data, text.len}, 0, form->out, err));
  return snt_buf_append_char(form->out, '\n', err);
}

snt_status snt_setup_document_write(enum snt_setup_document document, enum snt_setup_format format,
                                    const struct snt_setup_scope *scope, struct snt_buf *out, struct snt_err *err) {
  static snt_status (*const writers[SNT_SETUP_FORMAT_COUNT])(const struct form *form, struct snt_err *err) = {
      [SNT_SETUP_JSON] = write_json,
      [SNT_SETUP_TERRAFORM] = write_terraform,
      [SNT_SETUP_CLOUDFORMATION] = write_cloudformation};
  SNT_BUF_AUTO struct snt_buf policy = {0};
  SNT_TRY(snt_setup_policy_write(document, scope, &policy, err));
  struct form form = {.document = document, .scope = scope, .policy = {policy.data, policy.len}, .out = out};
  return writers[format](&form, err);
}
