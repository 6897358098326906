/* MUST
 *  1. find out before anything is decided whether there is a console to sign in to, and whether its host may be asked;
 *  2. send the session to AWS's own host, or to this machine's loopback: an environment that was made by others must
 * name no other (its CA and proxy are honoured, as for any call);
 *  3. record which host gets it, with the issuance, before it does. */
#include "issue/console.h"

#include <stdio.h>
#include <string.h>

#include "aws/console.h"
#include "format/uri.h"
#include "issue/flow.h"

/* What look_ahead needs and finds. */
struct sign_in {
  const struct snt_console_wish *wish;
  struct snt_console_page page;
};

void snt_console_clear(struct snt_console *console) { snt_secret_free(&console->url); }

/* Where the profile has no region, the one that is wished for stands in for it. */
static snt_status find_region(struct snt_flow *flow, const char *wished, const char **out, struct snt_err *err) {
  char *own = flow->target.region;
  SNT_TRY(wished == NULL ? snt_done() : snt_aws_region_check(wished, err));
  if (wished != NULL && own[0] == '\0') {
    (void)snprintf(own, sizeof flow->target.region, "%s", wished);
  }
  SNT_TRY(snt_flow_find_regions(flow, err));
  *out = wished != NULL ? wished : own[0] != '\0' ? own : flow->regions[0];
  return snt_done();
}

/* Any other call sends a signature, this one sends the session itself. */
static snt_status check_host(const struct snt_aws_endpoint *signin, struct snt_err *err) {
  struct snt_url url = {0};
  if (!signin->is_overridden) {
    return snt_done();
  }
  SNT_TRY(snt_url_parse(signin->url, "the endpoint of signin", &url, err));
  if (url.is_loopback) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID,
                      "sign-in to the console: %s would get the session, and is not AWS's", signin->host));
  return snt_err_hint(err, "unset or remove %s", signin->named_by);
}

/* The client is closed again: whether there is one tells the records whether anything was asked. */
static snt_status look_ahead(struct snt_flow *flow, struct snt_err *err) {
  struct sign_in *in = flow->context;
  struct snt_console_page *page = &in->page;
  const char *region = NULL;
  SNT_TRY(find_region(flow, in->wish->region, &region, err));
  SNT_TRY(snt_console_find(flow->target.role_arn, region, in->wish->service, page, err));
  snt_status status = snt_flow_open_service(flow, "signin", page->region, &page->signin, err);
  snt_http_client_close(&flow->client);
  flow->console = page->signin.host;
  return snt_ok(status) ? check_host(&page->signin, err) : status;
}

static snt_status sign_in(struct snt_flow *flow, struct sign_in *in, const struct snt_issued *issued,
                          struct snt_secret **out, struct snt_err *err) {
  struct snt_aws_endpoint signin = {0};
  SNT_SECRET_AUTO struct snt_secret *token = NULL;
  flow->stage = "console";
  SNT_TRY(snt_flow_open_service(flow, "signin", in->page.region, &signin, err));
  SNT_TRY(check_host(&signin, err));
  SNT_TRY(snt_console_ask_token(flow->client, &signin, &issued->credentials, &token, err));
  return snt_console_format_url(&in->page, token, out, err);
}

snt_status snt_issue_console_look(const struct snt_issue_options *options, struct snt_err *err) {
  SNT_FLOW_AUTO struct snt_flow flow = {.options = options, .stage = "config"};
  struct snt_policy_source source = {0};
  SNT_TRY(snt_flow_load_settings(&flow, err));
  return snt_policy_source_parse(snt_settings_text(flow.settings, SNT_SETTING_POLICY_SOURCE), options->profile, &source,
                                 err);
}

snt_status snt_issue_console(const struct snt_issue_options *options, const struct snt_console_wish *wish,
                             struct snt_console *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct sign_in in = {.wish = wish};
  SNT_FLOW_AUTO struct snt_flow flow = {
      .options = options, .stage = "config", .has_caches = true, .look_ahead = look_ahead, .context = &in};
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_flow_issue(&flow, &issued, err));
  out->signals = issued.signals;
  snt_status status = sign_in(&flow, &in, &issued, &out->url, err);
  snt_http_client_close(&flow.client); /* a browser may be waited for */
  snt_evaluator_close(&flow.evaluator);
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
