#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const struct snt_option SNT_OPTION_TABLE[SNT_OPTION_COUNT] = {
#define SNT_OPTION_ROW(id, flag, value, help) {flag, value, help},
    SNT_OPTIONS(SNT_OPTION_ROW)
#undef SNT_OPTION_ROW
};

static snt_status fail_unknown(const char *flag, size_t len, snt_option_set allowed, struct snt_err *err) {
  const char *candidates[SNT_OPTION_COUNT + 1];
  size_t count = 0;
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    if ((allowed >> id & 1) != 0) {
      candidates[count++] = SNT_OPTION_TABLE[id].flag;
    }
  }
  candidates[count] = NULL;
  SNT_FREE_AUTO char *word = snt_str_dup_slice((struct snt_slice){flag, len});
  const char *nearest = word == NULL ? NULL : snt_str_nearest(word, candidates);
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "unknown flag \"%.*s\"", (int)(len > 100 ? 100 : len), flag));
  return nearest == NULL ? snt_err_hint(err, "--help lists the flags of this command")
                         : snt_err_hint(err, "did you mean %s?", nearest);
}

static int find_option(const char *flag, size_t len, snt_option_set allowed) {
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    const char *name = SNT_OPTION_TABLE[id].flag;
    if ((allowed >> id & 1) != 0 && strlen(name) == len && memcmp(name, flag, len) == 0) {
      return id;
    }
  }
  return -1;
}

/* Where the values of a flag that may be repeated are kept, all of them. */
struct repeated {
  const char **list; /* NULL: it may not */
  size_t *count;
  size_t max;
};

static struct repeated repeated_of(struct snt_args *args, int id) {
  return id == SNT_OPTION_REPORT           ? (struct repeated){args->reports, &args->report_count, SNT_REPORTS_MAX}
         : id == SNT_OPTION_ROLE           ? (struct repeated){args->roles, &args->role_count, SNT_ROLES_MAX}
         : id == SNT_OPTION_KEY            ? (struct repeated){args->keys, &args->key_count, SNT_KEYS_MAX}
         : id == SNT_OPTION_IMPORT_PROFILE ? (struct repeated){args->profiles, &args->profile_count, SNT_PROFILES_MAX}
                                           : (struct repeated){0};
}

/* *argv points at a flag; it is moved past the flag's value. */
static snt_status take_flag(char ***argv, snt_option_set allowed, struct snt_args *out, struct snt_err *err) {
  const char *text = strcmp(**argv, "-h") == 0 ? "--help" : **argv;
  const char *equals = strchr(text, '=');
  size_t len = equals == NULL ? strlen(text) : (size_t)(equals - text);
  int id = find_option(text, len, allowed | SNT_OPTION_BIT(HELP));
  if (id < 0) {
    return fail_unknown(text, len, allowed | SNT_OPTION_BIT(HELP), err);
  }
  const struct snt_option *option = &SNT_OPTION_TABLE[id];
  struct repeated repeated = repeated_of(out, id);
  bool may_repeat = repeated.list != NULL && *repeated.count < repeated.max;
  if (out->values[id] != NULL && !may_repeat) {
    return snt_fail(err, SNT_CODE_USAGE, "%s is given %s", option->flag, repeated.list == NULL ? "twice" : "too often");
  }
  if (option->value == NULL) {
    if (equals != NULL) {
      return snt_fail(err, SNT_CODE_USAGE, "%s takes no value", option->flag);
    }
    out->values[id] = "";
    return snt_done();
  }
  const char *value = equals != NULL ? equals + 1 : (*argv)[1];
  if (value == NULL || value[0] == '\0') {
    return snt_fail(err, SNT_CODE_USAGE, "%s needs a value: %s %s", option->flag, option->flag, option->value);
  }
  out->values[id] = value;
  if (may_repeat) {
    repeated.list[(*repeated.count)++] = value;
  }
  *argv += equals == NULL ? 1 : 0;
  return snt_done();
}

snt_status snt_args_parse(char **argv, snt_option_set allowed, size_t max_arguments, struct snt_args *out,
                          struct snt_err *err) {
  memset(out, 0, sizeof *out);
  for (; *argv != NULL; argv++) {
    if (strcmp(*argv, "--") == 0) {
      out->program = argv + 1;
      return snt_done();
    }
    if ((*argv)[0] == '-' && (*argv)[1] != '\0') {
      SNT_TRY(take_flag(&argv, allowed, out, err));
      continue;
    }
    if (out->argument_count >= max_arguments || out->argument_count >= SNT_ARGUMENTS_MAX) {
      return snt_fail(err, SNT_CODE_USAGE, "unexpected argument \"%.100s\"", *argv);
    }
    out->arguments[out->argument_count++] = *argv;
  }
  return snt_done();
}

bool snt_args_has(const struct snt_args *args, enum snt_option_id id) { return args->values[id] != NULL; }

bool snt_args_names_profile(const struct snt_args *args) {
  const char *variable = getenv("AWS_PROFILE");
  return args->argument_count > 0 || snt_args_has(args, SNT_OPTION_PROFILE) ||
         (variable != NULL && variable[0] != '\0');
}

snt_status snt_args_take_profile(struct snt_args *args, const char **out, struct snt_err *err) {
  const char *flag = args->values[SNT_OPTION_PROFILE];
  const char *variable = getenv("AWS_PROFILE");
  const char *profile = flag;
  if (args->argument_count > 0) {
    if (flag != NULL) {
      return snt_fail(err, SNT_CODE_USAGE, "the profile is given twice: --profile %.100s and %.100s", flag,
                      args->arguments[0]);
    }
    profile = args->arguments[0];
    args->argument_count--;
    memmove(args->arguments, args->arguments + 1, args->argument_count * sizeof args->arguments[0]);
  } else if (profile == NULL) {
    profile = variable;
  }
  if (profile == NULL || profile[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no profile is given"));
    return snt_err_hint(err, "name it as the first argument, with --profile, or in AWS_PROFILE");
  }
  if (!snt_profile_name_check(profile)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s%s\" cannot be the name of a profile", profile,
                        strlen(profile) > 100 ? "..." : ""));
    return snt_err_hint(err,
                        "a name has 1 to 256 of A-Z a-z 0-9 _ / : . @ + -, without \"..\", \"//\", \"./\", \"/.\"");
  }
  *out = profile;
  return snt_done();
}
