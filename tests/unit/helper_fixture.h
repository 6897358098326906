/* A folder of scripts that stand in for the person, and for programs that are not installed everywhere. */
#ifndef SNT_TESTS_HELPER_FIXTURE_H
#define SNT_TESTS_HELPER_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/helper.h"

static char scripts[64];

static void begin_scripts(void) {
  (void)snprintf(scripts, sizeof scripts, "/tmp/snt-helper-XXXXXX");
  assert_non_null(mkdtemp(scripts));
}

static void end_scripts(void) {
  char command[128];
  (void)snprintf(command, sizeof command, "/bin/rm -rf %s", scripts);
  assert_int_equal(system(command), 0); /* NOLINT(concurrency-mt-unsafe) */
}

/* The path dies with the next call. */
static const char *script_path(const char *name) {
  static char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", scripts, name);
  return path;
}

static const char *write_script(const char *name, const char *body) {
  const char *path = script_path(name);
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  assert_true(fprintf(file, "#!/bin/sh\n%s\n", body) > 0);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(chmod(path, 0700), 0);
  return path;
}

/* What a script left in a file; "" when there is none. */
static inline const char *read_left(const char *name) {
  static char text[8192];
  text[0] = '\0';
  int fd = open(script_path(name), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    ssize_t got = read(fd, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    (void)close(fd);
  }
  return text;
}

/* Waits until there is no such process any more, or only what init has to take note of. */
static inline void expect_end(int pid) {
  for (int i = 0; i < 1000; i++) {
    char stat[64];
    char state_of = 0;
    (void)snprintf(stat, sizeof stat, "/proc/%d/stat", pid);
    FILE *file = fopen(stat, "re");
    bool is_there = file != NULL && fscanf(file, "%*d (%*[^)]) %c", &state_of) == 1;
    if (file != NULL) {
      (void)fclose(file);
    }
    if (!is_there || state_of == 'Z') {
      return;
    }
    (void)usleep(10000);
  }
  fail_msg("%d is still there", pid);
}

static inline int64_t in_ms(int64_t ms) { return snt_clock_monotonic_ms() + ms; }

#endif
