#include "policy/manifest_keys.h"

#include <string.h>

#include "base/str.h"

static snt_status refuse(const char *file, const struct snt_yaml_node *map, size_t i, const char *const *allowed,
                         const char *where, struct snt_err *err) {
  const char *nearest = snt_str_nearest(map->keys[i], allowed);
  SNT_BUF_AUTO struct snt_buf list = {0};
  for (const char *const *word = allowed; *word != NULL; word++) {
    SNT_TRY(snt_buf_appendf(&list, err, "%s%s", word == allowed ? "" : ", ", *word));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: unknown key \"%.64s\"%s%s%s%s", file, map->key_lines[i],
                      map->key_columns[i], map->keys[i], where, nearest == NULL ? "" : "; did you mean \"",
                      nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?"));
  return snt_err_hint(err, "allowed: %s", list.data);
}

snt_status snt_manifest_check_keys(const char *file, const struct snt_yaml_node *map, const char *const *allowed,
                                   const char *where, struct snt_err *err) {
  for (size_t i = 0; i < map->count; i++) {
    const char *const *word = allowed;
    while (*word != NULL && strcmp(*word, map->keys[i]) != 0) {
      word++;
    }
    if (*word == NULL) {
      return refuse(file, map, i, allowed, where, err);
    }
  }
  return snt_done();
}
