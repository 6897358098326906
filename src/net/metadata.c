#include "net/metadata.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "net/http.h"

static const char *const HOSTS_4[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23"};
static const char *const HOSTS_6[] = {"fd00:ec2::254", "fd00:ec2::23"};

static bool is_own_4(const struct in_addr *address) {
  for (size_t i = 0; i < sizeof HOSTS_4 / sizeof HOSTS_4[0]; i++) {
    struct in_addr row;
    if (inet_pton(AF_INET, HOSTS_4[i], &row) == 1 && row.s_addr == address->s_addr) {
      return true;
    }
  }
  return false;
}

static bool is_own_6(const struct in6_addr *address) {
  for (size_t i = 0; i < sizeof HOSTS_6 / sizeof HOSTS_6[0]; i++) {
    struct in6_addr row;
    if (inet_pton(AF_INET6, HOSTS_6[i], &row) == 1 && memcmp(&row, address, sizeof row) == 0) {
      return true;
    }
  }
  return false;
}

static bool check_4(const struct in_addr *address) { return is_own_4(address) || ntohl(address->s_addr) >> 24 == 127; }

static bool check_6(const struct in6_addr *address) { return is_own_6(address) || IN6_IS_ADDR_LOOPBACK(address); }

/* Copied out: the address of a socket need not lie where its members may be read. */
static bool may_connect(const struct sockaddr *address, bool allows_private) {
  (void)allows_private;
  if (address->sa_family == AF_INET) {
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    return check_4(&v4.sin_addr);
  }
  if (address->sa_family == AF_INET6) {
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return check_6(&v6.sin6_addr);
  }
  return false;
}

bool snt_metadata_host_check(const char *host) {
  struct in_addr v4;
  struct in6_addr v6;
  if (inet_pton(AF_INET, host, &v4) == 1) {
    return check_4(&v4);
  }
  return inet_pton(AF_INET6, host, &v6) == 1 ? check_6(&v6) : strcmp(host, "localhost") == 0;
}

bool snt_metadata_host_is_own(const char *host) {
  struct in_addr v4;
  struct in6_addr v6;
  return inet_pton(AF_INET, host, &v4) == 1 ? is_own_4(&v4) : inet_pton(AF_INET6, host, &v6) == 1 && is_own_6(&v6);
}

const struct snt_http_route *snt_metadata_route(void) {
  static const struct snt_http_route route = {.may_connect = may_connect, .is_metadata = true};
  return &route;
}
