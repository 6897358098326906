/* policy/plugin (layer 4): what a plugin's manifest says, as the core keeps it (policy.md, Plugins).
 *
 * plugin.lua is run by the template in a process of its own; what it reports is read here as the word of a process that
 * may have been taken over.
 *
 * MUST
 *  1. take no name, URL or header that does not have its exact form: what is asked later is built from them;
 *  2. keep what is needed apart from what is granted (policy/grants): only what is both is ever asked. */
#ifndef SNT_POLICY_PLUGIN_H
#define SNT_POLICY_PLUGIN_H

#include <stdint.h>

#include "base/sha256.h"
#include "format/json.h"
#include "policy/grants.h"
#include "policy/question.h"

/* How a secret goes into a request. */
struct snt_plugin_secret {
  char name[65];
  char header[65];
  char format[201]; /* with one %s, the secret, or one %b, the secret in base64 */
};

struct snt_plugin {
  char name[SNT_PLUGIN_NAME_CAP];
  char version[SNT_PLUGIN_VERSION_CAP];
  char summary[201];
  struct snt_buf args;    /* JSON object: the arguments' schema, for the template */
  struct snt_buf request; /* JSON array: the fields that it names */
  struct snt_question *questions;
  size_t question_count;
  struct snt_plugin_secret *secrets;
  size_t secret_count;
  char **files; /* patterns, ended by NULL */
  bool needs_geoip;
  bool needs_history;
  int64_t timeout_ms;
  int64_t fuel;
  int64_t cache_ttl_s;             /* 0: facts are not kept */
  char sha256[SNT_SHA256_HEX_CAP]; /* of its code (policy/describe.h) */
  struct snt_buf said;             /* all of this as sorted JSON, which parsing takes again */
};
void snt_plugin_clear(struct snt_plugin *plugin);
#define SNT_PLUGIN_AUTO SNT_CLEANUP(snt_plugin_clear)

/* The template's answer to DESCRIBE that says ok; file and source, its text or nothing, are for messages. Code
 * POLICY_INVALID where the plugin asks for what cannot be asked, EVALUATOR for an answer that makes no sense. */
snt_status snt_plugin_parse(const char *file, struct snt_slice source, const struct snt_json_value *plugin,
                            struct snt_plugin *out, struct snt_err *err);
const struct snt_question *snt_plugin_find_question(const struct snt_plugin *plugin, const char *name);
const struct snt_plugin_secret *snt_plugin_find_secret(const struct snt_plugin *plugin, const char *name);

/* What the template is given of it: what conditions and code need, and which files are granted (names, count). */
snt_status snt_plugin_format(const struct snt_plugin *plugin, char *const *files, size_t file_count,
                             struct snt_buf *out, struct snt_err *err);

#endif
