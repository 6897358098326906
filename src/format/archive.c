#include "format/archive.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool snt_archive_check_name(const char *name) {
  size_t name_len = strlen(name);
  if (name_len == 0 || name_len > SNT_ARCHIVE_NAME_MAX || !snt_utf8_check_printable(name, name_len)) {
    return false;
  }
  for (const char *part = name; part != NULL; part = strchr(part, '/')) {
    part += part != name ? 1 : 0; /* behind the slash that was found */
    if (part[0] == '/' || part[0] == '.' || part[0] == '\0') {
      return false;
    }
  }
  return true;
}

snt_status snt_archive_add(struct snt_buf *out, const char *name, struct snt_slice content, struct snt_err *err) {
  if (!snt_archive_check_name(name)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "\"%s\" cannot be the name of a file of a bundle", name);
  }
  if (content.len > SNT_ARCHIVE_FILE_CAP) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is larger than 512 KiB", name);
  }
  SNT_TRY(snt_buf_appendf(out, err, "%s\n%zu\n", name, content.len));
  SNT_TRY(snt_buf_append(out, content.data, content.len, err));
  return snt_buf_append_char(out, '\n', err);
}

struct snt_archive snt_archive_of(struct snt_slice bytes) {
  return (struct snt_archive){.rest = bytes};
}

/* The text before the next line feed, which is skipped; false when there is none within max bytes. */
static bool take_line(struct snt_slice *rest, size_t max, struct snt_slice *out) {
  size_t len = rest->len < max + 1 ? rest->len : max + 1;
  const char *end = len == 0 ? NULL : memchr(rest->data, '\n', len);
  if (end == NULL) {
    return false;
  }
  *out = (struct snt_slice){rest->data, (size_t)(end - rest->data)};
  *rest = (struct snt_slice){end + 1, rest->len - out->len - 1};
  return true;
}

/* Digits as they are written: no sign, no zero before others. */
static bool read_size(struct snt_slice digits, size_t *out) {
  size_t value = 0;
  for (size_t i = 0; i < digits.len; i++) {
    if (digits.data[i] < '0' || digits.data[i] > '9') {
      return false;
    }
    value = value * 10 + (size_t)(digits.data[i] - '0');
  }
  *out = value;
  return digits.len > 0 && (digits.len == 1 || digits.data[0] != '0');
}

/* NULL, or what is wrong with the next name, which comes behind the last one. */
static const char *read_name(struct snt_archive *archive) {
  char name[SNT_ARCHIVE_NAME_MAX + 1];
  struct snt_slice line;
  if (!take_line(&archive->rest, SNT_ARCHIVE_NAME_MAX, &line) || memchr(line.data, '\0', line.len) != NULL) {
    return "a name is cut off, too long or has a NUL in it";
  }
  memcpy(name, line.data, line.len);
  name[line.len] = '\0';
  if (!snt_archive_check_name(name)) {
    return "a name does not lie below the bundle's folder";
  }
  if (archive->count > 0 && strcmp(archive->file.name, name) >= 0) {
    return "its names are not in order, or one is there twice";
  }
  memcpy(archive->file.name, name, line.len + 1);
  return NULL;
}

static const char *read_content(struct snt_archive *archive) {
  enum { DIGITS_MAX = 7 };
  struct snt_slice digits;
  size_t size = 0;
  if (!take_line(&archive->rest, DIGITS_MAX, &digits) || !read_size(digits, &size)) {
    return "a size is not a number";
  }
  archive->bytes += size;
  if (size > SNT_ARCHIVE_FILE_CAP || archive->bytes > SNT_ARCHIVE_FILES_CAP) {
    return "a file is larger than 512 KiB, or all files than 2 MiB";
  }
  if (size >= archive->rest.len || archive->rest.data[size] != '\n') {
    return "a file is shorter or longer than its size says";
  }
  archive->file.content = (struct snt_slice){archive->rest.data, size};
  archive->rest = (struct snt_slice){archive->rest.data + size + 1, archive->rest.len - size - 1};
  return NULL;
}

bool snt_archive_next(struct snt_archive *archive) {
  if (archive->damage != NULL || archive->rest.len == 0) {
    return false;
  }
  archive->damage = archive->count == SNT_ARCHIVE_COUNT_MAX ? "it has more than 256 files" : read_name(archive);
  archive->damage = archive->damage == NULL ? read_content(archive) : archive->damage;
  archive->count += archive->damage == NULL ? 1 : 0;
  return archive->damage == NULL;
}

const char *snt_archive_check(struct snt_slice bytes) {
  struct snt_archive archive = snt_archive_of(bytes);
  while (snt_archive_next(&archive)) {
  }
  return archive.damage == NULL && archive.count == 0 ? "it has no file" : archive.damage;
}
