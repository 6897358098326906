/* A docker credential helper: the keychain of another system, through a program that is called docker-credential-NAME.
 * It is run with "store", "get", "erase" or "list", reads JSON or a server's address on its stdin and answers on its
 * stdout; an answer that is an error, too, with status 1 (github.com/docker/docker-credential-helpers).
 *
 * An entry is the password of the user "sentinel" at https://sentinel.invalid/KIND/NAME, in lower-case letters only:
 * Windows does not tell "a" from "A", and macOS has the parts of an address decoded.
 *
 * MUST
 *  1. show nothing of an answer that may hold a secret;
 *  2. take an entry for missing only when the helper says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "format/json.h"
#include "keychain/entry_text.h"
#include "keychain/foreign.h"
#include "keychain/names.h"

enum { CHECK_MS = 1500, ANSWER_CAP = 1024 * 1024, LINE_CAP = 256, NAME_CAP = 128 };

/* A helper reads lines of fewer than 64 KiB. */
enum { INPUT_MAX = 64 * 1024 - 1 };

static const char HOST[] = "https://sentinel.invalid";
static const char USER[] = "sentinel";
static const char PREFIX[] = "docker-credential-";
static const char NOT_FOUND[] = "credentials not found in native keychain";

static const struct snt_entry_spelling SPELLING = {.mark = '~', .plain = "abcdefghijklmnopqrstuvwxyz0123456789_.@-"};

struct docker {
  struct snt_foreign foreign;
  char name[NAME_CAP]; /* of the program, for messages */
};

static void close_docker(void **state) {
  struct docker *docker = *state;
  if (docker != NULL) {
    snt_foreign_clear(&docker->foreign);
    free(docker);
  }
  *state = NULL;
}

/* "osxkeychain", "wincred.exe". */
static bool is_helper_name(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t len = strlen(name);
  return len > 0 && len + sizeof PREFIX <= NAME_CAP && strspn(name, allowed) == len &&
         !snt_str_starts_with(name, PREFIX);
}

static snt_status name_program(const char *helper, char out[static NAME_CAP], struct snt_err *err) {
  if (helper == NULL || helper[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "no docker credential helper is named"));
    return snt_err_hint(err, "name it in the configuration, for docker-credential-osxkeychain: "
                             "keychain: {backend: docker, helper: osxkeychain}");
  }
  const char *slash = strrchr(helper, '/');
  bool is_path = helper[0] == '/' && slash[1] != '\0';
  if (!is_path && !is_helper_name(helper)) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_KEYCHAIN, "keychain.helper: \"%.64s\" cannot be a docker credential helper", helper));
    return snt_err_hint(err, "it is the part of the program's name behind \"%s\", or an absolute path", PREFIX);
  }
  (void)snprintf(out, NAME_CAP, "%s%s", is_path ? "" : PREFIX, is_path ? slash + 1 : helper);
  return snt_done();
}

static snt_status open_docker(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_docker) void *opened = calloc(1, sizeof(struct docker));
  if (opened == NULL) {
    return snt_fail_memory(err);
  }
  struct docker *docker = opened;
  SNT_TRY(name_program(options->helper, docker->name, err));
  bool is_path = options->helper[0] == '/';
  SNT_TRY(snt_foreign_open(options, is_path ? options->helper : docker->name, &docker->foreign, err));
  *state = SNT_MOVE(opened);
  return snt_done();
}

static snt_status append_address(const char *kind, const char *name, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, "%s/%s/", HOST, kind));
  return snt_entry_name_format(&SPELLING, name, out, err);
}

static void drop_secret(char *line) {
  if (line[0] == '{' || strstr(line, "\"Secret\"") != NULL) {
    line[0] = '\0';
  }
}

/* The first line that it printed, unless a secret may be in it. */
static void choose_reason(const struct snt_exchange_answer *answer, char out[static LINE_CAP]) {
  snt_exchange_first_line(snt_secret_borrow(answer->output), out, LINE_CAP);
  drop_secret(out);
  if (out[0] == '\0') {
    (void)snprintf(out, LINE_CAP, "%.*s", LINE_CAP - 1, answer->complaint);
    drop_secret(out);
  }
}

static snt_status fail_late(struct snt_err *err) {
  SNT_IGNORE(snt_foreign_as_keychain((snt_status){SNT_CODE_TIMEOUT}, err));
  SNT_IGNORE(snt_err_hint(err, "it may wait for somebody to unlock its keychain: unlock it there, and try again"));
  return (snt_status){SNT_CODE_KEYCHAIN};
}

struct question {
  const char *verb; /* "get" */
  const struct snt_secret *input;
  int deadline_ms;             /* 0: the keychain's */
  const struct snt_secret *of; /* what must not be shown, or NULL */
};

