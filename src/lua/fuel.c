/* MUST
 *  1. refuse what passes the total or one block's cap, and remember the first refusal for good;
 *  2. never refuse a block that shrinks: Lua relies on it;
 *  3. raise, once the flag is set, from every charge and every count of the hook.
 *
 * One instruction may be longer than its unit: comparing long strings, `%` of far floats, thousands of varargs, a
 * numeral of 1 MiB. No hook runs in it and nothing charges for it; the deadline of lua/evaluator ends such a run. */
#include "lua/fuel.h"

#include "base/clock.h"
#include "lua/vm_internal.h"

#include <lauxlib.h>
#include <malloc.h>
#include <unistd.h>

#define HOOK_INTERVAL 1000
#define STEP_COST 250     /* of an interval that begins anew: fewer than 1,000 instructions go uncounted each time */
#define BYTES_PER_UNIT 64 /* of growth: copying 1 MiB is 16,384 units */
#define BLOCK_COST 4      /* of every new block, however small */
#define SMALLEST_BLOCK 32
#define WALK_BYTES_PER_UNIT 512
#define COLLECT_FROM ((size_t)6 << 20)
#define COLLECT_ABOVE ((size_t)24 << 20) /* from here on garbage is collected before it can fill the budget */
#define LOST_MAX ((size_t)8 << 20)       /* what may lie between blocks */
#define STRING_OVERHEAD 64               /* header of a string or buffer beside its bytes */

static const char abort_marker; /* its address is the error value of running out: raising it allocates nothing */

struct snt_budget *snt_budget_of(lua_State *L) {
  return &snt_vm_of(L)->budget;
}

void snt_budget_own_heap(struct snt_budget *budget) {
  budget->heap_start = sbrk(0);
  (void)mallopt(M_MMAP_THRESHOLD, SNT_BUDGET_MAPPED_FROM);
}

static void charge(struct snt_budget *budget, size_t units) {
  if (units >= (uint64_t)budget->fuel) {
    budget->fuel = 0;
  } else {
    budget->fuel -= (int64_t)units;
  }
}

/* What a block takes of the process's memory at most: malloc adds a word and rounds up, which makes a third more of
 * many small blocks. */
static size_t weigh(size_t size) {
  size_t whole = (size + sizeof(size_t) + 15) & ~(size_t)15;
  return size == 0 ? 0 : whole < SMALLEST_BLOCK ? SMALLEST_BLOCK : whole;
}

/* Only growth above everything before is refused, at the next block: this one is there. */
static void note_growth(struct snt_budget *budget) {
  if (budget->heap_start == NULL) {
    return;
  }
  size_t resident = (size_t)((const char *)sbrk(0) - budget->heap_start) + budget->mapped;
  if (resident > budget->peak) {
    budget->peak = resident;
    if (resident > budget->cap + LOST_MAX && budget->abort == SNT_ABORT_NONE) {
      budget->abort = SNT_ABORT_MEMORY;
    }
  }
}

static size_t weigh_mapped(size_t size) { return size >= SNT_BUDGET_MAPPED_FROM ? weigh(size) : 0; }

static bool is_refused(struct snt_budget *budget, size_t more, size_t new_size) {
  if (budget->abort == SNT_ABORT_NONE && new_size <= budget->block_cap && budget->used + more <= budget->cap) {
    return false;
  }
  if (budget->abort == SNT_ABORT_NONE) {
    budget->abort = SNT_ABORT_MEMORY;
  }
  return true;
}

/* A collection touches every object, and in a worker that copies every page: there is none before there is something to
 * collect, which few policies reach. Starting it only sets what Lua looks at after this allocation. */
static void start_collecting(struct snt_budget *budget) {
  if (!budget->is_collecting && budget->used > COLLECT_FROM && budget->L != NULL) {
    budget->is_collecting = true;
    (void)lua_gc(budget->L, LUA_GCRESTART);
  }
}

