/* audit/log_look (layer 4): a look at the decision log that makes and changes nothing. */
#ifndef SNT_AUDIT_LOG_LOOK_H
#define SNT_AUDIT_LOG_LOOK_H

#include "audit/log.h"

struct snt_log_look {
  bool is_there; /* false: the first record will make it */
  bool has_record;
  bool is_closed;     /* the last record is that of a closed segment: there is none in the file yet */
  bool is_held;       /* another process holds the lock just now */
  bool has_torn_tail; /* the next record repairs it */
  int64_t seq;        /* of the last record */
  int64_t last_ms;    /* its time; 0: not known */
  int64_t size;       /* of the file and the closed segments that it goes on with, in bytes */
  int64_t free_bytes; /* that this user may still write there; -1: not known */
};

/* path is where the log is (snt_log_find_path); with is_default its folder may be missing, for it is made when it is
 * needed. Makes the checks of snt_log_open, and reads the end. Code LOG, naming path and remedy. */
snt_status snt_log_look(const char *path, bool is_default, struct snt_log_look *out, struct snt_err *err);

#endif
