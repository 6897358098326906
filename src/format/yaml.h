/* format/yaml (layer 1): YAML of the configuration and of manifests. One document; no tags, anchors, aliases or
 * duplicate keys; depth at most 16, 10,000 nodes. The text of a policy that decides is never parsed here, but in the
 * evaluator. */
#ifndef SNT_FORMAT_YAML_H
#define SNT_FORMAT_YAML_H

#include "base/buf.h"
#include "base/str.h"

enum snt_yaml_type { SNT_YAML_NULL = 0, SNT_YAML_STRING, SNT_YAML_INTEGER, SNT_YAML_BOOL, SNT_YAML_LIST, SNT_YAML_MAP };

/* A plain scalar is null (empty, ~, null), bool (true, false), integer (decimal), else a string; a quoted one is a
 * string. Nodes are owned by the document. */
struct snt_yaml_node {
  enum snt_yaml_type type;
  unsigned line, column; /* from 1 */
  const char *text;      /* of a scalar, as written; no NUL inside */
  long long integer;
  bool boolean;
  const char **keys;                 /* of a map */
  unsigned *key_lines, *key_columns; /* of a map */
  struct snt_yaml_node **children;   /* of a map or list */
  size_t count;
};

struct snt_yaml_doc;

/* Code CONFIG_INVALID; the message begins with "file:line:column: ". An empty text gives an empty map. */
snt_status snt_yaml_parse(const char *file, const char *data, size_t len, struct snt_yaml_doc **out,
                          struct snt_err *err);
void snt_yaml_free(struct snt_yaml_doc **doc);
#define SNT_YAML_AUTO SNT_CLEANUP(snt_yaml_free)
const struct snt_yaml_node *snt_yaml_root(const struct snt_yaml_doc *doc);
/* The value of a key of a map, or NULL. */
const struct snt_yaml_node *snt_yaml_get(const struct snt_yaml_node *map, const char *key);

#endif
