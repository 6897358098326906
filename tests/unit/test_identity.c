#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/identity.h"

#define LONG_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void what_is_not_a_callers_arn_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "alice",
      "arn:aws:iam::123456789012",
      "arn:aws:iam::123456789012:",
      "arn:aws:iam::123456789012:user",
      "arn:aws:iam::123456789012:user/",
      "arn:aws:iam::123456789012:user/path/",
      "arn:aws:iam::123456789012:user/a b",
      "arn:aws:iam::123456789012:user/a\nb",
      "arn:aws:iam::123456789012:user/p q/alice",
      "arn:aws:iam::123456789012:user/\xc3\xa4",
      "arn:aws:iam::123456789012:user/a:b",
      "arn:aws:iam::123456789012:user/" LONG_64 "a",
      "arn:aws:iam::123456789012:users/alice",
      "arn:aws:iam::123456789012:role/Role",
      "arn:aws:iam::123456789012:group/devs",
      "arn:aws:iam::123456789012:rooted",
      "arn:aws:iam::123456789012:root/",
      "arn:aws:sts::123456789012:root",
      "arn:aws:sts::123456789012:user/alice",
      "arn:aws:iam::123456789012:assumed-role/Role/name",
      "arn:aws:iam::123456789012:federated-user/bob",
      "arn:aws:sts::123456789012:federated-user/",
      "arn:aws:sts::123456789012:federated-user/a/b",
      "arn:aws:sts::123456789012:assumed-role/Role",
      "arn:aws:sts::123456789012:assumed-role/Role/",
      "arn:aws:sts::123456789012:assumed-role//name",
      "arn:aws:sts::123456789012:assumed-role/path/Role/name",
      "arn:aws:sts::123456789012:assumed-role/Ro le/name",
      "arn:aws:iam:us-east-1:123456789012:user/alice",
      "arn:aws:s3::123456789012:user/alice",
      "arn:aws:iam::12345678901:user/alice",
      "arn:aws:iam::1234567890123:user/alice",
      "arn:aws:iam::12345678901x:user/alice",
      "arn:aws:iam:::user/alice",
      "arn:aws-xy:iam::123456789012:user/alice",
      "arn::iam::123456789012:user/alice",
      "ARN:aws:iam::123456789012:user/alice",
      " arn:aws:iam::123456789012:user/alice",
      "arn:aws:iam::123456789012:user/alice\n",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_identity who;
    struct snt_err err = {0};
    snt_status status = snt_aws_identity_parse(rows[i], NULL, &who, &err);
    if (status.code != SNT_CODE_ANSWER_INVALID || who.user[0] != '\0' || who.kind[0] != '\0') {
      fail_msg("\"%s\" gave user \"%s\" of kind \"%s\"", rows[i], who.user, who.kind);
    }
  }
}

