#include "check.h"

#include <string.h>
#include <unistd.h>

#include "lua/frame.h"
#include "lua/vm.h"

static void headers_that_differ_in_one_field_are_refused(void **state) {
  (void)state;
  const uint64_t nonce = 0x0123456789abcdef;
  struct snt_frame good = snt_frame_make(SNT_FRAME_LOAD, SNT_VM_OK, nonce, 10), frames[8];
  assert_true(snt_frame_check(&good, SNT_FRAME_LOAD, nonce, 10));
  for (size_t i = 0; i < 8; i++) {
    frames[i] = good;
  }
  frames[0].magic++;
  frames[1].kind = SNT_FRAME_LINK;
  frames[2].result = SNT_VM_MEMORY + 1;
  frames[3].zero = 1;
  frames[4].nonce++;
  frames[5].len = 11;
  frames[6].zero_again = 1;
  frames[7].len = UINT32_MAX;
  for (size_t i = 0; i < 8; i++) {
    assert_false(snt_frame_check(&frames[i], SNT_FRAME_LOAD, nonce, 10));
  }
  assert_false(snt_frame_check(&good, SNT_FRAME_LOAD, nonce, 9));
}

static void an_answer_is_of_the_kind_that_was_asked_for(void **state) {
  (void)state;
  for (int asked = 0; asked <= SNT_FRAME_KIND_COUNT; asked++) {
    for (int answered = 0; answered < 256; answered++) {
      struct snt_frame frame = snt_frame_make((enum snt_frame_kind)answered, SNT_VM_OK, 5, 0);
      assert_true(snt_frame_check(&frame, (enum snt_frame_kind)asked, 5, 0) == (asked == answered));
    }
  }
  for (int result = 0; result < 256; result++) {
    struct snt_frame frame = snt_frame_make(SNT_FRAME_EVALUATE, (uint8_t)result, 5, 0);
    assert_true(snt_frame_check(&frame, SNT_FRAME_EVALUATE, 5, 0) == (result <= SNT_VM_MEMORY));
  }
}

static void lengths_end_at_what_the_kind_may_carry(void **state) {
  (void)state;
  for (int kind = SNT_FRAME_HELLO; kind < SNT_FRAME_KIND_COUNT; kind++) {
    size_t max = snt_frame_answer_max((enum snt_frame_kind)kind);
    const struct {
      size_t len;
      bool is_good;
    } rows[] = {{0, true},          {max, true},        {max + 1, false}, {2 * max + 1, false},
                {INT32_MAX, false}, {UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      struct snt_frame frame = snt_frame_make((enum snt_frame_kind)kind, SNT_VM_OK, 5, rows[i].len);
      assert_true(snt_frame_check(&frame, (enum snt_frame_kind)kind, 5, max) == rows[i].is_good);
    }
  }
}

/* Another result and a shorter payload are an answer too, which then has to be one; no other bit may differ. */
static void a_bit_that_differs_is_another_frame(void **state) {
  (void)state;
  const struct snt_frame good = snt_frame_make(SNT_FRAME_EVALUATE, SNT_VM_OK, UINT64_MAX / 3, 60000);
  for (size_t bit = 0; bit < 8 * sizeof good; bit++) {
    struct snt_frame frame = good;
    ((unsigned char *)&frame)[bit / 8] ^= (unsigned char)(1u << bit % 8);
    bool is_other = frame.result == good.result && frame.len == good.len;
    bool is_bounded = frame.result <= SNT_VM_MEMORY && frame.len <= 64 * 1024;
    assert_true(snt_frame_check(&frame, SNT_FRAME_EVALUATE, good.nonce, 64 * 1024) == (!is_other && is_bounded));
  }
}

static void a_frame_that_is_cut_anywhere_is_not_read(void **state) {
  (void)state;
  char payload[] = "{\"effect\":\"allow\"}", got[64];
  struct snt_frame sent = snt_frame_make(SNT_FRAME_EVALUATE, SNT_VM_OK, 9, sizeof payload - 1), frame;
  char whole[sizeof sent + sizeof payload];
  memcpy(whole, &sent, sizeof sent);
  memcpy(whole + sizeof sent, payload, sizeof payload);
  for (size_t len = 0; len < sizeof sent + sent.len; len++) {
    int ends[2];
    bool is_end = false;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], whole, len), (ssize_t)len);
    assert_int_equal(close(ends[1]), 0);
    bool is_read = snt_frame_read_all(ends[0], &frame, sizeof frame, &is_end) &&
                   snt_frame_read_all(ends[0], got, frame.len, &is_end);
    assert_false(is_read);
    assert_true(is_end == (len == 0 || len == sizeof sent));
    assert_int_equal(close(ends[0]), 0);
  }
}

