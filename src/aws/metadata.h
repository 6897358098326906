/* aws/metadata (layer 3, inner): questions to the host that gives a container or an instance its keys. */
#ifndef SNT_AWS_METADATA_H
#define SNT_AWS_METADATA_H

#include "aws/base_sources.h"
#include "format/json.h"
#include "format/uri.h"

/* Where, and how patiently. All is borrowed. */
struct snt_aws_metadata {
  struct snt_http_client *client;
  const char *place;              /* host and port, for messages */
  bool is_plain;                  /* http, to a host of net/metadata.h; else https, without a proxy */
  int try_ms;                     /* of one question */
  int tries;                      /* when nobody answers, and for 5xx and 429 */
  int64_t end_ms;                 /* monotonic: of everything; 0: the tries end it */
  const struct snt_secret *token; /* that is sent, and never told again; NULL: none */
};

struct snt_aws_metadata_question {
  const char *method;
  const char *url;
  const char *header; /* one beside those that are always sent; NULL: none */
  const char *value;
};

/* Fills in client, place (borrowed from url) and is_plain. Plain http has to go to a host of net/metadata.h: what (a
 * variable's name) is for the message otherwise. The administrator may have locked where questions go: any host but
 * AWS's own is another endpoint. Codes CONFIG_INVALID, and those of the search's functions. */
snt_status snt_aws_metadata_open(const struct snt_aws_search *search, const struct snt_url *url, const char *what,
                                 struct snt_aws_metadata *host, struct snt_err *err);
/* The answer to the last try, whatever its status: below 500, and not 429, unless no try got a better one. Codes
 * TIMEOUT, NETWORK, ANSWER_INVALID, CONFIG_INVALID; the messages name the place. *response is empty on a failure. */
snt_status snt_aws_metadata_ask(const struct snt_aws_metadata *host, const struct snt_aws_metadata_question *question,
                                struct snt_http_response *response, struct snt_err *err);
/* Makes text of the body, at most max bytes of printable ASCII: out is the first line, without blanks at its end. Code
 * ANSWER_INVALID when it is empty or anything else; what ("the token") is what is missing then. */
snt_status snt_aws_metadata_line(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                                 const char *what, size_t max, struct snt_slice *out, struct snt_err *err);
/* The body as JSON. ANSWER_INVALID. */
snt_status snt_aws_metadata_json(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                                 struct snt_json_doc **out, struct snt_err *err);
/* What the object's member says, for a message: one line; "" when it says nothing, or what was sent. Borrowed. */
const char *snt_aws_metadata_text(const struct snt_aws_metadata *host, const struct snt_json_value *object,
                                  const char *key);
/* AWS_REFUSED: "PLACE answered HTTP 403", with code and message of the body, as far as it is JSON that says them. */
snt_status snt_aws_metadata_refuse(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                                   struct snt_err *err);

#endif
