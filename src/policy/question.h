/* policy/question (layer 4): one thing that a plugin may ask over HTTP: a URL with parameters, and what of the answer
 * it needs.
 *
 * MUST
 *  1. allow https only, and neither user, port outside of digits, fragment nor backslash in a URL;
 *  2. let a parameter change neither host beyond one label, nor path, nor the number of segments and of queries: each
 *     is of the characters it may have, and percent-encoded. */
#ifndef SNT_POLICY_QUESTION_H
#define SNT_POLICY_QUESTION_H

#include "base/buf.h"
#include "base/str.h"

enum { SNT_PARAMS_MAX = 8 };

/* What stands in {braces}. */
struct snt_question_param {
  char name[65];
  bool is_allowed[128]; /* ASCII characters that its value may have */
  bool is_in_host;
};

struct snt_question {
  char name[65];
  char url[1025]; /* "https://host/path?query", with {parameters} */
  char secret[65];
  char accept[201];
  char **select; /* paths, ended by NULL; NULL: the whole answer */
  struct snt_question_param params[SNT_PARAMS_MAX];
  size_t param_count;
};
void snt_question_clear(struct snt_question *question);

/* Takes "GET https://..." apart. Code POLICY_INVALID, in words that follow `needs.http.name.url `. */
snt_status snt_question_parse_url(const char *text, struct snt_question *out, struct snt_err *err);
/* What a parameter's value may be made of: one class and a plus, such as [A-Z0-9-]+ (a '-' stands last). False when the
 * text is none. */
bool snt_question_parse_class(const char *text, bool is_allowed[static 128]);

/* The host of the template as it has to be granted: in small letters, with ":port" unless that is 443. False when a
 * parameter is in it. */
bool snt_question_host(const struct snt_question *question, char host[static 256]);
/* Whether the host, as a grant names it, can be that of the question: a parameter is one label or a part of one. */
bool snt_question_reaches(const struct snt_question *question, const char *host);
/* The value of a parameter by its place in question->params. */
typedef const char *(*snt_param_lookup)(const void *context, const char *name);
/* The URL and its host (as of snt_question_host) with the values in it. Code SYNTAX when a value may not be there,
 * naming the parameter and not the value. */
snt_status snt_question_build(const struct snt_question *question, snt_param_lookup look_up, const void *context,
                              struct snt_buf *url, char host[static 256], struct snt_err *err);

#endif