static void every_kind_of_caller_has_its_name(void **state) {
  (void)state;
  static const struct {
    const char *arn, *user, *kind, *role, *partition;
  } rows[] = {
      {"arn:aws:iam::123456789012:user/alice", "alice", "user", "", "aws"},
      {"arn:aws:iam::123456789012:user/path/to/alice", "alice", "user", "", "aws"},
      {"arn:aws:iam::123456789012:user/a:b/alice", "alice", "user", "", "aws"},
      {"arn:aws:iam::123456789012:user/role/Role/name", "name", "user", "", "aws"},
      {"arn:aws:iam::123456789012:user/root", "root", "user", "", "aws"},
      {"arn:aws-cn:iam::123456789012:user/a+b=c,d.e@f-g_h", "a+b=c,d.e@f-g_h", "user", "", "aws-cn"},
      {"arn:aws-us-gov:iam::123456789012:root", "root", "root", "", "aws-us-gov"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/a.b@x.com", "a.b@x.com", "sso",
       "AWSReservedSSO_Dev_0123456789abcdef", "aws"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_a_b_0123456789abcdef/x", "x", "sso",
       "AWSReservedSSO_a_b_0123456789abcdef", "aws"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO__0123456789abcdef/x",
       "role/AWSReservedSSO__0123456789abcdef/x", "role", "AWSReservedSSO__0123456789abcdef", "aws"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789ABCDEF/x",
       "role/AWSReservedSSO_Dev_0123456789ABCDEF/x", "role", "AWSReservedSSO_Dev_0123456789ABCDEF", "aws"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcde/x",
       "role/AWSReservedSSO_Dev_0123456789abcde/x", "role", "AWSReservedSSO_Dev_0123456789abcde", "aws"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev-0123456789abcdef/x",
       "role/AWSReservedSSO_Dev-0123456789abcdef/x", "role", "AWSReservedSSO_Dev-0123456789abcdef", "aws"},
      {"arn:aws:sts::123456789012:assumed-role/xAWSReservedSSO_Dev_0123456789abcdef/x",
       "role/xAWSReservedSSO_Dev_0123456789abcdef/x", "role", "xAWSReservedSSO_Dev_0123456789abcdef", "aws"},
      {"arn:aws-iso:sts::123456789012:assumed-role/Role/alice", "role/Role/alice", "role", "Role", "aws-iso"},
      {"arn:aws-iso-b:sts::123456789012:assumed-role/" LONG_64 "/" LONG_64, "role/" LONG_64 "/" LONG_64, "role",
       LONG_64, "aws-iso-b"},
      {"arn:aws-iso-e:sts::123456789012:federated-user/bob", "federated/bob", "federated", "", "aws-iso-e"},
      {"arn:aws-iso-f:iam::123456789012:user/x", "x", "user", "", "aws-iso-f"},
      {"arn:aws-eusc:iam::123456789012:user/x", "x", "user", "", "aws-eusc"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_identity who;
    struct snt_err err = {0};
    assert_ok(snt_aws_identity_parse(rows[i].arn, NULL, &who, &err));
    assert_string_equal(who.arn, rows[i].arn);
    assert_string_equal(who.user, rows[i].user);
    assert_string_equal(who.kind, rows[i].kind);
    assert_string_equal(who.role, rows[i].role);
    assert_string_equal(who.partition, rows[i].partition);
    assert_string_equal(who.account, "123456789012");
  }
}

static void a_user_of_an_account_that_is_not_listed_carries_its_account(void **state) {
  (void)state;
  static const char *const none[] = {NULL};
  static const char *const one[] = {"123456789012", NULL};
  static const char *const others[] = {"210987654321", "111111111111", NULL};
  static const struct {
    const char *arn;
    const char *const *accounts;
    const char *user;
  } rows[] = {
      {"arn:aws:iam::123456789012:user/alice", NULL, "alice"},
      {"arn:aws:iam::123456789012:user/alice", none, "alice"},
      {"arn:aws:iam::123456789012:user/alice", one, "alice"},
      {"arn:aws:iam::123456789012:user/alice", others, "123456789012/alice"},
      {"arn:aws:iam::123456789012:root", others, "123456789012/root"},
      {"arn:aws:sts::123456789012:assumed-role/R/x", others, "123456789012/role/R/x"},
      {"arn:aws:sts::123456789012:federated-user/bob", others, "123456789012/federated/bob"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_D_0123456789abcdef/x", others, "123456789012/x"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_identity who;
    assert_ok(snt_aws_identity_parse(rows[i].arn, rows[i].accounts, &who, NULL));
    assert_string_equal(who.user, rows[i].user);
  }
}

static void odd_short_names_are_refused(void **state) {
  (void)state;
  char longer[258];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  const char *const rows[] = {"",
                              "a/b",
                              "/alice",
                              "alice/",
                              "role/",
                              "role/R",
                              "role/R/",
                              "role//x",
                              "role/R/x/y",
                              "federated/",
                              "federated/a/b",
                              "a\nb",
                              "\xff",
                              "root/alice",
                              "user/alice",
                              "123456789012/",
                              "12345678901/alice",
                              longer};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_identity who;
    struct snt_err err = {0};
    snt_status status = snt_aws_identity_from_short(rows[i], &who, &err);
    if (status.code != SNT_CODE_USAGE || who.kind[0] != '\0' || err.hint[0] == '\0') {
      fail_msg("\"%s\" gave %s, kind \"%s\"", rows[i], snt_code_name(status.code), who.kind);
    }
  }
}

static void the_short_form_stands_for_its_kind(void **state) {
  (void)state;
  static const struct {
    const char *name, *kind, *role, *account, *arn;
  } rows[] = {
      {"alice", "user", "", "123456789012", "arn:aws:iam::123456789012:user/alice"},
      {"a.b@x.com", "user", "", "123456789012", "arn:aws:iam::123456789012:user/a.b@x.com"},
      {"role", "user", "", "123456789012", "arn:aws:iam::123456789012:user/role"},
      {"zo\xc3\xab", "user", "", "123456789012", "arn:aws:iam::123456789012:user/zo\xc3\xab"},
      {"root", "root", "", "123456789012", "arn:aws:iam::123456789012:root"},
      {"role/R/x", "role", "R", "123456789012", "arn:aws:sts::123456789012:assumed-role/R/x"},
      {"federated/x", "federated", "", "123456789012", "arn:aws:sts::123456789012:federated-user/x"},
      {"210987654321/bob", "user", "", "210987654321", "arn:aws:iam::210987654321:user/bob"},
      {"210987654321/role/R/x", "role", "R", "210987654321", "arn:aws:sts::210987654321:assumed-role/R/x"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_identity who;
    assert_ok(snt_aws_identity_from_short(rows[i].name, &who, NULL));
    assert_string_equal(who.user, rows[i].name);
    assert_string_equal(who.kind, rows[i].kind);
    assert_string_equal(who.role, rows[i].role);
    assert_string_equal(who.account, rows[i].account);
    assert_string_equal(who.arn, rows[i].arn);
  }
}

static void what_is_not_a_roles_arn_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "Dev",
                                     "arn:aws:iam::123456789012:role/",
                                     "arn:aws:iam::123456789012:role",
                                     "arn:aws:iam::123456789012:user/Dev",
                                     "arn:aws:sts::123456789012:role/Dev",
                                     "arn:aws:sts::123456789012:assumed-role/Dev/x",
                                     "arn:aws:iam::12345678901:role/Dev",
                                     "arn:aws:iam::123456789012:role/De v",
                                     "arn:aws:iam::123456789012:role/Dev\n",
                                     "arn:aws:iam::123456789012:role/p\tq/Dev",
                                     "arn:aws:iam::123456789012:role/" LONG_64 "x",
                                     "arn:nowhere:iam::123456789012:role/Dev"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char account[13];
    char name[128];
    struct snt_err err = {0};
    assert_code(snt_aws_role_arn_parse(rows[i], account, name, &err), SNT_CODE_PROFILE_INVALID);
    assert_string_equal(account, "");
    assert_string_equal(name, "");
    assert_non_null(strstr(err.hint, "arn:aws:iam::"));
  }
}

static void a_roles_arn_gives_account_and_name(void **state) {
  (void)state;
  char account[13];
  char name[128];
  assert_ok(snt_aws_role_arn_parse("arn:aws:iam::123456789012:role/Dev", account, name, NULL));
  assert_string_equal(account, "123456789012");
  assert_string_equal(name, "Dev");
  assert_ok(snt_aws_role_arn_parse("arn:aws-cn:iam::210987654321:role/service/x/Prod-1", account, name, NULL));
  assert_string_equal(account, "210987654321");
  assert_string_equal(name, "Prod-1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_a_callers_arn_is_refused),
      cmocka_unit_test(every_kind_of_caller_has_its_name),
      cmocka_unit_test(a_user_of_an_account_that_is_not_listed_carries_its_account),
      cmocka_unit_test(odd_short_names_are_refused),
      cmocka_unit_test(the_short_form_stands_for_its_kind),
      cmocka_unit_test(what_is_not_a_roles_arn_is_refused),
      cmocka_unit_test(a_roles_arn_gives_account_and_name),
  };
  return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
