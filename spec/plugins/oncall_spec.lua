--- The plugin oncall that ships, against servers that answer as the vendors do, and as they should
-- not.
local cjson = require "cjson"
local files = require "spec.support.files"
local settings = require "spec.support.settings"
local shipped = require "spec.support.shipped"

local PAGERDUTY = "http: [pagerduty], hosts: [api.pagerduty.com], secrets: [pagerduty_token]"
local OPSGENIE = "http: [opsgenie], hosts: [api.opsgenie.com], secrets: [opsgenie_key]"
local JSM = "http: [jsm, jsm_user], hosts: [api.atlassian.com, acme.atlassian.net], secrets: [atlassian_login]"
local ONCALLS, OPSGENIE_PATH = "api.pagerduty.com /oncalls", "api.opsgenie.com /v2/schedules/s1/on-calls"
local JSM_PATH = "api.atlassian.com /jsm/ops/api/c1/v1/schedules/s1/on-calls"
local SEARCH = "acme.atlassian.net /rest/api/3/user/search"
local MANY = 60
-- A list without elements, which cjson writes as an object.
local EMPTY = "@[]"

local function json_of(value)
  return { body = (cjson.encode(value):gsub('"@%[%]"', "[]")) }
end

-- An entry of PagerDuty's; fields that are given lie over it.
local function shift(email, more)
  local entry = {
    user = { id = "P" .. email:upper():sub(1, 5), type = "user", email = email, summary = "Somebody" },
    schedule = { id = "PSCHED1", type = "schedule_reference", summary = "Payments" },
    escalation_policy = { id = "PPOLICY", summary = ("long "):rep(20) },
    escalation_level = 1, start = "2026-01-19T09:00:00Z", ["end"] = "2026-01-19T17:00:00Z",
  }
  for name, value in pairs(more or {}) do
    entry[name] = value
  end
  return entry
end

local function page(entries, more)
  return json_of { oncalls = #entries > 0 and entries or EMPTY, limit = 15, offset = 0,
    more = more or false, total = cjson.null }
end

