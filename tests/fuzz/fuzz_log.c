/* Any bytes as a decision log: verifying and reading the end of it never crash, and what verify calls intact and whole
 * has an end that an append can go on from. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/tail.h"
#include "audit/verify.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_FD_AUTO int fd = memfd_create("log", MFD_CLOEXEC);
  if (fd < 0 || !snt_ok(snt_file_write_all(fd, data, size, NULL))) {
    return 0;
  }
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  struct snt_log_report report = {0};
  struct snt_log_tail tail = {0};
  struct snt_err err = {0};
  bool is_intact = snt_ok(snt_log_verify(path, &report, &err)) && report.is_ok;
  bool has_tail = snt_ok(snt_log_tail_read(fd, &tail, &err));
  if (is_intact && !report.has_torn_tail && (!has_tail || tail.head.seq != report.last_seq)) {
    abort();
  }
  return 0;
}
