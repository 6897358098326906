/* format/xml (layer 1): the XML of AWS's query APIs. No document type declaration, no entities but the five of XML,
 * depth at most 16. Text stands in one locked secret: answers carry credentials. */
#ifndef SNT_FORMAT_XML_H
#define SNT_FORMAT_XML_H

#include "base/secret.h"
#include "base/str.h"

struct snt_xml_doc;

/* Code SYNTAX; the message never holds content. what begins the message. */
snt_status snt_xml_parse(const char *data, size_t len, const char *what, struct snt_xml_doc **out, struct snt_err *err);
void snt_xml_free(struct snt_xml_doc **doc);
#define SNT_XML_AUTO SNT_CLEANUP(snt_xml_free)
/* The local name of the root element. */
const char *snt_xml_root(const struct snt_xml_doc *doc);
/* The trimmed text of the element at a path below the root, "AssumeRoleResult/Credentials/SessionToken"; NUL at its
 * end. NULL when there is none, or more than one (an answer that says two things says nothing). Of a list, "member[1]"
 * is the second of that name; an index has one digit. */
const char *snt_xml_find(const struct snt_xml_doc *doc, const char *path, size_t *len);

#endif
