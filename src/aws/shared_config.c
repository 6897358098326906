/* MUST
 *  1. everything that was read stands in one secret, because the credentials file holds keys;
 *  2. no message holds a value. */
#include "aws/shared_config_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/ini.h"

#define FILE_CAP ((size_t)4 * 1024 * 1024)

/* One of the two files while it is read. */
struct reading {
  struct snt_aws_shared_config *config;
  const char *file;
  bool is_credentials;
  size_t section; /* index and one; 0: what comes is ignored */
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static struct snt_slice trim(struct snt_slice text) {
  while (text.len > 0 && is_blank(text.data[0])) {
    text.data++;
    text.len--;
  }
  while (text.len > 0 && is_blank(text.data[text.len - 1])) {
    text.len--;
  }
  return text;
}

/* The SDKs ignore a name with anything else in it, and what stands below it. */
static bool is_name(struct snt_slice text) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.%@:+";
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '\0' || strchr(allowed, text.data[i]) == NULL) {
      return false;
    }
  }
  return text.len > 0;
}

/* "profile foo" -> "foo". False when the word is not followed by a blank. */
static bool strip_word(struct snt_slice *text, const char *word) {
  size_t len = strlen(word);
  if (text->len <= len || memcmp(text->data, word, len) != 0 || !is_blank(text->data[len])) {
    return false;
  }
  *text = trim((struct snt_slice){text->data + len, text->len - len});
  return true;
}

static snt_status keep(struct snt_aws_shared_config *config, struct snt_slice text, const char **out,
                       struct snt_err *err) {
  size_t start = snt_secret_len(config->text);
  SNT_TRY(snt_secret_append(config->text, text.data, text.len, err));
  SNT_TRY(snt_secret_append(config->text, "", 1, err));
  *out = snt_secret_borrow(config->text) + start;
  return snt_done();
}

static snt_status add_section(struct snt_aws_shared_config *config, enum snt_shared_kind kind, struct snt_slice name,
                              struct snt_shared_section **out, struct snt_err *err) {
  struct snt_shared_section *grown = realloc(config->sections, (config->section_count + 1) * sizeof *grown);
  if (grown == NULL) {
    return snt_fail_memory(err);
  }
  config->sections = grown;
  *out = &grown[config->section_count];
  **out = (struct snt_shared_section){.kind = kind, .name_len = name.len};
  SNT_TRY(keep(config, name, &(*out)->name, err));
  config->section_count++;
  return snt_done();
}

/* Which section the brackets mean; leaves reading->section 0 when it is none of ours. */
static snt_status enter_section(struct reading *reading, struct snt_slice title, struct snt_err *err) {
  reading->section = 0;
  struct snt_slice name = trim(title);
  enum snt_shared_kind kind = SNT_SHARED_PROFILE;
  bool has_prefix = false;
  if (!reading->is_credentials && strip_word(&name, "sso-session")) {
    kind = SNT_SHARED_SSO_SESSION;
  } else if (!reading->is_credentials && strip_word(&name, "services")) {
    kind = SNT_SHARED_SERVICES;
  } else if (!reading->is_credentials) {
    has_prefix = strip_word(&name, "profile");
    if (!has_prefix && !snt_slice_is(name, "default")) {
      return snt_done();
    }
  }
  if (!is_name(name)) {
    return snt_done();
  }
  struct snt_shared_section *section = snt_shared_section_find(reading->config, kind, name);
  if (section == NULL) {
    SNT_TRY(add_section(reading->config, kind, name, &section, err));
  }
  if (has_prefix && !section->has_prefix) {
    section->has_prefix = true;
    section->count = 0; /* what a [default] without the prefix said */
  } else if (!has_prefix && section->has_prefix && !reading->is_credentials) {
    return snt_done();
  }
  reading->section = (size_t)(section - reading->config->sections) + 1;
  return snt_done();
}

/* "\nname = value\nother = x" -> name, NUL, value, NUL, other, NUL, x, NUL, NUL. */
static snt_status keep_parts(struct snt_aws_shared_config *config, struct snt_slice value, const char **out,
                             struct snt_err *err) {
  const char *first = NULL;
  const char *ignored = NULL;
  const char *end = value.data + value.len;
  for (const char *line = value.data; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    const char *stop = newline == NULL ? end : newline;
    const char *equals = memchr(line, '=', (size_t)(stop - line));
    if (equals != NULL) {
      struct snt_slice name = trim((struct snt_slice){line, (size_t)(equals - line)});
      SNT_TRY(keep(config, name, first == NULL ? &first : &ignored, err));
      SNT_TRY(keep(config, trim((struct snt_slice){equals + 1, (size_t)(stop - equals - 1)}), &ignored, err));
    }
    line = stop + 1;
  }
  *out = first;
  return first == NULL ? snt_done() : keep(config, (struct snt_slice){"", 0}, &ignored, err);
}

