#include "base/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "snt_build_id.h"

static snt_status module_path(const char *name, char out[static PATH_MAX], struct snt_err *err) {
  ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
  if (len <= 0) {
    return snt_fail(err, SNT_CODE_BUG, "/proc/self/exe: %s", strerror(errno));
  }
  out[len] = '\0';
  char *slash = strrchr(out, '/');
  size_t room = (size_t)(out + PATH_MAX - slash - 1);
  if (snprintf(slash + 1, room, "%s.so", name) >= (int)room) {
    return snt_fail(err, SNT_CODE_BUG, "the path of the program is too long");
  }
  return snt_done();
}

snt_status snt_module_load(const char *name, const void **table, struct snt_err *err) {
  *table = NULL;
  char path[PATH_MAX];
  SNT_TRY(module_path(name, path, err));
  /* The module itself is linked to bind at once; the libraries behind it need not, where they were not. */
  void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (handle == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_INSTALLATION, "%s cannot be loaded: %s", path, dlerror()));
    return snt_err_hint(err, "%s.so is installed beside the program; install both together", name);
  }
  char symbol[64];
  (void)snprintf(symbol, sizeof symbol, "snt_module_%s", name);
  const struct snt_module *module = dlsym(handle, symbol);
  if (module == NULL || strncmp(module->build_id, SNT_BUILD_ID, sizeof module->build_id) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_INSTALLATION, "%s is not of this build of sentinel", path));
    return snt_err_hint(err, "install the program and its modules together");
  }
  *table = module->table;
  return snt_done();
}
