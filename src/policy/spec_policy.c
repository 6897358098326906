#include "policy/spec_policy.h"

#include <string.h>
#include <unistd.h>

#include "base/str.h"

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* dev.yaml, dev.lua or dev/ for dev_spec.lua, of which there has to be one. stem: how much of the spec's name is that
 * of its policy. */
static snt_status find_namesake(const char *spec, size_t stem, struct snt_buf *out, struct snt_err *err) {
  static const char *const ends[] = {".yaml", ".yml", ".lua", "/bundle.yaml", "", NULL};
  SNT_BUF_AUTO struct snt_buf path = {0};
  for (const char *const *end = ends; *end != NULL; end++) {
    bool is_bundle = (*end)[0] == '/', is_folder = (*end)[0] == '\0';
    snt_buf_reset(&path);
    SNT_TRY(snt_buf_appendf(&path, err, "%.*s%s", (int)stem, spec, *end));
    if (!exists(path.data) || (is_folder && out->len > 0)) {
      continue;
    }
    path.data[is_bundle ? stem : path.len] = '\0';
    if (out->len > 0) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: there is both %s and %s beside it", spec, out->data,
                          path.data));
      return snt_err_hint(err, "remove the one that is not meant, or name the other in the spec: policy(\"file\")");
    }
    SNT_TRY(snt_buf_append_str(out, path.data, err));
  }
  return snt_done();
}

snt_status snt_spec_find_policy(const char *spec, const char *named, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  const char *slash = strrchr(spec, '/');
  size_t folder_len = slash == NULL ? 0 : (size_t)(slash - spec) + 1;
  SNT_TRY(snt_buf_append(&folder, spec, folder_len, err));
  if (named != NULL) {
    int len = (int)strlen(named) - (snt_str_ends_with(named, "/") ? 1 : 0);
    return snt_buf_appendf(out, err, "%s%.*s", snt_buf_borrow(&folder), len, named);
  }
  const char *base = spec + folder_len;
  int stem = (int)(strlen(base) - strlen("_spec.lua"));
  SNT_TRY(find_namesake(spec, folder_len + (size_t)stem, out, err));
  if (out->len > 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: there is no policy %.*s.yaml, %.*s.lua or %.*s/ beside it",
                      spec, stem, base, stem, base, stem, base));
  return snt_err_hint(err, "name the spec after its policy, or its policy in it: policy(\"file\")");
}
