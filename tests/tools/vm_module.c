/* tests/tools: the VM as a module for Lua, so that specs run the stdlib in the very state that ships.
 *
 *   local vm = require "snt_vm"
 *   local state = vm.new([folder])            -- the embedded stdlib, or the one of a folder
 *   state:call(name, fuel, argument...)       -- reply, result ("ok", "fuel", "memory") | nil, message
 *   state:run(source, argument...)            -- what the Lua text, which may require the stdlib's modules, returns
 *   state:add_zone(name, bytes)               -- boolean
 *   state:close()
 *
 * The module uses the interpreter's own Lua; the state within it is one more, with the allocator of lua/fuel. */
#include "base/buf.h"
#include "base/file.h"
#include "lua/vm_internal.h"

#include <dirent.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "snt_vm"
#define MODULES_MAX 128
#define ARGUMENTS_MAX 8
#define SOURCE_CAP ((size_t)1 << 20)

struct sources {
  struct snt_stdlib_module modules[MODULES_MAX];
  char names[MODULES_MAX][80];
  struct snt_buf texts[MODULES_MAX];
  size_t count;
};

struct state {
  struct snt_vm *vm;
  struct sources *sources; /* NULL for the embedded stdlib */
};

static void free_sources(struct sources *sources) {
  for (size_t i = 0; sources != NULL && i < sources->count; i++) {
    snt_buf_clear(&sources->texts[i]);
  }
  free(sources);
}

static int close_state(lua_State *L) {
  struct state *state = luaL_checkudata(L, 1, TYPE);
  snt_vm_free(&state->vm);
  free_sources(state->sources);
  state->sources = NULL;
  return 0;
}

static bool add_source(struct sources *sources, const char *folder, const char *file) {
  char path[1024];
  size_t len = strlen(file), i = sources->count;
  if (len <= 4 || strcmp(file + len - 4, ".lua") != 0) {
    return true;
  }
  if (i == MODULES_MAX || snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path ||
      !snt_ok(snt_file_read(path, SNT_FILE_ANY, SOURCE_CAP, &sources->texts[i], NULL))) {
    return false;
  }
  (void)snprintf(sources->names[i], sizeof sources->names[i], "sentinel.%.*s", (int)(len - 4), file);
  sources->modules[i] = (struct snt_stdlib_module){sources->names[i], sources->texts[i].data, sources->texts[i].len};
  sources->count++;
  return true;
}

static struct sources *read_folder(const char *folder) {
  DIR *stream = opendir(folder);
  struct sources *sources = stream == NULL ? NULL : calloc(1, sizeof *sources);
  bool is_good = sources != NULL;
  for (struct dirent *entry = is_good ? readdir(stream) : NULL; entry != NULL && is_good; entry = readdir(stream)) {
    is_good = add_source(sources, folder, entry->d_name);
  }
  if (stream != NULL) {
    closedir(stream);
  }
  if (!is_good) {
    free_sources(sources);
    return NULL;
  }
  return sources;
}

static int new_state(lua_State *L) {
  const char *folder = luaL_optstring(L, 1, NULL);
  struct state *state = lua_newuserdatauv(L, sizeof *state, 0);
  *state = (struct state){0};
  luaL_setmetatable(L, TYPE);
  struct snt_stdlib stdlib = snt_stdlib_embedded;
  if (folder != NULL) {
    state->sources = read_folder(folder);
    if (state->sources == NULL) {
      return luaL_error(L, "the stdlib cannot be read from %s", folder);
    }
    stdlib = (struct snt_stdlib){state->sources->modules, state->sources->count};
  }
  struct snt_err err = {0};
  if (!snt_ok(snt_vm_new_with(stdlib, &state->vm, &err))) {
    return luaL_error(L, "%s", err.message);
  }
  return 1;
}

static struct state *check_open(lua_State *L) {
  struct state *state = luaL_checkudata(L, 1, TYPE);
  luaL_argcheck(L, state->vm != NULL, 1, "the state is closed");
  return state;
}

static int push_failure(lua_State *L, const struct state *state) {
  lua_pushnil(L);
  lua_pushstring(L, snt_vm_borrow_error(state->vm));
  return 2;
}

static int call(lua_State *L) {
  static const char *const results[] = {
      [SNT_VM_FAILED] = "failed", [SNT_VM_OK] = "ok", [SNT_VM_FUEL] = "fuel", [SNT_VM_MEMORY] = "memory"};
  struct state *state = check_open(L);
  const char *name = luaL_checkstring(L, 2);
  lua_Integer fuel = luaL_checkinteger(L, 3);
  struct snt_slice arguments[ARGUMENTS_MAX];
  size_t n = (size_t)lua_gettop(L) - 3;
  luaL_argcheck(L, n <= ARGUMENTS_MAX, 4, "too many arguments");
  for (size_t i = 0; i < n; i++) {
    arguments[i].data = luaL_checklstring(L, (int)i + 4, &arguments[i].len);
  }
  struct snt_buf reply = {0};
  enum snt_vm_result result = snt_vm_call(state->vm, name, arguments, n, fuel, &reply);
  if (result == SNT_VM_FAILED) {
    snt_buf_clear(&reply);
    return push_failure(L, state);
  }
  lua_pushlstring(L, snt_buf_borrow(&reply), reply.len);
  snt_buf_clear(&reply);
  lua_pushstring(L, results[result]);
  return 2;
}

/* Trusted code of a test: without a limit of fuel, and with a gigabyte. */
static int run(lua_State *L) {
  struct state *state = check_open(L);
  lua_State *inner = state->vm->L;
  int n = lua_gettop(L) - 2;
  int top = lua_gettop(inner);
  state->vm->budget.cap = (size_t)1 << 30;
  snt_fuel_arm(inner, INT64_MAX, true);
  bool is_done = luaL_loadstring(inner, luaL_checkstring(L, 2)) == LUA_OK;
  for (int i = 0; is_done && i < n; i++) {
    lua_pushstring(inner, luaL_checkstring(L, i + 3));
  }
  is_done = is_done && lua_pcall(inner, n, 1, 0) == LUA_OK;
  snt_fuel_disarm(inner);
  const char *text = lua_tostring(inner, -1);
  if (!is_done) {
    lua_pushnil(L);
  }
  lua_pushstring(L, text == NULL ? "it ran out of memory, or returned no text" : text);
  lua_settop(inner, top);
  return is_done ? 1 : 2;
}

static int add_zone(lua_State *L) {
  struct state *state = check_open(L);
  size_t len = 0;
  const char *bytes = luaL_checklstring(L, 3, &len);
  lua_pushboolean(L, snt_vm_add_zone(state->vm, luaL_checkstring(L, 2), bytes, len));
  return 1;
}

/* As the evaluator's process does. */
static int own_heap(lua_State *L) {
  snt_vm_own_heap(check_open(L)->vm);
  return 0;
}

static const luaL_Reg methods[] = {{"own_heap", own_heap}, {"call", call},        {"run", run}, {"add_zone", add_zone},
                                   {"close", close_state}, {"__gc", close_state}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"new", new_state}, {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_snt_vm(lua_State *L);

int luaopen_snt_vm(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
