/* The format is that of ldump.c, the instructions are those of lopcodes.h, both of Lua 5.4.
 *
 * MUST
 *  1. read nothing beyond the dump, whatever it holds;
 *  2. say no, or too many, for what it does not understand. */
#include "lua/dump.h"

#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>
#include <string.h>

#define NOT_UNDERSTOOD ((size_t)1 << 20)
#define COUNTED_MAX ((size_t)16 << 20)
#define FUNCTION_MAX ((size_t)256 << 10) /* of one that reads a request: there is no budget for this memory */
#define HEADER_BYTES (4 + 1 + 1 + 6 + 3 + sizeof(lua_Integer) + sizeof(lua_Number) + 1)
#define INSTRUCTION_BYTES 4
#define OPERAND_MAX 255 /* the last constant that an instruction can name by itself */

/* Instructions that read a field: R[A] := from[key]. */
enum { OP_GETTABUP = 11, OP_GETTABLE = 12, OP_GETFIELD = 14, OP_SELF = 20 };

struct dump {
  const unsigned char *at, *end;
  bool is_odd;
};

/* Which of a function's first constants a text is. */
struct constants {
  bool is_it[OPERAND_MAX + 1];
};

struct dumped {
  struct snt_buf *text;
  size_t max;
};

static unsigned read_byte(struct dump *d) {
  if (d->at >= d->end) {
    d->is_odd = true;
    return 0;
  }
  return *d->at++;
}

static const unsigned char *skip_bytes(struct dump *d, size_t n) {
  if (n > (size_t)(d->end - d->at)) {
    d->is_odd = true;
    n = 0;
  }
  d->at += n;
  return d->at - n;
}

/* Seven bits a byte, the last one marked. */
static size_t read_size(struct dump *d) {
  size_t value = 0;
  while (!d->is_odd) {
    unsigned byte = read_byte(d);
    if (value > (SIZE_MAX >> 8)) {
      d->is_odd = true;
    }
    value = value << 7 | (byte & 0x7f);
    if ((byte & 0x80) != 0) {
      break;
    }
  }
  return value;
}

/* Empty for one that is absent. */
static struct snt_slice read_string(struct dump *d) {
  size_t size = read_size(d);
  size_t len = size == 0 ? 0 : size - 1;
  const unsigned char *data = skip_bytes(d, len);
  return (struct snt_slice){(const char *)data, d->is_odd ? 0 : len};
}

/* Empty for one that is no text. */
static struct snt_slice read_constant(struct dump *d) {
  switch (read_byte(d)) {
  case 0x00: /* nil */
  case 0x01: /* false */
  case 0x11: /* true */
    break;
  case 0x03: /* integer */
    (void)skip_bytes(d, sizeof(lua_Integer));
    break;
  case 0x13: /* float */
    (void)skip_bytes(d, sizeof(lua_Number));
    break;
  case 0x04: /* short string */
  case 0x14: /* long string */
    return read_string(d);
  default:
    d->is_odd = true;
  }
  return (struct snt_slice){0};
}

/* Where its instructions begin, and how many there are; what follows are its constants. */
static const unsigned char *read_instructions(struct dump *d, size_t *n) {
  (void)read_string(d); /* source; absent in a stripped dump */
  (void)read_size(d);
  (void)read_size(d);
  (void)skip_bytes(d, 3);
  size_t count = read_size(d);
  const unsigned char *code = skip_bytes(d, count > COUNTED_MAX ? COUNTED_MAX : count * INSTRUCTION_BYTES);
  *n = d->is_odd ? 0 : count;
  return code;
}

