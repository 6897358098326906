/* Stands between a program and the network, for replayed traffic: each call goes to the server of TEST_REPLAY (a port
 * of the loopback), with the host that it was for in a header; and the wall clock shows TEST_NOW_MS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "format/uri.h"
#include "net/http.h"

enum { CALLS_MAX = 4, URL_CAP = 4096 };

snt_status __real_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err);
snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err);
snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err) {
  struct snt_http_request led[CALLS_MAX];
  char urls[CALLS_MAX][URL_CAP];
  char hosts[CALLS_MAX][URL_CAP];
  const char *port = getenv("TEST_REPLAY");
  if (port == NULL || count > CALLS_MAX) {
    return snt_fail(err, SNT_CODE_BUG, "there is no server to replay from, or too many calls");
  }
  for (size_t i = 0; i < count; i++) {
    const char *authority = strstr(requests[i].url, "://");
    const char *path = authority == NULL ? NULL : strchr(authority + 3, '/');
    path = path == NULL ? requests[i].url + strlen(requests[i].url) : path;
    (void)snprintf(urls[i], URL_CAP, "http://127.0.0.1:%s%s", port, path[0] == '\0' ? "/" : path);
    (void)snprintf(hosts[i], URL_CAP, "%.*s", (int)(path - requests[i].url), requests[i].url);
    led[i] = requests[i];
    led[i].url = urls[i];
    led[i].route = NULL;
    led[i].headers[led[i].header_count++] = (struct snt_http_header){"x-test-host", hosts[i]};
  }
  return __real_snt_http_perform(client, led, responses, count, err);
}

int64_t __real_snt_clock_wall_ms(void);
int64_t __wrap_snt_clock_wall_ms(void);
int64_t __wrap_snt_clock_wall_ms(void) {
  const char *now = getenv("TEST_NOW_MS");
  return now == NULL ? __real_snt_clock_wall_ms() : strtoll(now, NULL, 10);
}
