#include "audit/record.h"

#include <string.h>

#include "format/json.h"
#include "format/time.h"

/* A record's members are a JSON object without its braces. */
static snt_status strip_braces(struct snt_json_writer *writer, const struct snt_buf *object, struct snt_buf *out,
                               struct snt_err *err) {
  SNT_TRY(snt_json_finish(writer));
  return snt_buf_append(out, object->data + 1, object->len - 2, err);
}

static void begin(struct snt_json_writer *writer, int64_t time_ms, const char *time_source, const char *kind) {
  char time[32];
  snt_time_format(time_ms, true, time);
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "time", time);
  snt_json_put_string(writer, "time_source", time_source);
  snt_json_put_string(writer, "kind", kind);
}

static void put_or_null(struct snt_json_writer *writer, const char *key, const char *text) {
  snt_json_put_string(writer, key, text == NULL || text[0] == '\0' ? NULL : text);
}

static void put_raw_or_null(struct snt_json_writer *writer, const char *key, struct snt_slice text) {
  if (text.len == 0) {
    snt_json_put_null(writer, key);
  } else {
    snt_json_put_raw(writer, key, text);
  }
}

/* Who vouches for each field of the request (threats.md). */
static void put_provenance(struct snt_json_writer *writer, const struct snt_record_decision *record) {
  static const char *const rows[][2] = {
      {"user", "aws"}, {"profile", "claimed"}, {"role_arn", "local"}, {"mode", "local"}, {"duration", "claimed"}};
  snt_json_begin_object(writer, "provenance");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    snt_json_put_string(writer, rows[i][0], rows[i][1]);
  }
  snt_json_put_string(writer, "time", strcmp(record->time_source, "local") == 0 ? "local" : "aws");
  if (record->justification != NULL && record->justification[0] != '\0') {
    snt_json_put_string(writer, "justification", "claimed");
  }
  if (record->mfa_vouched_by != NULL) {
    snt_json_put_string(writer, "mfa", record->mfa_vouched_by);
  }
  snt_json_end_object(writer);
}

static void put_number_or_null(struct snt_json_writer *writer, const char *key, int64_t number) {
  if (number > 0) {
    snt_json_put_integer(writer, key, number);
  } else {
    snt_json_put_null(writer, key);
  }
}

static void put_policy(struct snt_json_writer *writer, const struct snt_record_policy *policy) {
  snt_json_begin_object(writer, "policy");
  snt_json_put_string(writer, "name", policy->name);
  snt_json_put_string(writer, "source", policy->source);
  put_or_null(writer, "region", policy->region);
  put_number_or_null(writer, "version", policy->version);
  put_number_or_null(writer, "serial", policy->serial);
  snt_json_put_string(writer, "sha256", policy->sha256);
  if (policy->installation != NULL) {
    snt_json_put_string(writer, "installation", policy->installation);
  }
  snt_json_begin_array(writer, "signed_by");
  for (const char *const *key = policy->signed_by; key != NULL && *key != NULL; key++) {
    snt_json_put_string(writer, NULL, *key);
  }
  snt_json_end_array(writer);
  snt_json_put_integer(writer, "stale_s", policy->stale_s);
  put_or_null(writer, "endpoint", policy->endpoint);
  put_or_null(writer, "proxy", policy->proxy);
  snt_json_end_object(writer);
}

/* Of a policy that there is no decision by: where it was looked for. */
static void put_policy_place(struct snt_json_writer *writer, const struct snt_record_policy *policy) {
  if (policy->source == NULL) {
    snt_json_put_null(writer, "policy");
    return;
  }
  snt_json_begin_object(writer, "policy");
  snt_json_put_string(writer, "source", policy->source);
  put_or_null(writer, "region", policy->region);
  put_or_null(writer, "endpoint", policy->endpoint);
  put_or_null(writer, "proxy", policy->proxy);
  snt_json_end_object(writer);
}

