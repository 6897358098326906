/* policy/manifest_format (layer 4): a manifest as text, each in one way only: as JSON, which is what a packed bundle
 * begins with, and as the YAML of a folder. */
#ifndef SNT_POLICY_MANIFEST_FORMAT_H
#define SNT_POLICY_MANIFEST_FORMAT_H

#include "format/json.h"
#include "policy/manifest.h"

/* One line without a line feed: keys in the order of policy.md, profiles and plugins in that of their bytes, nothing
 * that says what is so without it. With what packing adds, where the manifest has it. */
snt_status snt_manifest_format(const struct snt_manifest *manifest, struct snt_buf *out, struct snt_err *err);
/* A bundle.yaml that means the same, with the hashes of plugins where the manifest has them. */
snt_status snt_manifest_format_yaml(const struct snt_manifest *manifest, struct snt_buf *out, struct snt_err *err);
/* The member "targets" of an object, as lua/stdlib reads it: [{"profile","roles":[...]}, ...]. */
void snt_manifest_put_targets(struct snt_json_writer *writer, const struct snt_manifest *manifest);

#endif
