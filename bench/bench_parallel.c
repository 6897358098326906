/* Runs a command alone and then many times at once, and prints the CPU time of each process (its children's included).
 *
 * usage: bench_parallel ROUNDS CALLERS command...       stdout goes to /dev/null; each has to end with 0 */
#include "measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

enum { CALLERS_MAX = 1000, ROUNDS_MAX = 1000 };

static double cpu_ms(const struct rusage *usage) {
  return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e3 +
         (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e3;
}

/* The mean over the callers of one round. */
static double run(int callers, char **argv) {
  posix_spawn_file_actions_t actions;
  double sum = 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  for (int i = 0; i < callers; i++) {
    pid_t pid = 0;
    if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0) {
      fprintf(stderr, "bench_parallel: %s cannot be run\n", argv[0]);
      exit(1);
    }
  }
  for (int i = 0; i < callers; i++) {
    struct rusage usage;
    int status = 0;
    if (wait4(-1, &status, 0, &usage) <= 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      fprintf(stderr, "bench_parallel: %s ended with %d\n", argv[0], WEXITSTATUS(status));
      exit(1);
    }
    sum += cpu_ms(&usage);
  }
  posix_spawn_file_actions_destroy(&actions);
  return sum / callers;
}

static double median_of(int rounds, int callers, char **argv) {
  double list[ROUNDS_MAX];
  for (int i = 0; i < rounds; i++) {
    list[i] = run(callers, argv);
  }
  sort_doubles(list, (size_t)rounds);
  return list[rounds / 2];
}

int main(int argc, char **argv) {
  int rounds = argc > 3 ? atoi(argv[1]) : 0;
  int callers = argc > 3 ? atoi(argv[2]) : 0;
  if (rounds < 1 || rounds > ROUNDS_MAX || callers < 1 || callers > CALLERS_MAX) {
    fputs("usage: bench_parallel ROUNDS CALLERS command...\n", stderr);
    return 2;
  }
  double alone = median_of(rounds * 5 < ROUNDS_MAX ? rounds * 5 : ROUNDS_MAX, 1, argv + 3);
  double together = median_of(rounds, callers, argv + 3);
  printf("  %-40s %8.3f ms CPU alone, %8.3f ms each of %d at once  %6.2fx\n", "credentials, cached", alone, together,
         callers, together / alone);
  return 0;
}
