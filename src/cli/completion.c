#include "cli/completion.h"

#include <string.h>

#include "base/str.h"
#include "cli/issued_text.h"
#include "cli/report.h"
#include "issue/setup_iam.h"
#include "keychain/keychain.h"
#include "keychain/vault.h"
#include "policy/request.h"

#define MODE_WORD(name) #name " "

/* Flags whose value is one of some words. The backends come from their own table. */
static const struct {
  enum snt_option_id id;
  enum snt_completion_kind kind;
  const char *words; /* with blanks, bars, or commas and blanks, between them */
} WORDS[] = {
    {SNT_OPTION_MODE, SNT_COMPLETION_VALUES, SNT_MODES(MODE_WORD)},
    {SNT_OPTION_FORMAT, SNT_COMPLETION_VALUES, SNT_REPORT_FORMATS},
    {SNT_OPTION_EXPORT_FORMAT, SNT_COMPLETION_VALUES, SNT_ISSUED_FORMATS},
    {SNT_OPTION_INIT_FORMAT, SNT_COMPLETION_VALUES, SNT_SETUP_FORMATS},
    {SNT_OPTION_KEYRING, SNT_COMPLETION_VALUES, SNT_VAULT_NAMES},
    {SNT_OPTION_REPORT, SNT_COMPLETION_PAIRS, SNT_REPORT_FORMATS ", " SNT_REPORT_FORMATS_OF_LINES},
};

/* What the tables call a value, an argument, or several arguments one of which is completed. */
static const struct {
  const char *name;
  enum snt_completion_kind kind;
} NAMES[] = {
    {"P", SNT_COMPLETION_PROFILE}, {"FILE", SNT_COMPLETION_FILE},   {"SOURCE", SNT_COMPLETION_FILE},
    {"PATH", SNT_COMPLETION_FILE}, {"FOLDER", SNT_COMPLETION_FILE}, {"BUNDLE", SNT_COMPLETION_FILE},
    {"DIR", SNT_COMPLETION_FILE},  {"KEY", SNT_COMPLETION_FILE},    {"NAME DIR|FILE", SNT_COMPLETION_FILE},
};

void snt_completion_clear(struct snt_completion *completion) { snt_buf_clear(&completion->words); }

/* "a, b|c" becomes "a b c". */
static snt_status add_words(struct snt_completion *out, const char *text, struct snt_err *err) {
  static const char between[] = ", |";
  for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
    size_t len = strcspn(text, between);
    SNT_TRY(snt_buf_appendf(&out->words, err, "%s%.*s", out->words.len == 0 ? "" : " ", (int)len, text));
    text += len;
  }
  return snt_done();
}

static snt_status add_backends(struct snt_completion *out, bool has_auto, struct snt_err *err) {
  SNT_TRY(has_auto ? add_words(out, "auto", err) : snt_done());
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    SNT_TRY(add_words(out, SNT_KEYCHAIN_BACKENDS[i]->name, err));
  }
  return snt_done();
}

/* "P", "[P]", "FILE...", "[PATH...]", "bash|zsh|fish". */
static snt_status take_name(const char *text, struct snt_completion *out, struct snt_err *err) {
  text += text[0] == '[' ? 1 : 0;
  size_t len = strcspn(text, ".] ");
  out->kind = len == 0 || text[0] == '-' ? SNT_COMPLETION_NOTHING : SNT_COMPLETION_TEXT;
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
    if (snt_slice_is((struct snt_slice){text, len}, NAMES[i].name) || strcmp(text, NAMES[i].name) == 0) {
      out->kind = NAMES[i].kind;
    }
  }
  if (memchr(text, '|', len) == NULL) {
    return snt_done();
  }
  SNT_FREE_AUTO char *words = snt_str_dup_slice((struct snt_slice){text, len});
  out->kind = SNT_COMPLETION_VALUES;
  return words == NULL ? snt_fail_memory(err) : add_words(out, words, err);
}

