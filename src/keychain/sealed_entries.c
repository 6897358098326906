/* The entries inside a sealed file. */
#include <string.h>

#include "keychain/sealed_file.h"

enum { LENGTHS_LEN = 7 };

int snt_sealed_compare(struct snt_slice a, struct snt_slice b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static size_t read_number(const unsigned char *bytes, size_t count) {
  size_t number = 0;
  for (size_t i = 0; i < count; i++) {
    number = number << 8 | bytes[i];
  }
  return number;
}

bool snt_sealed_next(const struct snt_secret *entries, size_t *offset, struct snt_sealed_entry *out) {
  size_t left = snt_secret_len(entries) - *offset;
  const char *data = snt_secret_borrow(entries) + *offset;
  const unsigned char *bytes = (const unsigned char *)data;
  if (left < LENGTHS_LEN) {
    return false;
  }
  size_t kind = read_number(bytes, 1);
  size_t name = read_number(bytes + 1, 2);
  size_t value = read_number(bytes + 3, 4);
  if (kind == 0 || name == 0 || kind + name + value > left - LENGTHS_LEN) {
    return false;
  }
  out->kind = (struct snt_slice){data + LENGTHS_LEN, kind};
  out->name = (struct snt_slice){out->kind.data + kind, name};
  out->value = (struct snt_slice){out->name.data + name, value};
  out->begin = *offset;
  out->end = *offset + LENGTHS_LEN + kind + name + value;
  *offset = out->end;
  return true;
}

/* Where the entry is, or would be: entry->begin and entry->end are then the same. */
static bool locate(const struct snt_secret *entries, const char *kind, const char *name,
                   struct snt_sealed_entry *entry) {
  size_t offset = 0;
  while (snt_sealed_next(entries, &offset, entry)) {
    int order = snt_sealed_compare(entry->kind, snt_slice_of(kind));
    order = order == 0 ? snt_sealed_compare(entry->name, snt_slice_of(name)) : order;
    if (order == 0) {
      return true;
    }
    if (order > 0) {
      entry->end = entry->begin;
      return false;
    }
  }
  entry->begin = entry->end = offset;
  return false;
}

bool snt_sealed_find(const struct snt_secret *entries, const char *kind, const char *name,
                     struct snt_sealed_entry *out) {
  return locate(entries, kind, name, out);
}

static snt_status append_entry(struct snt_secret *out, const char *kind, const char *name,
                               const struct snt_secret *value, struct snt_err *err) {
  size_t kind_len = strlen(kind);
  size_t name_len = strlen(name);
  size_t len = snt_secret_len(value);
  const unsigned char lengths[LENGTHS_LEN] = {
      (unsigned char)kind_len,    (unsigned char)(name_len >> 8), (unsigned char)name_len, (unsigned char)(len >> 24),
      (unsigned char)(len >> 16), (unsigned char)(len >> 8),      (unsigned char)len};
  SNT_TRY(snt_secret_append(out, lengths, sizeof lengths, err));
  SNT_TRY(snt_secret_append(out, kind, kind_len, err));
  SNT_TRY(snt_secret_append(out, name, name_len, err));
  return snt_secret_append(out, snt_secret_borrow(value), len, err);
}

snt_status snt_sealed_change(const struct snt_secret *entries, const char *kind, const char *name,
                             const struct snt_secret *value, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  struct snt_sealed_entry place = {0};
  (void)locate(entries, kind, name, &place);
  size_t more = value == NULL ? 0 : LENGTHS_LEN + strlen(kind) + strlen(name) + snt_secret_len(value);
  const char *data = snt_secret_borrow(entries);
  size_t len = snt_secret_len(entries);
  SNT_SECRET_AUTO struct snt_secret *changed = NULL;
  SNT_TRY(snt_secret_new(len + more, &changed, err));
  SNT_TRY(snt_secret_append(changed, data, place.begin, err));
  if (value != NULL) {
    SNT_TRY(append_entry(changed, kind, name, value, err));
  }
  SNT_TRY(snt_secret_append(changed, data + place.end, len - place.end, err));
  *out = SNT_MOVE(changed);
  return snt_done();
}
