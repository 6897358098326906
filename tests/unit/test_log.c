#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/sha256.h"

static const char MEMBERS[] =
    "\"time\":\"2026-01-19T02:47:33.120Z\",\"time_source\":\"sts\",\"kind\":\"decision\",\"n\":1";

/* Stands before the C library's: a disk that fails. */
static bool is_disk_bad;
static int syncs;
int fdatasync(int fd) {
  syncs++;
  if (is_disk_bad) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_fdatasync, fd);
}

/* Everything happens in one folder, which is emptied before each test. */
static char folder[64];
static char path[256];

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...) {
  char command[1024];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(command, sizeof command, format, args);
  va_end(args);
  if (system(command) != 0) {
    fail_msg("%s", command);
  }
}

static int make_folder(void **state) {
  (void)state;
  is_disk_bad = false;
  (void)snprintf(folder, sizeof folder, "/tmp/snt-log-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/decisions.jsonl", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  run("chmod -R u+rwx %s && rm -rf %s", folder, folder);
  return 0;
}

static snt_status open_log(struct snt_log **log, struct snt_err *err) {
  struct snt_log_options options = {.path = path};
  return snt_log_open(&options, log, err);
}

static snt_status append(struct snt_log *log, struct snt_log_position *out, struct snt_err *err) {
  return snt_log_append(log, &(struct snt_slice){MEMBERS, sizeof MEMBERS - 1}, 1, out, err);
}

static snt_status append_text(struct snt_log *log, const char *text, struct snt_log_position *out) {
  return snt_log_append(log, &(struct snt_slice){text, strlen(text)}, 1, out, NULL);
}

/* Appends count records, each through a handle of its own. */
static void fill(int count) {
  for (int i = 0; i < count; i++) {
    SNT_LOG_AUTO struct snt_log *log = NULL;
    struct snt_log_position position;
    assert_ok(open_log(&log, NULL));
    assert_ok(append(log, &position, NULL));
  }
}

static struct snt_log_report verify(const char *file) {
  struct snt_log_report report;
  struct snt_err err = {0};
  if (!snt_ok(snt_log_verify(file, &report, &err))) {
    fail_msg("%s", err.message);
  }
  return report;
}

static void assert_intact(int64_t records) {
  struct snt_log_report report = verify(path);
  assert_string_equal(report.damage, "");
  assert_true(report.is_ok);
  assert_int_equal(report.records, records);
}

static void read_file(const char *file, struct snt_buf *out) {
  assert_ok(snt_file_read(file, SNT_FILE_ANY, (size_t)1 << 24, out, NULL));
}

static void write_file(const char *file, const void *data, size_t len) {
  FILE *stream = fopen(file, "w");
  assert_non_null(stream);
  assert_int_equal(fwrite(data, 1, len, stream), len);
  assert_int_equal(fclose(stream), 0);
}

/* Refused when opened, or else when written; nothing was added then. */
static void assert_refused(const char *what) {
  SNT_LOG_AUTO struct snt_log *log = NULL;
  struct snt_err err = {0};
  struct snt_log_position position;
  snt_status status = open_log(&log, &err);
  if (snt_ok(status)) {
    status = append(log, &position, &err);
  }
  assert_code(status, SNT_CODE_LOG);
  if (strstr(err.message, what) == NULL || err.hint[0] == '\0') {
    fail_msg("\"%s\" (%s) does not say \"%s\"", err.message, err.hint, what);
  }
}

static void log_is_refused_where_it_could_be_someone_elses(void **state) {
  (void)state;
  static const struct {
    const char *setup, *what;
  } rows[] = {
      {"rmdir %s", "does not exist"},
      {"chmod 0777 %s", "writable by other users"},
      {"chmod 0770 %s", "writable by other users"},
      {"touch %s/x; ln -s x %s/decisions.jsonl", "is a link"},
      {"ln -s missing %s/decisions.jsonl", "is a link"},
      {"touch %s/x; ln %s/x %s/decisions.jsonl", "more than one link"},
      {"mkfifo %s/decisions.jsonl", "not a regular file"},
      {"mkdir %s/decisions.jsonl", "Is a directory"},
      {"touch %s/decisions.jsonl; chmod 0622 %s/decisions.jsonl", "writable by other users"},
      {"printf 'hello\\n' > %s/decisions.jsonl", "not ours"},
      {"printf 'hello' > %s/decisions.jsonl", "not a decision log"},
      {"printf '{\"v\":1}\\n' > %s/decisions.jsonl", "not ours"},
      {"printf '\\n' > %s/decisions.jsonl", "not ours"},
      {"head -c 200000 /dev/zero | tr '\\0' a > %s/decisions.jsonl", "longer than 64 KiB"},
      {"head -c 200000 /dev/zero > %s/decisions.jsonl", "longer than 64 KiB"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char sum[2][256] = {"", ""};
    char command[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(command, sizeof command, rows[i].setup, folder, folder, folder);
#pragma GCC diagnostic pop
    run("%s", command);
    for (int k = 0; k < 2; k++) {
      (void)snprintf(command, sizeof command, "ls -ln %s 2>&1; test ! -f %s || sha256sum < %s", folder, path, path);
      FILE *stream = popen(command, "r");
      assert_non_null(stream);
      sum[k][fread(sum[k], 1, sizeof sum[k] - 1, stream)] = '\0';
      (void)pclose(stream);
      if (k == 0) {
        assert_refused(rows[i].what);
      }
    }
    if (strstr(rows[i].setup, "printf") != NULL || strstr(rows[i].setup, "head") != NULL) {
      assert_string_equal(sum[0], sum[1]);
    }
    run("chmod -R u+rwx %s 2>/dev/null; rm -rf %s; mkdir -m 700 %s", folder, folder, folder);
  }
}

static void another_users_file_or_folder_is_refused(void **state) {
  (void)state;
  if (geteuid() != 0) {
    leave_out("another user's file", " needs root");
    skip();
  }
  run("touch %s; chown 65534 %s", path, path);
  assert_refused("belongs to another user");
  run("rm %s; chown 65534 %s", path, folder);
  assert_refused("belongs to another user");
  run("chown 0 %s", folder);
}

static void a_folder_behind_a_link_is_refused(void **state) {
  (void)state;
  run("mkdir -m 700 %s/real; ln -s real %s/link", folder, folder);
  (void)snprintf(path, sizeof path, "%s/link/decisions.jsonl", folder);
  assert_refused("is a link");
}

static void names_of_folders_are_refused(void **state) {
  (void)state;
  static const char *const names[] = {"", ".", ".."};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    assert_refused("names a folder");
  }
}

static void a_read_only_folder_is_refused(void **state) {
  (void)state;
  uid_t user = geteuid() == 0 ? 65534 : geteuid(); /* root writes everywhere */
  assert_int_equal(chown(folder, user, (gid_t)-1), 0);
  run("chmod 500 %s", folder);
  pid_t child = fork();
  if (child == 0) {
    struct snt_log *log = NULL;
    struct snt_err err = {0};
    bool is_good = setuid(user) == 0 && open_log(&log, &err).code == SNT_CODE_LOG &&
                   strstr(err.message, "Permission denied") != NULL && err.hint[0] != '\0';
    _exit(is_good ? 0 : 1);
  }
  int result = -1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
}

static void default_folders_are_made_but_home_never(void **state) {
  (void)state;
  char home[128];
  (void)snprintf(home, sizeof home, "%s/home", folder);
  struct snt_log_options options = {0};
  struct snt_err err = {0};
  SNT_LOG_AUTO struct snt_log *log = NULL;
  (void)unsetenv("XDG_STATE_HOME");
  (void)setenv("HOME", home, 1);
  assert_code(snt_log_open(&options, &log, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, home));
  assert_int_equal(access(home, F_OK), -1);
  (void)unsetenv("HOME");
  assert_code(snt_log_open(&options, &log, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, "HOME is not set"));

  assert_int_equal(mkdir(home, 0755), 0);
  (void)setenv("HOME", home, 1);
  (void)setenv("XDG_STATE_HOME", "relative", 1); /* not an absolute path: as if it were not set */
  assert_ok(snt_log_open(&options, &log, &err));
  (void)snprintf(path, sizeof path, "%s/.local/state/sentinel/decisions.jsonl", home);
  assert_string_equal(snt_log_path(log), path);
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  *strrchr(path, '/') = '\0';
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0700);
  snt_log_close(&log);

  (void)snprintf(path, sizeof path, "%s/state", folder);
  (void)setenv("XDG_STATE_HOME", path, 1);
  assert_ok(snt_log_open(&options, &log, &err));
  (void)snprintf(path, sizeof path, "%s/state/sentinel/decisions.jsonl", folder);
  assert_string_equal(snt_log_path(log), path);
}

static void a_configured_folder_is_made_only_where_the_default_is(void **state) {
  (void)state;
  char home[128];
  struct snt_err err = {0};
  SNT_LOG_AUTO struct snt_log *log = NULL;
  (void)snprintf(home, sizeof home, "%s/fresh", folder);
  assert_int_equal(mkdir(home, 0755), 0);
  (void)unsetenv("XDG_STATE_HOME");
  (void)setenv("HOME", home, 1);
  (void)snprintf(path, sizeof path, "%s/.local/state/sentinel/other.jsonl", home);
  struct snt_log_options options = {.path = path};
  assert_code(snt_log_open(&options, &log, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.hint, "one that is configured is never made"));
  (void)snprintf(path, sizeof path, "%s/.local/state/sentinel/decisions.jsonl", home);
  assert_ok(snt_log_open(&options, &log, &err));
  assert_string_equal(snt_log_path(log), path);
}

static void records_are_chained_and_positions_are_true(void **state) {
  (void)state;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  assert_ok(open_log(&log, NULL));
  struct snt_log_position positions[3];
  for (int i = 0; i < 3; i++) {
    assert_ok(append(log, &positions[i], NULL));
    assert_int_equal(positions[i].seq, i + 1);
    assert_string_equal(positions[i].chain, positions[0].chain);
  }
  SNT_BUF_AUTO struct snt_buf text = {0};
  read_file(path, &text);
  char wanted[1024];
  (void)snprintf(wanted, sizeof wanted,
                 "{\"v\":1,\"chain\":\"%s\",\"seq\":1,\"prev\":"
                 "\"0000000000000000000000000000000000000000000000000000000000000000\",%s}\n"
                 "{\"v\":1,\"chain\":\"%s\",\"seq\":2,\"prev\":\"%s\",%s}\n"
                 "{\"v\":1,\"chain\":\"%s\",\"seq\":3,\"prev\":\"%s\",%s}\n",
                 positions[0].chain, MEMBERS, positions[0].chain, positions[0].sha256, MEMBERS, positions[0].chain,
                 positions[1].sha256, MEMBERS);
  assert_string_equal(text.data, wanted);
  char sha256[65];
  const char *last = strstr(text.data, "{\"v\":1,\"chain\":\"") + 1;
  last = strrchr(text.data, '{');
  snt_sha256_hex(last, strlen(last) - 1, sha256);
  assert_string_equal(sha256, positions[2].sha256);
  int64_t time_ms = 0;
  assert_ok(snt_log_last_time(log, &time_ms, NULL));
  assert_int_equal(time_ms, 1768790853120);
  assert_intact(3);
}

static void an_empty_log_has_no_time(void **state) {
  (void)state;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  assert_ok(open_log(&log, NULL));
  int64_t time_ms = 7;
  assert_ok(snt_log_last_time(log, &time_ms, NULL));
  assert_int_equal(time_ms, 0);
}

static void members_that_would_break_a_line_are_never_written(void **state) {
  (void)state;
  fill(1);
  static const char *const rows[] = {
      "",
      "\"kind\":\"decision\"",
      "\"time\":\"t\"",
      "\"time\":\"t\",\"kind\":\"x\",\"a\":\"\n\"",
      "\"time\":\"t\",\"kind\":\"x\"}\n{\"a\":1",
      "\"time\":\"t\",\"kind\":\"x\",",
      "\"time\":\"t\",\"kind\":\"x\",\"seq\":1",
      "\"time\":\"t\",\"kind\":\"x\",\"v\":2",
      "\"time\":\"t\",\"kind\":\"x\",\"a\":\"\xff\"",
      "\"time\":\"t\",\"kind\":\"x\"},{\"a\":1",
  };
  SNT_LOG_AUTO struct snt_log *log = NULL;
  assert_ok(open_log(&log, NULL));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_log_position position;
    assert_false(snt_ok(append_text(log, rows[i], &position)));
    assert_int_equal(position.seq, 0);
    assert_intact(1);
    const struct snt_slice pair[] = {{MEMBERS, sizeof MEMBERS - 1}, {rows[i], strlen(rows[i])}};
    assert_false(snt_ok(snt_log_append(log, pair, 2, &position, NULL)));
    assert_int_equal(position.seq, 0);
    assert_intact(1);
  }
}

