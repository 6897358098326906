/* The manual page sentinel(1), from the tables that the program itself uses; man(7). */
#include "gen_man.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "cli/command.h"
#include "issue/doctor.h"
#include "issue/settings.h"

/* Text as roff takes it: hyphens that can be typed again, no backslash, no request at the beginning of a line. */
static void print_text(const char *text) {
  if (text[0] == '.' || text[0] == '\'') {
    printf("\\&");
  }
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '\\') {
      printf("\\e");
    } else if (*p == '-') {
      printf("\\-");
    } else if (*p == '\'') {
      printf("\\(aq");
    } else if (*p != '`') {
      putchar(*p);
    }
  }
}

static void print_words(const char *font, const char *first, const char *second) {
  printf(".%s \"", font);
  print_text(first);
  if (second[0] != '\0') {
    printf("\" \" ");
    print_text(second);
  }
  printf("\"\n");
}

static void print_flags(const struct snt_command *command) {
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    const struct snt_option *option = &SNT_OPTION_TABLE[id];
    if (((command->options | SNT_OPTION_BIT(HELP)) >> id & 1) != 0) {
      printf(".TP\n");
      print_words("BI", option->flag, option->value == NULL ? "" : option->value);
      print_text(option->help);
      printf("\n");
    }
  }
}

static void print_commands(void) {
  printf(".SH COMMANDS\n"
         ".I P\nis a profile: the first argument,\n.B \\-\\-profile\n.IR P ,\nor\n.BR AWS_PROFILE .\n");
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    char title[128];
    (void)snprintf(title, sizeof title, "sentinel %s%s%s%s", command->name, command->arguments[0] == '\0' ? "" : " ",
                   command->arguments, SNT_COMMAND_PROGRAM(command));
    print_words("SS", title, "");
    print_text(command->summary);
    printf(".\n");
    print_flags(command);
  }
}

static void print_checks(void) {
  printf(".SH CHECKS OF DOCTOR\n");
  for (const struct snt_doctor_check *check = SNT_DOCTOR_CHECK_TABLE; check->name != NULL; check++) {
    printf(".TP\n");
    print_words("B", check->name, "");
    print_text(check->summary);
    printf("\n");
  }
}

/* The meanings of a status, one after the other. */
static void print_exits(void) {
  printf(".SH EXIT STATUS\n");
  for (int status = 0; status <= 70; status++) {
    const char *between = "";
    for (int code = 0; code < SNT_CODE_COUNT; code++) {
      if (snt_code_exit_status((enum snt_code)code) != status) {
        continue;
      }
      if (between[0] == '\0') {
        printf(".TP\n.B %d\n", status);
      }
      printf("%s", between);
      print_text(snt_code_text((enum snt_code)code));
      between = "; ";
    }
    printf("%s", between[0] == '\0' ? "" : "\n");
  }
  printf(".PP\nA signal ends with 128 and its number.\n.B sentinel exec\nends with the status of the program that it "
         "has run.\n");
}

static void print_environment(void) {
  static const struct {
    const char *variable, *key;
  } rows[] = {
#define SETTING_ROW(id, key, type, variable, admin, values, help) {variable, key},
      SNT_SETTINGS(SETTING_ROW)
#undef SETTING_ROW
  };
  printf(".SH ENVIRONMENT\n");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].variable != NULL) {
      printf(".TP\n.B %s\nsets\n.B %s\nof the configuration\n", rows[i].variable, rows[i].key);
    }
  }
  printf(".TP\n.B SENTINEL_FILE_PASSPHRASE\nopens the file keychain\n"
         ".TP\n.B SENTINEL_JUSTIFICATION\nis written into the record, as\n.B \\-\\-justification\n"
         ".TP\n.B NO_COLOR\nkeeps colours away\n"
         ".PP\nThe variables of the AWS SDKs mean what they mean there.\n");
}

void print_man(void) {
  printf(".\\\" Made from the program's own tables.\n"
         ".TH SENTINEL 1\n"
         ".SH NAME\nsentinel \\- the policy gate in front of AWS credentials\n"
         ".SH SYNOPSIS\n.B sentinel\n.I command\n.RI [ flags ]\n.RB [ \\-\\-\n.IR program \" ...]\"\n"
         ".SH DESCRIPTION\n"
         "Sentinel decides by policy whether to ask AWS STS for a short\\-lived session, records the decision, and "
         "hands the session to an SDK, the AWS CLI or a program.\nWithout a decision and a record of it there are no "
         "credentials.\n");
  print_commands();
  print_checks();
  print_exits();
  print_environment();
  printf(".SH FILES\n"
         ".TP\n.I /etc/sentinel/config.yaml\nthe administrator\\(aqs configuration, which may lock keys\n"
         ".TP\n.I ~/.config/sentinel/config.yaml\nthe user\\(aqs configuration\n"
         ".TP\n.I ~/.local/share/sentinel/keychain\nthe file keychain\n"
         ".TP\n.I ~/.cache/sentinel\npolicies that are kept for policy.cache_ttl, and bundles\n"
         ".TP\n.I ~/.local/state/sentinel/decisions.jsonl\nthe decision log\n"
         ".SH SEE ALSO\n.BR aws (1)\n");
}