static size_t count_in_function(struct dump *d, int depth) {
  size_t instructions = 0;
  (void)read_instructions(d, &instructions);
  size_t constants = read_size(d);
  for (size_t i = 0; i < constants && !d->is_odd; i++) {
    (void)read_constant(d);
  }
  (void)skip_bytes(d, read_size(d) * 3); /* upvalues */
  size_t functions = read_size(d);
  d->is_odd |= depth > 250;
  for (size_t i = 0; i < functions && !d->is_odd; i++) {
    constants += count_in_function(d, depth + 1);
  }
  for (int i = 0; i < 4; i++) { /* lines, absolute lines, locals, upvalue names: stripped */
    d->is_odd |= read_size(d) != 0;
  }
  return constants;
}

static int append_dump(lua_State *L, const void *data, size_t len, void *context) {
  (void)L;
  struct dumped *dumped = context;
  return dumped->text->len + len <= dumped->max && snt_ok(snt_buf_append(dumped->text, data, len, NULL)) ? 0 : 1;
}

/* False when there is no dump, as of a C function. */
static bool begin(lua_State *L, size_t max, struct snt_buf *text, struct dump *d) {
  struct dumped dumped = {text, max};
  if (lua_dump(L, append_dump, &dumped, 1) != 0 || text->len < HEADER_BYTES) {
    return false;
  }
  const unsigned char *bytes = (const unsigned char *)text->data;
  *d = (struct dump){.at = bytes + HEADER_BYTES, .end = bytes + text->len};
  return true;
}

size_t snt_dump_count_constants(lua_State *L) {
  SNT_BUF_AUTO struct snt_buf dumped = {0};
  struct dump d;
  if (!begin(L, COUNTED_MAX, &dumped, &d)) {
    return NOT_UNDERSTOOD;
  }
  size_t constants = count_in_function(&d, 0);
  return d.is_odd || d.at != d.end ? NOT_UNDERSTOOD : constants;
}

struct instruction {
  unsigned op, a, b, c;
  bool k; /* c is a constant, where it may be either */
};

static struct instruction instruction_at(const unsigned char *code, size_t i) {
  uint32_t bits = 0;
  memcpy(&bits, code + i * INSTRUCTION_BYTES, sizeof bits);
  return (struct instruction){bits & 0x7f, bits >> 7 & 0xff, bits >> 16 & 0xff, bits >> 24, (bits >> 15 & 1) != 0};
}

/* A key in a register may be any. */
static bool may_read(struct instruction i, const struct constants *key) {
  switch (i.op) {
  case OP_GETTABUP:
  case OP_GETFIELD:
    return key->is_it[i.c];
  case OP_GETTABLE:
    return true;
  case OP_SELF:
    return !i.k || key->is_it[i.c];
  default:
    return false;
  }
}

static bool all_pairs_fit(const unsigned char *code, size_t n, const struct constants *field,
                          const struct constants *key) {
  size_t pairs = 0;
  for (size_t i = 0; i + 1 < n; i++) {
    struct instruction first = instruction_at(code, i), second = instruction_at(code, i + 1);
    if (!may_read(first, field) || !may_read(second, key)) {
      continue;
    }
    if (second.op == OP_GETTABUP || second.b != first.a) {
      return false;
    }
    pairs++;
  }
  return pairs > 0;
}

bool snt_dump_reads_below(lua_State *L, const char *field, const char *key, size_t *bytes) {
  SNT_BUF_AUTO struct snt_buf dumped = {0};
  struct dump d;
  bool has_begun = begin(L, FUNCTION_MAX, &dumped, &d);
  *bytes = dumped.len;
  if (!has_begun) {
    return false;
  }
  size_t n = 0;
  const unsigned char *code = read_instructions(&d, &n);
  struct constants fields = {0}, keys = {0};
  size_t count = read_size(&d);
  for (size_t i = 0; i < count && i <= OPERAND_MAX && !d.is_odd; i++) {
    struct snt_slice text = read_constant(&d);
    fields.is_it[i] = snt_slice_is(text, field);
    keys.is_it[i] = snt_slice_is(text, key);
  }
  return !d.is_odd && all_pairs_fit(code, n, &fields, &keys);
}