static void kinds_that_do_not_exist_carry_nothing(void **state) {
  (void)state;
  assert_int_equal(snt_frame_request_max(SNT_FRAME_NONE), 0);
  assert_int_equal(snt_frame_request_max(SNT_FRAME_KIND_COUNT), 0);
  assert_int_equal(snt_frame_answer_max((enum snt_frame_kind) - 1), 0);
  assert_true(snt_frame_request_max(SNT_FRAME_LOAD) > 512 * 1024);
  assert_int_equal(snt_frame_request_max(SNT_FRAME_EVALUATE), 128 * 1024);
}

static void pairs_need_a_name_and_its_nul(void **state) {
  (void)state;
  struct snt_frame_pair pair;
  assert_false(snt_frame_unpack("", 0, &pair));
  assert_false(snt_frame_unpack("name", 4, &pair));
  assert_false(snt_frame_unpack("\0data", 5, &pair));
  assert_true(snt_frame_unpack("n\0", 2, &pair));
  assert_int_equal(pair.second_len, 0);
  SNT_BUF_AUTO struct snt_buf packed = {0};
  assert_ok(snt_frame_pack(&packed, "name", "a\0b", 3, NULL));
  assert_true(snt_frame_unpack(packed.data, packed.len, &pair));
  assert_string_equal(pair.first, "name");
  assert_int_equal(pair.second_len, 3);
  assert_memory_equal(pair.second, "a\0b", 3);
}

static void a_clean_end_is_told_from_a_cut(void **state) {
  (void)state;
  int ends[2];
  char data[4];
  bool is_end = false;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "abc", 3), 3);
  assert_int_equal(close(ends[1]), 0);
  assert_true(snt_frame_read_all(ends[0], data, 1, &is_end));
  assert_false(snt_frame_read_all(ends[0], data, 4, &is_end));
  assert_false(is_end); /* two bytes, then the end */
  assert_false(snt_frame_read_all(ends[0], data, 4, &is_end));
  assert_true(is_end);
  assert_int_equal(close(ends[0]), 0);
}

static void small_and_large_frames_arrive_whole(void **state) {
  (void)state;
  static const size_t lengths[] = {0, 1, 4071, 4072, 4073, 20000};
  static char payload[20000], got[20000];
  memset(payload, 'p', sizeof payload);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    int ends[2];
    bool is_end = false;
    struct snt_frame sent = snt_frame_make(SNT_FRAME_EVALUATE, SNT_VM_FUEL, 7, lengths[i]), frame = {0};
    assert_int_equal(pipe(ends), 0);
    assert_true(snt_frame_send(ends[1], &sent, payload));
    assert_int_equal(close(ends[1]), 0);
    assert_true(snt_frame_read_all(ends[0], &frame, sizeof frame, &is_end));
    assert_memory_equal(&frame, &sent, sizeof frame);
    assert_true(snt_frame_read_all(ends[0], got, frame.len, &is_end));
    assert_memory_equal(got, payload, frame.len);
    assert_false(snt_frame_read_all(ends[0], got, 1, &is_end));
    assert_true(is_end);
    assert_int_equal(close(ends[0]), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(headers_that_differ_in_one_field_are_refused),
      cmocka_unit_test(an_answer_is_of_the_kind_that_was_asked_for),
      cmocka_unit_test(lengths_end_at_what_the_kind_may_carry),
      cmocka_unit_test(a_bit_that_differs_is_another_frame),
      cmocka_unit_test(a_frame_that_is_cut_anywhere_is_not_read),
      cmocka_unit_test(kinds_that_do_not_exist_carry_nothing),
      cmocka_unit_test(pairs_need_a_name_and_its_nul),
      cmocka_unit_test(a_clean_end_is_told_from_a_cut),
      cmocka_unit_test(small_and_large_frames_arrive_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
