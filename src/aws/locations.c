#include "aws/shared_config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

char *snt_aws_home(const char *(*lookup)(void *context, const char *name), void *context) {
  const char *home = lookup(context, "HOME");
  if (home != NULL && home[0] == '/') {
    return snt_str_dup(home);
  }
  char text[4096];
  struct passwd entry;
  struct passwd *found = NULL;
  if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) != 0 || found == NULL || found->pw_dir[0] != '/') {
    return NULL;
  }
  return snt_str_dup(found->pw_dir);
}

static snt_status find_one(const char *given, const char *home, const char *name, char **out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  bool is_given = given != NULL && given[0] != '\0';
  bool needs_home = !is_given || strcmp(given, "~") == 0 || strncmp(given, "~/", 2) == 0;
  if (needs_home && home == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "there is no home directory to look for .aws/%s in", name));
    return snt_err_hint(err, "set HOME, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE");
  }
  if (!needs_home) {
    SNT_TRY(snt_buf_append_str(&path, given, err));
  } else if (is_given) {
    SNT_TRY(snt_buf_appendf(&path, err, "%s%s", home, given + 1));
  } else {
    SNT_TRY(snt_buf_appendf(&path, err, "%s/.aws/%s", home, name));
  }
  *out = snt_buf_take(&path);
  return *out == NULL ? snt_fail_memory(err) : snt_done();
}

snt_status snt_aws_locations_find(const char *(*lookup)(void *context, const char *name), void *context,
                                  struct snt_aws_locations *out, struct snt_err *err) {
  *out = (struct snt_aws_locations){0};
  SNT_FREE_AUTO char *home = snt_aws_home(lookup, context);
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations found = {0};
  SNT_TRY(find_one(lookup(context, "AWS_CONFIG_FILE"), home, "config", &found.config, err));
  SNT_TRY(find_one(lookup(context, "AWS_SHARED_CREDENTIALS_FILE"), home, "credentials", &found.credentials, err));
  out->config = SNT_MOVE(found.config);
  out->credentials = SNT_MOVE(found.credentials);
  return snt_done();
}

void snt_aws_locations_clear(struct snt_aws_locations *locations) {
  free(locations->config);
  free(locations->credentials);
  *locations = (struct snt_aws_locations){0};
}
