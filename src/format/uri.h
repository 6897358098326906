/* format/uri (layer 1): percent encoding (RFC 3986) and the parts of a URL. */
#ifndef SNT_FORMAT_URI_H
#define SNT_FORMAT_URI_H

#include "base/buf.h"
#include "base/str.h"

/* Appends text with everything but A-Za-z0-9-._~ encoded, as SigV4 wants it; '/' stays when keep_slash. */
snt_status snt_uri_encode(struct snt_slice text, bool keep_slash, struct snt_buf *out, struct snt_err *err);

struct snt_url {
  char scheme[8];      /* "http" or "https" */
  char host[256];      /* lower case, without brackets */
  char authority[272]; /* as it goes into the Host header: host, brackets, port unless it is the scheme's own */
  char path[1024];     /* "/" when the URL has none; never a query */
  unsigned port;
  bool is_loopback; /* a literal address in 127.0.0.0/8 or ::1; a name never is, not even localhost */
};

/* An absolute http or https URL without user, query or fragment. Code SYNTAX, naming what. */
snt_status snt_url_parse(const char *text, const char *what, struct snt_url *out, struct snt_err *err);

#endif