static void records_that_belong_together_are_synced_together(void **state) {
  (void)state;
  fill(1);
  SNT_LOG_AUTO struct snt_log *log = NULL;
  struct snt_log_position position;
  const struct snt_slice pair[] = {snt_slice_of("\"time\":\"t\",\"kind\":\"decision\""),
                                   snt_slice_of("\"time\":\"t\",\"kind\":\"issued\"")};
  assert_ok(open_log(&log, NULL));
  syncs = 0;
  assert_ok(snt_log_append(log, pair, 2, &position, NULL));
  assert_int_equal(syncs, 1);
  assert_int_equal(position.seq, 3);
  assert_intact(3);
  SNT_BUF_AUTO struct snt_buf text = {0};
  read_file(path, &text);
  const char *decision = strstr(text.data, "\"seq\":2");
  assert_non_null(decision);
  assert_non_null(strstr(decision, "\"kind\":\"decision\""));
  assert_true(strstr(decision, "\"kind\":\"issued\"") > strstr(decision, "\"seq\":3"));
  char last[SNT_SHA256_HEX_CAP];
  const char *line = strchr(decision, '\n') + 1;
  snt_sha256_hex(line, strlen(line) - 1, last);
  assert_string_equal(position.sha256, last);
  is_disk_bad = true;
  assert_code(snt_log_append(log, pair, 2, &position, NULL), SNT_CODE_LOG);
  is_disk_bad = false;
}

