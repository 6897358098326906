/* cli/report_xml (layer 6): text in XML documents. */
#ifndef SNT_CLI_REPORT_XML_H
#define SNT_CLI_REPORT_XML_H

#include "base/buf.h"

/* ` name="value"`, escaped; control characters become '?'. */
snt_status snt_report_xml_attribute(struct snt_buf *out, const char *name, const char *value, struct snt_err *err);

#endif
