/* policy/shuffle (layer 4): an order that a seed decides, the same on every machine. */
#ifndef SNT_POLICY_SHUFFLE_H
#define SNT_POLICY_SHUFFLE_H

#include <stddef.h>
#include <stdint.h>

/* Puts order[0..count) into the seed's order: Fisher and Yates' shuffle, with numbers of SplitMix64 (Steele, Lea,
 * Flood, 2014). */
void snt_shuffle(uint32_t seed, size_t *order, size_t count);

#endif
