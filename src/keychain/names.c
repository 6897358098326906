#include "keychain/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

snt_status snt_names_add(struct snt_names *names, const char *name, size_t tag, struct snt_err *err) {
  struct snt_names_item *more = reallocarray(names->items, names->count + 1, sizeof *more);
  if (more == NULL) {
    return snt_fail_memory(err);
  }
  names->items = more;
  more[names->count] = (struct snt_names_item){snt_str_dup(name), tag};
  if (more[names->count].name == NULL) {
    return snt_fail_memory(err);
  }
  names->count++;
  return snt_done();
}

static int compare(const void *a, const void *b) {
  const struct snt_names_item *x = a;
  const struct snt_names_item *y = b;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : (x->tag > y->tag) - (x->tag < y->tag);
}

void snt_names_sort(struct snt_names *names) {
  if (names->count == 0) {
    return;
  }
  qsort(names->items, names->count, sizeof *names->items, compare);
  size_t kept = 1;
  for (size_t i = 1; i < names->count; i++) {
    if (strcmp(names->items[i].name, names->items[kept - 1].name) == 0) {
      free(names->items[i].name);
    } else {
      names->items[kept++] = names->items[i];
    }
  }
  names->count = kept;
}

void snt_names_clear(struct snt_names *names) {
  for (size_t i = 0; i < names->count; i++) {
    free(names->items[i].name);
  }
  free(names->items);
  *names = (struct snt_names){0};
}
