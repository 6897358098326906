/* The network module: libcurl's multi interface, one for the life of a client, so that connections are used again.
 *
 * MUST
 *  1. wipe what libcurl frees: requests and answers pass through its buffers. */
#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "base/wipe.h"
#include "net/module/exchange.h"
#include "snt_build_id.h"

enum { LONGEST_POLL_MS = 60000 }; /* libcurl's own timers end a poll earlier */

struct network {
  CURLM *multi;
  struct snt_net_trust trust;
};

static char *duplicate(const char *text) { return strdup(text); }

/* Once a process: libcurl has no way to be started twice with other hooks. */
static snt_status start_library(struct snt_err *err) {
  static bool is_started;
  if (!is_started &&
      curl_global_init_mem(CURL_GLOBAL_SSL, malloc, snt_wipe_free, snt_wipe_realloc, duplicate, calloc) != 0) {
    return snt_fail(err, SNT_CODE_BUG, "libcurl cannot be started");
  }
  is_started = true;
  return snt_done();
}

static void close_network(void **state) {
  struct network *network = *state;
  if (network != NULL) {
    (void)curl_multi_cleanup(network->multi);
    free(network);
  }
  *state = NULL;
}

static snt_status open_network(const struct snt_net_trust *trust, void **state, struct snt_err *err) {
  *state = NULL;
  SNT_TRY(start_library(err));
  SNT_CLEANUP(close_network) void *opened = calloc(1, sizeof(struct network));
  struct network *network = opened;
  if (network == NULL) {
    return snt_fail_memory(err);
  }
  network->trust = *trust;
  network->multi = curl_multi_init();
  if (network->multi == NULL) {
    return snt_fail_memory(err);
  }
  *state = SNT_MOVE(opened);
  return snt_done();
}

static void note_results(CURLM *multi) {
  int left = 0;
  for (CURLMsg *message = curl_multi_info_read(multi, &left); message != NULL;
       message = curl_multi_info_read(multi, &left)) {
    struct snt_exchange *exchange = NULL;
    if (message->msg == CURLMSG_DONE &&
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange) == CURLE_OK) {
      snt_exchange_end(exchange, message->data.result);
      if (exchange->call->on_end != NULL) {
        exchange->call->on_end(exchange->call);
      }
    }
  }
}

static snt_status run(CURLM *multi, struct snt_err *err) {
  for (;;) {
    int running = 0;
    CURLMcode code = curl_multi_perform(multi, &running);
    note_results(multi);
    if (code == CURLM_OK && running == 0) {
      return snt_done();
    }
    if (code == CURLM_OK) {
      code = curl_multi_poll(multi, NULL, 0, LONGEST_POLL_MS, NULL);
    }
    if (code != CURLM_OK) {
      return snt_fail(err, code == CURLM_OUT_OF_MEMORY ? SNT_CODE_NO_MEMORY : SNT_CODE_BUG, "libcurl: %s",
                      curl_multi_strerror(code));
    }
  }
}

static snt_status start_all(struct network *network, struct snt_exchange *exchanges, struct snt_net_call *calls,
                            size_t count, struct snt_err *err) {
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_exchange_begin(&exchanges[i], &network->trust, &calls[i], err));
    if (curl_multi_add_handle(network->multi, exchanges[i].easy) != CURLM_OK) {
      return snt_fail_memory(err);
    }
  }
  return snt_done();
}

static snt_status perform(void *state, struct snt_net_call *calls, size_t count, struct snt_err *err) {
  struct network *network = state;
  SNT_FREE_AUTO struct snt_exchange *exchanges = calloc(count, sizeof *exchanges);
  if (exchanges == NULL) {
    return snt_fail_memory(err);
  }
  snt_status status = start_all(network, exchanges, calls, count, err);
  if (snt_ok(status)) {
    status = run(network->multi, err);
  }
  for (size_t i = 0; i < count; i++) {
    if (exchanges[i].easy != NULL) { /* removing one that was not added does nothing */
      (void)curl_multi_remove_handle(network->multi, exchanges[i].easy);
    }
    snt_exchange_clear(&exchanges[i]);
  }
  return status;
}

static const struct snt_net TABLE = {open_network, close_network, perform};

SNT_MODULE_EXPORT extern const struct snt_module snt_module_net;
const struct snt_module snt_module_net = {SNT_BUILD_ID, &TABLE};
