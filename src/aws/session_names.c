/* The names a session carries (aws.md, SourceIdentity).
 *
 * MUST
 *  1. no two users share a user part: a name that is kept never looks like one that was changed, and a changed one
 *     carries 64 bits of the whole name's hash;
 *  2. nothing leaves this file that STS's pattern and length do not allow. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "aws/identity.h"
#include "base/sha256.h"
#include "base/str.h"

enum { PART_MAX = 29, PART_KEPT = 12, HASH_DIGITS = 16, STS_MIN = 2, STS_MAX = 64 };

static bool is_plain_byte(char c) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+-";
  return c != '\0' && strchr(allowed, c) != NULL;
}

/* Digits of either case: a service that ignores case must not see two people as one. */
static bool ends_like_a_hash(const char *name, size_t len) {
  if (len < HASH_DIGITS + 1 || name[len - HASH_DIGITS - 1] != '_') {
    return false;
  }
  for (size_t i = len - HASH_DIGITS; i < len; i++) {
    if (!isxdigit((unsigned char)name[i])) {
      return false;
    }
  }
  return true;
}

static bool stands_as_it_is(const char *user, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (!is_plain_byte(user[i])) {
      return false;
    }
  }
  return len >= 1 && len <= PART_MAX && !ends_like_a_hash(user, len);
}

void snt_session_user_part(const char *user, char out[static 30]) {
  size_t len = strlen(user);
  if (stands_as_it_is(user, len)) {
    memcpy(out, user, len + 1);
    return;
  }
  size_t kept = len < PART_KEPT ? len : PART_KEPT;
  for (size_t i = 0; i < kept; i++) {
    out[i] = is_plain_byte(user[i]) ? user[i] : '-';
  }
  char hash[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(user, len, hash);
  out[kept] = '_';
  memcpy(out + kept + 1, hash, HASH_DIGITS);
  out[kept + 1 + HASH_DIGITS] = '\0';
}

/* [\w+=,.@-]*, 2 to 64 characters: the pattern of the STS model for SourceIdentity and RoleSessionName. A colon only
 * for endpoints that the configuration says accept it. */
static bool is_sts_value(const char *text, bool allows_colon) {
  size_t len = strlen(text);
  for (size_t i = 0; i < len; i++) {
    bool is_good = is_plain_byte(text[i]) || text[i] == '=' || text[i] == ',' || (allows_colon && text[i] == ':');
    if (!is_good) {
      return false;
    }
  }
  return len >= STS_MIN && len <= STS_MAX;
}

static bool is_hex(const char *text, size_t len) {
  return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool is_marker(const char *marker) {
  return strcmp(marker, "direct") == 0 || (snt_str_starts_with(marker, "bg") && is_hex(marker + 2, 6)) ||
         is_hex(marker, 8);
}

snt_status snt_session_names_make(const char *user, const char *marker, const char *request_id, char separator,
                                  struct snt_session_names *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (user[0] == '\0' || !is_marker(marker) || !is_hex(request_id, 16) || (separator != '=' && separator != ':')) {
    return snt_fail(err, SNT_CODE_BUG,
                    "a session cannot be named after user \"%.100s\", marker \"%.20s\" and id "
                    "\"%.40s\"",
                    user, marker, request_id);
  }
  struct snt_session_names names = {0};
  char part[30];
  snt_session_user_part(user, part);
  (void)snprintf(names.session_id, sizeof names.session_id, "sentinel:%s:%s:%s", part, marker, request_id);
  (void)snprintf(names.source_identity, sizeof names.source_identity, "sentinel%c%s%c%s%c%s", separator, part,
                 separator, marker, separator, request_id);
  (void)snprintf(names.role_session_name, sizeof names.role_session_name, "%s-%s", request_id, part);
  if (!is_sts_value(names.source_identity, separator == ':') || !is_sts_value(names.role_session_name, false)) {
    return snt_fail(err, SNT_CODE_BUG, "STS would not accept \"%s\"", names.source_identity);
  }
  *out = names;
  return snt_done();
}
