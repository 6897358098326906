#include "cli/difference_text.h"
#include "cli/impact_json.h"

static void put_integer_or_null(struct snt_json_writer *writer, const char *key, int64_t value) {
  if (value == 0) {
    snt_json_put_null(writer, key);
  } else {
    snt_json_put_integer(writer, key, value);
  }
}

static void put_texts(struct snt_json_writer *writer, const char *key, char *const *texts) {
  snt_json_begin_array(writer, key);
  for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) {
    snt_json_put_string(writer, NULL, texts[i]);
  }
  snt_json_end_array(writer);
}

static void put_side(struct snt_json_writer *writer, const char *key, const struct snt_difference_side *side) {
  snt_json_begin_object(writer, key);
  snt_json_put_string(writer, "name", side->name);
  snt_json_put_string(writer, "source", side->source);
  snt_json_put_string(writer, "sha256", side->sha256);
  put_integer_or_null(writer, "serial", side->serial);
  snt_json_end_object(writer);
}

static void put_change(struct snt_json_writer *writer, const struct snt_difference_change *change) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "name", change->name);
  snt_json_put_string(writer, "kind", snt_difference_kind_name(change->kind));
  snt_json_begin_array(writer, "details");
  for (size_t i = 0; i < change->detail_count; i++) {
    const struct snt_difference_detail *detail = &change->details[i];
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "what", detail->what);
    snt_json_put_string(writer, "before", detail->before);
    snt_json_put_string(writer, "after", detail->after);
    put_texts(writer, "gained", detail->gained);
    put_texts(writer, "lost", detail->lost);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
  snt_json_end_object(writer);
}

static void put_changes(struct snt_json_writer *writer, const struct snt_difference *difference) {
  for (int area = 0; area < SNT_DIFFERENCE_AREA_COUNT; area++) {
    snt_json_begin_array(writer, snt_difference_area_key((enum snt_difference_area)area));
    for (size_t i = 0; i < difference->change_count; i++) {
      if ((int)difference->changes[i].area == area) {
        put_change(writer, &difference->changes[i]);
      }
    }
    snt_json_end_array(writer);
  }
}

static void put_verdict(struct snt_json_writer *writer, const char *key, const struct snt_verdict *verdict) {
  snt_json_begin_object(writer, key);
  snt_json_put_string(writer, "effect", snt_effect_name(verdict->effect));
  snt_json_put_string(writer, "rule", verdict->rule);
  snt_cli_put_text(writer, "error", verdict->error);
  put_integer_or_null(writer, "max_duration", verdict->max_duration_s);
  snt_json_end_object(writer);
}

static void put_assumed(struct snt_json_writer *writer, const struct snt_access_change *change) {
  snt_json_begin_array(writer, "assumed");
  for (size_t i = 0; i < change->assumed_count; i++) {
    const struct snt_access_assumption *assumed = &change->assumed[i];
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "condition", assumed->condition);
    snt_json_put_bool(writer, "holds", assumed->holds);
    snt_json_put_bool(writer, "before", assumed->is_before);
    snt_json_put_bool(writer, "after", assumed->is_after);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
}

static void put_access_change(struct snt_json_writer *writer, const struct snt_access_change *change) {
  SNT_BUF_AUTO struct snt_buf request = {0};
  snt_status status = snt_request_format(&change->request, &request, writer->err);
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "kind", SNT_ACCESS_TABLE[change->kind].name);
  snt_json_put_bool(writer, "opens", SNT_ACCESS_TABLE[change->kind].opens);
  snt_json_put_string(writer, "profile", change->profile);
  snt_json_put_string(writer, "user", change->user);
  snt_json_put_bool(writer, "now", change->is_now);
  snt_json_put_bool(writer, "ever", change->is_ever);
  put_verdict(writer, "before", &change->before);
  put_verdict(writer, "after", &change->after);
  put_texts(writer, "conditions", change->conditions);
  put_assumed(writer, change);
  writer->status = snt_ok(status) ? writer->status : status;
  snt_json_put_raw(writer, "request", (struct snt_slice){request.data, request.len});
  snt_json_end_object(writer);
}

static void put_access(struct snt_json_writer *writer, const struct snt_difference *difference) {
  snt_json_begin_object(writer, "access");
  snt_cli_put_time(writer, "time", difference->time_ms);
  snt_json_put_integer(writer, "profiles", (int64_t)difference->profile_count);
  snt_json_begin_array(writer, "changes");
  for (size_t i = 0; i < difference->access_count; i++) {
    put_access_change(writer, &difference->access[i]);
  }
  snt_json_end_array(writer);
  snt_json_put_integer(writer, "left_out", difference->access_left_out);
  snt_json_end_object(writer);
}

static void put_replay(struct snt_json_writer *writer, const struct snt_difference_replay *replay) {
  if (!replay->has_log) {
    snt_json_put_null(writer, "replay");
    return;
  }
  snt_json_begin_object(writer, "replay");
  snt_json_put_string(writer, "log", replay->path);
  snt_cli_put_time(writer, "since", replay->since_ms);
  snt_json_put_bool(writer, "cut", replay->is_cut);
  snt_cli_put_impact(writer, &replay->impact);
  snt_json_end_object(writer);
}

void snt_cli_put_difference(struct snt_json_writer *writer, const char *key, const struct snt_difference *difference) {
  snt_json_begin_object(writer, key);
  snt_json_put_bool(writer, "different", snt_difference_is_any(difference));
  snt_json_put_bool(writer, "wider", snt_difference_is_wider(difference));
  if (difference->has_before) {
    put_side(writer, "before", &difference->before);
  } else {
    snt_json_put_null(writer, "before");
  }
  put_side(writer, "after", &difference->after);
  put_changes(writer, difference);
  put_access(writer, difference);
  put_replay(writer, &difference->replay);
  snt_json_begin_array(writer, "unknown");
  for (size_t i = 0; i < difference->unknown_count; i++) {
    snt_json_put_string(writer, NULL, difference->unknown[i]);
  }
  snt_json_end_array(writer);
  snt_json_end_object(writer);
}
