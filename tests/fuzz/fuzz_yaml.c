/* Any bytes as YAML: what is taken is a tree within the bounds, with a place for every node and no key twice. */
#include <stdint.h>

#include "format/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many nodes there are. */
static size_t walk(const struct snt_yaml_node *node, int depth) {
  size_t count = 1;
  bool has_children = node->type == SNT_YAML_MAP || node->type == SNT_YAML_LIST;
  if (depth > 16 || node->line == 0 || node->column == 0 ||
      (!has_children && (node->text == NULL || node->count > 0))) {
    __builtin_trap();
  }
  for (size_t i = 0; i < node->count; i++) {
    if (node->type == SNT_YAML_MAP && snt_yaml_get(node, node->keys[i]) != node->children[i]) {
      __builtin_trap();
    }
    count += walk(node->children[i], depth + 1);
  }
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  if (snt_ok(snt_yaml_parse("fuzz", (const char *)data, size, &doc, NULL)) && walk(snt_yaml_root(doc), 1) > 10000) {
    __builtin_trap();
  }
  return 0;
}
