/* Completion for fish 3 and later: a `complete` line for each command, flag and argument. */
#include <string.h>

#include "base/str.h"
#include "cli/completion.h"

static const char DRIVER[] = "# Completion of sentinel for fish; made by `sentinel completion fish`.\n"
                             "\n"
                             "# Whether the line names that command, and no program after it.\n"
                             "function __sentinel_is --argument-names name\n"
                             "    set -l words (commandline -opc)\n"
                             "    set -e words[1]\n"
                             "    set -l wanted (string split ' ' -- $name)\n"
                             "    contains -- -- $words; and return 1\n"
                             "    test (count $words) -ge (count $wanted); or return 1\n"
                             "    set -l last (count $wanted)\n"
                             "    test \"$words[1..$last]\" = \"$name\"\n"
                             "end\n"
                             "\n"
                             "# Whether exactly those words stand before the cursor.\n"
                             "function __sentinel_at\n"
                             "    set -l words (commandline -opc)\n"
                             "    set -e words[1]\n"
                             "    test \"$words\" = \"$argv\"\n"
                             "end\n"
                             "\n"
                             "function __sentinel_runs_program\n"
                             "    contains -- -- (commandline -opc)\n"
                             "end\n"
                             "\n"
                             "function __sentinel_program\n"
                             "    set -l words (commandline -opc)\n"
                             "    set -l at (contains -i -- -- $words); or return\n"
                             "    set -e words[1..$at]\n"
                             "    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))\n"
                             "end\n"
                             "\n"
                             "complete -c sentinel -e\n"
                             "complete -c sentinel -f\n"
                             "complete -c sentinel -n '__sentinel_at' -l help -d 'list the commands'\n"
                             "complete -c sentinel -n '__sentinel_at' -l version -d 'print the version'\n"
                             "complete -c sentinel -n __sentinel_runs_program -a '(__sentinel_program)'\n";

static const char PROFILES[] = "(command sentinel completion --profiles 2>/dev/null)";

/* In single quotes fish knows \' and \\. */
static snt_status print_quoted(struct snt_out *out, const char *text, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, "'", err));
  for (const char *p = text; *p != '\0'; p++) {
    SNT_TRY(snt_out_printf(out, err, "%s%c", *p == '\'' || *p == '\\' ? "\\" : "", *p));
  }
  return snt_out_text(out, "'", err);
}

static snt_status print_value(struct snt_out *out, const struct snt_completion *completion, bool is_flag,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf pairs = {0};
  switch (completion->kind) {
  case SNT_COMPLETION_FILE:
    return snt_out_text(out, is_flag ? " -r -F" : " -F", err);
  case SNT_COMPLETION_PROFILE:
    SNT_TRY(snt_out_text(out, is_flag ? " -x -a " : " -a ", err));
    return print_quoted(out, PROFILES, err);
  case SNT_COMPLETION_VALUES:
    SNT_TRY(snt_out_text(out, is_flag ? " -x -a " : " -a ", err));
    return print_quoted(out, snt_buf_borrow(&completion->words), err);
  case SNT_COMPLETION_PAIRS:
    for (const char *p = snt_buf_borrow(&completion->words); *p != '\0'; p += strspn(p, " ")) {
      size_t len = strcspn(p, " ");
      SNT_TRY(snt_buf_appendf(&pairs, err, "%s%.*s=", pairs.len == 0 ? "" : " ", (int)len, p));
      p += len;
    }
    SNT_TRY(snt_out_text(out, " -r -F -a ", err));
    return print_quoted(out, snt_buf_borrow(&pairs), err);
  case SNT_COMPLETION_TEXT:
    return snt_out_text(out, is_flag ? " -x" : "", err);
  case SNT_COMPLETION_NOTHING:
  case SNT_COMPLETION_KIND_COUNT:
    break;
  }
  return snt_done();
}

/* The beginning of a line that holds where the command is named. */
static snt_status print_condition(struct snt_out *out, const char *function, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf condition = {0};
  bool is_words = strcmp(function, "__sentinel_at") == 0;
  SNT_TRY(snt_buf_appendf(&condition, err, is_words ? "%s %s" : "%s \"%s\"", function, name));
  SNT_TRY(snt_out_text(out, "complete -c sentinel -n ", err));
  return print_quoted(out, condition.data, err);
}

/* The command's own word; of "policy lint" also the second, where the first stands. */
static snt_status print_name(struct snt_out *out, const struct snt_command *command, bool is_first_of_pair,
                             struct snt_err *err) {
  const char *space = strchr(command->name, ' ');
  int first_len = (int)(space == NULL ? strlen(command->name) : (size_t)(space - command->name));
  if (space == NULL || is_first_of_pair) {
    SNT_TRY(print_condition(out, "__sentinel_at", "", err));
    SNT_TRY(snt_out_printf(out, err, " -a %.*s", first_len, command->name));
    if (space == NULL) {
      SNT_TRY(snt_out_text(out, " -d ", err));
      SNT_TRY(print_quoted(out, command->summary, err));
    }
    SNT_TRY(snt_out_text(out, "\n", err));
  }
  if (space == NULL) {
    return snt_done();
  }
  SNT_FREE_AUTO char *first = snt_str_dup_slice((struct snt_slice){command->name, (size_t)first_len});
  if (first == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(print_condition(out, "__sentinel_at", first, err));
  SNT_TRY(snt_out_printf(out, err, " -a %s -d ", space + 1));
  SNT_TRY(print_quoted(out, command->summary, err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_flags(struct snt_out *out, const struct snt_command *command, struct snt_err *err) {
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    SNT_COMPLETION_AUTO struct snt_completion completion = {0};
    if (((command->options | SNT_OPTION_BIT(HELP)) >> id & 1) == 0) {
      continue;
    }
    SNT_TRY(snt_completion_of_option((enum snt_option_id)id, &completion, err));
    SNT_TRY(print_condition(out, "__sentinel_is", command->name, err));
    SNT_TRY(snt_out_printf(out, err, " -l %s", SNT_OPTION_TABLE[id].flag + 2));
    SNT_TRY(print_value(out, &completion, true, err));
    SNT_TRY(snt_out_text(out, " -d ", err));
    SNT_TRY(print_quoted(out, SNT_OPTION_TABLE[id].help, err));
    SNT_TRY(snt_out_text(out, "\n", err));
  }
  return snt_done();
}

static snt_status print_arguments(struct snt_out *out, const struct snt_command *command, struct snt_err *err) {
  SNT_COMPLETION_AUTO struct snt_completion completion = {0};
  SNT_TRY(snt_completion_of_arguments(command, &completion, err));
  if (completion.kind == SNT_COMPLETION_NOTHING || completion.kind == SNT_COMPLETION_TEXT) {
    return snt_done();
  }
  SNT_TRY(print_condition(out, "__sentinel_is", command->name, err));
  SNT_TRY(print_value(out, &completion, false, err));
  return snt_out_text(out, "\n", err);
}

/* Whether an earlier command begins with the same word. */
static bool is_repeated(const struct snt_command *command) {
  size_t len = strcspn(command->name, " ") + 1;
  for (const struct snt_command *other = SNT_COMMANDS; other != command; other++) {
    if (strncmp(other->name, command->name, len) == 0) {
      return true;
    }
  }
  return false;
}

snt_status snt_completion_print_fish(struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, DRIVER, err));
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    SNT_TRY(print_name(out, command, !is_repeated(command), err));
    SNT_TRY(print_flags(out, command, err));
    SNT_TRY(print_arguments(out, command, err));
  }
  return snt_done();
}
