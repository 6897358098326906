/* format/ini (layer 1): the text of ~/.aws/config and ~/.aws/credentials, as the SDKs read it: sections, properties,
 * continuation lines, sub-properties. What a section means is aws/shared_config's business. */
#ifndef SNT_FORMAT_INI_H
#define SNT_FORMAT_INI_H

#include "base/secret.h"
#include "base/str.h"

/* What is reported, in the order of the text. Slices are borrowed from the text or from the parser for the length of
 * the call. A section has no key; a property has one. Values may be secrets. */
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
