-- `select` takes records whole: names such as "assigned_to.email" are no paths. sysparm_fields says
-- what comes.
local SERVICENOW = "GET https://{site}.service-now.com/api/now/table/{table}"
  .. "?sysparm_query=number%3D{number}"
  .. "&sysparm_fields=number,state,active,assigned_to,assigned_to.email,assigned_to.user_name,"
  .. "opened_by,opened_by.email,opened_by.user_name"
  .. "&sysparm_display_value=all&sysparm_exclude_reference_link=true&sysparm_limit=2"

local function servicenow(secret)
  return {
    url = SERVICENOW,
    params = { table = "[a-z_]+", number = "[A-Z0-9]+" },
    secret = secret,
    select = { "result[]", "error" },
  }
end

return {
  name = "ticket", version = "1.0.0", api = 1,
  summary = "Holds when the justification names an open ticket of the user in Jira or ServiceNow",
  args = {
    projects = {
      type = "strings", required = true,
      description = "Jira: keys of projects, such as INC; ServiceNow: INC, CHG",
    },
    site = {
      type = "string", required = true,
      description = "acme for acme.atlassian.net or acme.service-now.com",
    },
    provider = {
      type = "string", values = { "jira", "servicenow" },
      description = "who keeps the tickets; jira when it is not given",
    },
    who = {
      type = "strings", values = { "assignee", "reporter", "watcher" },
      description = "what the user has to be of the ticket, one of them; assignee when not given",
    },
    statuses = {
      type = "strings",
      description = "names of the statuses that count; every open one when it is not given",
    },
    auth = {
      type = "string", values = { "basic", "bearer" },
      description = "ServiceNow: the kind of secret; basic when it is not given",
    },
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
    request = { "user", "justification" },
    http = {
      jira = {
        url = "GET https://{site}.atlassian.net/rest/api/3/issue/{key}"
          .. "?fields=status,assignee,reporter",
        params = { key = "[A-Z0-9-]+" },
        secret = "atlassian_login",
        select = {
          "key", "fields.status.name", "fields.status.statusCategory.key",
          "fields.assignee.accountId", "fields.assignee.emailAddress",
          "fields.reporter.accountId", "fields.reporter.emailAddress", "errorMessages",
        },
      },
      jira_watchers = {
        url = "GET https://{site}.atlassian.net/rest/api/3/issue/{key}/watchers",
        params = { key = "[A-Z0-9-]+" },
        secret = "atlassian_login",
        select = { "watchers[].accountId", "watchers[].emailAddress" },
      },
      servicenow = servicenow("servicenow_login"),
      servicenow_bearer = servicenow("servicenow_token"),
    },
    secrets = {
      atlassian_login = { header = "Authorization", format = "Basic %b" },
      servicenow_login = { header = "Authorization", format = "Basic %b" },
      servicenow_token = { header = "Authorization", format = "Bearer %s" },
    },
  },
  limits = { timeout = "1500ms" },
  cache = { ttl = "60s" },
}
