#include "cli/impact_json.h"

#include "format/time.h"

void snt_cli_put_text(struct snt_json_writer *writer, const char *key, const char *text) {
  snt_json_put_string(writer, key, text[0] == '\0' ? NULL : text);
}

void snt_cli_put_time(struct snt_json_writer *writer, const char *key, int64_t time_ms) {
  char time[32];
  snt_time_format(time_ms, false, time);
  snt_json_put_string(writer, key, time_ms == 0 ? NULL : time);
}

static void put_flip(struct snt_json_writer *writer, const struct snt_flip *flip) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "from", snt_effect_name(flip->from));
  snt_json_put_string(writer, "to", snt_effect_name(flip->to));
  snt_json_put_string(writer, "user", flip->user);
  snt_json_put_string(writer, "profile", flip->profile);
  snt_json_put_string(writer, "rule_before", flip->rule_before);
  snt_json_put_string(writer, "rule_after", flip->rule_after);
  snt_cli_put_text(writer, "error_before", flip->error_before);
  snt_cli_put_text(writer, "error_after", flip->error_after);
  snt_json_put_integer(writer, "count", flip->count);
  snt_cli_put_time(writer, "first_time", flip->first_time_ms);
  snt_json_put_integer(writer, "first_seq", flip->first_seq);
  snt_json_put_string(writer, "first_request_id", flip->first_request_id);
  snt_json_end_object(writer);
}

static void put_counts(struct snt_json_writer *writer, const struct snt_impact *impact) {
  snt_json_begin_object(writer, "changes");
  for (int i = 0; i < SNT_CHANGE_NONE; i++) {
    snt_json_put_integer(writer, snt_change_name((enum snt_change)i), impact->changes[i]);
  }
  snt_json_end_object(writer);
  snt_json_begin_object(writer, "unknown");
  snt_json_put_integer(writer, "not_recorded", impact->not_recorded);
  snt_json_put_integer(writer, "no_answer", impact->no_answer);
  snt_json_end_object(writer);
  snt_json_begin_object(writer, "skipped");
  for (size_t i = 0; i < impact->skip_count; i++) {
    snt_json_put_integer(writer, impact->skips[i].reason, impact->skips[i].count);
  }
  snt_json_end_object(writer);
}

void snt_cli_put_impact(struct snt_json_writer *writer, const struct snt_impact *impact) {
  snt_json_put_integer(writer, "same", impact->same);
  snt_json_put_integer(writer, "changed", snt_impact_count_changed(impact));
  put_counts(writer, impact);
  snt_json_begin_array(writer, "flips");
  for (size_t i = 0; i < impact->flip_count; i++) {
    put_flip(writer, &impact->flips[i]);
  }
  snt_json_end_array(writer);
  snt_json_put_integer(writer, "left_out", impact->left_out);
}
