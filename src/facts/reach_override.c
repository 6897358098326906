#include <stddef.h>

#include "facts/reach.h"

struct snt_reach_override snt_reach_override(void) {
  return (struct snt_reach_override){NULL, NULL, false};
}
