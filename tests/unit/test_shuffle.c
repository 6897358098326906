#include "check.h"

#include <string.h>

#include "policy/shuffle.h"

enum { COUNT = 8 };

static void fill(size_t order[COUNT]) {
  for (size_t i = 0; i < COUNT; i++) {
    order[i] = i;
  }
}

/* Worked out by another program of the same two algorithms. */
static void a_seed_gives_the_same_order_on_every_machine(void **state) {
  (void)state;
  static const struct {
    uint32_t seed;
    size_t order[COUNT];
  } rows[] = {
      {0U, {2, 5, 0, 3, 4, 6, 1, 7}},
      {1U, {4, 3, 2, 7, 5, 6, 0, 1}},
      {42U, {3, 1, 6, 2, 4, 0, 7, 5}},
      {4294967295U, {7, 5, 3, 4, 6, 1, 2, 0}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t order[COUNT];
    fill(order);
    snt_shuffle(rows[i].seed, order, COUNT);
    assert_memory_equal(order, rows[i].order, sizeof order);
  }
}

static void every_order_is_a_permutation_and_every_place_is_reached(void **state) {
  (void)state;
  size_t reached[COUNT][COUNT] = {0};
  for (uint32_t seed = 0; seed < 500; seed++) {
    size_t order[COUNT];
    bool was_seen[COUNT] = {false};
    fill(order);
    snt_shuffle(seed, order, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
      assert_true(order[i] < COUNT && !was_seen[order[i]]);
      was_seen[order[i]] = true;
      reached[i][order[i]]++;
    }
  }
  for (size_t i = 0; i < COUNT; i++) {
    for (size_t k = 0; k < COUNT; k++) {
      assert_true(reached[i][k] > 20); /* 62.5 are expected */
    }
  }
}

static void nothing_and_one_stay_as_they_are(void **state) {
  (void)state;
  size_t one[1] = {7};
  snt_shuffle(1, one, 0);
  snt_shuffle(1, one, 1);
  assert_int_equal(one[0], 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_seed_gives_the_same_order_on_every_machine),
      cmocka_unit_test(every_order_is_a_permutation_and_every_place_is_reached),
      cmocka_unit_test(nothing_and_one_stay_as_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
