/* Asks one source of base credentials (aws/base_sources.h) for the specs, one a run:
 *
 *   source_calls container | instance | named-instance | web-identity [PROFILE] | process PROFILE
 *   source_calls chain PROFILE   all of them in order, for that profile
 *   source_calls source PROFILE  the same for one that names it as its source
 *
 * Environment and ~/.aws are read as the program reads them. Prints the keys as a JSON object, or on stderr
 * "CODE: message" and the hint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/base_sources.h"
#include "base/clock.h"
#include "base/process.h"
#include "format/json.h"
#include "issue/environment.h"

struct work {
  struct snt_aws_search search;
  struct snt_aws_target target;
  struct snt_environment environment;
  struct snt_aws_shared_config *config;
  struct snt_http_client *client;
};

static const char *lookup(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

static snt_status open_client(void *context, struct snt_http_client **out, struct snt_err *err) {
  struct work *work = context;
  if (work->client == NULL) {
    SNT_TRY(snt_http_client_open(&(struct snt_http_options){0}, &work->client, err));
  }
  *out = work->client;
  return snt_done();
}

static snt_status check_endpoint(void *context, const struct snt_aws_endpoint *endpoint, struct snt_err *err) {
  (void)context;
  const char *locked = getenv("TEST_LOCKED");
  return locked == NULL ? snt_done() : snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s is locked", endpoint->host);
}

static snt_status open_work(struct work *work, struct snt_err *err) {
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  const char *region = getenv("AWS_REGION");
  SNT_TRY(snt_environment_take(&work->environment, err));
  SNT_TRY(snt_aws_locations_find(lookup, NULL, &locations, err));
  SNT_TRY(snt_aws_shared_config_load(&locations, &work->config, err));
  work->target.config = work->config;
  (void)snprintf(work->target.profile, sizeof work->target.profile, "default");
  work->search = (struct snt_aws_search){.target = &work->target,
                                         .environment = &work->environment.aws,
                                         .region = region == NULL ? "" : region,
                                         .open_client = open_client,
                                         .check_endpoint = check_endpoint,
                                         .context = work};
  return snt_done();
}

/* One that names it has a name that nobody else has. */
static snt_status run_chain(struct work *work, bool is_source, const char *profile, struct snt_aws_credentials *out,
                            struct snt_err *err) {
  const struct snt_aws_profile_settings settings = {.source_profile = is_source ? profile : NULL};
  SNT_TRY(snt_aws_target_resolve(work->config, &settings, is_source ? "asked-for" : profile, &work->target, err));
  return snt_aws_credentials_find(&work->search, out, err);
}

static snt_status run(struct work *work, const char *source, const char *profile, struct snt_aws_credentials *out,
                      struct snt_err *err) {
  SNT_TRY(open_work(work, err));
  if (strcmp(source, "container") == 0) {
    return snt_aws_source_container(&work->search, out, err);
  }
  if (strcmp(source, "instance") == 0 || strcmp(source, "named-instance") == 0) {
    return snt_aws_source_instance(&work->search, source[0] == 'n', out, err);
  }
  if (strcmp(source, "chain") == 0 || strcmp(source, "source") == 0) {
    return run_chain(work, source[0] == 's', profile == NULL ? "default" : profile, out, err);
  }
  if (strcmp(source, "web-identity") == 0) {
    return snt_aws_source_web_identity(&work->search, profile, out, err);
  }
  if (strcmp(source, "process") == 0 && profile != NULL) {
    const char *life_ms = getenv("TEST_LIFE_MS");
    work->search.end_ms = life_ms == NULL ? 0 : snt_clock_monotonic_ms() + atoll(life_ms);
    return snt_aws_source_process(&work->search, profile, out, err);
  }
  return snt_fail(err, SNT_CODE_USAGE, "there is no such source");
}

static void print(const struct snt_aws_credentials *found) {
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out, NULL);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "id", found->access_key_id);
  snt_json_put_string(&writer, "secret", snt_secret_borrow(found->secret_key));
  snt_json_put_string(&writer, "token", found->session_token == NULL ? NULL : snt_secret_borrow(found->session_token));
  snt_json_put_integer(&writer, "expires_at_ms", found->expires_at_ms);
  snt_json_put_string(&writer, "source", found->source);
  snt_json_end_object(&writer);
  if (snt_ok(snt_json_finish(&writer))) {
    (void)puts(out.data);
  }
}

int main(int argc, char **argv, char **envp) {
  snt_process_remember(argc, argv, envp);
  snt_process_harden();
  struct work work = {0};
  struct snt_err err = {0};
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials found = {0};
  snt_status status = run(&work, argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : NULL, &found, &err);
  if (snt_ok(status)) {
    print(&found);
  } else {
    (void)fprintf(stderr, "%s: %s\n%s\n", snt_code_name(status.code), err.message, err.hint);
  }
  snt_http_client_close(&work.client);
  snt_aws_shared_config_free(&work.config);
  snt_environment_clear(&work.environment);
  return snt_code_exit_status(status.code);
}
