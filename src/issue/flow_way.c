/* By which way AWS is asked: what was heard by one is kept for that one only. The environment can make us trust other
 * certificates and go by another proxy, and the record says so; what is kept would be believed later, when nothing of
 * that is set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issue/flow.h"

const char *snt_flow_find_ca_bundle(const struct snt_flow *flow) {
  const char *bundle = getenv("AWS_CA_BUNDLE");
  if (bundle != NULL && bundle[0] != '\0') {
    return bundle;
  }
  return flow->target.ca_bundle[0] == '\0' ? NULL : flow->target.ca_bundle;
}

snt_status snt_flow_add_trust(const struct snt_flow *flow, const char *url, struct snt_buf *out, struct snt_err *err) {
  char proxy[512] = "";
  const char *bundle = snt_flow_find_ca_bundle(flow);
  bundle = bundle == NULL ? "" : bundle;
  SNT_TRY(snt_http_proxy_for(flow->client, url, proxy, sizeof proxy, err));
  return snt_buf_appendf(out, err, "%zu:%s,%s\n", strlen(bundle), bundle, proxy);
}

snt_status snt_flow_add_way_in(const struct snt_flow *flow, const char *service, const char *region,
                               struct snt_buf *out, struct snt_err *err) {
  struct snt_aws_endpoint endpoint = {0};
  SNT_TRY(snt_aws_endpoint_of(&flow->target, service, region, &endpoint, err));
  SNT_TRY(snt_buf_appendf(out, err, "%s\n", endpoint.url));
  return snt_flow_add_trust(flow, endpoint.url, out, err);
}

snt_status snt_flow_add_way(const struct snt_flow *flow, const char *service, struct snt_buf *out,
                            struct snt_err *err) {
  return snt_flow_add_way_in(flow, service, flow->regions[0], out, err);
}

void snt_flow_note_host(const struct snt_flow *flow, const struct snt_aws_endpoint *endpoint,
                        struct snt_flow_host *out) {
  *out = (struct snt_flow_host){0};
  (void)snprintf(out->host, sizeof out->host, "%s", endpoint->host);
  (void)snprintf(out->region, sizeof out->region, "%s", endpoint->region);
  SNT_IGNORE(snt_http_proxy_for(flow->client, endpoint->url, out->proxy, sizeof out->proxy, NULL));
}

const char *snt_flow_name_ca(const struct snt_flow *flow) {
  const char *bundle = snt_flow_find_ca_bundle(flow);
  return bundle == NULL ? "system" : bundle;
}
