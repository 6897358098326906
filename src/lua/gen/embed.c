/* A tool of the build: writes the modules of lua/stdlib/ as a C file that defines snt_stdlib_embedded.
 *
 *   snt_gen_embed OUT source|bytecode FILE...
 *
 * Bytecode is only read back by the Lua that wrote it: the build asks for it when this tool and the program link the
 * same archive. Debug information is left out of it; source keeps its own. */
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CAP 128

struct bytes {
  unsigned char *data;
  size_t len, cap;
};

static void die(const char *what, const char *which) {
  fprintf(stderr, "snt_gen_embed: %s: %s\n", which, what);
  exit(1);
}

static int append(lua_State *L, const void *data, size_t len, void *user) {
  (void)L;
  struct bytes *bytes = user;
  if (bytes->len + len > bytes->cap) {
    bytes->cap = (bytes->len + len) * 2;
    bytes->data = realloc(bytes->data, bytes->cap);
    if (bytes->data == NULL) {
      die("out of memory", "append");
    }
  }
  memcpy(bytes->data + bytes->len, data, len);
  bytes->len += len;
  return 0;
}

static void read_file(const char *path, struct bytes *out) {
  char block[4096];
  size_t n = 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    die("cannot be opened", path);
  }
  while ((n = fread(block, 1, sizeof block, file)) > 0) {
    append(NULL, block, n, out);
  }
  if (ferror(file)) {
    die("cannot be read", path);
  }
  fclose(file);
}

/* Compiles in both modes: a module with a mistake in its grammar fails the build. */
static void compile(const char *path, const char *stem, const struct bytes *source, struct bytes *bytecode) {
  char chunk[NAME_CAP + 32];
  snprintf(chunk, sizeof chunk, "@sentinel/%s.lua", stem);
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    die("out of memory", path);
  }
  if (luaL_loadbufferx(L, (const char *)source->data, source->len, chunk, "t") != LUA_OK) {
    die(lua_tostring(L, -1), path);
  }
  lua_dump(L, append, bytecode, 1);
  lua_close(L);
}

/* "conditions" of ".../conditions.lua". */
static void take_stem(const char *path, char out[NAME_CAP]) {
  const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1, *dot = strrchr(name, '.');
  size_t len = dot == NULL ? strlen(name) : (size_t)(dot - name);
  if (len == 0 || len >= NAME_CAP) {
    die("is not a name of a module", path);
  }
  memcpy(out, name, len);
  out[len] = '\0';
}

static void write_bytes(FILE *out, int number, const struct bytes *bytes) {
  fprintf(out, "static const unsigned char data_%d[] = {", number);
  for (size_t i = 0; i < bytes->len; i++) {
    fprintf(out, "%s%d,", i % 32 == 0 ? "\n" : "", bytes->data[i]);
  }
  fprintf(out, "0};\n");
}

static void write_module(FILE *out, int number, const char *path, bool is_bytecode, struct bytes *table) {
  char stem[NAME_CAP], row[NAME_CAP + 128];
  struct bytes source = {0}, bytecode = {0};
  take_stem(path, stem);
  read_file(path, &source);
  compile(path, stem, &source, &bytecode);
  const struct bytes *chosen = is_bytecode ? &bytecode : &source;
  write_bytes(out, number, chosen);
  int n = snprintf(row, sizeof row, "  {\"sentinel.%s\", (const char *)data_%d, %zu},\n", stem, number, chosen->len);
  append(NULL, row, (size_t)n, table);
  free(source.data);
  free(bytecode.data);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    die("OUT source|bytecode FILE...", "usage");
  }
  FILE *out = fopen(argv[1], "wb");
  if (out == NULL) {
    die("cannot be written", argv[1]);
  }
  struct bytes table = {0};
  fprintf(out, "#include \"lua/stdlib.h\"\n\n");
  for (int i = 3; i < argc; i++) {
    write_module(out, i - 3, argv[i], strcmp(argv[2], "bytecode") == 0, &table);
  }
  append(NULL, "", 1, &table);
  fprintf(out, "\nstatic const struct snt_stdlib_module modules[] = {\n%s  {\"\", \"\", 0}};\n\n", (char *)table.data);
  fprintf(out, "const struct snt_stdlib snt_stdlib_embedded = {modules, %d};\n", argc - 3);
  free(table.data);
  if (fclose(out) != 0) {
    die("cannot be written", argv[1]);
  }
  return 0;
}
