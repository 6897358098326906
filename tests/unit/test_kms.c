#include "aws_answer.h"

#include "aws/kms.h"
#include "base/base64.h"

#define JSON "application/x-amz-json-1.1"
#define ID "01234567-89ab-cdef-0123-456789abcdef"
#define ARN "arn:aws:kms:eu-central-1:123456789012:key/" ID

static struct snt_aws_endpoint kms;

static int open_kms(void **state) {
  kms = endpoint_of("kms");
  return open_base_credentials(state);
}

static void what_is_no_arn_of_a_key_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "alias/sign",
      ID,
      "arn:aws:kms:eu-central-1:123456789012:alias/sign",
      "arn:aws:kms:eu-central-1:123456789012:key/" ID ":x",
      "arn:aws:kms:eu-central-1:123456789012:key/" ID "/x",
      "arn:aws:kms:eu-central-1:123456789012:key/" ID "0",
      "arn:aws:kms:eu-central-1:123456789012:key/01234567-89AB-cdef-0123-456789abcdef",
      "arn:aws:kms:eu-central-1:123456789012:key/0123456789ab-cdef-0123-456789abcdef",
      "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcde",
      "arn:aws:kms:eu-central-1:123456789012:key/mrk-0123456789abcdef0123456789abcde",
      "arn:aws:kms:eu-central-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef0",
      "arn:aws:kms:eu-central-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef/x",
      "arn:aws:kms:eu-central-1:123456789012:key/",
      "arn:aws:kms:eu-central-1:123456789012:key",
      "arn:aws:kms:eu-central-1:12345678901:key/" ID,
      "arn:aws:kms:eu-central-1:12345678901a:key/" ID,
      "arn:aws:kms:eu-central-1::key/" ID,
      "arn:aws:kms::123456789012:key/" ID,
      "arn:aws:kms:EU:123456789012:key/" ID,
      "arn:aws:kms:cn-north-1:123456789012:key/" ID,
      "arn:aws-cn:kms:eu-central-1:123456789012:key/" ID,
      "arn:aws:ssm:eu-central-1:123456789012:key/" ID,
      "ARN:aws:kms:eu-central-1:123456789012:key/" ID,
      "arn:aws:kms:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:123456789012:key/" ID,
      "arn:aws:kms",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    char region[64] = "x";
    if (snt_kms_arn_check(rows[i], region, &err).code != SNT_CODE_USAGE || region[0] != '\0') {
      fail_msg("%s was taken", rows[i]);
    }
    bool is_alias = strstr(rows[i], "alias/") != NULL;
    assert_non_null(strstr(err.hint, is_alias ? "an alias can be pointed at another key" : "it looks like this"));
  }
}

static void a_key_has_its_region(void **state) {
  (void)state;
  static const struct {
    const char *arn, *region;
  } rows[] = {{ARN, "eu-central-1"},
              {"arn:aws:kms:us-east-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef", "us-east-1"},
              {"arn:aws-cn:kms:cn-north-1:123456789012:key/" ID, "cn-north-1"},
              {"arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/" ID, "us-gov-west-1"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char region[64];
    assert_ok(snt_kms_arn_check(rows[i].arn, region, NULL));
    assert_string_equal(region, rows[i].region);
  }
}

static snt_status parse_key(long http_status, const char *body, struct snt_kms_public_key *out, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_kms_prepare_get_public_key(&call, &kms, &base_credentials, ARN, NULL));
  assert_string_equal(call.target, "TrentService.GetPublicKey");
  assert_string_equal(call.body.data, "{\"KeyId\":\"" ARN "\"}");
  answer(&call, http_status, JSON, json_of(body));
  return snt_kms_parse_get_public_key(&call, out, err);
}

#define KEY(id, spec, usage, algorithms, public)                                                                       \
  "{'KeyId':'" id "','KeySpec':'" spec "','CustomerMasterKeySpec':'" spec "','KeyUsage':'" usage                       \
  "','SigningAlgorithms':[" algorithms "],'PublicKey':'" public "'}"
#define P256(public) KEY(ARN, "ECC_NIST_P256", "SIGN_VERIFY", "'ECDSA_SHA_256'", public)

