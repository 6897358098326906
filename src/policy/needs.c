#include "policy/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char *const KIND_NAMES[] = {
#define SNT_NEED_NAME(name, text) text,
    SNT_NEED_KINDS(SNT_NEED_NAME)
#undef SNT_NEED_NAME
};

static const char *const STATUS_NAMES[] = {
#define SNT_FACT_NAME(name, text) text,
    SNT_FACT_STATUSES(SNT_FACT_NAME)
#undef SNT_FACT_NAME
};

const char *snt_need_kind_name(enum snt_need_kind kind) { return KIND_NAMES[kind]; }

bool snt_fact_status_find(const char *name, enum snt_fact_status *out) {
  for (int i = 0; i < SNT_FACT_STATUS_COUNT; i++) {
    if (strcmp(name, STATUS_NAMES[i]) == 0) {
      *out = (enum snt_fact_status)i;
      return true;
    }
  }
  return false;
}

void snt_facts_clear(struct snt_facts *facts) {
  for (size_t i = 0; i < facts->count; i++) {
    snt_buf_clear(&facts->list[i].value);
  }
  free(facts->list);
  *facts = (struct snt_facts){0};
}

const char *snt_fact_param(const void *fact, const char *name) {
  const struct snt_fact *of = fact;
  for (size_t i = 0; i < of->param_count; i++) {
    if (strcmp(of->params[i].name, name) == 0) {
      return of->params[i].value;
    }
  }
  return NULL;
}

const char *snt_fact_need(const struct snt_fact *fact) {
  return fact->question == NULL ? KIND_NAMES[fact->kind] : fact->question->name;
}

static snt_status refuse_reply(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "what the evaluator needs makes no sense (%s)", what);
}

static const struct snt_plugin *find_plugin(const struct snt_policy *policy, const char *name) {
  for (size_t i = 0; name != NULL && i < policy->plugin_count; i++) {
    if (strcmp(policy->plugins[i].name, name) == 0) {
      return &policy->plugins[i];
    }
  }
  return NULL;
}

static bool take_params(const struct snt_json_value *params, struct snt_fact *out) {
  out->param_count = snt_json_count(params);
  if (snt_json_type(params) != SNT_JSON_OBJECT || out->param_count > SNT_PARAMS_MAX) {
    return false;
  }
  for (size_t i = 0; i < out->param_count; i++) {
    const struct snt_json_value *value = NULL;
    const char *name = snt_json_key_at(params, i, &value);
    struct snt_need_param *param = &out->params[i];
    const char *text = snt_json_printable(value, sizeof param->value);
    if (strlen(name) >= sizeof param->name || text == NULL) {
      return false;
    }
    (void)snprintf(param->name, sizeof param->name, "%s", name);
    memcpy(param->value, text, strlen(text) + 1);
  }
  return true;
}

static bool has_params_of(const struct snt_fact *fact, const struct snt_question *question) {
  for (size_t i = 0; i < question->param_count; i++) {
    if (snt_fact_param(fact, question->params[i].name) == NULL) {
      return false;
    }
  }
  return fact->param_count == question->param_count;
}

/* Whether the plugin's manifest has it. */
static bool take_kind(const char *kind, const char *need, struct snt_fact *out) {
  const struct snt_plugin *plugin = out->plugin;
  if (kind != NULL && strcmp(kind, KIND_NAMES[SNT_NEED_HTTP]) == 0) {
    out->kind = SNT_NEED_HTTP;
    out->question = need == NULL ? NULL : snt_plugin_find_question(plugin, need);
    return out->question != NULL && has_params_of(out, out->question);
  }
  if (kind != NULL && strcmp(kind, KIND_NAMES[SNT_NEED_GEOIP]) == 0) {
    out->kind = SNT_NEED_GEOIP;
    return plugin->needs_geoip && need == NULL && out->param_count == 1 && snt_fact_param(out, "ip") != NULL;
  }
  out->kind = SNT_NEED_HISTORY;
  return kind != NULL && strcmp(kind, KIND_NAMES[SNT_NEED_HISTORY]) == 0 && plugin->needs_history && need == NULL &&
         out->param_count == 0;
}

static bool is_same(const struct snt_fact *a, const struct snt_fact *b) {
  bool is_equal = a->plugin == b->plugin && a->kind == b->kind && a->question == b->question;
  for (size_t i = 0; is_equal && i < a->param_count; i++) {
    const char *other = snt_fact_param(b, a->params[i].name);
    is_equal = other != NULL && strcmp(other, a->params[i].value) == 0;
  }
  return is_equal;
}

static bool is_known(const struct snt_facts *facts, const struct snt_fact *fact) {
  for (size_t i = 0; i < facts->count; i++) {
    if (is_same(&facts->list[i], fact)) {
      return true;
    }
  }
  return false;
}

