/* base/browser (layer 0): showing a page to the person in front of this machine.
 *
 * MUST
 *  1. ask only for https pages, and for http ones of this machine's loopback;
 *  2. leave stdin, stdout and the secrets of this process to themselves. */
#ifndef SNT_BASE_BROWSER_H
#define SNT_BASE_BROWSER_H

#include "base/status.h"

/* Whether a page could be shown: DISPLAY or WAYLAND_DISPLAY is set, and xdg-open is on PATH. Code ACTION_REQUIRED, with
 * the reason. */
snt_status snt_browser_check(struct snt_err *err);
/* Hands the URL to xdg-open and returns as soon as it has taken it, at most a few seconds later; the browser goes on by
 * itself. Codes ACTION_REQUIRED (nobody can be shown a page), IO (xdg-open failed), USAGE (no URL to show). No message
 * holds the URL, which may carry a secret. */
snt_status snt_browser_open(const char *url, struct snt_err *err);

#endif