static void keys_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "",
      "{}",
      "[]",
      KEY("arn:aws:kms:eu-central-1:123456789012:key/11234567-89ab-cdef-0123-456789abcdef", "ECC_NIST_P256",
          "SIGN_VERIFY", "'ECDSA_SHA_256'", "MAA="),
      KEY("11234567-89ab-cdef-0123-456789abcdef", "ECC_NIST_P256", "SIGN_VERIFY", "'ECDSA_SHA_256'", "MAA="),
      KEY("", "ECC_NIST_P256", "SIGN_VERIFY", "'ECDSA_SHA_256'", "MAA="),
      KEY(ARN, "ECC_NIST_P256", "SIGN_VERIFY", "'RSASSA_PSS_SHA_256'", "MAA="),
      KEY(ARN, "RSA_2048", "SIGN_VERIFY", "'ECDSA_SHA_256'", "MAA="),
      KEY(ARN, "RSA_2048", "SIGN_VERIFY", "'RSASSA_PSS_SHA_256x'", "MAA="),
      KEY(ARN, "RSA_2048", "SIGN_VERIFY", "", "MAA="),
      KEY(ARN, "RSA_2048", "SIGN_VERIFY", "null", "MAA="),
      P256(""),
      P256("MAA"),
      P256("MAA=\\n"),
      P256("MAB="),
      P256("AAA="),
      "{'KeyId':'" ARN "','KeySpec':'ECC_NIST_P256','KeyUsage':'SIGN_VERIFY','SigningAlgorithms':['ECDSA_SHA_256']}",
      "{'KeyId':'" ARN "','KeySpec':'ECC_NIST_P256','KeyUsage':'SIGN_VERIFY','PublicKey':'MAA='}",
      "{'KeyId':'" ARN "','KeySpec':'ECC_NIST_P256','SigningAlgorithms':['ECDSA_SHA_256'],'PublicKey':'MAA='}",
      "{'KeyId':'" ARN "','KeyUsage':'SIGN_VERIFY','SigningAlgorithms':['ECDSA_SHA_256'],'PublicKey':'MAA='}",
      "{'KeyId':'" ARN "','KeySpec':7,'CustomerMasterKeySpec':'ECC_NIST_P256','KeyUsage':'SIGN_VERIFY',"
      "'SigningAlgorithms':['ECDSA_SHA_256'],'PublicKey':'MAA='}",
      "{'KeyId':'" ARN "','KeyId':'" ARN "','KeySpec':'ECC_NIST_P256','KeyUsage':'SIGN_VERIFY',"
      "'SigningAlgorithms':['ECDSA_SHA_256'],'PublicKey':'MAA='}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct snt_err err = {0};
    struct snt_kms_public_key key;
    snt_status status = parse_key(200, bodies[i], &key, &err);
    if (status.code != SNT_CODE_ANSWER_INVALID || key.len != 0 || key.algorithm != SNT_KMS_NO_ALGORITHM) {
      fail_msg("%s: %s", bodies[i], snt_code_name(status.code));
    }
    assert_non_null(strstr(err.message, "KMS GetPublicKey in eu-central-1"));
  }
}

static void a_public_key_that_is_too_long_is_refused(void **state) {
  (void)state;
  char body[2048];
  char text[1205];
  struct snt_kms_public_key key;
  memset(text, 'A', sizeof text - 1);
  memcpy(text, "MAAA", 4);
  text[sizeof text - 1] = '\0'; /* 903 bytes */
  (void)snprintf(body, sizeof body, P256("%s"), text);
  assert_code(parse_key(200, body, &key, NULL), SNT_CODE_ANSWER_INVALID);
  text[1064] = '\0'; /* 798 */
  (void)snprintf(body, sizeof body, P256("%s"), text);
  assert_ok(parse_key(200, body, &key, NULL));
  assert_int_equal(key.len, 798);
}

