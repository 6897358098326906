/* base/clock (layer 0): the machine's clocks. The decision's time comes from STS (aws.md, Time). */
#ifndef SNT_BASE_CLOCK_H
#define SNT_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t snt_clock_wall_ms(void);
/* Milliseconds that never run backwards; for deadlines and elapsed time. */
int64_t snt_clock_monotonic_ms(void);
/* Milliseconds since the machine was started, sleep included: comparable between processes of one boot. */
int64_t snt_clock_boot_ms(void);
/* Whether both clocks say, within a minute, that as much time has passed since a moment whose times these are. Not when
 * one of them was turned, or the machine was halted and only one took note of it. */
bool snt_clock_agrees(int64_t boot_ms, int64_t wall_ms);
/* The kernel's id of this boot, 36 characters; "" when it cannot be read. */
void snt_clock_boot_id(char out[static 37]);

#endif
