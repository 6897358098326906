/* policy/pack (layer 4): a bundle as one run of bytes: its manifest as canonical JSON on one line, a line feed, and one
 * zstd frame with its files, which only the template opens (policy.md, Bundles).
 *
 * MUST
 *  1. make the same bytes of the same input, whoever packs it, in whatever folder, at whatever time;
 *  2. open nothing: what is in the frame is for the template. */
#ifndef SNT_POLICY_PACK_H
#define SNT_POLICY_PACK_H

#include "policy/pointer.h"
#include "policy/source.h"

#define SNT_PACKED_SUFFIX ".bundle"

/* The folder's bundle, read (policy/bundle.h) and described (policy/describe.h). The manifest gets the names of the
 * files, and for each plugin its hash and what plugin.lua says. Code POLICY_INVALID. */
snt_status snt_pack(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err);
/* The same content under another serial (for a rollback); nothing is opened. */
snt_status snt_pack_with_serial(struct snt_slice packed, int64_t serial, struct snt_buf *out, struct snt_err *err);
/* The manifest of packed bytes, strictly. source is for messages. Code POLICY_INVALID. */
snt_status snt_packed_manifest(const char *source, struct snt_slice packed, struct snt_manifest *out,
                               struct snt_err *err);
/* A policy that can be loaded: manifest, plugins as the manifest has them, and the frame as it is. The bytes are
 * copied; sha256 is theirs. Code POLICY_INVALID. */
snt_status snt_policy_from_packed(const char *source, struct snt_slice packed, struct snt_policy *out,
                                  struct snt_err *err);
/* Its files as the template sees them, for pull and diff: out (zeroed) is as if the bundle's folder had been read, with
 * the policy among the files and the plugins described; packing it gives the same content. The evaluator is one that
 * has no policy, and can be asked again. The bundle.yaml to the files: snt_manifest_format_yaml. Codes POLICY_INVALID,
 * EVALUATOR. */
snt_status snt_packed_open(const char *source, struct snt_slice packed, struct snt_evaluator *evaluator,
                           struct snt_policy *out, struct snt_err *err);
/* The same of a policy that was read packed, and is not afterwards. One that fails half-way is good for nothing but to
 * be cleared. */
snt_status snt_policy_open(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_err *err);

#endif
