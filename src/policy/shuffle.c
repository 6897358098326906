#include "policy/shuffle.h"

static uint64_t next_number(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void snt_shuffle(uint32_t seed, size_t *order, size_t count) {
  uint64_t state = seed;
  for (size_t left = count; left > 1; left--) {
    size_t at = (size_t)(next_number(&state) % left); /* 64 bits: no count of ours makes that uneven */
    size_t last = order[left - 1];
    order[left - 1] = order[at];
    order[at] = last;
  }
}
