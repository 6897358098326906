--- The plugin ticket that ships, against servers that answer as the vendors do, and as they should
-- not.
local cjson = require "cjson"
local shipped = require "spec.support.shipped"

local JIRA = "http: [jira, jira_watchers], hosts: [acme.atlassian.net], secrets: [atlassian_login]"
local SERVICENOW = "http: [servicenow, servicenow_bearer], hosts: [acme.service-now.com], "
  .. "secrets: [servicenow_login, servicenow_token]"
local ISSUE = "acme.atlassian.net /rest/api/3/issue/INC-123"
local INCIDENT = "acme.service-now.com /api/now/table/incident"
local CHANGE = "acme.service-now.com /api/now/table/change_request"
local BASE = "projects: [INC, OPS], site: acme, email_domain: acme.com"
local CHG = "provider: servicenow, projects: [INC, CHG], site: acme, email_domain: acme.com"
-- A list without elements, which cjson writes as an object.
local EMPTY = "@[]"

local function json_of(value, status)
  return { status = status, body = (cjson.encode(value):gsub('"@%[%]"', "[]")) }
end

local function person(name, more)
  local user = { accountId = "id-" .. name, emailAddress = name .. "@acme.com", displayName = name, active = true }
  for field, value in pairs(more or {}) do
    user[field] = value
  end
  return user
end

-- An issue; fields that are given lie over it.
local function issue(fields, key, category)
  local all = {
    status = { name = "In Progress", statusCategory = { id = 4, key = category or "indeterminate" } },
    assignee = person "alice", reporter = person "bob",
  }
  for name, value in pairs(fields or {}) do
    all[name] = value
  end
  return { json = { id = "10002", key = key or "INC-123", self = "https://acme.atlassian.net/x", fields = all } }
end

local function both(value, shown)
  return { value = value, display_value = shown or value }
end

local function record(number, fields)
  local all = {
    number = both(number), state = both("2", "In Progress"), active = both "true",
    assigned_to = both("6816f79cc0a8016401c5a33be04be441", "Alice"),
    ["assigned_to.email"] = both "Alice@acme.com", ["assigned_to.user_name"] = both "alice.a",
    opened_by = both("46d44a23a9fe19810012d100cca80666", "Bob"),
    ["opened_by.email"] = both "bob@acme.com", ["opened_by.user_name"] = both "bob.b",
  }
  for name, value in pairs(fields or {}) do
    all[name] = value
  end
  return all
end

