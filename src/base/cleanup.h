/* base/cleanup (layer 0): resources that free themselves at the end of their scope.
 *
 *   SNT_BUF_AUTO struct snt_buf text = {0};
 *   *out = SNT_MOVE(thing);            ownership leaves: thing becomes NULL */
#ifndef SNT_BASE_CLEANUP_H
#define SNT_BASE_CLEANUP_H

#define SNT_CLEANUP(function) __attribute__((cleanup(function)))

#define SNT_MOVE(pointer)                                                                                              \
  (__extension__({                                                                                                     \
    __typeof__(pointer) snt_moved = (pointer);                                                                         \
    (pointer) = NULL;                                                                                                  \
    snt_moved;                                                                                                         \
  }))

/* Frees memory from malloc that never held a secret: SNT_FREE_AUTO char *name = NULL; */
void snt_free_auto(void *pointer_to_pointer);
#define SNT_FREE_AUTO SNT_CLEANUP(snt_free_auto)

/* Closes a descriptor that is not negative: SNT_FD_AUTO int fd = -1; */
void snt_fd_auto(int *fd);
#define SNT_FD_AUTO SNT_CLEANUP(snt_fd_auto)

#endif
