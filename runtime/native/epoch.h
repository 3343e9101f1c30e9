/* Which deleted slots may be used again: epochs.
 *
 * A run announces the epoch in which it began. The epoch moves on when every active run has announced the present
 * one, so what was deleted in epoch e is out of every run's reach in epoch e + 2.
 */
#ifndef BPFCC_EPOCH_H
#define BPFCC_EPOCH_H

#include "bpfcc.h"
#include "map_platform.h"

/* The stamp of something that was made unreachable just now; a locked operation must lie in between. */
uint32_t epoch_stamp(void);
/* Without that: within a run only, and one epoch too early for a stamp. */
uint32_t epoch_present(void);
/* Whether what carries `stamp` is out of reach of every run; moves the epoch on where it can. */
bool epoch_passed(uint32_t stamp);

#endif
