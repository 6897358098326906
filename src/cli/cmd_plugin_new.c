/* sentinel plugin new: a plugin that works and is tested, to be changed into another. Nothing that is there already is
 * touched. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"
#include "policy/grants.h"

/* "@" stands for the plugin's name. */
static const char MANIFEST[] =
    "return {\n"
    "  name = \"@\", version = \"0.1.0\", api = 1,\n"
    "  summary = \"Holds while the service that is named is up\",\n"
    "  args = {\n"
    "    service = { type = \"string\", required = true, description = \"the service's id\" },\n"
    "  },\n"
    "  needs = {\n"
    "    http = {\n"
    "      status = { url = \"GET https://status.example.com/api/{service}\", select = { \"state\" } },\n"
    "    },\n"
    "  },\n"
    "  limits = { timeout = \"800ms\" },\n"
    "}\n";

static const char CODE[] = "-- What args, request and host may hold: `sentinel plugin inspect plugins/@`.\n"
                           "return function(args, _, host)\n"
                           "  local answer = host.http { \"status\", service = args.service }\n"
                           "  local state = answer.json and answer.json.state\n"
                           "  if answer.status ~= 200 or type(state) ~= \"string\" then\n"
                           "    error(\"the status service answered \" .. answer.status) -- denies the decision\n"
                           "  end\n"
                           "  return state == \"up\", \"the service is \" .. state\n"
                           "end\n";

static const char SPEC[] = "describe(\"@\", function()\n"
                           "  it(\"holds while the service is up\", function()\n"
                           "    mock.http { need = \"status\", json = { state = \"up\" } }\n"
                           "    assert.is_true(plugin({ service = \"api\" }, {}))\n"
                           "  end)\n"
                           "\n"
                           "  it(\"does not hold while it is down, and says so\", function()\n"
                           "    mock.http { need = \"status\", json = { state = \"down\" } }\n"
                           "    local verdict, detail = plugin({ service = \"api\" }, {})\n"
                           "    assert.is_false(verdict)\n"
                           "    assert.equal(\"the service is down\", detail)\n"
                           "  end)\n"
                           "\n"
                           "  it(\"denies when the answer is not understood\", function()\n"
                           "    mock.http { need = \"status\", status = 404, json = {} }\n"
                           "    local _, _, class = plugin({ service = \"api\" }, {})\n"
                           "    assert.equal(\"plugin_error\", class)\n"
                           "  end)\n"
                           "\n"
                           "  it(\"denies when the answer does not come in time\", function()\n"
                           "    mock.http { need = \"status\", fault = \"timeout\" }\n"
                           "    local _, _, class = plugin({ service = \"api\" }, {})\n"
                           "    assert.equal(\"plugin_timeout\", class)\n"
                           "  end)\n"
                           "end)\n";

static const char README[] =
    "# @\n\n"
    "## What it checks\n\nWhether a service is up, as its status page says.\n\n"
    "## Arguments\n\n| argument | type | |\n|---|---|---|\n| `service` | string, required | the service's id |\n\n"
    "## Example rule\n\n```yaml\n- name: while-up\n  effect: allow\n  conditions: {profiles: [dev], @: {service: "
    "api}}\n"
    "```\n\nIn `bundle.yaml`:\n\n```yaml\nplugins:\n  @: {version: 0.1.0, grant: {http: [status], hosts: "
    "[status.example.com]}}\n```\n\n"
    "## Facts it needs\n\n`status`: the state of the service, from status.example.com.\n\n"
    "## When it fails\n\nAny other answer than 200 with a state, and one that takes longer than 800 ms, denies the "
    "decision.\n";

static const struct {
  const char *file, *text;
} FILES[] = {{"plugin.lua", MANIFEST}, {"init.lua", CODE}, {"README.md", README}, {"spec/@_spec.lua", SPEC}};

/* The text with the name in the place of every "@". */
static snt_status fill_in(const char *text, const char *name, struct snt_buf *out, struct snt_err *err) {
  for (const char *at = text; *at != '\0'; at++) {
    SNT_TRY(*at == '@' ? snt_buf_append_str(out, name, err) : snt_buf_append_char(out, *at, err));
  }
  return snt_done();
}

static snt_status write_file(const char *folder, size_t i, const char *name, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&path, err, "%s/", folder));
  SNT_TRY(fill_in(FILES[i].file, name, &path, err));
  SNT_TRY(fill_in(FILES[i].text, name, &text, err));
  SNT_TRY(snt_file_replace(path.data, text.data, text.len, 0644, err));
  return snt_out_printf(out, err, "wrote    %s\n", path.data);
}

static snt_status make_folder(const char *path, struct snt_err *err) {
  return mkdir(path, 0755) == 0 ? snt_done()
                                : snt_fail(err, SNT_CODE_IO, "the folder %s cannot be made: %s", path, strerror(errno));
}

/* Conditions that there are already: a plugin of such a name would not load (lua/stdlib/plugins.lua). */
static const char *const BUILT_IN[] = {
    "profiles", "users", "groups", "roles",    "accounts", "caller_roles", "caller_accounts",
    "mode",     "time",  "mfa",    "approval", "device",   "source_ip",    "break_glass",
    "all",      "any",   "not",    "function", NULL};

static snt_status check_name(const char *name, struct snt_err *err) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (name[0] < 'a' || name[0] > 'z' || strlen(name) >= SNT_PLUGIN_NAME_CAP || strspn(name, allowed) != strlen(name)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" cannot be the name of a plugin", name));
    return snt_err_hint(err, "a small letter, then small letters, digits and _, 32 at most");
  }
  for (size_t i = 0; BUILT_IN[i] != NULL; i++) {
    if (strcmp(BUILT_IN[i], name) == 0) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%s\" is the name of a built-in condition", name));
      return snt_err_hint(err, "give the plugin another name");
    }
  }
  return snt_done();
}

snt_status snt_cmd_plugin_new(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *name = args->argument_count > 0 ? args->arguments[0] : "";
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf spec = {0};
  SNT_TRY(check_name(name, err));
  SNT_TRY(snt_buf_appendf(&folder, err, "plugins/%s", name));
  SNT_TRY(snt_buf_appendf(&spec, err, "%s/spec", folder.data));
  struct stat st;
  if (stat(folder.data, &st) == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "%s is there already", folder.data);
  }
  SNT_TRY(stat("plugins", &st) == 0 ? snt_done() : make_folder("plugins", err));
  SNT_TRY(make_folder(folder.data, err));
  SNT_TRY(make_folder(spec.data, err));
  for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
    SNT_TRY(write_file(folder.data, i, name, out, err));
  }
  return snt_out_printf(out, err, "\nChange it, and run: sentinel test plugins/%s\n", name);
}