describe("the plugin oncall", function()
  local run

  setup(function()
    run = shipped.new("oncall", { "pagerduty_token", "opsgenie_key", "atlassian_login" })
  end)

  teardown(function()
    run:stop()
  end)

  local function answers(entries, more)
    run.vendors:set { [ONCALLS] = page(entries, more) }
  end

  describe("with PagerDuty", function()
    before_each(function()
      run:use("schedule: PSCHED1, email_domain: acme.com", PAGERDUTY)
    end)

    it("holds for who is on call, and for nobody else", function()
      answers { shift("bob@acme.com"), shift("alice@acme.com") }
      run:holds()
      run:fails({ user = "carol" }, "carol@acme.com is not on call in schedule PSCHED1")
      answers {}
      run:fails({}, "not on call")
    end)

    it("asks for one page of the schedule, with the token in PagerDuty's form", function()
      answers {}
      run:explain {}
      local requests = run.vendors:requests()
      assert.are.equal(1, #requests)
      assert.are.equal("api.pagerduty.com /oncalls", requests[1].host .. " " .. requests[1].path)
      assert.are.equal("schedule_ids%5B%5D=PSCHED1&include%5B%5D=users&limit=15&offset=0", requests[1].query)
      assert.are.equal("application/vnd.pagerduty+json;version=2", requests[1].headers.accept)
      assert.are.equal("Token token=" .. shipped.SECRET, requests[1].headers.authorization)
    end)

    it("asks the European account where the policy says so", function()
      run:use("schedule: PSCHED1, email_domain: acme.com, region: eu",
        "http: [pagerduty_eu], hosts: [api.eu.pagerduty.com], secrets: [pagerduty_token]")
      run.vendors:set { ["api.eu.pagerduty.com /oncalls"] = page { shift("alice@acme.com") } }
      run:holds()
    end)

    it("compares addresses whole and without regard to case", function()
      answers { shift("Alice@ACME.com") }
      run:holds()
      run:holds { user = "alice@acme.com" }
      for _, other in ipairs { "alice@acme.com.evil.example", "xalice@acme.com", "alice@acme.co", "malice@acme.com" } do
        answers { shift(other) }
        run:fails({}, "not on call")
      end
    end)

    it("knows nobody by a name that a caller can choose", function()
      answers { shift("alice@acme.com", { user = { id = "PX", email = "eve@acme.com", summary = "alice" } }) }
      run:fails({}, "not on call")
      answers { shift("alice@acme.com") }
      for _, user in ipairs { "role/Ops/alice", "role/Ops/alice@acme.com", "federated/alice@acme.com", "root" } do
        run:fails({ user = user }, "chosen by its caller")
      end
      assert.are.equal(0, #run.vendors:requests())
    end)

    it("knows users by the list of the policy: an address, or an id exactly", function()
      run:use('schedule: PSCHED1, users: ["alice=al@x.example", "bob=PBOB", "c=d=PEQUALS"]', PAGERDUTY)
      answers { shift("al@x.example"), shift("x@x.example", { user = { id = "PBOB" } }),
        shift("y@x.example", { user = { id = "PEQUALS" } }) }
      run:holds { user = "alice" }
      run:holds { user = "bob" }
      run:holds { user = "c=d" }
      run:fails({ user = "dave" }, "dave is not among users")
      answers { shift("x@x.example", { user = { id = "pbob", email = "x@x.example" } }) }
      run:fails({ user = "bob" }, "PBOB is not on call")
    end)

    it("denies everything where its arguments do not say who a user is, or make no sense", function()
      local rows = {
        ["schedule: PSCHED1"] = "needs email_domain or users",
        ['schedule: PSCHED1, users: ["alice"]'] = "neither NAME=ADDRESS nor NAME=ID",
        ['schedule: PSCHED1, users: ["alice=a@b.example", "alice=c@d.example"]'] = "is there twice",
        ['schedule: PSCHED1, email_domain: "@acme.com"'] = "is no domain",
        ["schedule: PSCHED1, email_domain: acme.com, site: acme"] = "only for jsm",
        ["schedule: s1, provider: opsgenie, max_level: 1, email_domain: acme.com"] = "max_level is only",
        ["schedule: s1, provider: jsm, region: eu, email_domain: acme.com"] = "region is only",
      }
      answers { shift("alice@acme.com") }
      for arguments, wanted in pairs(rows) do
        run:use(arguments, PAGERDUTY)
        run:errs({}, "plugin_error", wanted)
      end
      run:use("schedule: PSCHED1", PAGERDUTY)
      run:holds { user = "alice@acme.com" }
    end)

    it("reads shifts without start and end as permanent", function()
      answers { shift("alice@acme.com", { start = cjson.null, ["end"] = cjson.null }) }
      run:holds()
      answers { shift("alice@acme.com", { start = cjson.null }) }
      run:holds()
      run:fails({ time = "2026-01-19T17:00:00Z" }, "not on call")
    end)

    it("holds from the first second of a shift to before the last, in any offset", function()
      answers { shift("alice@acme.com", { start = "2026-01-19T04:00:00-05:00", ["end"] = "2026-01-19T22:30:00.000+05:30" }) }
      run:fails({ time = "2026-01-19T08:59:59Z" }, "not on call")
      run:holds { time = "2026-01-19T09:00:00Z" }
      run:holds { time = "2026-01-19T16:59:59Z" }
      run:fails({ time = "2026-01-19T17:00:00Z" }, "not on call")
      answers { shift("alice@acme.com", { start = "2024-02-28T20:00:00-05:00", ["end"] = "2024-03-01T00:30:00+01:00" }) }
      run:fails({ time = "2024-02-29T00:59:59Z" }, "not on call")
      run:holds { time = "2024-02-29T01:00:00Z" }
      run:holds { time = "2024-02-29T23:29:59Z" }
      run:fails({ time = "2024-02-29T23:30:00Z" }, "not on call")
    end)

    it("denies on a shift whose times are none", function()
      for _, text in ipairs { "yesterday", "2026-01-19", "2026-01-19T09:00:00", "2026-02-30T09:00:00Z",
        "2026-01-19T25:00:00Z", "2026-01-19T09:00:00+99:00", "2026-01-19T09:00:00 UTC", "" } do
        answers { shift("alice@acme.com", { start = text }) }
        run:errs({}, "plugin_error", "is no time")
      end
      answers { shift("alice@acme.com", { ["end"] = 17 }) }
      run:errs({}, "plugin_error", "is no time")
    end)

    it("counts no entry of another schedule, or of none", function()
      answers { shift("alice@acme.com", { schedule = cjson.null }) }
      run:fails({}, "not on call")
      answers { shift("alice@acme.com", { schedule = { id = "PSCHED2" } }) }
      run:fails({}, "not on call")
      answers { shift("alice@acme.com", { schedule = cjson.null }), shift("alice@acme.com") }
      run:holds()
    end)

    it("takes the user's best entry of several", function()
      local ended = { ["end"] = "2026-01-19T09:30:00Z" }
      answers { shift("alice@acme.com", ended), shift("alice@acme.com"), shift("alice@acme.com", ended) }
      run:holds()
      answers { shift("alice@acme.com", ended), shift("alice@acme.com", ended) }
      run:fails({}, "not on call")
    end)

    it("counts escalation levels up to max_level", function()
      run:use("schedule: PSCHED1, email_domain: acme.com, max_level: 1", PAGERDUTY)
      answers { shift("alice@acme.com", { escalation_level = 2 }), shift("bob@acme.com") }
      run:fails({}, "not on call")
      run:holds { user = "bob" }
      answers { shift("alice@acme.com", { escalation_level = "1" }) }
      run:errs({}, "plugin_error", "escalation level")
    end)

    it("does not take a hidden address for another person's", function()
      local hidden = shift("x@acme.com", { user = { id = "PX", type = "user_reference" } })
      answers { hidden, shift("bob@acme.com") }
      run:errs({}, "plugin_error", "does not show the address")
      run:holds { user = "bob" }
    end)

    it("reads page after page", function()
      local long = {}
      for i = 1, 15 do
        long[i] = shift(("somebody.with.a.rather.long.name.%02d@engineering.acme.example.com"):format(i))
      end
      run.vendors:set { [ONCALLS] = { step = 15, pages = { page(long, true), page(long, true),
        page { shift("alice@acme.com") } } } }
      assert.are.equal(3, #run:holds().facts)
      local queries = {}
      for i, request in ipairs(run.vendors:requests()) do
        queries[i] = request.query:match("offset=(%d+)")
      end
      assert.are.equal("0 15 30", table.concat(queries, " "))
      run:fails({ user = "bob" }, "not on call")
    end)

    it("denies when there are more pages than a decision may ask for, or pages without end", function()
      answers({ shift("bob@acme.com") }, true)
      run:errs({}, "budget_exceeded")
      assert.is_true(#run.vendors:requests() <= 4)
      answers({}, true)
      run:errs({}, "budget_exceeded")
      answers({ shift("alice@acme.com") }, true)
      run:holds()
    end)

    it("denies on a page with more than was asked for", function()
      local entries = {}
      for i = 1, MANY do
        entries[i] = shift(("somebody.%02d@acme.com"):format(i))
      end
      answers(entries)
      run:errs({}, "fact_too_large")
    end)

    it("denies on answers that it does not understand", function()
      local rows = {
        [{ oncalls = { shift("alice@acme.com") } }] = "whether there is more",
        [{ oncalls = { shift("alice@acme.com") }, more = "no" }] = "whether there is more",
        [{ oncalls = { alice = shift("alice@acme.com") }, more = false }] = "without a list",
        [{ oncalls = "alice@acme.com", more = false }] = "without a list",
        [{ oncalls = cjson.null, more = false }] = "without a list",
      }
      for json, wanted in pairs(rows) do
        run.vendors:set { [ONCALLS] = { json = json } }
        run:errs({}, "plugin_error", wanted)
      end
      run.vendors:set { [ONCALLS] = { status = 404, json = { error = { code = 2100, message = "Not Found" } } } }
      run:errs({}, "plugin_error", "answered 404: there is no such thing")
      run:check_hostile {}
    end)

    it("denies in a rule that denies, too, and under not", function()
      run.vendors:set { [ONCALLS] = { status = 401, json = { error = {} } } }
      run:use("schedule: PSCHED1, email_domain: acme.com", PAGERDUTY, "deny")
      run:errs({}, "plugin_error", "does not accept the secret")
    end)
  end)

  describe("with Opsgenie", function()
    local function recipients(list, more)
      local parent = { id = "s1", name = "Payments", enabled = true }
      for name, value in pairs(more or {}) do
        parent[name] = value
      end
      run.vendors:set { [OPSGENIE_PATH] = json_of { took = 0.1, requestId = "x",
        data = { _parent = parent, onCallRecipients = list } } }
    end

    before_each(function()
      run:use("provider: opsgenie, schedule: s1, email_domain: acme.com", OPSGENIE)
    end)

    it("holds for who is on call, and asks in its form", function()
      recipients { "bob@acme.com", "Alice@acme.com" }
      run:holds()
      local request = run.vendors:requests()[1]
      assert.are.equal("scheduleIdentifierType=id&flat=true", request.query)
      assert.are.equal("GenieKey " .. shipped.SECRET, request.headers.authorization)
      assert.are.equal("application/json", request.headers.accept)
      run:fails({ user = "carol" }, "carol@acme.com is not on call")
      recipients(EMPTY)
      run:fails({}, "not on call")
    end)

    it("knows its European servers", function()
      run:use("provider: opsgenie, schedule: s1, email_domain: acme.com, region: eu",
        "http: [opsgenie_eu], hosts: [api.eu.opsgenie.com], secrets: [opsgenie_key]")
      run.vendors:set { ["api.eu.opsgenie.com /v2/schedules/s1/on-calls"] = {
        json = { data = { onCallRecipients = { "alice@acme.com" } } } } }
      run:holds()
    end)

    it("counts nobody in a schedule that is switched off", function()
      recipients({ "alice@acme.com" }, { enabled = false })
      run:fails({}, "switched off")
    end)

    it("denies on what it does not understand", function()
      for _, list in ipairs { cjson.null, {} } do
        recipients(list)
        run:errs({}, "plugin_error", "without a list")
      end
      recipients { { name = "alice@acme.com" } }
      run:errs({}, "plugin_error", "without a name")
      run:check_hostile {}
    end)
  end)

  describe("with Jira Service Management", function()
    local function accounts(list, people)
      run.vendors:set { [JSM_PATH] = json_of { onCallUsers = list }, [SEARCH] = people and json_of(people) }
    end

    it("holds for an account that is on call", function()
      run:use('provider: jsm, schedule: s1, cloud_id: c1, users: ["alice=557058:a1-b2", "bob=557058:A1-B2"]', JSM)
      accounts { "557058:zz", "557058:a1-b2" }
      run:holds()
      local request = run.vendors:requests()[1]
      assert.are.equal("flat=true", request.query)
      assert.are.equal("Basic czNjcjN0LW9mL3RoZStwbHVnaW4=", request.headers.authorization)
      run:fails({ user = "bob" }, "557058:A1-B2 is not on call")
      accounts(EMPTY)
      run:fails({}, "nobody is on call")
    end)

    it("asks whose account an address is, and takes only that very address", function()
      run:use("provider: jsm, schedule: s1, cloud_id: c1, site: acme, email_domain: acme.com", JSM)
      local alice = { accountId = "a1", emailAddress = "alice@acme.com", displayName = "A" }
      local other = { accountId = "a2", emailAddress = "alice@acme.com.au", displayName = "alice@acme.com" }
      accounts({ "a1" }, { other, alice })
      run:holds()
      local request = run.vendors:requests()[2]
      assert.are.equal("query=alice%40acme.com&maxResults=10", request.query)
      accounts({ "a2" }, { other, alice })
      run:fails({}, "not on call")
      accounts({ "a2" }, { other })
      run:errs({}, "plugin_error", "shows no account with the address alice@acme.com")
      accounts({ "a1" }, EMPTY)
      run:errs({}, "plugin_error", "shows no account")
      accounts({ "a1" }, { { accountId = "a1", displayName = "alice@acme.com" } })
      run:errs({}, "plugin_error", "shows no account")
      accounts({ "a1" }, { alice, { accountId = "a3", emailAddress = "alice@acme.com" } })
      run:errs({}, "plugin_error", "which account")
    end)

    it("denies on what it does not understand", function()
      run:use("provider: jsm, schedule: s1, site: acme, email_domain: acme.com", JSM)
      run:errs({}, "plugin_error", "cloud_id is missing")
      run:use("provider: jsm, schedule: s1, cloud_id: c1, email_domain: acme.com", JSM)
      accounts { "a1" }
      run:errs({}, "plugin_error", "site is missing")
      run:use("provider: jsm, schedule: s1, cloud_id: c1, site: acme, email_domain: acme.com", JSM)
      accounts({ { id = "a1" } }, { { accountId = "a1", emailAddress = "alice@acme.com" } })
      run:errs({}, "plugin_error", "other than account ids")
      accounts({}, { { accountId = "a1", emailAddress = "alice@acme.com" } })
      run:errs({}, "plugin_error", "without a list")
      run:check_hostile {}
    end)
  end)

  it("has nothing of a vendor that the bundle does not grant", function()
    run:use("schedule: PSCHED1, email_domain: acme.com", OPSGENIE)
    run:errs({}, "fact_unavailable", "does not grant")
  end)

  it("has a page with examples that are valid", function()
    run:check_page()
  end)

  it("has the same identity.lua and answer.lua as the plugin ticket", function()
    for _, name in ipairs { "identity.lua", "answer.lua" } do
      assert.are.equal(files.read(settings.source .. "/plugins/oncall/" .. name),
        files.read(settings.source .. "/plugins/ticket/" .. name))
    end
  end)
end)
