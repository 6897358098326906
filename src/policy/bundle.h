/* policy/bundle (layer 4): a bundle as a folder: bundle.yaml beside the policy that it names. */
#ifndef SNT_POLICY_BUNDLE_H
#define SNT_POLICY_BUNDLE_H

#include "policy/source.h"

#define SNT_BUNDLE_MANIFEST "bundle.yaml"

/* As snt_policy_read_file, for a folder; with is_trusted_only neither the folder nor a file of it may be writable by
 * others. The hash covers manifest and policy. */
snt_status snt_bundle_read_folder(const char *path, bool is_trusted_only, struct snt_policy *out, struct snt_err *err);

/* Appends the path of a plugin's folder that ends in plugins/NAME: as it is, or the real one where it is told in
 * another way ("." in the folder itself). As it is, too, when neither ends so. */
snt_status snt_bundle_find_plugin(const char *folder, struct snt_buf *out, struct snt_err *err);
/* A plugin's folder, .../plugins/NAME, as a bundle of it alone, with a policy that denies: for its own spec. Code
 * POLICY_INVALID. */
snt_status snt_bundle_read_plugin(const char *folder, struct snt_policy *out, struct snt_err *err);
/* Gives such a plugin what the bundle that its folder lies in grants it, and the bundle's name; nothing changes where
 * there is no bundle, or no grant. Code POLICY_INVALID. */
snt_status snt_bundle_grant_plugin(const char *folder, struct snt_policy *plugin, struct snt_err *err);

#endif
