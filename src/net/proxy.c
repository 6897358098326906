#include "net/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char BLANKS[] = " \t";

static const char *const PROXIES[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
static const char *const EXCEPTIONS[] = {"no_proxy", "NO_PROXY", NULL};

/* The name of the first that is set; "" for none. */
static const char *find_variable(const char *const *names) {
  for (; *names != NULL; names++) {
    const char *value = getenv(*names);
    if (value != NULL && value[0] != '\0') {
      return *names;
    }
  }
  return "";
}

static const char *first_set(const char *const *names) {
  const char *value = getenv(find_variable(names));
  return value == NULL ? "" : value;
}

const char *snt_proxy_variable(void) { return find_variable(PROXIES); }

static bool is_below(const char *host, size_t host_len, const char *domain, size_t domain_len) {
  if (domain_len == 0 || domain_len > host_len) {
    return false;
  }
  const char *tail = host + host_len - domain_len;
  return strncasecmp(tail, domain, domain_len) == 0 && (tail == host || tail[-1] == '.');
}

static bool has_same_bits(const unsigned char *a, const unsigned char *b, unsigned bits) {
  unsigned whole = bits / 8;
  unsigned rest = bits % 8;
  return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* "10.0.0.0/8", "::1"; no number of bits means all of them. */
static bool is_in_network(int family, const unsigned char *address, const char *text, size_t len) {
  char network[64];
  if (len >= sizeof network) {
    return false;
  }
  memcpy(network, text, len);
  network[len] = '\0';
  unsigned bits = family == AF_INET ? 32 : 128;
  char *slash = strchr(network, '/');
  if (slash != NULL) {
    char *end = NULL;
    unsigned long wanted = strtoul(slash + 1, &end, 10);
    if (end == slash + 1 || *end != '\0' || wanted > bits) {
      return false;
    }
    bits = (unsigned)wanted;
    *slash = '\0';
  }
  unsigned char parsed[16];
  return inet_pton(family, network, parsed) == 1 && has_same_bits(address, parsed, bits);
}

static bool does_except(const char *entry, size_t len, const char *host) {
  unsigned char address[16];
  int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
  if (inet_pton(family, host, address) == 1) {
    bool is_bracketed = len > 2 && entry[0] == '[' && entry[len - 1] == ']';
    return is_in_network(family, address, is_bracketed ? entry + 1 : entry, is_bracketed ? len - 2 : len);
  }
  size_t host_len = strlen(host);
  host_len -= host_len > 0 && host[host_len - 1] == '.' ? 1 : 0;
  len -= len > 0 && entry[len - 1] == '.' ? 1 : 0;
  bool has_dot = len > 0 && entry[0] == '.';
  return is_below(host, host_len, has_dot ? entry + 1 : entry, has_dot ? len - 1 : len);
}

bool snt_proxy_is_excepted(const char *list, const char *host) {
  if (strcmp(list, "*") == 0) {
    return true;
  }
  for (const char *p = list; *p != '\0';) {
    p += strspn(p, BLANKS);
    p += *p == ',' ? 1 : 0;
    size_t len = strcspn(p, ", \t");
    if (len > 0 && does_except(p, len, host)) {
      return true;
    }
    p += len;
  }
  return false;
}

const char *snt_proxy_find(const struct snt_url *url) {
  if (strcmp(url->scheme, "https") != 0) {
    return "";
  }
  const char *proxy = first_set(PROXIES);
  return proxy[0] == '\0' || snt_proxy_is_excepted(first_set(EXCEPTIONS), url->host) ? "" : proxy;
}

/* The parts that are no secret: where the host begins, and how long scheme and host:port are. A password may hold any
 * character, so the host begins after the last '@'. */
struct parts {
  struct snt_slice scheme;
  struct snt_slice authority;
};

static struct parts split(const char *proxy) {
  const char *mark = strstr(proxy, "://");
  struct parts parts = {.scheme = {"http", 4}};
  const char *host = proxy;
  if (mark != NULL) {
    parts.scheme = (struct snt_slice){proxy, (size_t)(mark - proxy)};
    host = mark + 3;
  }
  const char *at = strrchr(host, '@');
  host = at == NULL ? host : at + 1;
  parts.authority = (struct snt_slice){host, strcspn(host, "/?#")};
  return parts;
}

static bool is_known_scheme(struct snt_slice scheme) {
  static const char *const known[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h", "socks", NULL};
  for (const char *const *name = known; *name != NULL; name++) {
    if (scheme.len == strlen(*name) && strncasecmp(scheme.data, *name, scheme.len) == 0) {
      return true;
    }
  }
  return false;
}

static bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._:[]%", c) != NULL;
}

snt_status snt_proxy_check(const char *proxy, struct snt_err *err) {
  struct parts parts = split(proxy);
  bool is_good = is_known_scheme(parts.scheme) && parts.authority.len > 0 && parts.authority.len < 256;
  for (size_t i = 0; is_good && i < parts.authority.len; i++) {
    is_good = is_host_byte(parts.authority.data[i]);
  }
  for (const char *p = proxy; *p != '\0'; p++) {
    is_good = is_good && (unsigned char)*p > 0x20 && *p != 0x7f;
  }
  if (is_good) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "the proxy of the environment is not a proxy's address"));
  return snt_err_hint(err, "HTTPS_PROXY is written http://host:port, with user:password@ before the host if need be");
}

snt_status snt_proxy_describe(const char *proxy, struct snt_buf *out, struct snt_err *err) {
  if (proxy[0] == '\0') {
    return snt_done();
  }
  SNT_TRY(snt_proxy_check(proxy, err));
  struct parts parts = split(proxy);
  SNT_TRY(snt_buf_append(out, parts.scheme.data, parts.scheme.len, err));
  SNT_TRY(snt_buf_append_str(out, "://", err));
  return snt_buf_append(out, parts.authority.data, parts.authority.len, err);
}
