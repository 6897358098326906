#include "cli/report_xml.h"

#include <string.h>

static snt_status append_text(struct snt_buf *out, const char *value, struct snt_err *err) {
  static const char odd[] = "<>&\"'";
  static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
  for (; *value != '\0'; value++) {
    const char *at = strchr(odd, *value);
    unsigned char c = (unsigned char)*value;
    SNT_TRY(at != NULL ? snt_buf_append_str(out, names[at - odd], err)
                       : snt_buf_append_char(out, c < 0x20 ? '?' : *value, err));
  }
  return snt_done();
}

snt_status snt_report_xml_attribute(struct snt_buf *out, const char *name, const char *value, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, " %s=\"", name));
  SNT_TRY(append_text(out, value, err));
  return snt_buf_append_char(out, '"', err);
}
