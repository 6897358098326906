/* What every measuring program needs: a clock and the order of what it measured. */
#ifndef SNT_BENCH_MEASURE_H
#define SNT_BENCH_MEASURE_H

#include <stdlib.h>
#include <time.h>

static inline double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static inline void sort_doubles(double *list, size_t count) { qsort(list, count, sizeof *list, compare_doubles); }

#endif
