/* host.yaml: the YAML of a policy as a tree of tables (host.h). Events come from libyaml; everything that policy.md
 * refuses is refused here, with its place.
 *
 * MUST
 *  1. hold the parser and its event in a userdata that frees them, because building tables may raise;
 *  2. count nodes and levels after the expansion of aliases;
 *  3. refuse tags, directives, second documents, and keys that are not plain words of text. */
#include "lua/host.h"

#include "base/str.h"
#include "format/yaml_fault.h"
#include "lua/fuel.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define ALIASES_MAX 64
#define NODES_MAX 100000
#define LEVELS_MAX 32
#define PIECE 64 /* how many values of a collection wait on the stack */
#define SLOT_BYTES 16
enum { LIST_SLOTS = 2, MAP_SLOTS = 4 }; /* of a table for an entry: nodes.lua */
#define PARSER_TYPE "snt_yaml"

struct reader {
  bool has_parser, has_event;
  yaml_parser_t parser;
  yaml_event_t event;
  int nodes, nodes_max, aliases;
  lua_Integer slots_max; /* of a table: it doubles as it grows, and has to fit into a block */
};

/* What a finished node counts for where an alias repeats it. */
struct size {
  int nodes, levels;
};

static void clear_reader(struct reader *reader) {
  if (reader->has_event) {
    yaml_event_delete(&reader->event);
    reader->has_event = false;
  }
  if (reader->has_parser) {
    yaml_parser_delete(&reader->parser);
    reader->has_parser = false;
  }
}

static int free_reader(lua_State *L) {
  clear_reader(lua_touserdata(L, 1));
  return 0;
}

/* A place as the stdlib keeps it (errors.lua): line * 2^20 + column. */
static lua_Integer place_of(yaml_mark_t mark) {
  return (((lua_Integer)mark.line + 1) << 20) + (lua_Integer)mark.column + 1;
}

/* Raises {message, place}, which snt_host_yaml returns. */
static int refuse_at(lua_State *L, yaml_mark_t mark, const char *format, ...) {
  lua_createtable(L, 0, 2);
  va_list args;
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  size_t len = 0;
  const char *message = lua_tolstring(L, -1, &len);
  snt_host_push_clean(L, message, len);
  lua_setfield(L, -3, "message");
  lua_pop(L, 1);
  lua_pushinteger(L, place_of(mark));
  lua_setfield(L, -2, "place");
  return lua_error(L);
}

static struct snt_slice text_of(const struct reader *reader) {
  const unsigned char *text = reader->parser.input.string.start;
  return (struct snt_slice){(const char *)text, (size_t)(reader->parser.input.string.end - text)};
}

/* libyaml's reader knows only the byte where it stopped. */
static yaml_mark_t mark_of_offset(const struct reader *reader, size_t offset) {
  yaml_mark_t mark = {0};
  const unsigned char *text = reader->parser.input.string.start;
  size_t len = text_of(reader).len;
  for (size_t i = 0; i < offset && i < len; i++) {
    mark.column = text[i] == '\n' ? 0 : mark.column + ((text[i] & 0xc0) != 0x80);
    mark.line += text[i] == '\n';
  }
  return mark;
}

static int refuse_syntax(lua_State *L, const struct reader *reader) {
  const yaml_parser_t *parser = &reader->parser;
  if (parser->error == YAML_MEMORY_ERROR) {
    return luaL_error(L, "out of memory");
  }
  const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
  if (parser->error == YAML_READER_ERROR) {
    return refuse_at(L, mark_of_offset(reader, parser->problem_offset), "%s", problem);
  }
  yaml_mark_t mark = parser->problem_mark;
  const char *meant = snt_yaml_explain(problem, parser->context, text_of(reader), mark.line, mark.column);
  if (meant != NULL) {
    return refuse_at(L, mark, "%s", meant);
  }
  if (parser->context != NULL) {
    return refuse_at(L, mark, "%s %s", problem, parser->context);
  }
  return refuse_at(L, mark, "%s", problem);
}

/* The next event, in reader->event. */
static void next_event(lua_State *L, struct reader *reader) {
  if (reader->has_event) {
    yaml_event_delete(&reader->event);
    reader->has_event = false;
  }
  if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
    refuse_syntax(L, reader);
  }
  reader->has_event = true;
}

static void refuse_tag(lua_State *L, const yaml_char_t *tag, yaml_mark_t mark) {
  if (tag != NULL) {
    refuse_at(L, mark, "the tag \"%s\" is not allowed; remove it", (const char *)tag);
  }
}