static void a_line_has_at_most_64_KiB(void **state) {
  (void)state;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  assert_ok(open_log(&log, NULL));
  struct snt_log_position position;
  SNT_BUF_AUTO struct snt_buf members = {0};
  assert_ok(append(log, &position, NULL));
  size_t head = strlen("{\"v\":1,\"chain\":\"\",\"seq\":2,\"prev\":\"\",}") + 36 + 64;
  assert_ok(snt_buf_appendf(&members, NULL, "%s,\"pad\":\"", MEMBERS));
  while (head + members.len + 1 < SNT_LOG_LINE_CAP) {
    assert_ok(snt_buf_append_char(&members, 'a', NULL));
  }
  assert_ok(snt_buf_append_char(&members, '"', NULL));
  assert_ok(snt_log_append(log, &(struct snt_slice){members.data, members.len}, 1, &position, NULL));
  assert_intact(2);
  assert_ok(append(log, &position, NULL)); /* the tail behind a line of the greatest length is found */
  members.data[members.len - 1] = 'a';
  assert_ok(snt_buf_append_char(&members, '"', NULL));
  struct snt_err err = {0};
  assert_code(snt_log_append(log, &(struct snt_slice){members.data, members.len}, 1, &position, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, "64 KiB"));
  assert_intact(3);
}

