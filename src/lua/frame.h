/* lua/frame (layer 3): what goes over the socket between core and template, and from a worker to its template.
 *
 * A frame is a header of fixed size and a payload. The core's nonce comes back in the answer, so that an answer that
 * came late is never taken for another one. Both sides are one program on one machine: the header is a struct. */
#ifndef SNT_LUA_FRAME_H
#define SNT_LUA_FRAME_H

#include <stdint.h>

#include "base/buf.h"

/* X(NAME, largest payload of a request, largest payload of its answer) */
#define SNT_FRAMES(X)                                                                                                  \
  X(HELLO, 0, 256)                       /* the template is locked down, or says which step failed */                  \
  X(PRELOAD, 0, 0)                       /* there is time to load what most policies need; has no answer */            \
  X(DESCRIBE, 64 * 1024, 64 * 1024)      /* name, file and text of a plugin's manifest, which is run and reported */   \
  X(PLUGIN, 64 * 1024, 0)                /* a plugin that conditions may name; has no answer */                        \
  X(LOAD, 512 * 1024 + 8192, 256 * 1024) /* kind, root, name and text of a policy */                                   \
  X(ZONE, 64 * 1024 + 256, 0)            /* name and bytes of a time zone; has no answer */                            \
  X(FILE, 512 * 1024 + 8192, 0)          /* name and content of a file of the bundle; has no answer */                 \
  X(BUNDLE, 1024 * 1024 + 8192, 256 * 1024)              /* a packed bundle: all its files, and LOAD */                \
  X(UNPACK, 1024 * 1024 + 8192, 2048 * 1024 + 65536 + 1) /* the same; its files are the answer */                      \
  X(LINK, 1, 256 * 1024)                                 /* whether there will be more than one evaluation */          \
  X(EVALUATE, 128 * 1024, 64 * 1024)                     /* the request, and the facts that are known */               \
  X(BATCH, 384 * 1024, 128 * 1024)  /* requests, each with its NUL; a line for each, or nothing */                     \
  X(LINT, 4096, 256 * 1024)         /* what the core knows of the policy's bundle */                                   \
  X(WHO_CAN, 96 * 1024, 256 * 1024) /* which profile, when, for which roles */                                         \
  X(SCHEMA, 0, 256 * 1024)                                                                                             \
  X(SPEC, 2048 * 1024 + 8192, 4096 * 1024) /* name, plugin and text of a spec, whose top level is run */               \
  X(BIND, 256 * 1024, 1024 * 1024)         /* what the core knows of the spec's policy (JSON) */                       \
  X(CASES, 2048, 1024 * 1024)              /* the numbers of some of its cases */                                      \
  X(MUTATE, 4096, 2048 * 1024)             /* what the cases call the policy whose mutants are made */                 \
  X(MUTANT, 32, 128 * 1024)                /* the number of one of them */                                             \
  X(RECORD, 128 * 1024, 64 * 1024)         /* the number of a case, and the answers that were had so far */            \
  X(OUTLINE, 0, 4096 * 1024)               /* the policy as data */                                                    \
  X(SIDE, 4224 * 1024, 4096)               /* one of two policies that are compared, as such data */                   \
  X(COMPARE, 128 * 1024, 1024 * 1024)      /* what is asked of the two, and the question */

enum snt_frame_kind {
  SNT_FRAME_NONE = 0,
#define SNT_FRAME_ENUM(name, request_max, answer_max) SNT_FRAME_##name,
  SNT_FRAMES(SNT_FRAME_ENUM)
#undef SNT_FRAME_ENUM
      SNT_FRAME_KIND_COUNT
};

struct snt_frame {
  uint32_t magic;
  uint8_t kind;
  uint8_t result; /* of an answer: enum snt_vm_result */
  uint16_t zero;
  uint64_t nonce;
  uint32_t len; /* of the payload */
  uint32_t zero_again;
};

/* The payload of LINK where plugins may ask for facts: one evaluation will not do. Else it has none. */
#define SNT_FRAME_LINK_ROUNDS "R"

/* What an answer to UNPACK begins with that is the files, and no refusal. */
#define SNT_FRAME_UNPACKED "A"

#define SNT_FRAME_MAGIC 0x46544e53U

size_t snt_frame_request_max(enum snt_frame_kind kind);
size_t snt_frame_answer_max(enum snt_frame_kind kind);
struct snt_frame snt_frame_make(enum snt_frame_kind kind, uint8_t result, uint64_t nonce, size_t len);
/* Whether the header is one of that kind, result and zeros included, with at most max bytes of payload. */
bool snt_frame_check(const struct snt_frame *frame, enum snt_frame_kind kind, uint64_t nonce, size_t max);

/* Blocking, for the template and the worker. False on an error or on the end of the input; *is_end tells a clean end.
 */
bool snt_frame_read_all(int fd, void *data, size_t len, bool *is_end);
bool snt_frame_write_all(int fd, const void *data, size_t len);
/* Header and payload, in one write where they fit. No copy of them stays. */
bool snt_frame_send(int fd, const struct snt_frame *frame, const void *payload);

/* Two texts in one payload: a name with its NUL, then bytes. Unpacking fails when there is no NUL, or no name. */
snt_status snt_frame_pack(struct snt_buf *out, const char *first, const void *second, size_t second_len,
                          struct snt_err *err);
struct snt_frame_pair {
  const char *first; /* followed by a NUL that is part of the payload */
  const char *second;
  size_t second_len;
};
bool snt_frame_unpack(const char *payload, size_t len, struct snt_frame_pair *out);

#endif
