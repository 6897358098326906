/* lua/vm (layer 3): one Lua state with limits and the embedded stdlib; what template and worker call.
 *
 * Policy text is only ever run through the stdlib, in the environment of lua/sandbox. */
#ifndef SNT_LUA_VM_H
#define SNT_LUA_VM_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct snt_vm;

enum snt_vm_result { SNT_VM_FAILED = 0, SNT_VM_OK, SNT_VM_FUEL, SNT_VM_MEMORY };

/* A state with its memory budget and the stdlib loaded. Codes NO_MEMORY; BUG when the stdlib does not load. */
snt_status snt_vm_new(struct snt_vm **out, struct snt_err *err);
/* Accepts NULL and a pointer to NULL; leaves NULL. */
void snt_vm_free(struct snt_vm **vm);
#define SNT_VM_AUTO SNT_CLEANUP(snt_vm_free)

/* Calls the stdlib's function `name` (lua/stdlib/init.lua) with n string arguments; the string it
 * returns is appended to reply. The fuel is for this call alone. After FUEL and MEMORY reply holds the answer of the
 * stdlib's "failed"("budget_exceeded"), which runs on a small reserve of both. After FAILED reply is as it was and
 * snt_vm_borrow_error says why. Anything but OK, FUEL and MEMORY with a reply is no answer. */
enum snt_vm_result snt_vm_call(struct snt_vm *vm, const char *name, const struct snt_slice *args, size_t n,
                               int64_t fuel, struct snt_buf *reply);
/* Why the last call failed; "" when it did not. Dies with the next call. */
const char *snt_vm_borrow_error(const struct snt_vm *vm);

/* From here on it may take that many bytes more than it has, and so many in one block. A new one may take 48 MiB in
 * all, 1 MiB in one block. */
void snt_vm_make_room(struct snt_vm *vm, size_t bytes, size_t block);

/* For a process that has no other use for its heap: memory that malloc lost between the VM's blocks counts, up to 8 MiB
 * above what the blocks may take. */
void snt_vm_own_heap(struct snt_vm *vm);

/* Gives the VM a time zone (the bytes of a TZif file, RFC 8536), before "link". False when they are not valid, when the
 * name is not one, or when memory runs out. A second zone of the same name replaces the first. */
bool snt_vm_add_zone(struct snt_vm *vm, const char *name, const char *data, size_t len);

#endif
