#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void snt_free_auto(void *pointer_to_pointer) {
  void *pointer;
  memcpy(&pointer, pointer_to_pointer, sizeof pointer);
  free(pointer);
}

void snt_fd_auto(int *fd) {
  int saved = errno;
  if (*fd >= 0) {
    (void)close(*fd);
    *fd = -1;
  }
  errno = saved;
}