describe("the plugin ticket", function()
  local run

  setup(function()
    run = shipped.new("ticket", { "atlassian_login", "servicenow_login", "servicenow_token" })
  end)

  teardown(function()
    run:stop()
  end)

  local function case(user, justification)
    return { user = user, justification = justification or "INC-123: the queue is stuck" }
  end

  it("has a page with examples that are valid", function()
    run:check_page()
  end)

  describe("with Jira", function()
    before_each(function()
      run:use(BASE, JIRA)
    end)

    it("holds for the assignee of an open ticket, and for nobody else", function()
      run.vendors:set { [ISSUE] = issue() }
      run:holds(case "alice")
      run:fails(case "bob", "bob@acme.com is not assignee of INC-123")
      run:fails(case "role/Ops/alice", "chosen by its caller")
      run.vendors:set { [ISSUE] = issue { assignee = cjson.null } }
      run:fails(case "alice", "is not assignee")
      run.vendors:set { [ISSUE] = issue({}, nil, "new") }
      run:holds(case "alice")
    end)

    it("asks for this one ticket, with the login in base64", function()
      run.vendors:set { [ISSUE] = issue() }
      run:holds(case "alice")
      local requests = run.vendors:requests()
      assert.are.equal(1, #requests)
      assert.are.equal(ISSUE, requests[1].host .. " " .. requests[1].path)
      assert.are.equal("fields=status,assignee,reporter", requests[1].query)
      assert.are.equal("application/json", requests[1].headers.accept)
      assert.are.equal("Basic czNjcjN0LW9mL3RoZStwbHVnaW4=", requests[1].headers.authorization)
    end)

    it("does not hold for a ticket that is done, missing, moved, or in another status", function()
      run.vendors:set { [ISSUE] = issue({ status = { name = "Closed", statusCategory = { key = "done" } } }) }
      run:fails(case "alice", "INC-123 is not open: Closed")
      run.vendors:set { [ISSUE] = json_of({ errorMessages = { "Issue does not exist" }, errors = {} }, 404) }
      run:fails(case "alice", "there is no ticket INC-123, or no permission to see it")
      run.vendors:set { [ISSUE] = issue({}, "OPS-7") }
      run:fails(case "alice", "INC-123 is OPS-7 now")
      run:use(BASE .. ", statuses: [Approved, Implementing]", JIRA)
      run.vendors:set { [ISSUE] = issue() }
      run:fails(case "alice", "INC-123 is In Progress, which is not among statuses")
      run.vendors:set { [ISSUE] = issue { status = { name = "Approved", statusCategory = { key = "new" } } } }
      run:holds(case "alice")
      run.vendors:set { [ISSUE] = issue { status = { name = "Approved", statusCategory = { key = "done" } } } }
      run:fails(case "alice", "is not open")
    end)

    it("is unknown without a justification, and false where that names no ticket", function()
      run.vendors:set { ["*"] = issue() }
      local answer = run:explain {}
      assert.are.equal("deny", answer.effect)
      assert.are.equal("justification is not known", answer.trace[1].got)
      for _, text in ipairs { "please", "inc-123", "INC-", "INC-0123", "INC 123", "XINC-123", "INC-123-4", "INC-12a",
        "INC-123_x", "éINC-123", "INC-123é", "DEV-1", "INC--1", "-INC-123", "INC-1" .. ("2"):rep(40) } do
        run:fails(case("alice", text), "names no ticket such as INC-123 or OPS-123")
      end
      assert.are.equal(0, #run.vendors:requests())
    end)

    it("takes the first key that stands alone, whatever is around it", function()
      local rows = {
        ["INC-123"] = "INC-123", ["(INC-123)"] = "INC-123", ["fix: INC-123."] = "INC-123",
        ["https://acme.atlassian.net/browse/INC-123?x=1"] = "INC-123", ["OPS-9, INC-123"] = "OPS-9",
        ["INC-123/../../admin"] = "INC-123", ["INC-123?fields=x#y"] = "INC-123", ["INC-123%2e%2e"] = "INC-123",
        ["DEV-5 and INC-123"] = "INC-123", ["INC-1&INC-123"] = "INC-1",
      }
      for text, wanted in pairs(rows) do
        run.vendors:set { ["*"] = issue({}, wanted) }
        run:holds(case("alice", text))
        assert.are.equal("/rest/api/3/issue/" .. wanted, run.vendors:requests()[1].path)
        assert.are.equal("fields=status,assignee,reporter", run.vendors:requests()[1].query)
      end
    end)

    it("judges the first ticket alone", function()
      run.vendors:set { ["*"] = issue({}, "INC-123"), ["acme.atlassian.net /rest/api/3/issue/OPS-9"] =
        issue({ assignee = person "bob" }, "OPS-9") }
      run:fails(case("alice", "OPS-9 INC-123"), "is not assignee of OPS-9")
    end)

    it("knows reporters and watchers where the policy wants them", function()
      local watchers = { [ISSUE] = issue(), [ISSUE .. "/watchers"] = { json = { watchCount = 1,
        watchers = { person "dave", person "carol" } } } }
      run:use(BASE .. ", who: [assignee, reporter]", JIRA)
      run.vendors:set(watchers)
      run:holds(case "alice")
      run:holds(case "bob")
      run:fails(case "carol", "carol@acme.com is not assignee or reporter of INC-123")
      assert.are.equal(3, #run.vendors:requests())
      run:use(BASE .. ", who: [watcher]", JIRA)
      run:holds(case "carol")
      run:fails(case "alice", "is not watcher")
      run.vendors:set { [ISSUE] = issue(), [ISSUE .. "/watchers"] = { status = 403, json = {} } }
      run:errs(case "carol", "plugin_error", "answered 403")
      run.vendors:set { [ISSUE] = issue(), [ISSUE .. "/watchers"] = { json = { watchers = { x = person "carol" } } } }
      run:errs(case "carol", "plugin_error", "without a list of watchers")
    end)

    it("goes by address or account id, never by the name that is shown", function()
      run.vendors:set { [ISSUE] = issue { assignee = person("eve", { displayName = "alice@acme.com" }) } }
      run:fails(case "alice", "is not assignee")
      run:use('projects: [INC], site: acme, users: ["alice=557058:a1"]', JIRA)
      run.vendors:set { [ISSUE] = issue { assignee = { accountId = "557058:a1", displayName = "x" } } }
      run:holds(case "alice")
      run.vendors:set { [ISSUE] = issue { assignee = { accountId = "557058:A1", displayName = "x" } } }
      run:fails(case "alice", "is not assignee")
    end)

    it("does not take a hidden address for another person's", function()
      run.vendors:set { [ISSUE] = issue { assignee = { accountId = "a1", displayName = "x" } } }
      run:errs(case "alice", "plugin_error", "does not show the address of the ticket's assignee")
      run:use(BASE .. ", who: [assignee, reporter]", JIRA)
      run:holds(case "bob")
    end)

    it("denies everything where its arguments make no sense", function()
      local rows = {
        ["projects: [inc], site: acme, email_domain: acme.com"] = "projects:",
        ["projects: [\"INC-\"], site: acme, email_domain: acme.com"] = "projects:",
        ["projects: [\".*\"], site: acme, email_domain: acme.com"] = "projects:",
        ["projects: [INC], site: acme"] = "needs email_domain or users",
        ["projects: [INC], site: acme, email_domain: acme.com, auth: bearer"] = "auth is only",
      }
      run.vendors:set { ["*"] = issue() }
      for arguments, wanted in pairs(rows) do
        run:use(arguments, JIRA)
        run:errs(case "alice", "plugin_error", wanted)
      end
      for _, site in ipairs { "evil", "acme.evil", "b.example/", "a b" } do
        run:use(("projects: [INC], site: %q, email_domain: acme.com"):format(site), JIRA)
        run:errs(case "alice", "fact_unavailable", "")
      end
      assert.are.equal(0, #run.vendors:requests())
    end)

    it("denies on answers that it does not understand", function()
      local rows = {
        issue({}, nil, "undefined"), issue { status = { name = "x" } }, issue { status = cjson.null },
        issue { status = "open" }, issue { status = { name = 5, statusCategory = { key = "new" } } },
        { json = { fields = issue().json.fields } }, { json = { key = "INC-123" } },
      }
      for _, answer in ipairs(rows) do
        run.vendors:set { [ISSUE] = answer }
        run:errs(case "alice", "plugin_error", "without key, status or a category")
      end
      run.vendors:set { [ISSUE] = { status = 404, json = {} } }
      run:errs(case "alice", "plugin_error", "answered 404")
      for _, status in ipairs { 400, 401, 403 } do
        run.vendors:set { [ISSUE] = { status = status, json = { errorMessages = { "no" }, errors = {} } } }
        run:errs(case "alice", "plugin_error", "answered " .. status)
      end
      run:check_hostile(case "alice")
    end)

    it("denies in a rule that denies, too", function()
      run:use(BASE, JIRA, "deny")
      run.vendors:set { [ISSUE] = { status = 401, json = {} } }
      run:errs(case "alice", "plugin_error", "does not accept the secret")
    end)
  end)

  describe("with ServiceNow", function()
    local function has(path, ...)
      local records = { ... }
      run.vendors:set { [path] = json_of { result = #records > 0 and records or EMPTY } }
    end

    local function change(user)
      return case(user, "CHG0012345: rollout")
    end

    before_each(function()
      run:use(CHG, SERVICENOW)
    end)

    it("holds for the assignee of an open ticket, and for nobody else", function()
      has(CHANGE, record "CHG0012345")
      run:holds(change "alice")
      run:fails(change "bob", "bob@acme.com is not assignee of CHG0012345")
      has(INCIDENT, record "INC0010001")
      run:holds(case("alice", "INC0010001"))
      run:use(CHG .. ", who: [reporter]", SERVICENOW)
      run:holds(case("bob", "INC0010001"))
      run:fails(case("alice", "INC0010001"), "is not reporter")
    end)

    it("asks for this one record, in the form of its secret", function()
      has(CHANGE, record "CHG0012345")
      run:holds(change "alice")
      local request = run.vendors:requests()[1]
      assert.are.equal("sysparm_query=number%3DCHG0012345&sysparm_fields=number,state,active,assigned_to,"
        .. "assigned_to.email,assigned_to.user_name,opened_by,opened_by.email,opened_by.user_name"
        .. "&sysparm_display_value=all&sysparm_exclude_reference_link=true&sysparm_limit=2", request.query)
      assert.are.equal("application/json", request.headers.accept)
      assert.are.equal("Basic czNjcjN0LW9mL3RoZStwbHVnaW4=", request.headers.authorization)
      run:use(CHG .. ", auth: bearer", SERVICENOW)
      run:holds(change "alice")
      assert.are.equal("Bearer " .. shipped.SECRET, run.vendors:requests()[2].headers.authorization)
    end)

    it("does not hold for a ticket that is closed, resolved, missing, or in another state", function()
      has(CHANGE, record("CHG0012345", { active = both "false", state = both("3", "Closed") }))
      run:fails(change "alice", "CHG0012345 is not open: Closed")
      has(INCIDENT, record("INC0010001", { state = both("6", "Resolved") }))
      run:fails(case("alice", "INC0010001"), "INC0010001 is not open: Resolved")
      has(CHANGE)
      run:fails(change "alice", "there is no ticket CHG0012345")
      run.vendors:set { [CHANGE] = json_of({ error = { message = "No Record found" }, status = "failure" }, 404) }
      run:fails(change "alice", "there is no ticket CHG0012345")
      run:use(CHG .. ", statuses: [Implement]", SERVICENOW)
      has(CHANGE, record("CHG0012345", { state = both("-5", "New") }))
      run:fails(change "alice", "CHG0012345 is New, which is not among statuses")
      has(CHANGE, record("CHG0012345", { state = both("-1", "Implement") }))
      run:holds(change "alice")
    end)

    it("wants a number that stands alone", function()
      for _, text in ipairs { "CHG", "CHG-1", "chg0012345", "XCHG0012345", "CHG0012345x", "RITM0012345",
        "CHG0012345^ORactive" } do
        has(CHANGE, record("CHG0012345"))
        if text:find("^", 1, true) then
          run:holds(case("alice", text))
          assert.is_truthy(run.vendors:requests()[1].query:find("number%3DCHG0012345&", 1, true))
        else
          run:fails(case("alice", text), "names no ticket such as INC0012345 or CHG0012345")
        end
      end
    end)

    it("knows who a user is by address or user id", function()
      run:use('provider: servicenow, projects: [CHG], site: acme, users: ["alice=alice.a", "bob=Alice.A"]', SERVICENOW)
      has(CHANGE, record "CHG0012345")
      run:holds(change "alice")
      run:fails(change "bob", "Alice.A is not assignee")
    end)

    it("does not take a hidden address for another person's, or for nobody", function()
      for _, value in ipairs { cjson.null, both "" } do
        has(CHANGE, record("CHG0012345", { ["assigned_to.email"] = value }))
        run:errs(change "alice", "plugin_error", "does not show the address")
      end
      has(CHANGE, record("CHG0012345", { assigned_to = both "", ["assigned_to.email"] = cjson.null }))
      run:fails(change "alice", "is not assignee")
    end)

    it("denies on answers that it does not understand", function()
      local rows = {
        { { record "CHG0099999" }, "other than CHG0012345" },
        { { record "CHG0012345", record "CHG0012345" }, "other than CHG0012345" },
        { { record("CHG0012345", { active = both "yes" }) }, "without state" },
        { { record("CHG0012345", { active = cjson.null }) }, "does not show the ticket's active" },
        { { record("CHG0012345", { state = cjson.null }) }, "does not show the ticket's state" },
        { { record("CHG0012345", { assigned_to = cjson.null }) }, "does not show the ticket's assigned_to" },
        { { record("CHG0012345", { state = "2" }) }, "form that is not understood" },
        { { record("CHG0012345", { assigned_to = "Alice" }) }, "form that is not understood" },
        { { "CHG0012345" }, "other than CHG0012345" },
      }
      for _, row in ipairs(rows) do
        has(CHANGE, table.unpack(row[1]))
        run:errs(change "alice", "plugin_error", row[2])
      end
      run.vendors:set { [CHANGE] = { status = 404, json = { result = {} } } }
      run:errs(change "alice", "plugin_error", "answered 404")
      for _, result in ipairs { { record = record "CHG0012345" }, {} } do
        run.vendors:set { [CHANGE] = { json = { result = result } } }
        run:errs(change "alice", "plugin_error", "without a list")
      end
      run:check_hostile(change "alice")
    end)

    it("denies everything where its arguments make no sense", function()
      run.vendors:set { ["*"] = { json = {} } }
      run:use("provider: servicenow, projects: [OPS], site: acme, email_domain: acme.com", SERVICENOW)
      run:errs(change "alice", "plugin_error", "they are INC and CHG")
      run:use(CHG .. ", who: [watcher]", SERVICENOW)
      run:errs(change "alice", "plugin_error", "watchers")
      assert.are.equal(0, #run.vendors:requests())
    end)
  end)
end)