static snt_status find_property(struct snt_shared_section *section, const char *key, struct snt_shared_property **out,
                                struct snt_err *err) {
  for (size_t i = 0; i < section->count; i++) {
    if (strcmp(section->properties[i].key, key) == 0) {
      *out = &section->properties[i];
      return snt_done();
    }
  }
  struct snt_shared_property *grown = realloc(section->properties, (section->count + 1) * sizeof *grown);
  if (grown == NULL) {
    return snt_fail_memory(err);
  }
  section->properties = grown;
  *out = &grown[section->count++];
  **out = (struct snt_shared_property){.key = key};
  return snt_done();
}

static void lower(char *text) {
  for (; *text != '\0'; text++) {
    if (*text >= 'A' && *text <= 'Z') {
      *text = (char)(*text - 'A' + 'a');
    }
  }
}

static snt_status take_event(void *context, const struct snt_ini_event *event, struct snt_err *err) {
  struct reading *reading = context;
  if (memchr(event->value.data == NULL ? "" : event->value.data, '\0', event->value.len) != NULL) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u: a value holds a NUL byte", reading->file, event->line);
  }
  if (event->key.len == 0) {
    return enter_section(reading, event->section, err);
  }
  if (reading->section == 0 || !is_name(event->key)) {
    return snt_done();
  }
  struct snt_shared_section *section = &reading->config->sections[reading->section - 1];
  size_t start = snt_secret_len(reading->config->text);
  const char *key = NULL;
  SNT_TRY(keep(reading->config, event->key, &key, err));
  lower(snt_secret_borrow_writable(reading->config->text) + start);
  struct snt_shared_property *property = NULL;
  SNT_TRY(find_property(section, key, &property, err));
  SNT_TRY(keep(reading->config, event->value, &property->value, err));
  property->parts = NULL;
  if (event->value.len > 0 && event->value.data[0] == '\n') {
    SNT_TRY(keep_parts(reading->config, event->value, &property->parts, err));
  }
  return snt_done();
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static snt_status sort_names(struct snt_aws_shared_config *config, struct snt_err *err) {
  config->names = calloc(config->section_count + 1, sizeof *config->names);
  if (config->names == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < config->section_count; i++) {
    if (config->sections[i].kind == SNT_SHARED_PROFILE) {
      config->names[config->name_count++] = config->sections[i].name;
    }
  }
  qsort(config->names, config->name_count, sizeof *config->names, compare_names);
  return snt_done();
}

struct text {
  const char *file;
  const char *data;
  size_t len;
};

/* A property takes less than the text it stands in, and two bytes; with its parts, twice that. */
static snt_status parse_both(const struct text *config_text, const struct text *credentials_text,
                             struct snt_aws_shared_config **out, struct snt_err *err) {
  *out = NULL;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = calloc(1, sizeof *config);
  if (config == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_secret_new(2 * (config_text->len + credentials_text->len) + 64, &config->text, err));
  const struct text *const texts[] = {config_text, credentials_text};
  for (size_t i = 0; i < 2; i++) {
    struct reading reading = {.config = config, .file = texts[i]->file, .is_credentials = i == 1};
    if (texts[i]->len > 0) {
      SNT_TRY(snt_ini_parse(texts[i]->file, texts[i]->data, texts[i]->len, take_event, &reading, err));
    }
  }
  SNT_TRY(sort_names(config, err));
  *out = SNT_MOVE(config);
  return snt_done();
}

snt_status snt_aws_shared_config_parse(const char *config, size_t config_len, const char *credentials,
                                       size_t credentials_len, struct snt_aws_shared_config **out,
                                       struct snt_err *err) {
  struct text config_text = {"config", config, config == NULL ? 0 : config_len};
  struct text credentials_text = {"credentials", credentials, credentials == NULL ? 0 : credentials_len};
  return parse_both(&config_text, &credentials_text, out, err);
}

/* A missing file is an empty one, and so is /dev/null, which is how one switches a file off. */
static snt_status read_file(const char *path, struct snt_buf *out, struct snt_err *err) {
  if (path == NULL || path[0] == '\0' || strcmp(path, "/dev/null") == 0) {
    return snt_done();
  }
  snt_status status = snt_file_read(path, SNT_FILE_ANY, FILE_CAP, out, err);
  return status.code == SNT_CODE_NOT_FOUND ? snt_done() : status;
}

snt_status snt_aws_shared_config_load(const struct snt_aws_locations *locations, struct snt_aws_shared_config **out,
                                      struct snt_err *err) {
  *out = NULL;
  SNT_BUF_AUTO struct snt_buf config = {0};
  SNT_BUF_AUTO struct snt_buf credentials = {0};
  SNT_TRY(read_file(locations->config, &config, err));
  SNT_TRY(read_file(locations->credentials, &credentials, err));
  struct text config_text = {locations->config, config.data, config.len};
  struct text credentials_text = {locations->credentials, credentials.data, credentials.len};
  return parse_both(&config_text, &credentials_text, out, err);
}

void snt_aws_shared_config_free(struct snt_aws_shared_config **config) {
  if (config == NULL || *config == NULL) {
    return;
  }
  for (size_t i = 0; i < (*config)->section_count; i++) {
    free((*config)->sections[i].properties);
  }
  free((*config)->sections);
  free((*config)->names);
  snt_secret_free(&(*config)->text);
  free(*config);
  *config = NULL;
}
