#include "keychain/entry_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct loading {
  const struct snt_keychain *keychain;
  struct snt_entry_names *names;
  bool is_out_of_memory;
};

void snt_entry_names_clear(struct snt_entry_names *names) {
  for (size_t i = 0; i < names->count; i++) {
    free(names->items[i].name);
  }
  free(names->items);
  memset(names, 0, sizeof *names);
}

static void note_name(void *context, const char *name) {
  struct loading *loading = context;
  struct snt_entry_names *names = loading->names;
  struct snt_entry_name *more = reallocarray(names->items, names->count + 1, sizeof *more);
  char *copy = more == NULL ? NULL : snt_str_dup(name);
  names->items = more == NULL ? names->items : more;
  if (copy == NULL) {
    loading->is_out_of_memory = true;
    return;
  }
  names->items[names->count++] = (struct snt_entry_name){copy, snt_keychain_backend_name(loading->keychain)};
}

snt_status snt_entry_names_load(struct snt_keychain *keychain, const char *kind, struct snt_entry_names *out,
                                struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  struct loading loading = {.keychain = keychain, .names = &names};
  SNT_TRY(snt_keychain_list(keychain, kind, note_name, &loading, err));
  if (loading.is_out_of_memory) {
    return snt_fail_memory(err);
  }
  *out = names;
  names = (struct snt_entry_names){0}; /* ownership went to out */
  return snt_done();
}
