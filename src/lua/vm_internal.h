/* lua/vm_internal (layer 3): the inside of a VM, for lua/ itself and its tests. */
#ifndef SNT_LUA_VM_INTERNAL_H
#define SNT_LUA_VM_INTERNAL_H

#include "lua/fuel.h"
#include "lua/stdlib.h"
#include "lua/tz.h"
#include "lua/vm.h"

struct snt_zone {
  struct snt_zone *next;
  char *name;
  struct snt_tz *tz;
};

enum snt_selftest { SNT_SELFTEST_NOT_RUN = 0, SNT_SELFTEST_MISCOMPILES, SNT_SELFTEST_SOUND };

struct snt_vm {
  lua_State *L;
  struct snt_budget budget;
  struct snt_stdlib stdlib;
  struct snt_zone *zones;
  enum snt_selftest selftest;
  /* References into Lua's registry. */
  int main_ref;               /* the table that sentinel.init returned */
  int loaded_ref;             /* modules of the stdlib by name */
  int names_ref;              /* the sandbox's names, to be copied into each environment */
  int env_meta_ref;           /* the metatable of the environments */
  int absent_ref;             /* the field of a strict view that was found absent last */
  bool has_absent;            /* there is one */
  int decode_ref, encode_ref; /* lua-cjson's functions */
  char error[512];
};

static inline struct snt_vm *snt_vm_of(lua_State *L) { return *(struct snt_vm **)lua_getextraspace(L); }

/* As snt_vm_new, with these modules for a stdlib; the list must outlive the VM. Its main module is "sentinel.init". */
snt_status snt_vm_new_with(struct snt_stdlib stdlib, struct snt_vm **out, struct snt_err *err);
const struct snt_tz *snt_vm_find_zone(const struct snt_vm *vm, const char *name);

#endif
