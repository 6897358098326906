/* policy/source (layer 4): where a policy comes from, and its bytes. */
#ifndef SNT_POLICY_SOURCE_H
#define SNT_POLICY_SOURCE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "lua/evaluator.h"
#include "policy/manifest.h"
#include "policy/plugin.h"

#define SNT_POLICY_CAP ((size_t)512 * 1024)

enum { SNT_POLICY_PATH_CAP = 4096 };

enum snt_policy_origin { SNT_POLICY_ORIGIN_NONE = 0, SNT_POLICY_ORIGIN_FILE, SNT_POLICY_ORIGIN_SSM };

struct snt_policy_source {
  enum snt_policy_origin origin;
  char path[SNT_POLICY_PATH_CAP]; /* of the file, or the parameter's name */
};

/* "file:PATH", a path, or "ssm:/path"; {profile} becomes the profile, and "~" of a path that begins with "~/" HOME.
 * Code CONFIG_INVALID, naming policy.source, for anything else and for what SSM could not hold, also by the profile's
 * name; NO_POLICY for a NULL or empty text. */
snt_status snt_policy_source_parse(const char *text, const char *profile, struct snt_policy_source *out,
                                   struct snt_err *err);

/* A policy's bytes and what the record says about them. */
struct snt_policy {
  enum snt_policy_kind kind;
  char name[256];       /* "prod" */
  char source[4200];    /* "file:/etc/prod.yaml", "ssm:/sentinel/policies/prod" */
  char file_name[4200]; /* for messages: the path, or the source */
  char region[64];      /* of SSM */
  int64_t version;      /* of the SSM parameter; 0 for a file */
  char sha256[65];
  struct snt_buf text; /* of the policy's file; empty when it is packed */
  bool is_bundle;
  struct snt_manifest manifest;  /* of a bundle */
  struct snt_policy_file *files; /* of a bundle: what policy and plugins may require or read, by name; without their
                                    texts when it is packed, and then with the policy */
  size_t file_count;
  size_t root_len;              /* how much of file_name is the bundle's folder */
  struct snt_plugin *plugins;   /* of a bundle, once it is loaded (policy/describe.h) */
  struct snt_buf *plugin_texts; /* the same, for the evaluator */
  size_t plugin_count;
  struct snt_buf packed; /* of a packed bundle (policy/pack.h): the frame with its files; else empty */
};
void snt_policy_clear(struct snt_policy *policy);
#define SNT_POLICY_AUTO SNT_CLEANUP(snt_policy_clear)

/* A file of a bundle by its name in it; NULL when there is none. */
struct snt_policy_file *snt_policy_find_file(const struct snt_policy *policy, const char *name);
/* Puts the files into the order of their names, which is the one that they are kept in. */
void snt_policy_sort_files(struct snt_policy_file *files, size_t count);

/* What a policy's file is by its name; false for a name that is of neither. */
bool snt_policy_kind_of(const char *name, enum snt_policy_kind *out);

/* A folder is a bundle (policy/bundle.h), and so is a file whose name ends in .bundle, which is packed (policy/pack.h);
 * other files are Lua for .lua, YAML for .yaml and .yml, else POLICY_INVALID. NO_POLICY when nothing is there. With
 * is_trusted_only a file that others may write is refused. */
snt_status snt_policy_read_file(const char *path, bool is_trusted_only, struct snt_policy *out, struct snt_err *err);
/* Reads one file of a policy or a bundle, of at most cap bytes, whole KiB. Codes: NO_POLICY when there is none,
 * POLICY_INVALID, with the place when it is too large. */
snt_status snt_policy_read_part(const char *path, enum snt_file_check check, size_t cap, struct snt_buf *out,
                                struct snt_err *err);
/* What a parameter's value is by its first line: Lua when it is SNT_POLICY_LUA_MARK, else YAML. */
#define SNT_POLICY_LUA_MARK "-- sentinel: lua"
bool snt_policy_is_lua_text(struct snt_slice value);
/* From a parameter's value, which is copied. A pointer to a signed bundle is POLICY_INVALID. */
snt_status snt_policy_from_parameter(const char *name, const char *region, int64_t version, struct snt_slice value,
                                     struct snt_policy *out, struct snt_err *err);
/* What the evaluator is given; borrowed from the policy. */
struct snt_policy_text snt_policy_text_of(const struct snt_policy *policy);
/* Hands the bytes to the evaluator, after those of a bundle's plugins; see snt_evaluator_load. */
snt_status snt_policy_load(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_buf *problems,
                           struct snt_err *err);

/* The first part of it; see snt_evaluator_load_begin. */
snt_status snt_policy_load_begin(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_buf *problems,
                                 struct snt_err *err);

/* Of a bare parameter: the hash that was last seen from a region, so that a fallback region cannot serve another one
 * (aws.md, Regions); of a file: that it was accepted before, which is a hint and nothing more. folder is the state
 * folder; failing to remember is not an error, failing to recall is "unknown".
 */
void snt_policy_remember(const char *folder, const struct snt_policy *policy);
bool snt_policy_was_seen(const char *folder, const struct snt_policy *policy);
/* Whether any policy of that source was. */
bool snt_policy_has_seen(const char *folder, const struct snt_policy *policy);

#endif
