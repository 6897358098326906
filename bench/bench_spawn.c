/* Runs commands alternately, start to end, and prints the median of each, and how much that is more than the first's.
 *
 * usage: bench_spawn ROUNDS STATUS,STATUS,... name command... -- name command... [-- ...]
 * STATUS is the exit status that each command has to end with. stdout goes to /dev/null. */
#include "measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

enum { COMMANDS_MAX = 16, ROUNDS_MAX = 10000, WARM_UP = 3 };

struct command {
  const char *name;
  char **argv;
  int status;
  double *ms;
  long rss_kb;
};

static double run(struct command *command) {
  posix_spawn_file_actions_t actions;
  pid_t pid = 0;
  int status = 0;
  struct rusage usage;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  double start = now_us();
  if (posix_spawn(&pid, command->argv[0], &actions, NULL, command->argv, environ) != 0 ||
      wait4(pid, &status, 0, &usage) != pid) {
    fprintf(stderr, "bench_spawn: %s cannot be run\n", command->argv[0]);
    exit(1);
  }
  double end = now_us();
  posix_spawn_file_actions_destroy(&actions);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != command->status) {
    fprintf(stderr, "bench_spawn: %s ended with %d, not %d\n", command->name, WEXITSTATUS(status), command->status);
    exit(1);
  }
  command->rss_kb = usage.ru_maxrss;
  return (end - start) / 1000;
}

static int parse(int argc, char **argv, int rounds, struct command *commands) {
  int count = 0;
  char *statuses = strdup(argv[2]);
  char *status = strtok(statuses, ",");
  for (int i = 3; i < argc && count < COMMANDS_MAX; count++) {
    commands[count] = (struct command){.name = argv[i], .argv = argv + i + 1};
    commands[count].status = status == NULL ? 0 : atoi(status);
    commands[count].ms = calloc((size_t)rounds, sizeof(double));
    status = strtok(NULL, ",");
    while (i < argc && strcmp(argv[i], "--") != 0) {
      i++;
    }
    if (i < argc) {
      argv[i++] = NULL;
    }
  }
  return count;
}

int main(int argc, char **argv) {
  struct command commands[COMMANDS_MAX];
  int rounds = argc > 4 ? atoi(argv[1]) : 0;
  if (rounds < 1 || rounds > ROUNDS_MAX) {
    fputs("usage: bench_spawn ROUNDS STATUS,... name command... [-- name command...]\n", stderr);
    return 2;
  }
  int count = parse(argc, argv, rounds, commands);
  for (int round = -WARM_UP; round < rounds; round++) {
    for (int i = 0; i < count; i++) {
      double ms = run(&commands[i]);
      if (round >= 0) {
        commands[i].ms[round] = ms;
      }
    }
  }
  double base = 0;
  for (int i = 0; i < count; i++) {
    sort_doubles(commands[i].ms, (size_t)rounds);
    double median = commands[i].ms[rounds / 2];
    base = i == 0 ? median : base;
    printf("  %-40s %8.3f ms  p10 %8.3f  p90 %8.3f  %6.2fx  %+8.3f ms  %6ld KB\n", commands[i].name, median,
           commands[i].ms[rounds / 10], commands[i].ms[rounds * 9 / 10], median / base, median - base,
           commands[i].rss_kb);
  }
  return 0;
}