/* The file as a crash may leave it: every length of the last line, or zeros in place of its end. */
static void assert_repaired(const struct snt_buf *text, size_t first_len, size_t torn, bool has_zeros) {
  SNT_BUF_AUTO struct snt_buf cut = {0};
  assert_ok(snt_buf_append(&cut, text->data, first_len + torn, NULL));
  if (has_zeros) {
    memset(cut.data + first_len + torn / 2, 0, torn - torn / 2);
  }
  write_file(path, cut.data, cut.len);
  struct snt_log_report report = verify(path);
  assert_true(report.is_ok);
  assert_true(report.has_torn_tail == (torn > 0));
  fill(1);
  report = verify(path);
  assert_string_equal(report.damage, "");
  assert_false(report.has_torn_tail);
  assert_int_equal(report.recovered, torn > 0 ? 1 : 0);
  assert_int_equal(report.records, torn > 0 ? 3 : 2);
  if (torn > 0) {
    char wanted[256];
    char sha256[65];
    snt_sha256_hex(cut.data + first_len, torn, sha256);
    (void)snprintf(
        wanted, sizeof wanted,
        "\"time\":\"2026-01-19T02:47:33.120Z\",\"time_source\":\"sts\",\"kind\":\"recovered\",\"length\":%zu,"
        "\"sha256\":\"%s\"}\n",
        torn, sha256);
    SNT_BUF_AUTO struct snt_buf after = {0};
    read_file(path, &after);
    assert_non_null(strstr(after.data, wanted));
  }
}

static void a_torn_tail_of_every_length_is_repaired_and_told(void **state) {
  (void)state;
  fill(2);
  SNT_BUF_AUTO struct snt_buf text = {0};
  read_file(path, &text);
  size_t first_len = (size_t)(strchr(text.data, '\n') - text.data) + 1;
  for (size_t torn = 0; torn < text.len - first_len; torn++) {
    assert_repaired(&text, first_len, torn, false);
    assert_repaired(&text, first_len, torn, true);
  }
}

