/* policy/difference (layer 4): what is different between two policies, as data. */
#ifndef SNT_POLICY_DIFFERENCE_H
#define SNT_POLICY_DIFFERENCE_H

#include <stdint.h>

#include "policy/source.h"

struct snt_difference {
  bool has_before; /* false: nothing was in force */
};
void snt_difference_clear(struct snt_difference *difference);
#define SNT_DIFFERENCE_AUTO SNT_CLEANUP(snt_difference_clear)

/* Whether rules, manifest or files are different at all. */
bool snt_difference_is_any(const struct snt_difference *difference);
/* Whether somebody gets in who was kept out, or stays longer, or that is not known. */
bool snt_difference_is_wider(const struct snt_difference *difference);

#endif
