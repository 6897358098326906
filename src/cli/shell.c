/* The shells that completion and prompt are made for. */
#include <string.h>

#include "cli/completion.h"

/* SENTINEL_PROFILE may hold anything: only what can be a profile's name gets into a prompt, which shells expand. What
 * sets the prompt anew each time (themes do) is met by doing the same. */
static const char BASH_PROMPT[] = "_sentinel_prompt() {\n"
                                  "  case ${SENTINEL_PROFILE-} in\n"
                                  "  '' | *[!A-Za-z0-9_/:.@+-]*) return ;;\n"
                                  "  esac\n"
                                  "  case $PS1 in\n"
                                  "  *\"[sentinel $SENTINEL_PROFILE] \"*) ;;\n"
                                  "  *) PS1=\"[sentinel $SENTINEL_PROFILE] $PS1\" ;;\n"
                                  "  esac\n"
                                  "}\n"
                                  "case ${PROMPT_COMMAND[*]-} in\n"
                                  "*_sentinel_prompt*) ;;\n"
                                  "*) PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\\n'}_sentinel_prompt ;;\n"
                                  "esac\n";

static const char ZSH_PROMPT[] =
    "_sentinel_prompt() {\n"
    "  [[ -n ${SENTINEL_PROFILE-} && $SENTINEL_PROFILE != *[^A-Za-z0-9_/:.@+-]* ]] || return 0\n"
    "  [[ $PROMPT == *\"[sentinel $SENTINEL_PROFILE] \"* ]] || "
    "PROMPT=\"[sentinel $SENTINEL_PROFILE] $PROMPT\"\n"
    "}\n"
    "autoload -Uz add-zsh-hook\n"
    "add-zsh-hook precmd _sentinel_prompt\n";

static const char FISH_PROMPT[] = "function __sentinel_pass\n"
                                  "    return $argv[1]\n"
                                  "end\n"
                                  "if not functions -q __sentinel_first_prompt; and functions -q fish_prompt\n"
                                  "    functions -c fish_prompt __sentinel_first_prompt\n"
                                  "    function fish_prompt\n"
                                  "        set -l last $status\n"
                                  "        if string match -qr '^[A-Za-z0-9_/:.@+-]+$' -- \"$SENTINEL_PROFILE\"\n"
                                  "            printf '[sentinel %s] ' $SENTINEL_PROFILE\n"
                                  "        end\n"
                                  "        __sentinel_pass $last\n"
                                  "        __sentinel_first_prompt\n"
                                  "    end\n"
                                  "end\n";

/* Without the question that compinit asks about folders that others may write: it leaves those out. */
static const char ZSH_BEFORE[] = "if (( ! $+functions[compdef] )); then\n"
                                 "  autoload -Uz compinit\n"
                                 "  compinit -i\n"
                                 "fi\n";

const struct snt_shell SNT_SHELLS[] = {{"bash", snt_completion_print_bash, "", BASH_PROMPT},
                                       {"zsh", snt_completion_print_zsh, ZSH_BEFORE, ZSH_PROMPT},
                                       {"fish", snt_completion_print_fish, "", FISH_PROMPT},
                                       {NULL, NULL, NULL, NULL}};

snt_status snt_shell_find(const char *name, const struct snt_shell **out, struct snt_err *err) {
  *out = NULL;
  for (const struct snt_shell *shell = SNT_SHELLS; shell->name != NULL; shell++) {
    if (strcmp(shell->name, name) == 0) {
      *out = shell;
      return snt_done();
    }
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "there is nothing for the shell \"%.64s\"", name));
  return snt_err_hint(err, "name one of " SNT_SHELL_NAMES);
}