void *snt_budget_alloc(void *user, void *block, size_t old_size, size_t new_size) {
  struct snt_budget *budget = user;
  size_t old = block == NULL ? 0 : old_size; /* without a block old_size is a kind of object */
  if (new_size == 0) {
    snt_pool_give(&budget->pool, block, old);
    budget->used -= weigh(old);
    budget->mapped -= weigh_mapped(old);
    return NULL;
  }
  if (new_size > old && is_refused(budget, weigh(new_size) - weigh(old), new_size)) {
    return NULL;
  }
  budget->pool.cap = new_size > old ? budget->cap + LOST_MAX : SIZE_MAX;
  void *moved = snt_pool_resize(&budget->pool, block, old, new_size);
  if (moved == NULL && new_size <= old) {
    moved = block;
  }
  if (moved == NULL) {
    budget->abort = SNT_ABORT_MEMORY;
    return NULL;
  }
  budget->used = budget->used - weigh(old) + weigh(new_size);
  budget->mapped = budget->mapped - weigh_mapped(old) + weigh_mapped(new_size);
  if (new_size > old) {
    note_growth(budget);
    charge(budget, (block == NULL ? BLOCK_COST : 0) + new_size / BYTES_PER_UNIT);
    start_collecting(budget);
  }
  if (new_size > budget->largest && (block != NULL || old_size != LUA_TSTRING)) {
    budget->largest = new_size;
  }
  return moved;
}

/* The cap of memory counts garbage; Lua's own pace lets it double. The count of the
 * hook is the same on every machine, and so is what this frees. */
static void collect_when_large(lua_State *L, struct snt_budget *budget) {
  if (budget->used > COLLECT_ABOVE && budget->used > budget->kept + budget->kept / 4) {
    lua_gc(L, LUA_GCCOLLECT);
    budget->kept = budget->used;
  }
}

static void on_count(lua_State *L, lua_Debug *activation) {
  (void)activation;
  struct snt_budget *budget = snt_budget_of(L);
  if (budget->steps > 0) {
    if (--budget->steps == 0) {
      lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_INTERVAL);
    }
    snt_fuel_check(L);
    return;
  }
  if (budget->end_ms != 0 && budget->abort == SNT_ABORT_NONE && snt_clock_monotonic_ms() > budget->end_ms) {
    budget->abort = SNT_ABORT_TIME;
  }
  charge(budget, HOOK_INTERVAL);
  snt_fuel_check(L);
  collect_when_large(L, budget);
}

void snt_fuel_arm(lua_State *L, int64_t fuel, bool counts_instructions) {
  struct snt_budget *budget = snt_budget_of(L);
  budget->fuel = fuel > 0 ? fuel : 0;
  budget->abort = SNT_ABORT_NONE;
  budget->steps = 0;
  if (counts_instructions) {
    lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_INTERVAL);
  }
}

void snt_fuel_disarm(lua_State *L) { lua_sethook(L, NULL, 0, 0); }

/* The hook is called before an instruction: twice, for the next one to begin and for it to be over. */
void snt_fuel_mark_next(lua_State *L) {
  if (lua_gethook(L) == on_count) {
    snt_fuel_spend(L, STEP_COST);
    snt_budget_of(L)->steps = 2;
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
  }
}

bool snt_fuel_is_next(lua_State *L) { return snt_budget_of(L)->steps == 1; }

void snt_fuel_check(lua_State *L) {
  struct snt_budget *budget = snt_budget_of(L);
  if (budget->abort == SNT_ABORT_NONE && budget->fuel <= 0) {
    budget->abort = SNT_ABORT_FUEL;
  }
  if (budget->abort != SNT_ABORT_NONE) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&abort_marker);
    lua_error(L);
  }
}

void snt_fuel_spend(lua_State *L, size_t units) {
  charge(snt_budget_of(L), units);
  snt_fuel_check(L);
}

size_t snt_fuel_walk_cost(lua_State *L) { return snt_budget_of(L)->largest / WALK_BYTES_PER_UNIT; }

void snt_fuel_expect_block(lua_State *L, size_t len) {
  struct snt_budget *budget = snt_budget_of(L);
  if (len > budget->block_cap - STRING_OVERHEAD && budget->abort == SNT_ABORT_NONE) {
    budget->abort = SNT_ABORT_MEMORY;
  }
  snt_fuel_check(L);
}