static snt_status take_need(const struct snt_json_value *entry, const struct snt_policy *policy, struct snt_fact *out,
                            struct snt_err *err) {
  static const char *const keys[] = {"plugin", "kind", "need", "params", NULL};
  if (snt_json_type(entry) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(entry, "", keys, NULL))) {
    return refuse_reply("members", err);
  }
  const struct snt_json_value *need = snt_json_get(entry, "need");
  out->plugin = find_plugin(policy, snt_json_string(snt_json_get(entry, "plugin"), NULL));
  bool is_named = snt_json_type(need) == SNT_JSON_STRING || snt_json_type(need) == SNT_JSON_NULL;
  if (out->plugin == NULL || !is_named || !take_params(snt_json_get(entry, "params"), out) ||
      !take_kind(snt_json_string(snt_json_get(entry, "kind"), NULL), snt_json_string(need, NULL), out)) {
    return refuse_reply("a need that no plugin has", err);
  }
  return snt_done();
}

snt_status snt_needs_parse(const char *reply, size_t len, const struct snt_policy *policy, struct snt_facts *facts,
                           size_t *added, bool *is_over, struct snt_err *err) {
  static const char start[] = "{\"needs\":";
  static const char *const keys[] = {"needs", NULL};
  *added = 0;
  *is_over = false;
  if (len < sizeof start || memcmp(reply, start, sizeof start - 1) != 0) {
    return snt_done();
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(reply, len, "", &doc, NULL)) ||
      !snt_ok(snt_json_check_keys(snt_json_root(doc), "", keys, NULL))) {
    return refuse_reply("not strict JSON", err);
  }
  const struct snt_json_value *list = snt_json_get(snt_json_root(doc), "needs");
  size_t count = snt_json_count(list);
  if (snt_json_type(list) != SNT_JSON_ARRAY || count == 0) {
    return refuse_reply("no list", err);
  }
  if (facts->list == NULL) {
    facts->list = calloc(SNT_FACTS_MAX, sizeof *facts->list);
  }
  if (facts->list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    struct snt_fact fact = {0};
    SNT_TRY(take_need(snt_json_at(list, i), policy, &fact, err));
    if (is_known(facts, &fact)) {
      return refuse_reply("what is known already", err);
    }
    if (facts->count == SNT_FACTS_MAX) {
      *is_over = true;
      return snt_done();
    }
    facts->list[facts->count++] = fact;
    (*added)++;
  }
  return snt_done();
}

static void put_question(struct snt_json_writer *writer, const struct snt_fact *fact) {
  snt_json_put_string(writer, "kind", KIND_NAMES[fact->kind]);
  snt_json_begin_object(writer, "params");
  for (size_t i = 0; i < fact->param_count; i++) {
    snt_json_put_string(writer, fact->params[i].name, fact->params[i].value);
  }
  snt_json_end_object(writer);
}

static void put_answer(struct snt_json_writer *writer, const struct snt_fact *fact) {
  if (fact->status == SNT_FACT_OK) {
    snt_json_put_raw(writer, "value", (struct snt_slice){fact->value.data, fact->value.len});
  } else {
    snt_json_put_string(writer, "reason", fact->reason);
  }
}

snt_status snt_facts_format(const struct snt_facts *facts, bool is_final, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_begin_array(&writer, "facts");
  for (size_t i = 0; i < facts->count; i++) {
    const struct snt_fact *fact = &facts->list[i];
    snt_json_begin_object(&writer, NULL);
    snt_json_put_string(&writer, "plugin", fact->plugin->name);
    if (fact->question != NULL) {
      snt_json_put_string(&writer, "need", fact->question->name); /* a null would not do: the evaluator knows none */
    }
    put_question(&writer, fact);
    snt_json_put_string(&writer, "status", STATUS_NAMES[fact->status]);
    put_answer(&writer, fact);
    snt_json_end_object(&writer);
  }
  snt_json_end_array(&writer);
  snt_json_put_bool(&writer, "is_final", is_final);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

snt_status snt_facts_dump(const struct snt_facts *facts, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_array(&writer, NULL);
  for (size_t i = 0; i < facts->count; i++) {
    const struct snt_fact *fact = &facts->list[i];
    snt_json_begin_object(&writer, NULL);
    snt_json_put_string(&writer, "plugin", fact->plugin->name);
    snt_json_put_string(&writer, "version", fact->plugin->version);
    snt_json_put_string(&writer, "need", snt_fact_need(fact));
    snt_json_put_string(&writer, "status", STATUS_NAMES[fact->status]);
    snt_json_put_bool(&writer, "cached", fact->is_cached);
    snt_json_put_integer(&writer, "age", fact->age_s);
    put_question(&writer, fact);
    put_answer(&writer, fact);
    snt_json_end_object(&writer);
  }
  snt_json_end_array(&writer);
  return snt_json_finish(&writer);
}
