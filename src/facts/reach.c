#include "facts/reach.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct block {
  unsigned char bytes[16];
  int bits;
};

/* IANA's registries of special-purpose addresses. */
static const struct block NEVER_4[] = {
    {{0}, 8},
    {{127}, 8},
    {{169, 254}, 16},
    {{192, 0, 0}, 24},
    {{192, 0, 2}, 24},
    {{192, 88, 99}, 24},
    {{198, 18}, 15},
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 4},
    {{240}, 4},
    {{100, 100, 100, 200}, 32}, /* a metadata service within 100.64.0.0/10 */
    {{168, 63, 129, 16}, 32},   /* Azure's, at a public address */
};
static const struct block PRIVATE_4[] = {{{10}, 8}, {{172, 16}, 12}, {{192, 168}, 16}, {{100, 64}, 10}};
static const struct block NEVER_6[] = {
    {{0}, 8},                       /* unspecified, loopback, forms of IPv4, NAT64 */
    {{0x01, 0x00}, 8},              /* discard-only and reserved */
    {{0x20, 0x01, 0x00}, 23},       /* Teredo and protocol assignments */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff}, 20},             /* documentation */
    {{0x5f, 0x00}, 16},             /* segment routing */
    {{0xfe, 0x80}, 10},             /* link-local */
    {{0xfe, 0xc0}, 10},             /* site-local */
    {{0xff}, 8},                    /* multicast */
    {{0xfd, 0x00, 0x0e, 0xc2}, 32}, /* metadata services: EC2's, fd00:ec2::/32, */
    {{0xfd, 0x20, 0x00, 0xce}, 32}, /* Google's */
    {{0xfd, 0x00, 0x00, 0x42}, 32}, /* and Scaleway's */
};
static const struct block PRIVATE_6[] = {{{0xfc}, 7}};
static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_in(const unsigned char *address, const struct block *block) {
  int whole = block->bits / 8;
  int rest = block->bits % 8;
  unsigned mask = rest == 0 ? 0 : 0xffU << (8 - rest) & 0xffU;
  return memcmp(address, block->bytes, (size_t)whole) == 0 &&
         (rest == 0 || (address[whole] & mask) == (block->bytes[whole] & mask));
}

static bool is_in_any(const unsigned char *address, const struct block *blocks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (is_in(address, &blocks[i])) {
      return true;
    }
  }
  return false;
}

#define IS_IN_ANY(address, blocks) is_in_any(address, blocks, sizeof(blocks) / sizeof(blocks)[0])

static bool check_4(const unsigned char *address, bool allows_private) {
  return !IS_IN_ANY(address, NEVER_4) && (allows_private || !IS_IN_ANY(address, PRIVATE_4));
}

static bool check_6(const unsigned char *address, bool allows_private) {
  if (memcmp(address, MAPPED, sizeof MAPPED) == 0) {
    return check_4(address + sizeof MAPPED, allows_private);
  }
  return !IS_IN_ANY(address, NEVER_6) && (allows_private || !IS_IN_ANY(address, PRIVATE_6));
}

bool snt_reach_check(const struct sockaddr *address, bool allows_private) {
  unsigned char bytes[16];
  if (address->sa_family == AF_INET) {
    memcpy(bytes, (const unsigned char *)address + offsetof(struct sockaddr_in, sin_addr), 4);
    return check_4(bytes, allows_private);
  }
  if (address->sa_family == AF_INET6) {
    memcpy(bytes, (const unsigned char *)address + offsetof(struct sockaddr_in6, sin6_addr), 16);
    return check_6(bytes, allows_private);
  }
  return false;
}
