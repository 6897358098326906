#include "policy/coverage_plugins.h"

#include <stdlib.h>
#include <string.h>

void snt_coverage_plugins_clear(struct snt_coverage_plugins *plugins) {
  free(plugins->list);
  memset(plugins, 0, sizeof *plugins);
}

/* The entry of a plugin, a fresh one when there is none; NULL when out of memory. */
static struct snt_coverage_plugin *find_entry(struct snt_coverage_plugins *plugins, const char *name) {
  for (size_t i = 0; i < plugins->count; i++) {
    if (strcmp(plugins->list[i].name, name) == 0) {
      return &plugins->list[i];
    }
  }
  struct snt_coverage_plugin *list = realloc(plugins->list, (plugins->count + 1) * sizeof *list);
  if (list == NULL) {
    return NULL;
  }
  plugins->list = list;
  list[plugins->count] = (struct snt_coverage_plugin){.name = name};
  return &list[plugins->count++];
}

static int compare_names(const void *a, const void *b) {
  const struct snt_coverage_plugin *left = a, *right = b;
  return strcmp(left->name, right->name);
}

snt_status snt_coverage_find_plugins(const struct snt_coverage *coverage, struct snt_coverage_plugins *out,
                                     struct snt_err *err) {
  SNT_COVERAGE_PLUGINS_AUTO struct snt_coverage_plugins found = {0};
  *out = found;
  for (size_t i = 0; i < coverage->count; i++) {
    for (size_t k = 0; k < coverage->policies[i].count; k++) {
      const struct snt_coverage_point *point = &coverage->policies[i].points[k];
      struct snt_coverage_plugin *plugin = point->is_plugin ? find_entry(&found, point->kind) : NULL;
      if (point->is_plugin && plugin == NULL) {
        return snt_fail_memory(err);
      }
      for (size_t n = 0; plugin != NULL && n < SNT_OUTCOME_COUNT; n++) {
        plugin->counts[n] += point->counts[n];
        plugin->own[n] += point->depth == 0 ? point->counts[n] : 0;
      }
    }
  }
  if (found.count > 0) {
    qsort(found.list, found.count, sizeof *found.list, compare_names);
  }
  *out = found;
  found = (struct snt_coverage_plugins){0}; /* ownership went to out */
  return snt_done();
}
