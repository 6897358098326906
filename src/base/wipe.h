/* base/wipe (layer 0): an allocator for libraries through whose memory secrets pass: blocks of malloc that are wiped
 * when they are freed, or left behind by growing. malloc itself makes them. */
#ifndef SNT_BASE_WIPE_H
#define SNT_BASE_WIPE_H

#include <stddef.h>

/* Accepts NULL. */
void snt_wipe_free(void *block);
/* As realloc; NULL when out of memory, and then the block is as it was. */
void *snt_wipe_realloc(void *block, size_t size);

#endif
