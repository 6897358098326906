/* What a program and all that it forks hold together: follows it with ptrace and adds up the proportional set sizes
 * whenever one of them ends (all are stopped then, with their memory still there). Prints the largest sum.
 *
 * usage: bench_resident command... */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES_MAX = 64 };

static pid_t processes[PROCESSES_MAX];
static int process_count;
static long largest_pss, largest_rss;
static int largest_processes;

static long read_kb(pid_t pid, const char *name) {
  char path[64];
  char line[256];
  long kb = 0;
  (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    char format[32];
    (void)snprintf(format, sizeof format, "%s: %%ld kB", name);
    if (sscanf(line, format, &kb) == 1) {
      break;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return kb;
}

static void add_up(void) {
  long pss = 0, rss = 0;
  for (int i = 0; i < process_count; i++) {
    pss += read_kb(processes[i], "Pss");
    rss += read_kb(processes[i], "Rss");
  }
  if (pss > largest_pss) {
    largest_pss = pss;
    largest_rss = rss;
    largest_processes = process_count;
  }
}

static void note(pid_t pid) {
  for (int i = 0; i < process_count; i++) {
    if (processes[i] == pid) {
      return;
    }
  }
  if (process_count < PROCESSES_MAX) {
    processes[process_count++] = pid;
  }
}

static void forget(pid_t pid) {
  for (int i = 0; i < process_count; i++) {
    if (processes[i] == pid) {
      processes[i] = processes[--process_count];
    }
  }
}

static void follow(pid_t root) {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      forget(pid);
      if (pid == root) {
        return;
      }
      continue;
    }
    note(pid);
    int signal = WSTOPSIG(status);
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
      add_up();
    }
    ptrace(PTRACE_CONT, pid, 0, signal == SIGTRAP || signal == SIGSTOP ? 0 : signal);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) {
    return 2;
  }
  pid_t pid = fork();
  if (pid == 0) {
    int quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, 1);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ptrace(PTRACE_SETOPTIONS, pid, 0,
         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
  note(pid);
  ptrace(PTRACE_CONT, pid, 0, 0);
  follow(pid);
  printf("  %d processes, %ld KB proportional (%ld KB when shared pages count in each)\n", largest_processes,
         largest_pss, largest_rss);
  return 0;
}