static void count_nodes(lua_State *L, struct reader *reader, int more, yaml_mark_t mark) {
  reader->nodes += more;
  if (reader->nodes > reader->nodes_max) {
    refuse_at(L, mark, "more than %d nodes", reader->nodes_max);
  }
}

static bool is_any_of(const char *word, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcmp(word, *words) == 0) {
      return true;
    }
  }
  return false;
}

static size_t count_digits(const char *text) { return strspn(text, "0123456789"); }

/* e5, E-5 and their like, or nothing. */
static bool is_exponent(const char *text) {
  if (*text == '\0') {
    return true;
  }
  if (*text != 'e' && *text != 'E') {
    return false;
  }
  const char *digits = text + (text[1] == '+' || text[1] == '-' ? 2 : 1);
  size_t count = count_digits(digits);
  return count > 0 && digits[count] == '\0';
}

/* 12, 1.5, .5, 1e3 and their like, without a sign; NULL for anything else. */
static const char *resolve_decimal(const char *word) {
  size_t whole = count_digits(word);
  size_t fraction = word[whole] == '.' ? count_digits(word + whole + 1) : 0;
  const char *rest = word + whole + (word[whole] == '.' ? 1 + fraction : 0);
  if (whole + fraction == 0 || !is_exponent(rest)) {
    return NULL;
  }
  return word[whole] == '\0' ? "integer" : "number";
}