static void put_verdict(struct snt_json_writer *writer, const struct snt_record_decision *record) {
  snt_json_put_string(writer, "effect", record->effect);
  snt_json_put_string(writer, "rule", record->rule);
  snt_json_put_integer(writer, "rule_index", record->rule_index);
  snt_json_put_string(writer, "reason", record->reason);
  put_or_null(writer, "error", record->error);
  put_raw_or_null(writer, "conditions", record->conditions);
  put_or_null(writer, "justification", record->justification);
  snt_json_put_integer(writer, "duration", record->duration_s);
  put_number_or_null(writer, "max_duration", record->max_duration_s);
}

static void put_if_any(struct snt_json_writer *writer, const char *key, const char *text) {
  if (text != NULL && text[0] != '\0') {
    snt_json_put_string(writer, key, text);
  }
}

/* Lines, each with a line feed behind it; left out when there are none. */
static void put_lines(struct snt_json_writer *writer, const char *key, const char *lines) {
  if (lines == NULL || lines[0] == '\0') {
    return;
  }
  snt_json_begin_array(writer, key);
  for (const char *end = strchr(lines, '\n'); end != NULL; lines = end + 1, end = strchr(lines, '\n')) {
    snt_json_put_slice(writer, NULL, (struct snt_slice){lines, (size_t)(end - lines)});
  }
  snt_json_end_array(writer);
}

static void put_circumstances(struct snt_json_writer *writer, const struct snt_record_decision *record) {
  snt_json_put_raw(writer, "facts", record->facts.len > 0 ? record->facts : snt_slice_of("[]"));
  put_raw_or_null(writer, "zones", record->zones);
  put_if_any(writer, "base", record->base);
  put_lines(writer, "base_endpoints", record->base_hosts);
  put_or_null(writer, "endpoint", record->endpoint);
  put_or_null(writer, "ca", record->ca);
  put_or_null(writer, "proxy", record->proxy);
  snt_json_begin_array(writer, "config_layers");
  for (const char *const *layer = record->config_layers; layer != NULL && *layer != NULL; layer++) {
    snt_json_put_string(writer, NULL, *layer);
  }
  snt_json_end_array(writer);
  put_or_null(writer, "session_id", record->session_id);
  put_or_null(writer, "source_identity", record->source_identity);
}

snt_status snt_record_format_decision(const struct snt_record_decision *record, struct snt_buf *out,
                                      struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf object = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &object, err);
  begin(&writer, record->time_ms, record->time_source, "decision");
  if (record->local_time_ms != 0) {
    char local[32];
    snt_time_format(record->local_time_ms, true, local);
    snt_json_put_string(&writer, "local_time", local);
  }
  snt_json_put_string(&writer, "request_id", record->request_id);
  snt_json_put_string(&writer, "user", record->user);
  snt_json_put_string(&writer, "profile", record->profile);
  snt_json_put_raw(&writer, "request", record->request);
  put_provenance(&writer, record);
  put_verdict(&writer, record);
  put_policy(&writer, &record->policy);
  put_circumstances(&writer, record);
  snt_json_end_object(&writer);
  return strip_braces(&writer, &object, out, err);
}

snt_status snt_record_format_issued(const struct snt_record_issued *record, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf object = {0};
  struct snt_json_writer writer;
  char expires[32];
  snt_time_format(record->expires_at_ms, false, expires);
  snt_json_writer_init(&writer, &object, err);
  begin(&writer, record->time_ms, record->time_source, "issued");
  snt_json_put_string(&writer, "request_id", record->request_id);
  snt_json_put_string(&writer, "user", record->user);
  snt_json_put_string(&writer, "profile", record->profile);
  snt_json_put_string(&writer, "access_key_id", record->access_key_id);
  snt_json_put_string(&writer, "role_arn", record->role_arn);
  snt_json_put_string(&writer, "expires", expires);
  snt_json_put_integer(&writer, "duration", record->duration_s);
  if (record->lease_s > 0) {
    snt_json_put_integer(&writer, "lease", record->lease_s);
  }
  put_or_null(&writer, "clamped_by", record->clamped_by);
  put_or_null(&writer, "reuse_of", record->reuse_of);
  put_or_null(&writer, "endpoint", record->endpoint);
  put_or_null(&writer, "ca", record->ca);
  put_or_null(&writer, "proxy", record->proxy);
  if (record->console != NULL) {
    snt_json_put_string(&writer, "console", record->console);
  }
  snt_json_end_object(&writer);
  return strip_braces(&writer, &object, out, err);
}

