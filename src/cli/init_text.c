#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/init.h"
#include "format/json.h"

snt_status snt_init_append_program(struct snt_buf *out, struct snt_err *err) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  char path[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
  if (len <= 0) {
    return snt_buf_append_str(out, "sentinel", err);
  }
  path[len] = '\0';
  if (strspn(path, plain) == (size_t)len) {
    return snt_buf_append_str(out, path, err);
  }
  if (strchr(path, '\'') != NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "the path of the program holds a quote: %s", path));
    return snt_err_hint(err, "no line of ~/.aws/config can name it: install it under another path");
  }
  return snt_buf_appendf(out, err, "'%s'", path);
}

snt_status snt_init_print_profile(const char *profile, const char *role, const char *region, struct snt_out *out,
                                  struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf program = {0};
  SNT_TRY(snt_init_append_program(&program, err));
  return snt_out_printf(out, err,
                        "[profile %s]\n"
                        "credential_process = %s credentials --profile %s\n"
                        "sentinel_role_arn = %s\n"
                        "region = %s\n",
                        profile, program.data, profile, role, region);
}

static snt_status print_list(const char *title, char *const *list, struct snt_out *out, struct snt_err *err) {
  for (size_t i = 0; list[i] != NULL; i++) {
    SNT_TRY(snt_out_printf(out, err, "  %-14s %s\n", i == 0 ? title : "", list[i]));
  }
  return snt_done();
}

/* "new      path  what", below the folder that was named already. */
static snt_status print_item(const struct snt_setup *setup, const struct snt_setup_item *item, struct snt_out *out,
                             struct snt_err *err) {
  return snt_out_printf(out, err, "  %-8s %-42s %s\n", snt_setup_state_name(item->state),
                        item->path.data + setup->folder.len + 1, item->what);
}

static snt_status print_items(const struct snt_setup *setup, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "\nfiles of %s\n", setup->folder.data));
  for (size_t i = 0; i < setup->item_count; i++) {
    SNT_TRY(print_item(setup, &setup->items[i], out, err));
  }
  return snt_done();
}

static snt_status print_documents(const struct snt_setup *setup, struct snt_out *out, struct snt_err *err) {
  for (size_t i = 0; i < setup->item_count; i++) {
    const struct snt_setup_item *item = &setup->items[i];
    SNT_TRY(item->is_document ? snt_out_printf(out, err, "\n== %s\n%s", item->path.data, item->text.data) : snt_done());
  }
  return snt_done();
}

/* Its lines, where a person has to write them. */
static snt_status print_settings(const struct snt_setup_settings *settings, struct snt_out *out, struct snt_err *err) {
  if (settings->state == SNT_SETUP_SAME || settings->state == SNT_SETUP_WRITTEN) {
    return snt_done();
  }
  const char *why = settings->is_locked                    ? "the administrator of this machine has to write"
                    : settings->state == SNT_SETUP_MISSING ? "will hold"
                                                           : "is left as it is; it needs";
  return snt_out_printf(out, err, "\n%s %s:\n\n%s", settings->path.data, why, settings->text.data);
}

snt_status snt_init_print(const struct snt_setup *setup, bool has_texts, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "policy %s of the installation %s\n", setup->name, setup->installation));
  SNT_TRY(snt_out_printf(out, err, "  %-14s %s, %s\n", "account", setup->account,
                         setup->was_asked ? "as STS says" : "as --account says; nothing was asked of AWS"));
  SNT_TRY(print_list("regions", setup->regions, out, err));
  SNT_TRY(print_list("roles", setup->roles, out, err));
  static char unknown[] = "who runs it with --yes, as STS says";
  char *const nobody[] = {unknown, NULL};
  SNT_TRY(print_list("users", setup->users[0] == NULL ? nobody : setup->users, out, err));
  SNT_TRY(snt_out_printf(out, err, "  %-14s /sentinel/policies/%s and its parts below /sentinel/bundles\n",
                         "parameters", setup->name));
  SNT_TRY(snt_out_printf(out, err, "\nkey and configuration\n  %-8s %-42s %s\n", snt_setup_state_name(setup->key.state),
                         setup->key.spec.data,
                         setup->key.public_line.len > 0 ? setup->key.public_line.data
                         : setup->key.is_kms            ? "its public half is asked of KMS with --yes"
                                                        : "signs policy: Ed25519, readable by you alone"));
  SNT_TRY(snt_out_printf(out, err, "  %-8s %-42s where policy is, and who may sign it\n",
                         snt_setup_state_name(setup->settings.state), setup->settings.path.data));
  SNT_TRY(print_items(setup, out, err));
  SNT_TRY(print_settings(&setup->settings, out, err));
  return has_texts ? print_documents(setup, out, err) : snt_done();
}