static const char *resolve_number(const char *word) {
  static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
  static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
  const char *rest = *word == '+' || *word == '-' ? word + 1 : word;
  if (is_any_of(rest, infinities) || is_any_of(word, nans)) {
    return "number";
  }
  if (snt_str_starts_with(word, "0x") || snt_str_starts_with(word, "0o")) {
    size_t digits = strspn(word + 2, word[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567");
    return digits > 0 && word[2 + digits] == '\0' ? "number" : NULL;
  }
  return resolve_decimal(rest);
}

/* YAML 1.2, core schema: what a plain word is when it is not text, or NULL. The first byte rules most words out. */
static const char *resolve(const char *word) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const booleans[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
  if (*word != '\0' && strchr("~nNtTfF.+-0123456789", *word) == NULL) {
    return NULL;
  }
  if (is_any_of(word, nulls)) {
    return "null";
  }
  return is_any_of(word, booleans) ? "boolean" : resolve_number(word);
}

static void push_scalar(lua_State *L, const yaml_event_t *event) {
  const char *text = (const char *)event->data.scalar.value;
  const char *type = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? resolve(text) : NULL;
  if (type == NULL) {
    lua_pushlstring(L, text, event->data.scalar.length);
    return;
  }
  lua_createtable(L, 2, 0);
  lua_pushstring(L, type);
  lua_rawseti(L, -2, 1);
  lua_pushlstring(L, text, event->data.scalar.length);
  lua_rawseti(L, -2, 2);
}

/* The fixed places of read_document's stack; anchors holds {node, place, nodes, levels} by name. */
enum { TEXT_INDEX = 1, READER_INDEX, ANCHORS_INDEX };

/* The node and its place at the top get a name that aliases find. */
static void keep_anchor(lua_State *L, const char *anchor, struct size size) {
  lua_createtable(L, 4, 0);
  lua_pushvalue(L, -3);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, 2);
  lua_pushinteger(L, size.nodes);
  lua_rawseti(L, -2, 3);
  lua_pushinteger(L, size.levels);
  lua_rawseti(L, -2, 4);
  lua_setfield(L, ANCHORS_INDEX, anchor);
}

static struct size push_alias(lua_State *L, struct reader *reader, int level) {
  const char *name = (const char *)reader->event.data.alias.anchor;
  yaml_mark_t mark = reader->event.start_mark;
  if (++reader->aliases > ALIASES_MAX) {
    refuse_at(L, mark, "more than %d aliases", ALIASES_MAX);
  }
  if (lua_getfield(L, ANCHORS_INDEX, name) != LUA_TTABLE) {
    refuse_at(L, mark, "the alias \"%s\" names nothing that ends before it; a text is quoted: \"*%s\"", name, name);
  }
  int kept = lua_gettop(L);
  lua_rawgeti(L, kept, 3);
  lua_rawgeti(L, kept, 4);
  struct size size = {.nodes = (int)lua_tointeger(L, -2), .levels = (int)lua_tointeger(L, -1)};
  count_nodes(L, reader, size.nodes, mark);
  if (level + size.levels - 1 > LEVELS_MAX) {
    refuse_at(L, mark, "nested more than %d levels deep", LEVELS_MAX);
  }
  lua_settop(L, kept);
  lua_rawgeti(L, kept, 1);
  lua_rawgeti(L, kept, 2);
  lua_remove(L, kept);
  return size;
}

static struct size push_node(lua_State *L, struct reader *reader, int level);

static void add_size(struct size *sum, struct size part) {
  sum->nodes += part.nodes;
  if (part.levels + 1 > sum->levels) {
    sum->levels = part.levels + 1;
  }
}

/* The collection that is being read: a table at `index` with `len` slots filled, and values above it on the stack that
 * go there in one piece. The first piece makes a table of just its size, which most collections need. */
struct collection {
  int index;
  lua_Integer len;
  lua_Integer slots; /* that are needed so far, those on the stack included */
};

static struct collection begin_collection(lua_State *L, const char *kind) {
  lua_pushnil(L);
  lua_pushstring(L, kind);
  return (struct collection){.index = lua_gettop(L) - 1, .slots = 1};
}

/* The current event begins another entry, of so many slots: memory that could not hold it has no place to tell. */
static void check_room(lua_State *L, const struct reader *reader, struct collection *self, int entry) {
  self->slots += entry;
  if (self->slots > reader->slots_max) {
    refuse_at(L, reader->event.start_mark, "more than %d entries in one list or mapping; split it",
              (int)((reader->slots_max - 1) / entry));
  }
}

static void flush(lua_State *L, struct collection *self) {
  int count = lua_gettop(L) - self->index;
  if (self->len == 0) {
    lua_createtable(L, count, 0);
    lua_replace(L, self->index);
  }
  for (lua_Integer i = count; i > 0; i--) {
    lua_rawseti(L, self->index, self->len + i);
  }
  self->len += count;
}

static void flush_when_many(lua_State *L, struct collection *self) {
  if (lua_gettop(L) - self->index >= PIECE) {
    flush(L, self);
  }
}

/* At SEQUENCE-START: pushes {"list", item, place, item, place, ...}. */
static struct size push_list(lua_State *L, struct reader *reader, int level) {
  struct size size = {.nodes = 1, .levels = 1};
  struct collection list = begin_collection(L, "list");
  for (next_event(L, reader); reader->event.type != YAML_SEQUENCE_END_EVENT; next_event(L, reader)) {
    check_room(L, reader, &list, LIST_SLOTS);
    add_size(&size, push_node(L, reader, level + 1));
    flush_when_many(L, &list);
  }
  flush(L, &list);
  return size;
}

/* Pushes the key that is the current event, and its place. */
static void push_key(lua_State *L, struct reader *reader) {
  const yaml_event_t *event = &reader->event;
  if (event->type != YAML_SCALAR_EVENT) {
    refuse_at(L, event->start_mark,
              event->type == YAML_ALIAS_EVENT ? "a key cannot be an alias; write it out"
                                              : "a key must be one word of text");
  }
  refuse_tag(L, event->data.scalar.tag, event->start_mark);
  if (event->data.scalar.anchor != NULL) {
    refuse_at(L, event->start_mark, "a key cannot have an anchor");
  }
  count_nodes(L, reader, 1, event->start_mark);
  lua_pushlstring(L, (const char *)event->data.scalar.value, event->data.scalar.length);
  lua_pushinteger(L, place_of(event->start_mark));
}

/* At MAPPING-START: pushes {"map", key, place, value, place, ...}; a key may be there twice. */
static struct size push_map(lua_State *L, struct reader *reader, int level) {
  struct size size = {.nodes = 1, .levels = 1};
  struct collection map = begin_collection(L, "map");
  for (next_event(L, reader); reader->event.type != YAML_MAPPING_END_EVENT; next_event(L, reader)) {
    check_room(L, reader, &map, MAP_SLOTS);
    push_key(L, reader);
    size.nodes++;
    next_event(L, reader);
    add_size(&size, push_node(L, reader, level + 1));
    flush_when_many(L, &map);
  }
  flush(L, &map);
  return size;
}

/* A name may be given twice (YAML 1.2, 3.2.2.2); while its node is open it names nothing. Pushes the name or nil. */
static void push_anchor(lua_State *L, const yaml_char_t *anchor) {
  lua_pushstring(L, (const char *)anchor);
  if (anchor != NULL) {
    lua_pushnil(L);
    lua_setfield(L, ANCHORS_INDEX, (const char *)anchor);
  }
}

static struct size push_collection(lua_State *L, struct reader *reader, int level) {
  const yaml_event_t *event = &reader->event;
  bool is_map = event->type == YAML_MAPPING_START_EVENT;
  lua_Integer place = place_of(event->start_mark);
  refuse_tag(L, is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag, event->start_mark);
  push_anchor(L, is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor);
  int anchor = lua_gettop(L);
  struct size size = is_map ? push_map(L, reader, level) : push_list(L, reader, level);
  lua_pushinteger(L, place);
  if (lua_type(L, anchor) == LUA_TSTRING) {
    keep_anchor(L, lua_tostring(L, anchor), size);
  }
  lua_remove(L, anchor);
  return size;
}

/* Pushes the node that begins with the current event, and its place; ends at its last event. level counts from 1. */
static struct size push_node(lua_State *L, struct reader *reader, int level) {
  const yaml_event_t *event = &reader->event;
  luaL_checkstack(L, PIECE + 16, NULL);
  if (level > LEVELS_MAX) {
    refuse_at(L, event->start_mark, "nested more than %d levels deep", LEVELS_MAX);
  }
  if (event->type == YAML_ALIAS_EVENT) {
    return push_alias(L, reader, level);
  }
  count_nodes(L, reader, 1, event->start_mark);
  if (event->type != YAML_SCALAR_EVENT) {
    return push_collection(L, reader, level);
  }
  struct size size = {.nodes = 1, .levels = 1};
  refuse_tag(L, event->data.scalar.tag, event->start_mark);
  push_scalar(L, event);
  lua_pushinteger(L, place_of(event->start_mark));
  if (event->data.scalar.anchor != NULL) {
    keep_anchor(L, (const char *)event->data.scalar.anchor, size);
  }
  return size;
}

static void check_document_start(lua_State *L, const struct reader *reader) {
  const yaml_event_t *event = &reader->event;
  if (event->type == YAML_STREAM_END_EVENT) {
    refuse_at(L, event->start_mark, "there is nothing in this file");
  }
  if (event->data.document_start.version_directive != NULL ||
      event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end) {
    refuse_at(L, event->start_mark, "a line that begins with %% is not allowed; remove it");
  }
}

/* Arguments: text, reader, anchors. */
static int read_document(lua_State *L) {
  struct reader *reader = lua_touserdata(L, READER_INDEX);
  next_event(L, reader); /* STREAM-START */
  next_event(L, reader);
  check_document_start(L, reader);
  next_event(L, reader);
  (void)push_node(L, reader, 1);
  next_event(L, reader); /* DOCUMENT-END */
  next_event(L, reader);
  if (reader->event.type != YAML_STREAM_END_EVENT) {
    refuse_at(L, reader->event.start_mark, "a second document begins here; a policy is one document");
  }
  return 2;
}

static lua_Integer count_slots(size_t block_cap) {
  size_t slots = 1;
  while (2 * slots * SLOT_BYTES <= block_cap) {
    slots *= 2;
  }
  return (lua_Integer)slots;
}

static struct reader *push_reader(lua_State *L, const char *text, size_t len) {
  struct reader *reader = lua_newuserdatauv(L, sizeof *reader, 0);
  *reader = (struct reader){0};
  if (luaL_newmetatable(L, PARSER_TYPE)) {
    lua_pushcfunction(L, free_reader);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (yaml_parser_initialize(&reader->parser) == 0) {
    luaL_error(L, "out of memory");
  }
  reader->has_parser = true;
  yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, len);
  yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
  return reader;
}

static int push_refusal(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_createtable(L, 0, 2);
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  lua_pushinteger(L, place_of((yaml_mark_t){0}));
  lua_setfield(L, -2, "place");
  return 2;
}

int snt_host_yaml(lua_State *L) {
  size_t len = 0;
  const char *text = luaL_checklstring(L, 1, &len);
  int nodes_max = (int)luaL_optinteger(L, 2, NODES_MAX);
  lua_settop(L, 1);
  snt_fuel_spend(L, len);
  if (!snt_utf8_check(text, len) || memchr(text, '\0', len) != NULL) {
    return push_refusal(L, "the file is not valid UTF-8 text");
  }
  if (snt_str_starts_with(text, "\xef\xbb\xbf")) {
    return push_refusal(L, "the file begins with a byte order mark; save it as UTF-8 without one");
  }
  struct reader *reader = push_reader(L, text, len);
  reader->nodes_max = nodes_max;
  reader->slots_max = count_slots(snt_budget_of(L)->block_cap);
  lua_newtable(L);
  lua_pushcfunction(L, read_document);
  for (int i = TEXT_INDEX; i <= ANCHORS_INDEX; i++) {
    lua_pushvalue(L, i);
  }
  int status = lua_pcall(L, 3, 2, 0);
  clear_reader(reader);
  snt_fuel_check(L);
  if (status == LUA_OK) {
    return 2;
  }
  if (lua_type(L, -1) != LUA_TTABLE) {
    return lua_error(L);
  }
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}
