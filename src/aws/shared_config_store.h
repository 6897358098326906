/* aws/shared_config_store (layer 3): how the shared config stands in memory. Private to aws/shared_config. */
#ifndef SNT_AWS_SHARED_CONFIG_STORE_H
#define SNT_AWS_SHARED_CONFIG_STORE_H

#include "aws/shared_config.h"

/* Keys are in lower case. */
struct snt_shared_property {
  const char *key;
  const char *value;
  const char *parts; /* sub-properties: name, NUL, value, NUL, ..., NUL; NULL for none */
};

enum snt_shared_kind { SNT_SHARED_PROFILE = 0, SNT_SHARED_SSO_SESSION, SNT_SHARED_SERVICES };

struct snt_shared_section {
  enum snt_shared_kind kind;
  const char *name;
  size_t name_len;
  struct snt_shared_property *properties; /* owned */
  size_t count;
  bool has_prefix; /* [profile default] goes before [default] */
};

struct snt_aws_shared_config {
  struct snt_secret *text; /* names and values, each with a NUL behind it */
  struct snt_shared_section *sections;
  size_t section_count;
  const char **names; /* of the profiles, in byte order; ends with NULL */
  size_t name_count;
};

struct snt_shared_section *snt_shared_section_find(const struct snt_aws_shared_config *config,
                                                   enum snt_shared_kind kind, struct snt_slice name);

#endif
