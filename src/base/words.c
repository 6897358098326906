#include "base/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BLANKS " \t\r\n"

void snt_words_clear(struct snt_words *words) {
  free(words->list);
  free(words->text);
  memset(words, 0, sizeof *words);
}

/* Where one is in the line, and where the next byte of a word goes. */
struct cut {
  const char *from;
  char *to;
};

/* From behind the opening quote to behind the closing one. */
static snt_status take_quoted(struct cut *cut, char quote, struct snt_err *err) {
  for (; *cut->from != '\0'; cut->from++) {
    if (*cut->from == quote) {
      cut->from++;
      return snt_done();
    }
    if (quote == '"' && *cut->from == '\\' && (cut->from[1] == '"' || cut->from[1] == '\\')) {
      cut->from++;
    }
    *cut->to++ = *cut->from;
  }
  return snt_fail(err, SNT_CODE_SYNTAX, "a quote (%c) is not closed", quote);
}

static snt_status take_escaped(struct cut *cut, struct snt_err *err) {
  if (*cut->from == '\0') {
    return snt_fail(err, SNT_CODE_SYNTAX, "nothing follows the backslash at its end");
  }
  *cut->to++ = *cut->from++;
  return snt_done();
}

static snt_status take_word(struct cut *cut, struct snt_err *err) {
  while (*cut->from != '\0' && strchr(BLANKS, *cut->from) == NULL) {
    char c = *cut->from++;
    if (c == '\'' || c == '"') {
      SNT_TRY(take_quoted(cut, c, err));
    } else if (c == '\\') {
      SNT_TRY(take_escaped(cut, err));
    } else {
      *cut->to++ = c;
    }
  }
  *cut->to++ = '\0';
  return snt_done();
}

snt_status snt_words_split(const char *line, struct snt_words *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  size_t len = strlen(line);
  SNT_WORDS_AUTO struct snt_words words = {0};
  words.text = malloc(len + 1);                         /* a word takes as much as it has here, its NUL the blank */
  words.list = calloc(len / 2 + 2, sizeof *words.list); /* a byte and a blank each, and the NULL */
  if (words.text == NULL || words.list == NULL) {
    return snt_fail_memory(err);
  }
  struct cut cut = {line + strspn(line, BLANKS), words.text};
  while (*cut.from != '\0') {
    words.list[words.count++] = cut.to;
    SNT_TRY(take_word(&cut, err));
    cut.from += strspn(cut.from, BLANKS);
  }
  if (words.count == 0) {
    return snt_fail(err, SNT_CODE_SYNTAX, "there is no word in it");
  }
  *out = words;
  memset(&words, 0, sizeof words); /* ownership went to out */
  return snt_done();
}
