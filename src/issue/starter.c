#include "issue/starter.h"

#include <string.h>

#include "base/str.h"

snt_status snt_starter_find(const char *name, const char **out, struct snt_err *err) {
  *out = NULL;
  for (const struct snt_starter_text *row = SNT_STARTER_TEXTS; row->name != NULL; row++) {
    if (strcmp(row->name, name) == 0) {
      *out = row->text;
      return snt_done();
    }
  }
  return snt_fail(err, SNT_CODE_BUG, "there is no starter text %s", name);
}

static const char *find_value(const struct snt_starter_word *words, struct snt_slice word) {
  for (; words->word != NULL; words++) {
    if (snt_slice_is(word, words->word)) {
      return words->value;
    }
  }
  return NULL;
}

snt_status snt_starter_fill(const char *text, const struct snt_starter_word *words, struct snt_buf *out,
                            struct snt_err *err) {
  while (*text != '\0') {
    size_t plain = strcspn(text, "@");
    SNT_TRY(snt_buf_append(out, text, plain, err));
    text += plain;
    if (*text == '\0') {
      break;
    }
    struct snt_slice word = {text + 1, strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")};
    if (word.len == 0 || text[1 + word.len] != '@') {
      SNT_TRY(snt_buf_append_char(out, *text++, err));
      continue;
    }
    const char *value = find_value(words, word);
    if (value == NULL) {
      return snt_fail(err, SNT_CODE_BUG, "a starter text has a word without a value: %.*s", (int)word.len, word.data);
    }
    SNT_TRY(snt_buf_append_str(out, value, err));
    text += word.len + 2;
  }
  return snt_done();
}