/* Codes NOT_FOUND, without the entry's name, and KEYCHAIN. */
static snt_status ask(const struct docker *docker, const struct question *question, struct snt_exchange_answer *out,
                      struct snt_err *err) {
  char *argv[] = {(char *)docker->name, (char *)question->verb, NULL}; /* execve changes neither */
  const struct snt_foreign_call call = {
      .argv = argv, .input = question->input, .cap = ANSWER_CAP, .deadline_ms = question->deadline_ms};
  snt_status status = snt_foreign_run(&docker->foreign, &call, out, err);
  if (status.code == SNT_CODE_TIMEOUT) {
    return fail_late(err);
  }
  SNT_TRY(status);
  if (out->exit_status == 0) {
    return snt_done();
  }
  char reason[LINE_CAP];
  choose_reason(out, reason);
  if (snt_secret_is_in(question->of, reason)) {
    reason[0] = '\0';
  }
  SNT_IGNORE(snt_fail(err, strcmp(reason, NOT_FOUND) == 0 ? SNT_CODE_NOT_FOUND : SNT_CODE_KEYCHAIN,
                      "%s %s ended with status %d%s%s", docker->name, question->verb, out->exit_status,
                      reason[0] == '\0' ? "" : ": ", reason));
  return snt_err_hint(err, "see whether it works by itself: echo https://a.invalid | %s get", docker->name);
}

static snt_status fail_nonsense(const struct docker *docker, const char *verb, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "what %s %s answers makes no sense", docker->name, verb));
  return snt_err_hint(err, "keychain.helper has to name a docker credential helper");
}

static snt_status fail_missing(const struct docker *docker, const char *kind, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf where = {0};
  SNT_TRY(snt_buf_appendf(&where, err, "the keychain of %s", docker->name));
  return snt_keychain_fail_missing(kind, name, where.data, err);
}

/* {"ServerURL", "Username", "Secret"}; some helpers answer with an empty secret for one that they do not have. */
static snt_status parse_secret(const struct docker *docker, const struct snt_secret *answer, struct snt_secret **out,
                               struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  size_t len = 0;
  if (!snt_ok(snt_json_parse(snt_secret_borrow(answer), snt_secret_len(answer), docker->name, &doc, err))) {
    return fail_nonsense(docker, "get", err);
  }
  const char *text = snt_json_string(snt_json_get(snt_json_root(doc), "Secret"), &len);
  if (text == NULL) {
    return fail_nonsense(docker, "get", err);
  }
  if (len == 0) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "%s", NOT_FOUND);
  }
  return snt_entry_text_parse((struct snt_slice){text, len}, out, err);
}

/* Codes NOT_FOUND, without the entry's name, KEYCHAIN, and SYNTAX for a value that cannot be one. */
static snt_status get(const struct docker *docker, const struct snt_secret *address, int deadline_ms,
                      struct snt_secret **out, struct snt_err *err) {
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_TRY(ask(docker, &(struct question){.verb = "get", .input = address, .deadline_ms = deadline_ms}, &answer, err));
  return parse_secret(docker, answer.output, out, err);
}

static snt_status make_address(const char *kind, const char *name, struct snt_secret **out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf address = {0};
  SNT_TRY(append_address(kind, name, &address, err));
  return snt_secret_new_from(address.data, address.len, out, err);
}

/* One that nobody has: finding that out asks nobody. */
static snt_status check_docker(void *state, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *address = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_TRY(make_address("none", "none", &address, err));
  snt_status status = get(state, address, CHECK_MS, &value, err);
  return status.code == SNT_CODE_NOT_FOUND ? snt_done() : status;
}

static snt_status read_entry(void *state, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *address = NULL;
  SNT_TRY(make_address(kind, name, &address, err));
  snt_status status = get(state, address, 0, out, err);
  if (status.code == SNT_CODE_SYNTAX) {
    const struct docker *docker = state;
    SNT_IGNORE(snt_err_prefix(err, "the entry \"%s\" of %s is damaged", name, docker->name));
    return snt_foreign_as_keychain(status, err);
  }
  return status.code == SNT_CODE_NOT_FOUND ? fail_missing(state, kind, name, err) : status;
}

/* The text is printable: nothing but these two needs an escape. */
static snt_status append_string(struct snt_secret *out, const struct snt_secret *text, struct snt_err *err) {
  const char *p = snt_secret_borrow(text);
  const char *end = p + snt_secret_len(text);
  while (p < end) {
    size_t len = strcspn(p, "\"\\");
    SNT_TRY(snt_secret_append(out, p, len, err));
    p += len;
    if (p < end) {
      const char escaped[] = {'\\', *p++};
      SNT_TRY(snt_secret_append(out, escaped, sizeof escaped, err));
    }
  }
  return snt_done();
}

