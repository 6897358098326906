#include "format/uri.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

snt_status snt_uri_encode(struct snt_slice text, bool keep_slash, struct snt_buf *out, struct snt_err *err) {
  static const char digits[] = "0123456789ABCDEF";
  SNT_TRY(snt_buf_reserve(out, text.len, err));
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                    c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
    char encoded[3] = {'%', digits[c >> 4], digits[c & 15]};
    SNT_TRY(is_plain ? snt_buf_append_char(out, (char)c, err) : snt_buf_append(out, encoded, 3, err));
  }
  return snt_done();
}

static snt_status fail_url(const char *what, const char *why, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "%s: %s", what, why);
}

/* Moves *text past "http://" or "https://". */
static bool take_scheme(const char **text, struct snt_url *out) {
  static const struct {
    const char *prefix, *name;
    unsigned port;
  } rows[] = {{"https://", "https", 443}, {"http://", "http", 80}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (snt_str_starts_with(*text, rows[i].prefix)) {
      (void)snprintf(out->scheme, sizeof out->scheme, "%s", rows[i].name);
      out->port = rows[i].port;
      *text += strlen(rows[i].prefix);
      return true;
    }
  }
  return false;
}

static bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* A name, an IPv4 address or an IPv6 address in brackets. */
static bool take_host(const char **text, struct snt_url *out) {
  bool is_bracketed = **text == '[';
  const char *start = *text + (is_bracketed ? 1 : 0);
  const char *end = start;
  while (is_bracketed ? *end != '\0' && strchr("0123456789abcdefABCDEF:.", *end) != NULL : is_name_byte(*end)) {
    end++;
  }
  size_t len = (size_t)(end - start);
  if (len == 0 || len >= sizeof out->host || (is_bracketed && *end != ']')) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    out->host[i] = start[i] >= 'A' && start[i] <= 'Z' ? (char)(start[i] + 32) : start[i];
  }
  struct in6_addr address;
  *text = end + (is_bracketed ? 1 : 0);
  return !is_bracketed || inet_pton(AF_INET6, out->host, &address) == 1;
}

static bool take_port(const char **text, struct snt_url *out) {
  if (**text != ':') {
    return true;
  }
  unsigned port = 0;
  const char *p = *text + 1;
  for (; *p >= '0' && *p <= '9' && port <= 65535; p++) {
    port = port * 10 + (unsigned)(*p - '0');
  }
  if (p == *text + 1 || port == 0 || port > 65535) {
    return false;
  }
  out->port = port;
  *text = p;
  return true;
}

static bool take_path(const char *text, struct snt_url *out) {
  if (*text == '\0') {
    text = "/";
  }
  size_t len = strlen(text);
  if (*text != '/' || len >= sizeof out->path) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    if (text[i] <= 0x20 || text[i] > 0x7e || strchr("?#\"<>\\^`{|}", text[i]) != NULL) {
      return false;
    }
  }
  memcpy(out->path, text, len + 1);
  return true;
}

static bool is_loopback(const char *host) {
  struct in_addr v4;
  struct in6_addr v6;
  if (inet_pton(AF_INET, host, &v4) == 1) {
    return ntohl(v4.s_addr) >> 24 == 127;
  }
  return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void format_authority(struct snt_url *url) {
  bool is_v6 = strchr(url->host, ':') != NULL;
  bool is_own_port = url->port == (strcmp(url->scheme, "https") == 0 ? 443U : 80U);
  char port[8] = "";
  if (!is_own_port) {
    (void)snprintf(port, sizeof port, ":%u", url->port % 65536U);
  }
  (void)snprintf(url->authority, sizeof url->authority, "%s%s%s%s", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "",
                 port);
}

snt_status snt_url_parse(const char *text, const char *what, struct snt_url *out, struct snt_err *err) {
  struct snt_url url = {0};
  if (!take_scheme(&text, &url)) {
    return fail_url(what, "a URL begins with https:// or http://", err);
  }
  if (strchr(text, '@') != NULL) {
    return fail_url(what, "a URL here has no user or password", err);
  }
  if (strpbrk(text, "?#") != NULL) {
    return fail_url(what, "a URL here has no query or fragment", err);
  }
  if (!take_host(&text, &url)) {
    return fail_url(what, "the URL's host is not a name or an address", err);
  }
  if (!take_port(&text, &url)) {
    return fail_url(what, "the URL's port is not a number from 1 to 65535", err);
  }
  if (!take_path(text, &url)) {
    return fail_url(what, "the URL's path is too long or holds a character that has to be encoded", err);
  }
  url.is_loopback = is_loopback(url.host);
  format_authority(&url);
  *out = url;
  return snt_done();
}
