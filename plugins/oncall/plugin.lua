-- A page of PagerDuty's has 15 entries: of each are selected some 200 bytes, 260 with long
-- addresses, and a fact has at most 4 KiB.
local PAGERDUTY = "/oncalls?schedule_ids[]={schedule}&include[]=users&limit=15&offset={offset}"
local OPSGENIE = "/v2/schedules/{schedule}/on-calls?scheduleIdentifierType=id&flat=true"

local function pagerduty(host)
  return {
    url = "GET https://" .. host .. PAGERDUTY,
    accept = "application/vnd.pagerduty+json;version=2",
    secret = "pagerduty_token",
    select = {
      "oncalls[].user.id", "oncalls[].user.email", "oncalls[].schedule.id",
      "oncalls[].escalation_level", "oncalls[].start", "oncalls[].end", "more",
    },
  }
end

local function opsgenie(host)
  return {
    url = "GET https://" .. host .. OPSGENIE,
    secret = "opsgenie_key",
    select = { "data._parent.enabled", "data.onCallRecipients[]" },
  }
end

return {
  name = "oncall", version = "1.0.0", api = 1,
  summary = "Holds when the user is on call in PagerDuty, Opsgenie or Jira Service Management",
  args = {
    schedule = { type = "string", required = true, description = "the schedule's id" },
    provider = {
      type = "string", values = { "pagerduty", "opsgenie", "jsm" },
      description = "who keeps the schedule; pagerduty when it is not given",
    },
    region = {
      type = "string", values = { "us", "eu" },
      description = "where PagerDuty or Opsgenie keeps the account; us when it is not given",
    },
    max_level = {
      type = "integer", min = 1, max = 100,
      description = "PagerDuty: the last escalation level that counts; all when it is not given",
    },
    cloud_id = { type = "string", description = "jsm: the id of the Atlassian site" },
    site = { type = "string", description = "jsm: acme for acme.atlassian.net" },
    email_domain = {
      type = "string",
      description = "what follows the @ in the address of a user whose name is no address",
    },
    users = {
      type = "strings",
      description = "NAME=ADDRESS or NAME=ID: who a user is at the vendor",
    },
  },
  needs = {
    request = { "user", "time" },
    http = {
      pagerduty = pagerduty("api.pagerduty.com"),
      pagerduty_eu = pagerduty("api.eu.pagerduty.com"),
      opsgenie = opsgenie("api.opsgenie.com"),
      opsgenie_eu = opsgenie("api.eu.opsgenie.com"),
      jsm = {
        url = "GET https://api.atlassian.com/jsm/ops/api/{cloud_id}"
          .. "/v1/schedules/{schedule}/on-calls?flat=true",
        secret = "atlassian_login",
        select = { "onCallUsers[]" },
      },
      jsm_user = {
        url = "GET https://{site}.atlassian.net/rest/api/3/user/search"
          .. "?query={address}&maxResults=10",
        params = { address = "[A-Za-z0-9_.@+-]+" },
        secret = "atlassian_login",
        select = { "[].accountId", "[].emailAddress" },
      },
    },
    secrets = {
      pagerduty_token = { header = "Authorization", format = "Token token=%s" },
      opsgenie_key = { header = "Authorization", format = "GenieKey %s" },
      atlassian_login = { header = "Authorization", format = "Basic %b" },
    },
  },
  -- Three questions in a row are within the five seconds that a decision has.
  limits = { timeout = "1500ms" },
  cache = { ttl = "60s" },
}
