/* audit/merkle (layer 4): the Merkle tree hash of RFC 6962, section 2.1, over the lines of a log, as they come. */
#ifndef SNT_AUDIT_MERKLE_H
#define SNT_AUDIT_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

/* Initialise with {0}. One node for each bit of count that is set: the roots of the full trees to the left. */
struct snt_merkle {
  uint8_t nodes[64][SNT_SHA256_LEN];
  size_t depth;
  uint64_t count;
};

/* prefixed is one byte of the caller's that is overwritten (with the tree's leaf prefix), and len bytes of the leaf. */
void snt_merkle_add(struct snt_merkle *tree, uint8_t *prefixed, size_t len);
void snt_merkle_root(const struct snt_merkle *tree, char out[static SNT_SHA256_HEX_CAP]);

#endif