static void a_key_of_no_use_is_named_with_a_remedy(void **state) {
  (void)state;
  static const struct {
    const char *body, *why;
  } rows[] = {
      {KEY(ARN, "RSA_2048", "ENCRYPT_DECRYPT", "", "MAA="), "its usage is ENCRYPT_DECRYPT"},
      {KEY(ARN, "ECC_NIST_P384", "SIGN_VERIFY", "'ECDSA_SHA_384'", "MAA="), "its spec is ECC_NIST_P384"},
      {KEY(ARN, "ECC_SECG_P256K1", "SIGN_VERIFY", "'ECDSA_SHA_256'", "MAA="), "its spec is ECC_SECG_P256K1"},
      {KEY(ARN, "SM2", "SIGN_VERIFY", "'SM2DSA'", "MAA="), "its spec is SM2"},
      {KEY(ARN, "RSA_20480", "SIGN_VERIFY", "'RSASSA_PSS_SHA_256'", "MAA="), "its spec is RSA_20480"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    struct snt_kms_public_key key;
    assert_code(parse_key(200, rows[i].body, &key, &err), SNT_CODE_CONFIG_INVALID);
    assert_non_null(strstr(err.message, ARN));
    assert_non_null(strstr(err.message, rows[i].why));
    assert_non_null(strstr(err.hint, "aws kms create-key --region eu-central-1 --key-usage SIGN_VERIFY"));
  }
}

static void a_public_key_has_its_algorithm(void **state) {
  (void)state;
  static const struct {
    const char *body, *spec;
    enum snt_kms_algorithm algorithm;
  } rows[] = {
      {P256("MAA="), "ECC_NIST_P256", SNT_KMS_ECDSA_SHA_256},
      {KEY(ID, "RSA_4096", "SIGN_VERIFY", "'RSASSA_PKCS1_V1_5_SHA_256','RSASSA_PSS_SHA_256'", "MAA="), "RSA_4096",
       SNT_KMS_RSASSA_PSS_SHA_256},
      {"{'KeyId':'" ARN "','CustomerMasterKeySpec':'RSA_3072','KeyUsage':'SIGN_VERIFY','EncryptionAlgorithms':null,"
       "'SigningAlgorithms':['RSASSA_PSS_SHA_256'],'PublicKey':'MAA='}",
       "RSA_3072", SNT_KMS_RSASSA_PSS_SHA_256},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_kms_public_key key = {0};
    assert_ok(parse_key(200, rows[i].body, &key, NULL));
    assert_string_equal(key.spec, rows[i].spec);
    assert_int_equal(key.algorithm, rows[i].algorithm);
    assert_int_equal(key.len, 2);
    assert_memory_equal(key.der, "\x30\x00", 2);
  }
}

static struct snt_kms_sign sign_with(enum snt_kms_algorithm algorithm) {
  struct snt_kms_sign sign = {.arn = ARN, .algorithm = algorithm};
  memset(sign.digest, 0xff, sizeof sign.digest);
  return sign;
}

static snt_status parse_sign(enum snt_kms_algorithm algorithm, const char *body, struct snt_kms_signature *out) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_kms_sign sign = sign_with(algorithm);
  assert_ok(snt_kms_prepare_sign(&call, &kms, &base_credentials, &sign, NULL));
  answer(&call, 200, JSON, json_of(body));
  return snt_kms_parse_sign(&call, &sign, out, NULL);
}

static void the_request_holds_the_digest(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_kms_sign sign = sign_with(SNT_KMS_RSASSA_PSS_SHA_256);
  assert_ok(snt_kms_prepare_sign(&call, &kms, &base_credentials, &sign, NULL));
  assert_string_equal(call.target, "TrentService.Sign");
  assert_string_equal(call.what, "KMS Sign in eu-central-1");
  assert_string_equal(call.body.data,
                      "{\"KeyId\":\"" ARN "\",\"Message\":\"//////////////////////////////////////////8=\","
                      "\"MessageType\":\"DIGEST\",\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\"}");
  assert_int_equal(call.timeout_ms, 10000);
  sign.algorithm = SNT_KMS_ECDSA_SHA_256;
  assert_ok(snt_kms_prepare_sign(&call, &kms, &base_credentials, &sign, NULL));
  assert_non_null(strstr(call.body.data, "\"SigningAlgorithm\":\"ECDSA_SHA_256\""));
  sign.algorithm = SNT_KMS_NO_ALGORITHM;
  assert_code(snt_kms_prepare_sign(&call, &kms, &base_credentials, &sign, NULL), SNT_CODE_BUG);
}

/* Nine bytes that begin as DER does. */
#define EC "MAcCAgEBAgEB"
#define SIGNED(id, algorithm, signature)                                                                               \
  "{'KeyId':'" id "','Signature':'" signature "','SigningAlgorithm':'" algorithm "'}"

static void signatures_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "",
      "{}",
      "[]",
      SIGNED("x", "ECDSA_SHA_256", EC),
      SIGNED("arn:aws:kms:eu-central-1:123456789012:key/11234567-89ab-cdef-0123-456789abcdef", "ECDSA_SHA_256", EC),
      SIGNED(ARN, "RSASSA_PSS_SHA_256", EC),
      SIGNED(ARN, "", EC),
      SIGNED(ARN, "ECDSA_SHA_256", ""),
      SIGNED(ARN, "ECDSA_SHA_256", "MAcC"),
      SIGNED(ARN, "ECDSA_SHA_256", "AAcCAgEBAgEB"),
      SIGNED(ARN, "ECDSA_SHA_256", "MAcCAgEBAgEB="),
      SIGNED(ARN, "ECDSA_SHA_256", EC EC EC EC EC EC EC EC EC),
      "{'KeyId':'" ARN "','SigningAlgorithm':'ECDSA_SHA_256'}",
      "{'KeyId':'" ARN "','Signature':7,'SigningAlgorithm':'ECDSA_SHA_256'}",
      "{'KeyId':'" ARN "','Signature':'" EC "'}",
      "{'Signature':'" EC "','SigningAlgorithm':'ECDSA_SHA_256'}",
      "{'KeyId':'" ARN "','Signature':'" EC "','Signature':'" EC "','SigningAlgorithm':'ECDSA_SHA_256'}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct snt_kms_signature signature;
    snt_status status = parse_sign(SNT_KMS_ECDSA_SHA_256, bodies[i], &signature);
    if (status.code != SNT_CODE_ANSWER_INVALID || signature.len != 0) {
      fail_msg("%s: %s", bodies[i], snt_code_name(status.code));
    }
  }
}

