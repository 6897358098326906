/* base/browser (layer 0): showing a page to the person in front of this machine.
 *
 * MUST
 *  1. ask only for https pages, and for http ones of this machine's loopback;
 *  2. leave stdin, stdout and the secrets of this process to themselves;
 *  3. leave no process of ours behind, and wait for none that shows the page. */
#ifndef SNT_BASE_BROWSER_H
#define SNT_BASE_BROWSER_H

#include "base/status.h"

/* Whether a page could be shown: DISPLAY or WAYLAND_DISPLAY is set, and xdg-open is on PATH. Code ACTION_REQUIRED, with
 * the reason. */
snt_status snt_browser_check(struct snt_err *err);
/* Hands the URL to xdg-open and returns as soon as it has taken it, at most a few seconds later; the browser goes on by
 * itself. Whoever looks at this machine's processes meanwhile sees the URL: one that is a secret has to be handed over
 * in another way. Codes ACTION_REQUIRED (nobody can be shown a page), IO (xdg-open failed), USAGE (no URL to show). No
 * message holds the URL. */
snt_status snt_browser_open(const char *url, struct snt_err *err);
/* The same, and returns at once when a connection waits at visitor, a listening socket that the URL leads to. */
snt_status snt_browser_open_for(const char *url, int visitor, struct snt_err *err);

#endif
