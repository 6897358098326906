/* sentinel clear: forgets what is cached. Sessions that were handed out live on until they end. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "keychain/cache.h"

/* Only sessions, and those that they rest on, are a profile's; what else is cached belongs to a key. */
static bool is_meant(const struct snt_keychain_kind *kind, const char *profile) {
  bool is_profiles =
      strcmp(kind->name, SNT_KEYCHAIN_KIND_SESSION) == 0 || strcmp(kind->name, SNT_KEYCHAIN_KIND_BASE) == 0;
  return kind->is_cached && (profile == NULL || is_profiles);
}

snt_status snt_cmd_clear(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *profile = NULL;
  bool has_profile = args->argument_count > 0 || snt_args_has(args, SNT_OPTION_PROFILE);
  SNT_TRY(has_profile ? snt_args_take_profile(args, &profile, err) : snt_done());
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  SNT_BUF_AUTO struct snt_buf told = {0};
  for (const struct snt_keychain_kind *kind = SNT_KEYCHAIN_KINDS; kind->name != NULL; kind++) {
    size_t count = 0;
    if (is_meant(kind, profile)) {
      SNT_TRY(snt_cache_clear(keychain.keychain, kind->name, profile, &count, err));
      SNT_TRY(snt_cli_tell_cached(&told, kind, count, err));
    }
  }
  return snt_out_printf(out, err, "forgot %s%s%s\n", told.len == 0 ? "nothing: there was nothing cached" : told.data,
                        profile == NULL ? "" : " of ", profile == NULL ? "" : profile);
}
