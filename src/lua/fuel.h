/* lua/fuel (layer 3): what a Lua state may spend: memory, and fuel for instructions and for the work of C functions.
 *
 * Fuel, not time, gives the verdict, so that it is the same on every machine; a plugin's time is looked at as a
 * back-stop. Running out sets a sticky flag: every
 * later charge and every count of the hook raises again, and `pcall` does not hold it. */
#ifndef SNT_LUA_FUEL_H
#define SNT_LUA_FUEL_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "lua/pool.h"

#define SNT_MEMORY_CAP ((size_t)48 << 20)
#define SNT_BLOCK_CAP ((size_t)1 << 20)
#define SNT_BUDGET_MAPPED_FROM (128 << 10) /* larger blocks have pages of their own, and malloc gives them back */

enum snt_abort { SNT_ABORT_NONE = 0, SNT_ABORT_FUEL, SNT_ABORT_MEMORY, SNT_ABORT_SUSPENDED, SNT_ABORT_TIME };

struct snt_budget {
  size_t used, cap;       /* bytes of the state's blocks, and what malloc adds to each */
  size_t block_cap;       /* of one block */
  size_t kept;            /* what the last forced collection left */
  size_t mapped;          /* of used, in blocks from SNT_BUDGET_MAPPED_FROM on */
  size_t peak;            /* the most that the process has grown by since heap_start was its heap's end */
  const char *heap_start; /* NULL: the heap is not the state's own */
  size_t largest;         /* the largest block so far, strings apart: no table has more slots than fit into it */
  int64_t fuel;           /* never below 0 */
  int64_t end_ms;         /* when the call into a plugin has to be over (snt_clock_monotonic_ms); 0: outside of one */
  enum snt_abort abort;
  int steps; /* how often the hook is called before the next instruction that it counts */
  bool is_collecting;
  lua_State *L; /* the state; NULL while it is made */
  struct snt_pool pool;
};

/* From here on nobody else uses the process's heap much: what it grows by is looked at as well. What lies between
 * blocks, free and of no use to the next one, is memory, too. */
void snt_budget_own_heap(struct snt_budget *budget);
/* A lua_Alloc whose user data is the budget. Growth costs fuel too: that is what charges `..` and table growth. */
void *snt_budget_alloc(void *user, void *block, size_t old_size, size_t new_size);

struct snt_budget *snt_budget_of(lua_State *L);

/* Starts a call with that much fuel and the flag cleared; counts_instructions sets the hook that charges for them. */
void snt_fuel_arm(lua_State *L, int64_t fuel, bool counts_instructions);
void snt_fuel_disarm(lua_State *L);
/* For a metamethod: marks the instruction that follows the one it was called by. Where no instructions are counted none
 * is marked. */
void snt_fuel_mark_next(lua_State *L);
/* Whether the marked instruction runs now. */
bool snt_fuel_is_next(lua_State *L);
/* Charges the work that a C function is about to do; raises when nothing is left. */
void snt_fuel_spend(lua_State *L, size_t units);
/* What a walk over all slots of any table costs at most: the empty ones too, which cannot be counted beforehand. */
size_t snt_fuel_walk_cost(lua_State *L);
/* Raises when the flag is set. */
void snt_fuel_check(lua_State *L);
/* For a result of len bytes that is about to be built: sets the flag and raises when no block can hold it. */
void snt_fuel_expect_block(lua_State *L, size_t len);

#endif