static snt_status make_record(const char *kind, const char *name, const struct snt_secret *text,
                              struct snt_secret **out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf head = {0};
  SNT_SECRET_AUTO struct snt_secret *record = NULL;
  static const char tail[] = "\"}\n";
  SNT_TRY(snt_buf_append_str(&head, "{\"ServerURL\":\"", err));
  SNT_TRY(append_address(kind, name, &head, err));
  SNT_TRY(snt_buf_appendf(&head, err, "\",\"Username\":\"%s\",\"Secret\":\"", USER));
  SNT_TRY(snt_secret_new(head.len + 2 * snt_secret_len(text) + sizeof tail, &record, err));
  SNT_TRY(snt_secret_append(record, head.data, head.len, err));
  SNT_TRY(append_string(record, text, err));
  SNT_TRY(snt_secret_append(record, tail, sizeof tail - 1, err));
  *out = SNT_MOVE(record);
  return snt_done();
}

static snt_status write_entry(void *state, const char *kind, const char *name, const struct snt_secret *value,
                              struct snt_err *err) {
  const struct docker *docker = state;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_SECRET_AUTO struct snt_secret *record = NULL;
  SNT_TRY(snt_entry_text_format(value, &text, err));
  SNT_TRY(make_record(kind, name, text, &record, err));
  if (snt_secret_len(record) > INPUT_MAX) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN,
                        "the entry \"%s\" has %zu bytes; written for a docker credential helper they are %zu, and %d "
                        "can be stored",
                        name, snt_secret_len(value), snt_secret_len(record), (int)INPUT_MAX));
    return snt_err_hint(err, "use --backend file");
  }
  SNT_FD_AUTO int lock = -1;
  SNT_TRY(snt_foreign_lock(&docker->foreign, &lock, err));
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  snt_status status = ask(docker, &(struct question){.verb = "store", .input = record, .of = text}, &answer, err);
  return snt_foreign_as_keychain(status, err);
}

/* Many helpers erase what is not there without a word. */
static snt_status remove_entry(void *state, const char *kind, const char *name, struct snt_err *err) {
  const struct docker *docker = state;
  SNT_SECRET_AUTO struct snt_secret *address = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_FD_AUTO int lock = -1;
  SNT_TRY(make_address(kind, name, &address, err));
  SNT_TRY(snt_foreign_lock(&docker->foreign, &lock, err));
  snt_status status = get(docker, address, 0, &value, err);
  if (snt_ok(status) || status.code == SNT_CODE_SYNTAX) {
    status = ask(docker, &(struct question){.verb = "erase", .input = address}, &answer, err);
  }
  return status.code == SNT_CODE_NOT_FOUND ? fail_missing(docker, kind, name, err) : status;
}

/* What stands behind https://sentinel.invalid/KIND/, or, as macOS tells it, behind /KIND/; NULL for what is not ours.
 */
static const char *find_name(const char *address, const char *kind) {
  const char *path = snt_str_starts_with(address, HOST) ? address + sizeof HOST - 1 : address;
  size_t len = strlen(kind);
  bool is_ours = path[0] == '/' && strncmp(path + 1, kind, len) == 0 && path[len + 1] == '/';
  return is_ours ? path + len + 2 : NULL;
}

static snt_status collect(const struct snt_json_value *root, const char *kind, struct snt_names *names,
                          struct snt_err *err) {
  const char *address = NULL;
  const struct snt_json_value *user = NULL;
  for (void *at = NULL; snt_json_next(root, &at, &address, &user);) {
    SNT_BUF_AUTO struct snt_buf name = {0};
    const char *text = find_name(address, kind);
    bool is_name = false;
    if (text != NULL && snt_json_is(user, USER)) {
      SNT_TRY(snt_entry_name_parse(&SPELLING, text, &name, &is_name, err));
    }
    SNT_TRY(is_name ? snt_names_add(names, name.data, 0, err) : snt_done());
  }
  return snt_done();
}

/* {"address": "user", ...}, or null where there is nothing. */
static snt_status list_entries(void *state, const char *kind, void (*visit)(void *context, const char *name),
                               void *context, struct snt_err *err) {
  const struct docker *docker = state;
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_NAMES_AUTO struct snt_names names = {0};
  SNT_TRY(snt_foreign_as_keychain(ask(docker, &(struct question){.verb = "list"}, &answer, err), err));
  const char *text = snt_secret_borrow(answer.output);
  if (!snt_ok(snt_json_parse(text, snt_secret_len(answer.output), docker->name, &doc, err))) {
    return fail_nonsense(docker, "list", err);
  }
  enum snt_json_type type = snt_json_type(snt_json_root(doc));
  if (type != SNT_JSON_OBJECT && type != SNT_JSON_NULL) {
    return fail_nonsense(docker, "list", err);
  }
  SNT_TRY(collect(snt_json_root(doc), kind, &names, err));
  snt_names_sort(&names);
  for (size_t i = 0; i < names.count; i++) {
    visit(context, names.items[i].name);
  }
  return snt_done();
}

const struct snt_keychain_backend SNT_KEYCHAIN_DOCKER = {
    .name = "docker",
    .summary = "a docker credential helper: the keychain of macOS or Windows, and others",
    .is_automatic = false,
    .is_foreign = true,
    .open = open_docker,
    .close = close_docker,
    .check = check_docker,
    .read = read_entry,
    .write = write_entry,
    .remove = remove_entry,
    .list = list_entries,
};
