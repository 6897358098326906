/* facts/reach (layer 5): which addresses a plugin's question may go to.
 *
 * MUST
 *  1. never loopback, link-local, metadata, multicast or unspecified addresses, in whatever form they are written;
 *  2. private addresses only where the bundle grants them. */
#ifndef SNT_FACTS_REACH_H
#define SNT_FACTS_REACH_H

#include <stdbool.h>

struct sockaddr;

bool snt_reach_check(const struct sockaddr *address, bool allows_private);

/* What tests put in the place of this machine's own; in the program that ships both are NULL. */
struct snt_reach_override {
  const char *ca_bundle;
  const char *connect_to; /* for snt_http_route */
  bool allows_loopback;
};
struct snt_reach_override snt_reach_override(void);

#endif
