/* What is in force, as the folder or file that it was.
 *
 * MUST
 *  1. write only where nothing is, and only below the folder that is named: an archive has no other names;
 *  2. leave nothing behind when it fails. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "issue/publish.h"
#include "policy/bundle.h"
#include "policy/manifest_format.h"
#include "policy/pack.h"

enum { OPEN_FOLDERS = 16 };

/* A folder or file that is not in its place yet; goes with whatever is in it. */
struct unfinished {
  struct snt_buf path;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}

static void clear_unfinished(struct unfinished *unfinished) {
  if (unfinished->path.len > 0) {
    (void)nftw(unfinished->path.data, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
  }
  snt_buf_clear(&unfinished->path);
}

static snt_status fail_io(const char *path, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_IO, "%s cannot be %s: %s", path, what, strerror(errno));
}

/* Beside its place, so that it can be moved there. */
static snt_status make_unfinished(const char *path, struct unfinished *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_TRY(snt_buf_appendf(&name, err, "%s.XXXXXX", path));
  if (mkdtemp(name.data) == NULL) {
    return fail_io(path, "made", err);
  }
  out->path = name;
  name = (struct snt_buf){0}; /* ownership went to out */
  return chmod(out->path.data, 0755) == 0 ? snt_done() : fail_io(out->path.data, "made readable", err);
}

/* The folders of a file below root, which has its slash. */
static snt_status make_folders(const char *root, const char *name, struct snt_err *err) {
  for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    SNT_BUF_AUTO struct snt_buf path = {0};
    SNT_TRY(snt_buf_appendf(&path, err, "%s/%.*s", root, (int)(slash - name), name));
    if (mkdir(path.data, 0755) != 0 && errno != EEXIST) {
      return fail_io(path.data, "made", err);
    }
  }
  return snt_done();
}

static snt_status write_file(const char *root, const char *name, const struct snt_buf *text, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(make_folders(root, name, err));
  SNT_TRY(snt_buf_appendf(&path, err, "%s/%s", root, name));
  return snt_file_replace(path.data, snt_buf_borrow(text), text->len, 0644, err);
}

static snt_status write_bundle(const char *root, const struct snt_policy *policy, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf manifest = {0};
  SNT_TRY(snt_manifest_format_yaml(&policy->manifest, &manifest, err));
  SNT_TRY(write_file(root, SNT_BUNDLE_MANIFEST, &manifest, err));
  for (size_t i = 0; i < policy->file_count; i++) {
    if (strcmp(policy->files[i].name, SNT_BUNDLE_MANIFEST) == 0) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "the bundle holds a file " SNT_BUNDLE_MANIFEST " beside its manifest");
    }
    SNT_TRY(write_file(root, policy->files[i].name, &policy->files[i].text, err));
  }
  return snt_done();
}

/* Nothing that is there is replaced, not even an empty folder. */
static snt_status move(const char *from, const char *path, struct snt_err *err) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
    return snt_done();
  }
  if (errno != EEXIST) {
    return fail_io(path, "written", err);
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is there already, and is not replaced", path));
  return snt_err_hint(err, "move it away, or write elsewhere: --out DIR");
}

static snt_status pull_bundle(const struct snt_publish_view *view, const struct snt_published *at, const char *path,
                              struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_CLEANUP(clear_unfinished) struct unfinished folder = {0};
  struct snt_slice packed = {snt_buf_borrow(&at->packed), at->packed.len};
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(snt_packed_open(view->parameter, packed, evaluator, &policy, err));
  SNT_TRY(make_unfinished(path, &folder, err));
  SNT_TRY(write_bundle(folder.path.data, &policy, err));
  SNT_TRY(move(folder.path.data, path, err));
  snt_buf_clear(&folder.path); /* it is in its place */
  return snt_done();
}

static snt_status pull_bare(const struct snt_published *at, const char *path, struct snt_err *err) {
  SNT_CLEANUP(clear_unfinished) struct unfinished folder = {0};
  SNT_BUF_AUTO struct snt_buf file = {0};
  SNT_TRY(make_unfinished(path, &folder, err));
  SNT_TRY(write_file(folder.path.data, "policy", &at->value, err));
  SNT_TRY(snt_buf_appendf(&file, err, "%s/policy", folder.path.data));
  return move(file.data, path, err);
}

snt_status snt_publish_pull(const struct snt_publish_view *view, const struct snt_published *at, const char *out,
                            struct snt_buf *written, struct snt_err *err) {
  const char *name = strrchr(view->parameter, '/') + 1;
  struct snt_slice value = {snt_buf_borrow(&at->value), at->value.len};
  const char *end = at->is_pointer ? "" : snt_policy_is_lua_text(value) ? ".lua" : ".yaml";
  SNT_TRY(out != NULL ? snt_buf_append_str(written, out, err) : snt_buf_appendf(written, err, "%s%s", name, end));
  while (written->len > 1 && written->data[written->len - 1] == '/') {
    written->data[--written->len] = '\0';
  }
  return at->is_pointer ? pull_bundle(view, at, written->data, err) : pull_bare(at, written->data, err);
}
