#include "cli/test_paths.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/common.h"
#include "policy/pack.h"
#include "policy/shuffle.h"

enum { DEPTH_MAX = 16 };

void snt_test_paths_clear(struct snt_test_paths *paths) {
  for (size_t i = 0; i < paths->count; i++) {
    free(paths->list[i].path);
    free(paths->list[i].problem);
    free(paths->list[i].place);
  }
  free(paths->list);
  memset(paths, 0, sizeof *paths);
}

/* What a spec tests depends on its folder and its own name: a link to a spec elsewhere is another spec. */
static char *find_place(const char *path, bool is_folder) {
  char real[PATH_MAX];
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  SNT_FREE_AUTO char *folder = snt_str_dup_slice((struct snt_slice){path, (size_t)(name - path)});
  char *place = NULL;
  if (folder == NULL || realpath(is_folder ? path : slash == NULL ? "." : folder, real) == NULL) {
    return snt_str_dup(path);
  }
  if (is_folder) {
    return snt_str_dup(real);
  }
  return asprintf(&place, "%s/%s", real, name) < 0 ? NULL : place;
}

/* Whether it is one of the first. */
static bool is_known(const struct snt_test_paths *paths, const char *place) {
  for (size_t i = 0; i < paths->known; i++) {
    if (strcmp(paths->list[i].place, place) == 0) {
      return true;
    }
  }
  return false;
}

static snt_status add_entry(struct snt_test_paths *paths, const char *path, const char *problem, struct snt_err *err) {
  SNT_FREE_AUTO char *place = find_place(path, problem != NULL);
  if (place == NULL) {
    return snt_fail_memory(err);
  }
  if (is_known(paths, place)) {
    return snt_done();
  }
  struct snt_test_path *list = realloc(paths->list, (paths->count + 1) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  paths->list = list;
  struct snt_test_path *entry = &list[paths->count++];
  *entry = (struct snt_test_path){.path = snt_str_dup(path), .problem = problem == NULL ? NULL : snt_str_dup(problem)};
  entry->place = SNT_MOVE(place);
  return entry->path != NULL && (problem == NULL || entry->problem != NULL) ? snt_done() : snt_fail_memory(err);
}

/* Reports are UTF-8, and name it. */
static snt_status add_spec(struct snt_test_paths *paths, const char *path, struct snt_err *err) {
  if (!snt_utf8_check_printable(path, strlen(path))) {
    SNT_BUF_AUTO struct snt_buf clean = {0};
    SNT_TRY(snt_cli_print_clean(&clean, path, err));
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "the name of %s is not printable UTF-8", clean.data));
    return snt_err_hint(err, "give the spec another name");
  }
  return add_entry(paths, path, NULL, err);
}

static bool is_spec(const char *name) {
  return snt_str_ends_with(name, "_spec.lua") || snt_str_ends_with(name, "_spec.yaml");
}

static snt_status add_path(struct snt_test_paths *paths, const char *path, int depth, struct snt_err *err);

/* What lies in a folder, in the order of its names. */
static snt_status add_folder(struct snt_test_paths *paths, const char *path, int depth, struct snt_err *err) {
  struct dirent **entries = NULL;
  char problem[128];
  (void)snprintf(problem, sizeof problem, "the folder lies more than %d folders deep, and is not looked into",
                 DEPTH_MAX);
  int count = depth > DEPTH_MAX ? -1 : scandir(path, &entries, NULL, alphasort);
  if (count < 0 && depth <= DEPTH_MAX) {
    (void)snprintf(problem, sizeof problem, "the folder cannot be listed: %s", strerror(errno));
  }
  snt_status status = count < 0 ? add_entry(paths, path, problem, err) : snt_done();
  for (int i = 0; i < count; i++) {
    SNT_BUF_AUTO struct snt_buf below = {0};
    if (snt_ok(status) && entries[i]->d_name[0] != '.') {
      status =
          snt_buf_appendf(&below, err, "%s%s%s", path, snt_str_ends_with(path, "/") ? "" : "/", entries[i]->d_name);
      status = snt_ok(status) ? add_path(paths, below.data, depth + 1, err) : status;
    }
    free(entries[i]);
  }
  free(entries);
  return status;
}

snt_status snt_test_paths_absent(const char *path, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "there is no %s", path));
  return snt_err_hint(err, "name specs, or folders that have some: sentinel test PATH...; without a name, policies/");
}

static snt_status add_path(struct snt_test_paths *paths, const char *path, int depth, struct snt_err *err) {
  struct stat st;
  if ((depth == 0 ? stat : lstat)(path, &st) != 0) {
    bool is_absent = errno == ENOENT || errno == ENOTDIR;
    return depth > 0   ? snt_done()
           : is_absent ? snt_test_paths_absent(path, err)
                       : snt_fail(err, SNT_CODE_USAGE, "%s cannot be looked at: %s", path, strerror(errno));
  }
  if (S_ISDIR(st.st_mode)) {
    return add_folder(paths, path, depth, err);
  }
  if (depth == 0 && snt_str_ends_with(path, SNT_PACKED_SUFFIX)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s is a packed bundle, and no spec is packed", path));
    return snt_err_hint(err, "name the folder that it was packed from, or a spec that names it as its policy");
  }
  if (depth == 0 && !is_spec(path)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s is no spec", path));
    return snt_err_hint(err, "a spec's name ends in _spec.lua or _spec.yaml");
  }
  return is_spec(path) ? add_spec(paths, path, err) : snt_done();
}

snt_status snt_test_paths_add(struct snt_test_paths *paths, const char *path, struct snt_err *err) {
  paths->known = paths->count; /* below one path nothing lies twice */
  return add_path(paths, path, 0, err);
}

snt_status snt_test_paths_shuffle(struct snt_test_paths *paths, uint32_t seed, struct snt_err *err) {
  SNT_FREE_AUTO size_t *order = calloc(paths->count + 1, sizeof *order);
  SNT_FREE_AUTO struct snt_test_path *list = calloc(paths->count + 1, sizeof *list);
  if (order == NULL || list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < paths->count; i++) {
    order[i] = i;
  }
  snt_shuffle(seed, order, paths->count);
  for (size_t i = 0; i < paths->count; i++) {
    list[i] = paths->list[order[i]];
  }
  for (size_t i = 0; i < paths->count; i++) {
    paths->list[i] = list[i];
  }
  return snt_done();
}
