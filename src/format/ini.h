/* format/ini (layer 1): the text of ~/.aws/config and ~/.aws/credentials, as the SDKs read it: sections, properties,
 * continuation lines, sub-properties. What a section means is aws/shared_config's business. */
#ifndef SNT_FORMAT_INI_H
#define SNT_FORMAT_INI_H

#include "base/secret.h"
#include "base/str.h"

/* What is reported, in the order of the text: a section where it begins, a property once its last continuation line
 * has been read. Slices are borrowed from the text or from the parser for the length of the call. A section has no key;
 * a property has one, trimmed and of any characters. Values may be secrets.
 *
 *   [profile foo] # comment      section "profile foo"
 *   role_arn = arn:x ; comment   "role_arn", "arn:x": a comment needs white space before it
 *   key = value                  "key", "value\n-more # and": each continuation is trimmed and keeps its comment
 *    -more # and
 *   s3 =                         "s3", "\nmax = 1\nname =": sub-properties; the value begins with '\n', and each line
 *    max = 1                     holds '=' with something before it
 *    name =
 *
 * The same section and the same key may come again; which one counts is not decided here. Blank lines, and lines that
 * begin with '#' or ';', stand between continuations without ending them. */
struct snt_ini_event {
  struct snt_slice section; /* between the brackets, untrimmed */
  struct snt_slice key;
  struct snt_slice value; /* joined continuation lines with '\n' between them */
  unsigned line;          /* from 1 */
};

typedef snt_status (*snt_ini_visit)(void *context, const struct snt_ini_event *event, struct snt_err *err);

/* Code CONFIG_INVALID; the message begins with "file:line: " and never holds a value. The shared test cases
 * (profile-parser-tests) fix the texts: "Profile definition must end with ']'", "Expected a profile definition",
 * "Property did not have a name", "Expected an '=' sign defining a property" and so on. */
snt_status snt_ini_parse(const char *file, const char *data, size_t len, snt_ini_visit visit, void *context,
                         struct snt_err *err);

#endif
