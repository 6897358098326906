/* In the place of src/facts/reach_override.c: plugins' questions go to servers that a test started on loopback.
 *
 * SENTINEL_TEST_CONNECT_TO is a rule of curl's CURLOPT_CONNECT_TO, such as "::127.0.0.1:8443" for every host;
 * SENTINEL_TEST_CA the servers' certificate. */
#include "facts/reach.h"

#include <stdlib.h>

struct snt_reach_override snt_reach_override(void) {
  return (struct snt_reach_override){.ca_bundle = getenv("SENTINEL_TEST_CA"),
                                     .connect_to = getenv("SENTINEL_TEST_CONNECT_TO"),
                                     .allows_loopback = true};
}
