#include "lua/observe.h"

void snt_observe_before_policy(const char *where) { (void)where; }