static void a_torn_first_line_begins_a_new_chain(void **state) {
  (void)state;
  fill(1);
  SNT_BUF_AUTO struct snt_buf text = {0};
  read_file(path, &text);
  for (size_t torn = 1; torn < text.len; torn++) {
    write_file(path, text.data, torn);
    fill(1);
    struct snt_log_report report = verify(path);
    assert_true(report.is_ok);
    assert_int_equal(report.records, 2);
    assert_int_equal(report.recovered, 1);
  }
}

static void a_lock_that_is_held_ends_in_a_refusal(void **state) {
  (void)state;
  fill(1);
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    (void)!flock(fd, LOCK_EX);
    (void)!write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  char byte;
  assert_int_equal(read(ready[0], &byte, 1), 1);
  assert_refused("is locked by another process");
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  (void)close(ready[0]);
  (void)close(ready[1]);
  fill(1);
  assert_intact(2);
}

/* Whose turn does not come in time is refused, by contract; on a busy machine that may happen here. */
static bool append_in_turn(struct snt_log *log) {
  struct snt_log_position position;
  struct snt_err err = {0};
  snt_status status = append(log, &position, &err);
  for (int i = 0; i < 20 && !snt_ok(status) && strstr(err.message, "is locked by another process") != NULL; i++) {
    status = append(log, &position, &err);
  }
  return snt_ok(status);
}

static void eight_writers_share_one_chain(void **state) {
  (void)state;
  enum { WRITERS = 8, RECORDS = 100 };
  pid_t children[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      struct snt_log *log = NULL;
      bool is_good = snt_ok(open_log(&log, NULL));
      for (int k = 0; k < RECORDS && is_good; k++) {
        if (k % 3 == i % 3) {
          snt_log_look_ahead(log);
        }
        is_good = append_in_turn(log);
      }
      _exit(is_good ? 0 : 1);
    }
  }
  for (int i = 0; i < WRITERS; i++) {
    int result = -1;
    assert_int_equal(waitpid(children[i], &result, 0), children[i]);
    assert_int_equal(result, 0);
  }
  assert_intact(WRITERS * RECORDS);
}

/* What was seen ahead is used only while the file is still that one. */
static void an_end_that_was_seen_ahead_may_be_an_end_no_more(void **state) {
  (void)state;
  struct snt_log_position position;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  assert_ok(open_log(&log, NULL));
  snt_log_look_ahead(log);
  fill(2);
  assert_ok(append(log, &position, NULL));
  assert_int_equal(position.seq, 3);
  snt_log_look_ahead(log);
  run("printf '{\"v\":1,' >> %s", path);
  assert_ok(append(log, &position, NULL)); /* a torn line behind it: repaired, and told */
  assert_int_equal(position.seq, 5);
  run("printf '{\"v\":1,' >> %s", path);
  snt_log_look_ahead(log);
  assert_ok(append(log, &position, NULL));
  assert_int_equal(position.seq, 7);
  assert_intact(7);
  snt_log_look_ahead(log);
  run("mv %s %s.old; cp %s.old %s; sed -i 's/\"seq\":7/\"seq\":8/' %s", path, path, path, path, path);
  assert_ok(append(log, &position, NULL)); /* another file of the same size */
  assert_int_equal(position.seq, 9);
}

static void a_file_that_was_moved_away_is_not_written(void **state) {
  (void)state;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  assert_ok(open_log(&log, NULL));
  struct snt_log_position position;
  assert_ok(append(log, &position, NULL));
  run("mv %s %s.old", path, path);
  assert_ok(append(log, &position, NULL));
  assert_int_equal(position.seq, 1);
  assert_intact(1);
  run("rm %s; ln -s decisions.jsonl.old %s", path, path);
  struct snt_err err = {0};
  assert_code(append(log, &position, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, "is a link"));
  assert_int_equal(position.seq, 0);
}

static void a_full_disk_leaves_no_half_line(void **state) {
  (void)state;
  fill(2);
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  pid_t child = fork();
  if (child == 0) {
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {(rlim_t)st.st_size + 100, (rlim_t)st.st_size + 100};
    struct snt_log *log = NULL;
    struct snt_log_position position;
    struct snt_err err = {0};
    bool is_good = setrlimit(RLIMIT_FSIZE, &limit) == 0 && snt_ok(open_log(&log, NULL)) &&
                   append(log, &position, &err).code == SNT_CODE_LOG && position.seq == 0 &&
                   strstr(err.message, "limit on the size of files") != NULL && strstr(err.hint, "ulimit -f") != NULL;
    _exit(is_good ? 0 : 1);
  }
  int result = -1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
  struct stat after;
  assert_int_equal(stat(path, &after), 0);
  assert_int_equal(after.st_size, st.st_size);
  fill(1);
  assert_intact(3);
}

