#include "issue/setup.h"

#include <stdlib.h>
#include <string.h>

#include "issue/setup_internal.h"

const char *snt_setup_state_name(enum snt_setup_state state) {
  static const char *const names[] = {
      [SNT_SETUP_UNKNOWN] = "unknown",   [SNT_SETUP_MISSING] = "new",     [SNT_SETUP_SAME] = "there",
      [SNT_SETUP_DIFFERENT] = "differs", [SNT_SETUP_OMITTED] = "omitted", [SNT_SETUP_WRITTEN] = "wrote"};
  return names[state];
}

static void free_list(char **list) {
  for (; *list != NULL; list++) {
    free(*list);
    *list = NULL;
  }
}

void snt_setup_clear(struct snt_setup *setup) {
  free_list(setup->regions);
  free_list(setup->roles);
  free_list(setup->users);
  for (size_t i = 0; i < setup->item_count; i++) {
    snt_buf_clear(&setup->items[i].path);
    snt_buf_clear(&setup->items[i].text);
  }
  struct snt_buf *buffers[] = {&setup->folder, &setup->key.spec, &setup->key.public_line, &setup->settings.path,
                               &setup->settings.text};
  for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
    snt_buf_clear(buffers[i]);
  }
  setup->item_count = 0;
}

snt_status snt_setup_prepare(const struct snt_setup_options *options, struct snt_setup *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_TRY(snt_buf_append_str(&out->folder, options->folder == NULL ? "sentinel-policy" : options->folder, err));
  SNT_TRY(snt_setup_find_scope(options, out, err));
  SNT_TRY(snt_setup_find_key(options, out, err));
  SNT_TRY(snt_setup_find_settings(options, out, err));
  return snt_setup_list_items(options, out, err);
}

/* The key comes first: its public half is in what follows. */
snt_status snt_setup_apply(const struct snt_setup_options *options, struct snt_setup *setup, struct snt_err *err) {
  SNT_TRY(snt_setup_make_key(options, setup, err));
  SNT_TRY(snt_setup_find_settings(options, setup, err));
  SNT_TRY(snt_setup_list_items(options, setup, err));
  SNT_TRY(snt_setup_write_items(setup, err));
  return snt_setup_write_settings(setup, err);
}