static void a_signature_of_rsa_is_as_long_as_its_key(void **state) {
  (void)state;
  static const struct {
    size_t len;
    bool is_good;
  } rows[] = {{8, false},  {72, false},  {255, false}, {256, true}, {257, false},
              {384, true}, {511, false}, {512, true},  {513, false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    static const uint8_t bytes[513] = {0x30};
    char text[SNT_BASE64_CAP(sizeof bytes)];
    struct snt_kms_signature signature;
    char body[2048];
    snt_base64(bytes, rows[i].len, text);
    (void)snprintf(body, sizeof body, SIGNED(ARN, "RSASSA_PSS_SHA_256", "%s"), text);
    assert_int_equal(snt_ok(parse_sign(SNT_KMS_RSASSA_PSS_SHA_256, body, &signature)), rows[i].is_good);
    assert_int_equal(signature.len, rows[i].is_good ? rows[i].len : 0);
  }
}

static void a_signature_is_taken(void **state) {
  (void)state;
  struct snt_kms_signature signature;
  assert_ok(parse_sign(SNT_KMS_ECDSA_SHA_256, SIGNED(ARN, "ECDSA_SHA_256", EC), &signature));
  assert_int_equal(signature.len, 9);
  assert_memory_equal(signature.bytes, "\x30\x07\x02\x02\x01\x01\x02\x01\x01", 9);
}

static void refusals_name_the_key_and_the_remedy(void **state) {
  (void)state;
  static const struct {
    long http_status;
    const char *body, *in_message, *in_hint;
  } rows[] = {
      {400, "{'__type':'AccessDeniedException'}", "AccessDeniedException",
       "kms:GetPublicKey is missing: the caller needs it on KMS key " ARN},
      {400,
       "{'__type':'AccessDeniedException','Message':'User: arn:aws:iam::1:user/a is not authorized to perform: "
       "kms:Other on resource: " ARN "'}",
       "not authorized", "kms:Other is missing"},
      {400, "{'__type':'NotFoundException','message':'Key does not exist'}", "NotFoundException: Key does not exist",
       "describe-key --region eu-central-1 --key-id " ARN},
      {400, "{'__type':'DisabledException'}", "DisabledException", "to be enabled"},
      {400, "{'__type':'KMSInvalidStateException'}", "KMSInvalidStateException", "to be enabled"},
      {400, "{'__type':'InvalidKeyUsageException'}", "InvalidKeyUsageException", "SIGN_VERIFY"},
      {400, "{'__type':'UnsupportedOperationException'}", "UnsupportedOperationException", "SIGN_VERIFY"},
      {400, "{'__type':'ThrottlingException'}", "ThrottlingException", "try again"},
      {500, "{'__type':'KeyUnavailableException'}", "KeyUnavailableException", "try again"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    struct snt_kms_public_key key;
    assert_code(parse_key(rows[i].http_status, rows[i].body, &key, &err), SNT_CODE_AWS_REFUSED);
    if (strstr(err.message, rows[i].in_message) == NULL || strstr(err.hint, rows[i].in_hint) == NULL) {
      fail_msg("%s\n%s\nhint: %s", rows[i].body, err.message, err.hint);
    }
    assert_no_secret(&err);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_no_arn_of_a_key_is_refused),
      cmocka_unit_test(a_key_has_its_region),
      cmocka_unit_test(keys_that_make_no_sense_are_refused),
      cmocka_unit_test(a_public_key_that_is_too_long_is_refused),
      cmocka_unit_test(a_key_of_no_use_is_named_with_a_remedy),
      cmocka_unit_test(a_public_key_has_its_algorithm),
      cmocka_unit_test(the_request_holds_the_digest),
      cmocka_unit_test(signatures_that_make_no_sense_are_refused),
      cmocka_unit_test(a_signature_of_rsa_is_as_long_as_its_key),
      cmocka_unit_test(a_signature_is_taken),
      cmocka_unit_test(refusals_name_the_key_and_the_remedy),
  };
  return cmocka_run_group_tests_name("kms", tests, open_kms, close_base_credentials);
}
