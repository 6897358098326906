/* MUST
 *  1. find out before anything is decided whether there is a console to sign in to, and whether its host may be asked;
 *  2. record which host gets the session, with the issuance, before it does. */
#include "issue/console.h"

#include <stdio.h>
#include <string.h>

#include "aws/console.h"
#include "issue/flow.h"

/* What look_ahead needs and finds. */
struct sign_in {
  const char *service;
  struct snt_console_page page;
};

void snt_console_clear(struct snt_console *console) { snt_secret_free(&console->url); }

/* The flag's first region, the profile's, or the first that will be asked. */
static const char *choose_region(const struct snt_flow *flow) {
  bool is_profiles = flow->options->regions == NULL && flow->target.region[0] != '\0';
  return is_profiles ? flow->target.region : flow->regions[0];
}

/* The client is closed again: whether there is one tells the records whether anything was asked. */
static snt_status look_ahead(struct snt_flow *flow, struct snt_err *err) {
  struct sign_in *in = flow->context;
  struct snt_console_page *page = &in->page;
  SNT_TRY(snt_flow_find_regions(flow, err));
  SNT_TRY(snt_console_find(flow->target.role_arn, choose_region(flow), in->service, page, err));
  snt_status status = snt_flow_open_service(flow, "signin", page->region, &page->signin, err);
  snt_http_client_close(&flow->client);
  flow->console = page->signin.host;
  return status;
}

static snt_status sign_in(struct snt_flow *flow, struct sign_in *in, const struct snt_issued *issued,
                          struct snt_secret **out, struct snt_err *err) {
  struct snt_aws_endpoint signin = {0};
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  flow->stage = "console";
  SNT_TRY(snt_flow_open_service(flow, "signin", in->page.region, &signin, err));
  SNT_TRY(snt_console_ask_token(flow->client, &signin, &issued->credentials, &token, err));
  return snt_console_format_url(&in->page, token, out, err);
}

snt_status snt_issue_console(const struct snt_issue_options *options, const char *service, struct snt_console *out,
                             struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct sign_in in = {.service = service};
  SNT_FLOW_AUTO struct snt_flow flow = {
      .options = options, .stage = "config", .has_caches = true, .look_ahead = look_ahead, .context = &in};
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_flow_issue(&flow, &issued, err));
  out->signals = issued.signals;
  snt_status status = sign_in(&flow, &in, &issued, &out->url, err);
  if (!snt_ok(status)) {
    snt_flow_record_failure(&flow, err);
    (void)sigprocmask(SIG_SETMASK, &issued.signals, NULL);
    return status;
  }
  (void)snprintf(out->account, sizeof out->account, "%s", in.page.account);
  (void)snprintf(out->role, sizeof out->role, "%s", in.page.role);
  out->left_s = (issued.credentials.expires_at_ms - snt_flow_now_ms(&flow)) / 1000;
  return snt_done();
}
