/* lua/observe (layer 3): a place for a test to look at template and worker just before they meet policy. What ships
 * does nothing here; a test program links its own function (tests/faults). */
#ifndef SNT_LUA_OBSERVE_H
#define SNT_LUA_OBSERVE_H

/* where is "template" or "worker". */
void snt_observe_before_policy(const char *where);

#endif