snt_status snt_completion_of_option(enum snt_option_id id, struct snt_completion *out, struct snt_err *err) {
  *out = (struct snt_completion){0};
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (WORDS[i].id == id) {
      out->kind = WORDS[i].kind;
      return add_words(out, WORDS[i].words, err);
    }
  }
  if (id == SNT_OPTION_BACKEND || id == SNT_OPTION_FROM || id == SNT_OPTION_TO) {
    out->kind = SNT_COMPLETION_VALUES;
    return add_backends(out, id == SNT_OPTION_BACKEND, err);
  }
  const char *value = SNT_OPTION_TABLE[id].value;
  return value == NULL ? snt_done() : take_name(value, out, err);
}

snt_status snt_completion_of_arguments(const struct snt_command *command, struct snt_completion *out,
                                       struct snt_err *err) {
  *out = (struct snt_completion){0};
  return command->max_arguments == 0 ? snt_done() : take_name(command->arguments, out, err);
}

snt_status snt_completion_print_quoted(struct snt_out *out, const char *text, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, "'", err));
  for (const char *p = text; *p != '\0';) {
    size_t len = strcspn(p, "'");
    SNT_TRY(snt_out_printf(out, err, "%.*s%s", (int)len, p, p[len] == '\'' ? "'\\''" : ""));
    p += len + (p[len] == '\'' ? 1 : 0);
  }
  return snt_out_text(out, "'", err);
}

static snt_status print_row(struct snt_out *out, const char *flag, const struct snt_completion *completion,
                            const char *help, struct snt_err *err) {
  static const char *const kinds[SNT_COMPLETION_KIND_COUNT] = {
      [SNT_COMPLETION_NOTHING] = "nothing", [SNT_COMPLETION_TEXT] = "text",     [SNT_COMPLETION_FILE] = "file",
      [SNT_COMPLETION_PROFILE] = "profile", [SNT_COMPLETION_VALUES] = "values", [SNT_COMPLETION_PAIRS] = "pairs"};
  SNT_BUF_AUTO struct snt_buf row = {0};
  SNT_TRY(snt_buf_appendf(&row, err, "%s|%s|%s|%s", flag, kinds[completion->kind], snt_buf_borrow(&completion->words),
                          help));
  SNT_TRY(snt_out_text(out, " \\\n      ", err));
  return snt_completion_print_quoted(out, row.data, err);
}

static snt_status print_rows(struct snt_out *out, const struct snt_command *command, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, "  ", err));
  SNT_TRY(snt_completion_print_quoted(out, command->name, err));
  SNT_TRY(snt_out_text(out, ")\n    printf '%s\\n'", err));
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    SNT_COMPLETION_AUTO struct snt_completion completion = {0};
    if (((command->options | SNT_OPTION_BIT(HELP)) >> id & 1) != 0) {
      SNT_TRY(snt_completion_of_option((enum snt_option_id)id, &completion, err));
      SNT_TRY(print_row(out, SNT_OPTION_TABLE[id].flag, &completion, SNT_OPTION_TABLE[id].help, err));
    }
  }
  SNT_COMPLETION_AUTO struct snt_completion argument = {0};
  SNT_TRY(snt_completion_of_arguments(command, &argument, err));
  SNT_TRY(print_row(out, "@", &argument, command->takes_program ? "program" : "", err));
  return snt_out_text(out, "\n    ;;\n", err);
}

snt_status snt_completion_print_tables(struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, "_sentinel_commands() {\n  printf '%s\\n'", err));
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    SNT_BUF_AUTO struct snt_buf row = {0};
    SNT_TRY(snt_buf_appendf(&row, err, "%s|%s", command->name, command->summary));
    SNT_TRY(snt_out_text(out, " \\\n    ", err));
    SNT_TRY(snt_completion_print_quoted(out, row.data, err));
  }
  SNT_TRY(snt_out_text(
      out, "\n}\n\n# FLAG|KIND|WORDS|HELP; the argument's flag is @\n_sentinel_rows() {\n  case $1 in\n", err));
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    SNT_TRY(print_rows(out, command, err));
  }
  return snt_out_text(out, "  esac\n}\n\n", err);
}
