/* policy/manifest_keys (layer 4): the keys that a mapping of a bundle's manifest may have. */
#ifndef SNT_POLICY_MANIFEST_KEYS_H
#define SNT_POLICY_MANIFEST_KEYS_H

#include "format/yaml.h"

/* Refuses a key of the map that is not among allowed, which ends with NULL: where it stands, the nearest word, and as
 * hint all that are allowed. where follows the key in the message: "" or " in plugins.oncall". Code POLICY_INVALID. */
snt_status snt_manifest_check_keys(const char *file, const struct snt_yaml_node *map, const char *const *allowed,
                                   const char *where, struct snt_err *err);

#endif
