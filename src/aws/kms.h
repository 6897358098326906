/* aws/kms (layer 3): signing with an asymmetric KMS key, and its public half (AWS Key Management Service API Reference:
 * Sign, GetPublicKey). Prepared, performed and parsed as in service.h; the endpoint is that of the ARN's region. */
#ifndef SNT_AWS_KMS_H
#define SNT_AWS_KMS_H

#include "aws/kms_arn.h"
#include "aws/service.h"

/* The only keys and algorithms there are for policy. */
enum snt_kms_algorithm {
  SNT_KMS_NO_ALGORITHM = 0,
  SNT_KMS_RSASSA_PSS_SHA_256, /* RSA_2048, RSA_3072, RSA_4096 */
  SNT_KMS_ECDSA_SHA_256,      /* ECC_NIST_P256 */
};
/* "RSASSA_PSS_SHA_256"; NULL for none. */
const char *snt_kms_algorithm_name(enum snt_kms_algorithm algorithm);

snt_status snt_kms_prepare_get_public_key(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                          const struct snt_aws_credentials *credentials, const char *arn,
                                          struct snt_err *err);
struct snt_kms_public_key {
  uint8_t der[800]; /* SubjectPublicKeyInfo; crypto.h looks into it */
  size_t len;
  char spec[32]; /* "ECC_NIST_P256" */
  enum snt_kms_algorithm algorithm;
};
/* CONFIG_INVALID, naming the key, for one that is not for SIGN_VERIFY or of a spec that has no algorithm here. */
snt_status snt_kms_parse_get_public_key(const struct snt_aws_call *call, struct snt_kms_public_key *out,
                                        struct snt_err *err);

struct snt_kms_sign {
  const char *arn;
  enum snt_kms_algorithm algorithm;
  uint8_t digest[32]; /* SHA-256 of what is signed */
};
/* Has 10 s. */
snt_status snt_kms_prepare_sign(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                const struct snt_aws_credentials *credentials, const struct snt_kms_sign *sign,
                                struct snt_err *err);
struct snt_kms_signature {
  uint8_t bytes[512];
  size_t len;
};
/* sign: what was asked for. That the signature is one is for whoever has the public key to see. */
snt_status snt_kms_parse_sign(const struct snt_aws_call *call, const struct snt_kms_sign *sign,
                              struct snt_kms_signature *out, struct snt_err *err);

#endif
