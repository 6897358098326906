/* policy/describe (layer 4): the plugins of a bundle, from their manifests: what they need, and of that what is
 * granted. */
#ifndef SNT_POLICY_DESCRIBE_H
#define SNT_POLICY_DESCRIBE_H

#include "policy/source.h"

/* Has every plugin that the bundle lists described by the evaluator, before the policy is loaded, and keeps that in the
 * policy. Code POLICY_INVALID when one is missing, refused, or not what the bundle pins: of another version, or with
 * another hash, which is the SHA-256 of the archive (format/archive) of the Lua files of its folder. Nothing is done
 * for plugins that are described already. */
snt_status snt_policy_describe(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_buf *problems,
                               struct snt_err *err);
/* The same from a packed bundle's manifest, which has what the plugins said when it was packed. */
snt_status snt_policy_take_described(struct snt_policy *policy, struct snt_err *err);
/* The hash that pins a plugin: the SHA-256 of the archive (format/archive) of the Lua files below plugins/NAME/. */
snt_status snt_policy_hash_plugin(const struct snt_policy *policy, const char *plugin,
                                  char out[static SNT_SHA256_HEX_CAP], struct snt_err *err);
/* Whether the bundle grants what the plugin's manifest needs; else the first thing that it does not, such as
 * "http oncalls", is written to what. Of several questions one is enough, with its secret: a plugin may know several
 * vendors, and a grant names those that are used. */
bool snt_policy_grants_all(const struct snt_policy *policy, const struct snt_plugin *plugin, char *what, size_t cap);
/* Whether a question can be asked: it, its secret and a host that it may have are granted. */
bool snt_policy_may_ask(const struct snt_question *question, const struct snt_grant *grant);
/* Whether one of those questions can go to that granted host. */
bool snt_policy_may_reach(const struct snt_plugin *plugin, const struct snt_grant *grant, const char *host);
/* Whether some file that the plugin needs fits the granted pattern. */
bool snt_policy_may_read(const struct snt_plugin *plugin, const char *pattern);

#endif