snt_status snt_init_print_publication(const struct snt_setup *setup, const struct snt_init_publication *publication,
                                      struct snt_out *out, struct snt_err *err) {
  bool is_left = false;
  SNT_TRY(snt_out_printf(out, err, "\nin force as /sentinel/policies/%s\n", setup->name));
  for (size_t i = 0; i < publication->count; i++) {
    enum snt_setup_state state = publication->regions[i].state;
    is_left = is_left || state == SNT_SETUP_DIFFERENT || state == SNT_SETUP_MISSING;
    SNT_TRY(snt_out_printf(out, err, "  %-8s %s", state == SNT_SETUP_MISSING ? "nothing" : snt_setup_state_name(state),
                           publication->regions[i].region));
    SNT_TRY(publication->regions[i].serial == 0
                ? snt_out_text(out, state == SNT_SETUP_DIFFERENT ? ", no signed bundle\n" : "\n", err)
                : snt_out_printf(out, err, ", serial %" PRId64 "\n", publication->regions[i].serial));
  }
  return !is_left ? snt_done()
                  : snt_out_printf(
                        out, err,
                        "What differs is left. To put the folder in force: sentinel policy push %s %s/policies/%s "
                        "--key %s\n",
                        setup->name, setup->folder.data, setup->name, setup->key.spec.data);
}

static void put_list(struct snt_json_writer *writer, const char *key, char *const *list) {
  snt_json_begin_array(writer, key);
  for (; *list != NULL; list++) {
    snt_json_put_string(writer, NULL, *list);
  }
  snt_json_end_array(writer);
}

static void put_items(struct snt_json_writer *writer, const struct snt_setup *setup, bool has_texts) {
  snt_json_begin_array(writer, "files");
  for (size_t i = 0; i < setup->item_count; i++) {
    const struct snt_setup_item *item = &setup->items[i];
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "path", item->path.data);
    snt_json_put_string(writer, "state", snt_setup_state_name(item->state));
    snt_json_put_string(writer, "what", item->what);
    if (has_texts && item->is_document) {
      snt_json_put_string(writer, "text", item->text.data);
    }
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
}

static void put_publication(struct snt_json_writer *writer, const struct snt_init_publication *publication) {
  snt_json_begin_array(writer, "published");
  for (size_t i = 0; i < publication->count; i++) {
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "region", publication->regions[i].region);
    snt_json_put_string(writer, "state", snt_setup_state_name(publication->regions[i].state));
    snt_json_put_integer(writer, "serial", publication->regions[i].serial);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
}

snt_status snt_init_print_json(const struct snt_setup *setup, const struct snt_init_publication *publication,
                               bool has_texts, struct snt_out *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "name", setup->name);
  snt_json_put_string(&writer, "installation", setup->installation);
  snt_json_put_string(&writer, "account", setup->account);
  put_list(&writer, "regions", setup->regions);
  put_list(&writer, "roles", setup->roles);
  put_list(&writer, "users", setup->users);
  snt_json_begin_object(&writer, "key");
  snt_json_put_string(&writer, "name", setup->key.spec.data);
  snt_json_put_string(&writer, "public", setup->key.public_line.len == 0 ? NULL : setup->key.public_line.data);
  snt_json_put_string(&writer, "state", snt_setup_state_name(setup->key.state));
  snt_json_end_object(&writer);
  snt_json_begin_object(&writer, "configuration");
  snt_json_put_string(&writer, "path", setup->settings.path.data);
  snt_json_put_string(&writer, "state", snt_setup_state_name(setup->settings.state));
  snt_json_put_bool(&writer, "locked", setup->settings.is_locked);
  snt_json_put_string(&writer, "text", setup->settings.text.data);
  snt_json_end_object(&writer);
  put_items(&writer, setup, has_texts);
  put_publication(&writer, publication);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

snt_status snt_init_print_next(const struct snt_setup *setup, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err,
                         "\nNext: read %s/README.md, give AWS what iam/ holds, and commit the folder.\n"
                         "Engineers have config.yaml as their configuration, and in ~/.aws/config:\n\n",
                         setup->folder.data));
  return snt_init_print_profile(setup->name, setup->roles[0], setup->regions[0], out, err);
}
