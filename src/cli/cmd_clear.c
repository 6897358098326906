/* sentinel clear: forgets what is cached. Sessions that were handed out live on until they end. */
#include "cli/command.h"
#include "cli/common.h"
#include "keychain/cache.h"

/* X(kind, whether it is a profile's) */
static const struct {
  const char *kind;
  bool has_profile;
} KINDS[] = {{SNT_KEYCHAIN_KIND_SESSION, true}, {SNT_KEYCHAIN_KIND_IDENTITY, false}, {SNT_KEYCHAIN_KIND_MFA, false}};

snt_status snt_cmd_clear(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *profile = NULL;
  bool has_profile = args->argument_count > 0 || snt_args_has(args, SNT_OPTION_PROFILE);
  SNT_TRY(has_profile ? snt_args_take_profile(args, &profile, err) : snt_done());
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  size_t sessions = 0;
  size_t others = 0;
  for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
    if (profile == NULL || KINDS[i].has_profile) {
      SNT_TRY(
          snt_cache_clear(keychain.keychain, KINDS[i].kind, profile, KINDS[i].has_profile ? &sessions : &others, err));
    }
  }
  SNT_TRY(snt_out_printf(out, err, "forgot %zu cached %s%s%s", sessions, sessions == 1 ? "session" : "sessions",
                         profile == NULL ? "" : " of ", profile == NULL ? "" : profile));
  if (others > 0) {
    SNT_TRY(snt_out_printf(out, err, " and %zu cached %s", others, others == 1 ? "identity" : "identities"));
  }
  return snt_out_text(out, "\n", err);
}
