/* Runs a program and looks for secrets in the memory of all that it forks, as spec/faults/memory_spec.lua asks.
 *
 * usage: scan_memory REPORT SECRETS command...
 *
 * SECRETS holds one secret a line. Every process but the first is stopped whenever a read of its own has brought bytes,
 * so at the first byte of policy too, and when it ends; then all its readable memory is searched for every piece of
 * PIECE bytes of every secret. The first process is searched once, as it starts: that the secrets are found there is
 * the control. REPORT gets a line "control N", "processes N", "scans N", "found N", and one for each find. Ends as the
 * command does. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 12, PIECES_MAX = 4096, PROCESSES_MAX = 64, CHUNK = 1 << 20 };

static char pieces[PIECES_MAX][PIECE];
static size_t piece_count;
static bool is_start[65536]; /* whether a piece begins with these two bytes */
static FILE *report;
static int finds, scans, process_count;
static pid_t processes[PROCESSES_MAX];

static void add_secret(const char *secret) {
  size_t len = strlen(secret);
  for (size_t i = 0; i + PIECE <= len && piece_count < PIECES_MAX; i++) {
    memcpy(pieces[piece_count++], secret + i, PIECE);
    is_start[(unsigned char)secret[i] << 8 | (unsigned char)secret[i + 1]] = true;
  }
}

static void load_secrets(const char *path) {
  char line[4096];
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    add_secret(line);
  }
  if (file == NULL || piece_count == 0) {
    fputs("scan_memory: no secrets\n", stderr);
    exit(99);
  }
  fclose(file);
}

static int search(const unsigned char *data, size_t len) {
  int count = 0;
  for (size_t i = 0; i + PIECE <= len; i++) {
    if (!is_start[data[i] << 8 | data[i + 1]]) {
      continue;
    }
    for (size_t p = 0; p < piece_count; p++) {
      count += memcmp(data + i, pieces[p], PIECE) == 0 ? 1 : 0;
    }
  }
  return count;
}

/* Chunks overlap, so that nothing hides on a border. */
static int search_region(int memory, uint64_t from, uint64_t to) {
  static unsigned char chunk[CHUNK + PIECE];
  int count = 0;
  for (uint64_t at = from; at < to; at += CHUNK) {
    uint64_t len = to - at < sizeof chunk ? to - at : sizeof chunk;
    ssize_t got = pread(memory, chunk, len, (off_t)at);
    if (got > 0) {
      count += search(chunk, (size_t)got);
    }
  }
  return count;
}

static int scan(pid_t pid) {
  char path[64];
  char line[512];
  int count = 0;
  (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
  int memory = open(path, O_RDONLY | O_CLOEXEC);
  (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
  FILE *maps = fopen(path, "re");
  if (memory < 0 || maps == NULL) {
    fprintf(report, "the memory of %d cannot be read: %s\n", (int)pid, strerror(errno));
    finds++;
  }
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    uint64_t from = 0, to = 0;
    char mode[5] = "";
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, mode) != 3 || mode[0] != 'r') {
      continue;
    }
    int here = search_region(memory, from, to);
    if (here > 0) {
      fprintf(report, "%d pieces in %d: %s", here, (int)pid, line);
    }
    count += here;
  }
  if (maps != NULL) {
    fclose(maps);
  }
  (void)close(memory);
  return count;
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

/* Whether this stop is the end of a read that brought bytes. */
static bool has_read(pid_t pid) {
  struct __ptrace_syscall_info info;
  static uint64_t entered[PROCESSES_MAX];
  int slot = 0;
  for (int i = 0; i < process_count; i++) {
    slot = processes[i] == pid ? i : slot;
  }
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) {
    return false;
  }
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    entered[slot] = info.entry.nr;
    return false;
  }
  return info.op == PTRACE_SYSCALL_INFO_EXIT && entered[slot] == SYS_read && info.exit.rval > 0;
}

static int follow(pid_t root) {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (pid == root) {
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      continue;
    }
    int signal = WSTOPSIG(status);
    bool is_syscall = signal == (SIGTRAP | 0x80);
    if (pid != root) {
      note(pid);
      bool is_end = status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
      if (is_end || (is_syscall && has_read(pid))) {
        scans++;
        finds += scan(pid);
      }
    }
    bool is_ours = is_syscall || signal == SIGTRAP || signal == SIGSTOP;
    ptrace(pid == root ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, is_ours ? 0 : signal);
  }
  return 98;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    return 99;
  }
  load_secrets(argv[2]);
  report = fopen(argv[1], "we");
  if (report == NULL) {
    return 99;
  }
  pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[3], argv + 3);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  int control = scan(pid);
  ptrace(PTRACE_SETOPTIONS, pid, 0,
         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT |
             PTRACE_O_EXITKILL);
  ptrace(PTRACE_CONT, pid, 0, 0);
  int result = follow(pid);
  fprintf(report, "control %d\nprocesses %d\nscans %d\nfound %d\n", control, process_count, scans, finds);
  fclose(report);
  return result;
}
