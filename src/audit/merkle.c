#include "audit/merkle.h"

#include <string.h>

enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01 };

static void hash_pair(const uint8_t left[static SNT_SHA256_LEN], const uint8_t right[static SNT_SHA256_LEN],
                      uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t pair[1 + 2 * SNT_SHA256_LEN] = {NODE_PREFIX};
  memcpy(pair + 1, left, SNT_SHA256_LEN);
  memcpy(pair + 1 + SNT_SHA256_LEN, right, SNT_SHA256_LEN);
  snt_sha256(pair, sizeof pair, out);
}

void snt_merkle_add(struct snt_merkle *tree, uint8_t *prefixed, size_t len) {
  uint8_t node[SNT_SHA256_LEN];
  prefixed[0] = LEAF_PREFIX;
  snt_sha256(prefixed, len + 1, node);
  for (uint64_t full = tree->count; (full & 1) != 0; full >>= 1) {
    tree->depth--;
    hash_pair(tree->nodes[tree->depth], node, node);
  }
  memcpy(tree->nodes[tree->depth++], node, sizeof node);
  tree->count++;
}

void snt_merkle_root(const struct snt_merkle *tree, char out[static SNT_SHA256_HEX_CAP]) {
  uint8_t node[SNT_SHA256_LEN];
  if (tree->depth == 0) {
    snt_sha256_hex("", 0, out);
    return;
  }
  memcpy(node, tree->nodes[tree->depth - 1], sizeof node);
  for (size_t i = tree->depth - 1; i > 0; i--) {
    hash_pair(tree->nodes[i - 1], node, node);
  }
  snt_hex(node, sizeof node, out);
}