static void a_failed_sync_closes_the_segment_and_the_chain_goes_on(void **state) {
  (void)state;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  struct snt_log_position positions[3];
  struct snt_log_position position;
  struct snt_err err = {0};
  assert_ok(open_log(&log, NULL));
  assert_ok(append(log, &positions[0], NULL));
  assert_ok(append(log, &positions[1], NULL));
  is_disk_bad = true;
  assert_code(append(log, &position, &err), SNT_CODE_LOG);
  assert_int_equal(position.seq, 0);
  assert_non_null(strstr(err.hint, "begins a new file"));
  char closed[160];
  (void)snprintf(closed, sizeof closed, "%s/decisions.1-2.jsonl", folder);
  assert_int_equal(access(path, F_OK), -1);
  assert_int_equal(verify(closed).records, 2);
  /* While the disk stays bad no heap of files grows. */
  assert_code(append(log, &position, &err), SNT_CODE_LOG);
  assert_int_equal(access(path, F_OK), -1);
  is_disk_bad = false;
  assert_ok(append(log, &positions[2], NULL));
  assert_int_equal(positions[2].seq, 3);
  assert_string_equal(positions[2].chain, positions[0].chain);
  fill(1);
  assert_intact(4);
  assert_int_equal(verify(path).last_seq, 4);
  run("mv %s %s.away", closed, closed);
  struct snt_log_report report = verify(path);
  assert_false(report.is_ok);
  assert_int_equal(report.first_bad, 1);
  assert_non_null(strstr(report.damage, "missing"));
}

static void a_new_file_goes_on_only_behind_a_whole_segment(void **state) {
  (void)state;
  fill(3);
  run("mv %s %s/decisions.1-4.jsonl", path, folder); /* one record of it was lost */
  assert_refused("does not end with record 4");
  run("mv %s/decisions.1-4.jsonl %s/decisions.1-3.jsonl", folder, folder);
  run("touch %s/decisions.2.jsonl %s/decisions.01-9.jsonl %s/other.1-9.jsonl", folder, folder, folder);
  fill(1);
  assert_intact(4);
  assert_int_equal(verify(path).last_seq, 4);
}

static void a_failed_sync_of_the_first_record_leaves_nothing(void **state) {
  (void)state;
  SNT_LOG_AUTO struct snt_log *log = NULL;
  struct snt_log_position position;
  assert_ok(open_log(&log, NULL));
  is_disk_bad = true;
  struct snt_err err = {0};
  assert_code(append(log, &position, &err), SNT_CODE_LOG);
  is_disk_bad = false;
  assert_ok(append(log, &position, NULL));
  assert_int_equal(position.seq, 1);
  assert_intact(1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(log_is_refused_where_it_could_be_someone_elses),
      CASE(another_users_file_or_folder_is_refused),
      CASE(a_folder_behind_a_link_is_refused),
      CASE(names_of_folders_are_refused),
      CASE(a_read_only_folder_is_refused),
      CASE(default_folders_are_made_but_home_never),
      CASE(a_configured_folder_is_made_only_where_the_default_is),
      CASE(records_are_chained_and_positions_are_true),
      CASE(an_empty_log_has_no_time),
      CASE(members_that_would_break_a_line_are_never_written),
      CASE(records_that_belong_together_are_synced_together),
      CASE(a_line_has_at_most_64_KiB),
      CASE(a_torn_tail_of_every_length_is_repaired_and_told),
      CASE(a_torn_first_line_begins_a_new_chain),
      CASE(a_lock_that_is_held_ends_in_a_refusal),
      CASE(eight_writers_share_one_chain),
      CASE(an_end_that_was_seen_ahead_may_be_an_end_no_more),
      CASE(a_file_that_was_moved_away_is_not_written),
      CASE(a_full_disk_leaves_no_half_line),
      CASE(a_failed_sync_closes_the_segment_and_the_chain_goes_on),
      CASE(a_failed_sync_of_the_first_record_leaves_nothing),
      CASE(a_new_file_goes_on_only_behind_a_whole_segment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