snt_status snt_record_format_failed(const struct snt_record_failed *record, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf object = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &object, err);
  begin(&writer, record->time_ms, record->time_source, "failed");
  snt_json_put_string(&writer, "request_id", record->request_id);
  put_or_null(&writer, "user", record->user);
  snt_json_put_string(&writer, "profile", record->profile);
  snt_json_put_string(&writer, "stage", record->stage);
  snt_json_put_string(&writer, "code", record->code);
  snt_json_put_string(&writer, "message", record->message);
  put_lines(&writer, "base_endpoints", record->base_hosts);
  put_or_null(&writer, "endpoint", record->endpoint);
  put_or_null(&writer, "ca", record->ca);
  put_or_null(&writer, "proxy", record->proxy);
  put_policy_place(&writer, &record->policy);
  snt_json_end_object(&writer);
  return strip_braces(&writer, &object, out, err);
}

static void put_list(struct snt_json_writer *writer, const char *key, const char *const *list) {
  snt_json_begin_array(writer, key);
  for (; list != NULL && *list != NULL; list++) {
    snt_json_put_string(writer, NULL, *list);
  }
  snt_json_end_array(writer);
}

static void put_previous(struct snt_json_writer *writer, const struct snt_record_publish *record) {
  snt_json_begin_array(writer, "previous");
  for (size_t i = 0; i < record->previous_count; i++) {
    const struct snt_record_previous *previous = &record->previous[i];
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "region", previous->region);
    put_number_or_null(writer, "version", previous->version);
    put_number_or_null(writer, "serial", previous->serial);
    put_or_null(writer, "sha256", previous->sha256);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
}

static void put_endpoints(struct snt_json_writer *writer, const struct snt_record_publish *record) {
  put_or_null(writer, "endpoint", record->endpoint);
  put_or_null(writer, "ca", record->ca);
  put_or_null(writer, "proxy", record->proxy);
  snt_json_begin_array(writer, "endpoints");
  for (size_t i = 0; i < record->endpoint_count; i++) {
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "region", record->endpoints[i].region);
    snt_json_put_string(writer, "endpoint", record->endpoints[i].endpoint);
    put_or_null(writer, "proxy", record->endpoints[i].proxy);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
}

snt_status snt_record_format_publish(const struct snt_record_publish *record, struct snt_buf *out,
                                     struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf object = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &object, err);
  begin(&writer, record->time_ms, record->time_source, "policy");
  snt_json_put_string(&writer, "request_id", record->request_id);
  snt_json_put_string(&writer, "user", record->user);
  snt_json_put_string(&writer, "by", record->by);
  snt_json_put_string(&writer, "action", record->action);
  snt_json_put_string(&writer, "outcome", record->outcome);
  put_or_null(&writer, "name", record->name);
  put_number_or_null(&writer, "serial", record->serial);
  put_or_null(&writer, "sha256", record->sha256);
  put_list(&writer, "regions", record->regions);
  put_list(&writer, "signed_by", record->signed_by);
  put_previous(&writer, record);
  put_endpoints(&writer, record);
  put_number_or_null(&writer, "parts", record->parts);
  snt_json_put_bool(&writer, "forced", record->is_forced);
  snt_json_put_bool(&writer, "untested", record->is_untested);
  put_or_null(&writer, "message", record->message);
  snt_json_end_object(&writer);
  return strip_braces(&writer, &object, out, err);
}
