/* policy/grants (layer 4): what a bundle's manifest grants to its plugins (policy.md, Bundles and Plugins).
 *
 * MUST
 *  1. grant nothing that is not written: an absent key is no grant. */
#ifndef SNT_POLICY_GRANTS_H
#define SNT_POLICY_GRANTS_H

#include "base/buf.h"
#include "base/sha256.h"
#include "format/yaml.h"

#define SNT_PLUGIN_NAME_CAP 33
#define SNT_PLUGIN_VERSION_CAP 33

/* Lists end with NULL; a NULL list is empty. */
struct snt_grant {
  char plugin[SNT_PLUGIN_NAME_CAP];
  unsigned line, column;                /* of it in the manifest, for messages */
  char version[SNT_PLUGIN_VERSION_CAP]; /* "": any, for the spec of a plugin that is in no bundle */
  char sha256[SNT_SHA256_HEX_CAP];      /* of its code (policy/describe.h); "": any */
  struct snt_buf said;                  /* of a packed bundle: what plugin.lua says, as sorted JSON */
  char **http;                          /* names of questions in plugin.lua */
  char **hosts;                         /* exact names, lower case */
  char **secrets;                       /* names of secrets in plugin.lua */
  char **files;                         /* patterns of the bundle's files */
  bool has_geoip;
  bool has_history;
  bool allows_private; /* hosts may have private addresses */
};

struct snt_grants {
  struct snt_grant *list;
  size_t count;
};
void snt_grants_clear(struct snt_grants *grants);

/* The manifest's `plugins`; file is for messages. In a packed bundle each has its hash, and what it says, which is left
 * to the caller. Code POLICY_INVALID. */
snt_status snt_grants_read(const char *file, const struct snt_yaml_node *node, bool is_packed, struct snt_grants *out,
                           struct snt_err *err);
/* NULL when the plugin is not listed. */
const struct snt_grant *snt_grants_find(const struct snt_grants *grants, const char *plugin);
/* Whether the name is in the list. */
bool snt_grant_lists(char *const *list, const char *name);
/* Whether a pattern of the list fits the name. */
bool snt_grant_fits(char *const *patterns, const char *name);

#endif
