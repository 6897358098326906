--- sentinel policy import: what the older program's files mean, as requests and their answers; what is told; what is
-- refused; where the policy goes.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local world = require "spec.support.world"

local ACCESS = [[
version: "1"
rules:
  - name: contractors
    effect: deny
    conditions:
      users: [mallory, "ext-*"]
    reason: "Contractors: never"
  - name: billing server
    effect: require-server
    conditions:
      profiles: [billing, "billing-*"]
    max_server_duration: 1h0m
  - name: tracked
    effect: require_server_session
    conditions: {profiles: [audit]}
    session_table: sentinel-sessions
  - name: dev
    effect: allow
    profiles: [dev]
    conditions:
      user: [alice, bob.smith, "tmp-*"]
    reason: |
      Development
      is open
  - name: office
    effect: allow
    conditions:
      profiles: [staging]
      mode: [cli]
      time:
        days: [monday, tuesday, wednesday, thursday, friday]
        hours: {start: "09:00", end: "17:00"}
        timezone: America/New_York
  - name: night
    effect: allow
    conditions:
      profiles: [batch]
      time: {hours: {start: "22:00", end: "06:00"}, timezone: UTC}
  - name: managed
    effect: allow
    conditions:
      profiles: [laptop]
      device: {require_mdm: true, require_firewall: false, min_os_version: "14.0", allowed_os_types: [darwin]}
  - name: prod
    effect: require_approval
    conditions:
      profiles: [prod, data]
  - name: admin-role
    effect: allow
    conditions:
      profiles: ["arn:aws:iam::123456789012:role/Admin"]
      users: [alice]
  - name: everything-else
    effect: deny
    conditions: {}
]]

local APPROVAL = [[
version: "1"
rules:
  - name: prod-approvers
    profiles: [prod]
    approvers: [carol, dave]
    auto_approve:
      users: [alice]
      time: {hours: {start: "09:00", end: "17:00"}, timezone: UTC}
      max_duration: 30m
]]

local BREAK_GLASS = [[
version: "1"
rules:
  - name: oncall
    profiles: [prod, dev]
    users: [alice]
    allowed_reason_codes: [incident]
    max_duration: 2h
  - name: security
    profiles: []
    users: [erin]
    mfa: {required: true, methods: [totp]}
]]

local LIMITS = [[
version: "1"
rules:
  - {name: prod-limits, profiles: [prod], cooldown: 30m, max_per_user: 3, quota_window: 24h, escalation_threshold: 2}
]]

local MONDAY_NOON = "2026-01-19T12:00:00Z"
local SERVER, TRACKED = { mode = "server" }, { mode = "server", session_table = "s" }
local CODE = { reason_code = "incident" }

local function approved(by)
  return { id = "1", approvers = { by }, approved_at = "2026-01-19T11:00:00Z", expires_at = "2026-01-19T19:00:00Z" }
end

local function device(os_type, version)
  return { mdm_enrolled = true, os_type = os_type, os_version = version }
end

-- {what, user, profile, further fields, the effect, the rule, the longest session}
local REQUESTS = {
  { "a name in its rule", "alice", "dev", {}, "allow", "dev" },
  { "a name that was altered before it was compared", "bob.smith", "dev", {}, "allow", "dev" },
  { "a pattern of a rule that grants", "tmp-1", "dev", {}, "deny", "everything-else" },
  { "someone whom an ignored key would not have kept out", "carol", "dev", {}, "deny", "everything-else" },
  { "another profile than the one beside the conditions", "alice", "other", {}, "deny", "everything-else" },
  { "a name that is refused", "mallory", "dev", {}, "deny", "contractors" },
  { "a pattern of a rule that refuses", "ext-7", "staging", { mode = "cli" }, "deny", "contractors" },
  { "a session that chose a name that is refused", "role/Ops/mallory", "staging", { mode = "cli" }, "deny", "contractors" },
  { "a federated one", "federated/mallory", "staging", { mode = "cli" }, "deny", "contractors" },
  { "a session that chose a name that is granted", "role/Ops/alice", "dev", {}, "deny", "everything-else" },
  { "server mode, under a mistaken effect", "alice", "billing", SERVER, "allow", "billing-server", 3600 },
  { "no server mode", "alice", "billing", { mode = "cli" }, "deny", "billing-server" },
  { "a pattern of a rule that grants in server mode", "alice", "billing-eu", SERVER, "deny", "billing-server-others" },
  { "the same with break-glass", "erin", "billing-eu", { mode = "cli", break_glass = CODE,
    mfa = { authenticated_at = MONDAY_NOON } }, "deny", "billing-server-others" },
  { "a tracked session", "alice", "audit", TRACKED, "allow", "tracked" },
  { "one that is not tracked", "alice", "audit", SERVER, "deny", "tracked" },
  { "break-glass without server mode", "erin", "audit", { break_glass = CODE }, "deny", "tracked" },
  { "the first minute", "zoe", "staging", { mode = "cli", time = "2026-01-19T14:00:00Z" }, "allow", "office" },
  { "the minute before", "zoe", "staging", { mode = "cli", time = "2026-01-19T13:59:59Z" }, "deny", "everything-else" },
  { "the last second", "zoe", "staging", { mode = "cli", time = "2026-01-19T21:59:59Z" }, "allow", "office" },
  { "the minute after", "zoe", "staging", { mode = "cli", time = "2026-01-19T22:00:00Z" }, "deny", "everything-else" },
  { "a weekend", "zoe", "staging", { mode = "cli", time = "2026-01-24T15:00:00Z" }, "deny", "everything-else" },
  { "another mode", "zoe", "staging", { time = "2026-01-19T15:00:00Z" }, "deny", "everything-else" },
  { "hours that went past midnight and never held", "zoe", "batch", { time = "2026-01-19T23:00:00Z" }, "deny",
    "everything-else" },
  { "a device", "zoe", "laptop", { device = device("darwin", "14.10.1") }, "allow", "managed" },
  { "an old device", "zoe", "laptop", { device = device("darwin", "13.9") }, "deny", "everything-else" },
  { "another system", "zoe", "laptop", { device = device("linux", "14.10") }, "deny", "everything-else" },
  { "no device", "zoe", "laptop", {}, "deny", "everything-else" },
  { "an approval by an approver", "zoe", "prod", { approval = approved("carol") }, "allow", "prod-approved" },
  { "an approval by somebody else", "zoe", "prod", { approval = approved("zoe") }, "deny", "prod-unapproved" },
  { "no approval", "zoe", "prod", {}, "deny", "prod-unapproved" },
  { "an approval of oneself, with a reason", "alice", "prod", { justification = "rotate the certificates" }, "allow",
    "prod-auto", 1800 },
  { "without one", "alice", "prod", {}, "deny", "prod-auto" },
  { "out of its hours", "alice", "prod", { justification = "rotate the certificates", time = "2026-01-19T18:00:00Z" },
    "deny", "prod-unapproved" },
  { "an approval where nobody is named", "zoe", "data", { approval = approved("zoe") }, "allow", "prod" },
  { "none where nobody is named", "zoe", "data", {}, "require_approval", "prod" },
  { "an approval that used to override a refusal", "zoe", "other", { approval = approved("carol") }, "deny",
    "everything-else" },
  { "break-glass", "alice", "prod", { break_glass = CODE }, "allow", "break-glass-oncall", 7200 },
  { "break-glass for another reason", "alice", "prod", { break_glass = { reason_code = "other" } }, "deny",
    "prod-auto" },
  { "break-glass by somebody else", "zoe", "prod", { break_glass = CODE }, "deny", "prod-unapproved" },
  { "a profile that an earlier rule decides for", "erin", "prod", { break_glass = CODE }, "deny", "prod-unapproved" },
  { "any other profile", "erin", "other", { break_glass = CODE, mfa = { authenticated_at = "2026-01-19T11:30:00Z" } },
    "allow", "break-glass-security", 14400 },
  { "without the code that break-glass needs", "erin", "other", { break_glass = CODE }, "deny", "break-glass-security" },
  { "break-glass of one who is refused", "mallory", "dev", { break_glass = CODE }, "deny", "contractors" },
  { "a role", "alice", "admin", { role_arn = world.role "Admin" }, "allow", "admin-role" },
  { "another role", "alice", "admin", { role_arn = world.role "Dev" }, "deny", "everything-else" },
}

describe("sentinel policy import", function()
  local home

  before_each(function()
    home = world.new { environment = { AWS_ENDPOINT_URL = "http://127.0.0.1:1" } }
  end)

  after_each(function()
    home:remove()
  end)

  local function write_all()
    return home:write("access.yaml", ACCESS), home:write("approval.yaml", APPROVAL),
      home:write("break-glass.yaml", BREAK_GLASS), home:write("limits.yaml", LIMITS)
  end

  local function import(...)
    return home:run { "policy", "import", ... }
  end

  for _, form in ipairs { "yaml", "lua" } do
    it("means what the older files mean, in " .. form, function()
      local policy = home.home .. "/policy." .. form
      expect.done(import("--out", policy, write_all()))
      for _, row in ipairs(REQUESTS) do
        local request = { user = row[2], profile = row[3], time = MONDAY_NOON, role_arn = world.role "Other" }
        for key, value in pairs(row[4]) do
          request[key] = value
        end
        local file = home:write("request.json", cjson.encode(request))
        local answer = expect.json(home:run { "explain", "--policy", policy, "--request", file, "--json" })
        assert.same(row[5] .. " " .. row[6], answer.effect .. " " .. answer.rule, row[1])
        assert.equal(row[7] or cjson.null, answer.max_duration, row[1])
      end
    end)
  end

  it("writes a policy that validates, in both forms, and says in it what is left out", function()
    local yaml = expect.done(import(write_all()))
    assert.is_truthy(yaml:find("^# Imported by `sentinel policy import` from access"))
    assert.equal("1 policy is valid\n", expect.done(home:run { "policy", "validate", home:write("a.yaml", yaml) }))
    local lua = expect.done(import("--lua", write_all()))
    assert.equal("-- sentinel: lua", lua:match("^[^\n]*"))
    assert.equal("1 policy is valid\n", expect.done(home:run { "policy", "validate", home:write("a.lua", lua) }))
    for _, line in ipairs { 'profiles of rule "billing-server": "billing-*" left out',
      'hours 22:00 to 06:00 of rule "night": the grant is left out',
      'to do by hand: rate limit "prod-limits" for profiles prod, cooldown 30m' } do
      assert.is_truthy(yaml:find("  # " .. line, 1, true), line)
      assert.is_truthy(lua:find("    -- " .. line, 1, true), line)
    end
    assert.is_truthy(yaml:find('reason: "Development is open"', 1, true))
  end)

  it("tells each change with its place and its reason, for people and for programs", function()
    local access, approval, break_glass, limits = write_all()
    local wanted = {
      { access, 3, "what is refused stays refused" },
      { access, 6, 'users of rule "contractors": its patterns match now' },
      { access, 8, 'the name "billing server" of a rule is "billing-server" now' },
      { access, 9, 'rule "billing-server": effect "require-server" is the effect require_server now' },
      { access, 11, 'profiles of rule "billing-server": "billing-*" left out' },
      { access, 8, 'rule "billing-server" is followed by one that denies what it does not grant' },
      { access, 16, 'rule "tracked": session_table no longer stands in' },
      { access, 19, 'rule "dev": "profiles", which was ignored, is the condition "profiles" now' },
      { access, 21, 'rule "dev": "user", which was ignored, is the condition "users" now' },
      { access, 21, 'users of rule "dev": "tmp-*" left out' },
      { access, 21, 'users of rule "dev": "bob.smith" match the users of these names now' },
      { access, 38, 'hours 22:00 to 06:00 of rule "night": the grant is left out' },
      { access, 34, 'rule "night" grants nothing and is left out' }, { access, 43, "an unknown device fits" },
      { access, 44, 'rule "prod" allows what the approvers of line 3' }, { access, 44, "who may approve" },
      { access, 51, "ARNs are the condition roles now" }, { approval, 3, "auto_approve" },
      { break_glass, 3, "break-glass: each rule allows" }, { break_glass, 5, "are compared whole" },
      { break_glass, 5, "are people" }, { break_glass, 11, "mfa is required of the session now" },
      { access, 8, 'break-glass does not apply to what rule "billing-server" is for' }, { limits, 3, "to do by hand" },
    }
    local people = import(access, approval, break_glass, limits)
    expect.done(people)
    local told = expect.json(import("--json", access, approval, break_glass, limits))
    assert.equal(people.stdout, told.policy)
    for _, row in ipairs(wanted) do
      local found = false
      for _, note in ipairs(told.notes) do
        found = found or note.file == row[1] and note.line == row[2] and note.change:find(row[3], 1, true) ~= nil
        assert.is_true(#note.why > 20)
        assert.is_truthy(people.stderr:find(("%s:%d: %s\n  %s\n"):format(note.file, note.line, note.change, note.why), 1, true))
      end
      assert.is_true(found, ("%s:%d: %s"):format(row[1], row[2], row[3]))
    end
  end)

  it("passes on what lint says of the policy", function()
    local told = expect.json(import("--json", (write_all())))
    local checks = {}
    for _, problem in ipairs(told.lint) do
      checks[problem.check] = true
      assert.is_true(problem.line > 1 and #problem.message > 0 and #problem.rule > 0)
    end
    assert.is_true(checks["unbound-profile"] and checks["allow-before-deny"])
    assert.is_truthy(import((write_all())).stderr:find("\nlint: unbound-profile: ", 1, true))
  end)

  local function one(rule)
    return 'version: "1"\nrules:\n  - ' .. rule .. "\n"
  end

  -- {what, the file, its place, what is said, what to do}
  local REFUSED = {
    { "no YAML", "rules: [", "2:1", "not YAML" },
    { "another version", 'version: "2"\nrules:\n  - {name: a, effect: deny}\n', "1:1", 'version "1" is wanted' },
    { "no version", "rules:\n  - {name: a, effect: deny}\n", "1:1", 'version "1" is wanted' },
    { "a policy of this program", 'version: "1"\ngroups: {a: [b]}\nrules:\n  - {name: a, effect: deny}\n', "2:1",
      'ignores the key "groups"' },
    { "a configuration", "policy:\n  source: x\n", "1:1", "no policy of the older program", "rules have effect" },
    { "rules under another key", 'version: "1"\nRules:\n  - {effect: deny}\nrules: []\n', "1:1", "no policy" },
    { "no effect", one "{name: a, conditions: {}}", "3:5", "has no effect; the older program grants", "allowed: deny, allow" },
    { "an effect that is not known", one "{name: a, effect: alow}", "3:15", 'unknown effect "alow"', "did you mean allow?" },
    { "a condition that is not known", one "{name: a, effect: allow, conditions: {source_ip: [10.0.0.0/8]}}", "3:43",
      'ignores the key "source_ip" in conditions', "allowed: profiles, users, time, mode, device" },
    { "a slip in a short key", one "{name: a, effect: allow, conditions: {tmie: {}}}", "3:43", '"tmie"', 'did you mean "time"?' },
    { "approvers in the wrong file", one "{name: a, effect: allow, conditions: {approvers: [b]}}", "3:43", '"approvers"' },
    { "a condition twice", one "{name: a, effect: allow, conditions: {users: [b], user: [c]}}", "3:55",
      '"users" and "user" are both "users"' },
    { "a condition here and there", one "{name: a, effect: allow, users: [b], conditions: {users: [c]}}", "3:30",
      "stands in the conditions of this rule too" },
    { "a text for a list", one "{name: a, effect: allow, conditions: {users: bob}}", "3:50", "has to be a list",
      "write users: [bob]" },
    { "a name with a backslash", one "{name: a, effect: allow, conditions: {users: ['b\\c']}}", "3:51", "backslash" },
    { "a list in a list", one "{name: a, effect: allow, conditions: {users: [[b]]}}", "3:51", "list of names" },
    { "a weekday", one "{name: a, effect: allow, conditions: {time: {days: [Mon], timezone: UTC}}}", "3:57",
      'unknown weekday "Mon"' },
    { "a mode", one "{name: a, effect: allow, conditions: {mode: [cly]}}", "3:50", 'unknown mode "cly"', 'did you mean "cli"?' },
    { "a time of a day", one '{name: a, effect: allow, conditions: {time: {hours: {start: "9:00", end: "17:00"}, timezone: UTC}}}',
      "3:58", '"9:00" is no time of a day', '"09:00"' },
    { "an hour", one '{name: a, effect: allow, conditions: {time: {hours: {start: "25:00", end: "17:00"}, timezone: UTC}}}', "3:58",
      '"25:00" is no time of a day' },
    { "a minute", one '{name: a, effect: allow, conditions: {time: {hours: {start: "09:00", end: "17:60"}, timezone: UTC}}}', "3:74",
      '"17:60" is no time of a day' },
    { "a day that begins at its end",
      one '{name: a, effect: allow, conditions: {time: {hours: {start: "24:00", end: "24:00"}, timezone: UTC}}}', "3:58",
      '"24:00" is no time of a day' },
    { "half a window", one '{name: a, effect: allow, conditions: {time: {hours: {start: "09:00"}, timezone: UTC}}}', "3:50",
      '"end" is missing in hours' },
    { "a window without a zone", one '{name: a, effect: allow, conditions: {time: {days: [monday]}}}', "3:43",
      "names no time zone", "--timezone" },
    { "the zone of the host", one '{name: a, effect: allow, conditions: {time: {days: [monday], timezone: Local}}}', "3:76",
      "names no time zone" },
    { "a zone that does not exist", one '{name: a, effect: allow, conditions: {time: {days: [monday], timezone: Mars/Base}}}',
      "3:76", "unknown time zone" },
    { "a version that is none", one "{name: a, effect: allow, conditions: {device: {min_os_version: 14-beta}}}", "3:52",
      "is no version" },
    { "a duration that counts nanoseconds", one "{name: a, effect: allow, max_server_duration: 900}", "3:51",
      "not a duration", "nanoseconds" },
    { "a fraction", one "{name: a, effect: allow, max_server_duration: 1.5h}", "3:51", "not a duration" },
    { "an approver's key", one "{name: a, approver: [b], approvers: [c]}", "3:30", 'both "approvers"', has_access = true },
    { "no approvers", one "{name: a, approvers: [], auto_approve: {users: [b]}}", "3:5", "names no approvers", has_access = true },
    { "a slip where it cannot be said what is careful", one "{name: a, profile: [b], approvers: [c]}", "3:15",
      'ignores "profile"', "write profiles", has_access = true },
    { "auto_approve of nothing", one "{name: a, approvers: [b], auto_approve: {}}", "3:31", "neither users nor time", has_access = true },
    { "break-glass for nobody", one "{name: a, max_duration: 1h}", "3:5", "names no users" },
    { "a reason code", one "{name: a, users: [b], allowed_reason_codes: [fun]}", "3:50", 'unknown reason code "fun"' },
    { "a long break-glass", one "{name: a, users: [b], max_duration: 5h}", "3:27", "over the 4h" },
    { "an MFA method", one "{name: a, users: [b], mfa: {required: true, methods: [fax]}}", "3:59", 'unknown method "fax"' },
  }
  for _, row in ipairs(REFUSED) do
    it("refuses, with its place: " .. row[1], function()
      local file = home:write("older.yaml", row[2])
      local access = row.has_access and home:write("access.yaml", ACCESS)
      expect.refused(import(file, access or nil), 5, ("%s:%s: "):format(file, row[3]), row[4], row[5] or "")
    end)
  end

  it("refuses limits that the older program refuses", function()
    local access = home:write("access.yaml", one "{name: a, effect: allow}")
    for limit, message in pairs { ["{name: b, quota_window: 1h}"] = "neither cooldown", ["{name: b, max_per_user: 3}"] = "quota_window",
      ["{name: b, cooldown: 1h, max_per_user: -1}"] = "not below 0" } do
      local file = home:write("limits.yaml", one(limit))
      expect.refused(import(access, file), 5, file .. ":3:", message)
    end
  end)

  it("takes one file of each kind, and one that grants", function()
    local access, approval, break_glass, limits = write_all()
    expect.refused(import(access, home:write("other.yaml", ACCESS)), 5, "other.yaml:1:1: this is an access policy, and so is", "by itself")
    expect.refused(import(approval, limits), 5, "nothing in these files grants anything")
    expect.done(import(break_glass))
    expect.refused(import(home.home .. "/absent.yaml"), 5, "there is no file", "aws ssm get-parameter")
    expect.refused(import(home.home), 5, home.home)
    expect.refused(import(home:write("large.yaml", ACCESS .. ("#"):rep(512 * 1024))), 5, "large.yaml")
    expect.refused(import(), 2, "at least one policy file")
  end)

  it("says which zone a window was given, and takes it from the flag", function()
    local file = home:write("older.yaml", one '{name: a, effect: allow, conditions: {time: {days: [monday]}}}')
    local result = import("--timezone", "Europe/Berlin", file)
    assert.is_truthy(expect.done(result):find("timezone: Europe/Berlin", 1, true))
    assert.is_truthy(result.stderr:find('older.yaml:3: time of rule "a": without a timezone, now in Europe/Berlin', 1, true))
    expect.refused(import("--timezone", "Mars/Base", file), 5, file .. ":3:43: unknown time zone")
  end)

  it("denies everything where nothing is left", function()
    local file = home:write("older.yaml", one '{name: a, effect: allow, conditions: {users: ["*"]}}')
    local text = expect.done(import(file))
    assert.is_truthy(text:find("  - name: nothing-is-granted\n    effect: deny\n    conditions: {}\n", 1, true))
  end)

  it("keeps what one who refuses was read to refuse, and says so", function()
    local file = home:write("older.yaml", one "{name: a, effect: deny, user: [b], conditions: {profiles: [c]}}"
      .. "  - {name: d, effect: Allow}\n")
    local told = expect.json(import("--json", file))
    assert.is_truthy(told.policy:find('# rule "a": "user", which was ignored, is left out (the condition "users")', 1, true))
    local rules = "effect: deny\n    conditions:\n      profiles: [c]\n  - name: d\n    effect: allow\n    conditions: {}"
    assert.is_truthy(told.policy:find(rules, 1, true), told.policy)
  end)

  it("lets nobody approve, or invoke, where it depends on the reading who may", function()
    local access = home:write("access.yaml", one "{name: a, effect: require_approval, conditions: {profiles: [dev, prod]}}")
    local approval = home:write("approval.yaml", one '{name: b, profiles: ["d*"], approvers: [c]}'
      .. "  - {name: d, profiles: [dev, prod], approvers: [e]}\n")
    local break_glass = home:write("break-glass.yaml", one '{name: f, profiles: ["d*"], users: [g]}'
      .. "  - {name: h, profiles: [dev, prod], users: [i]}\n")
    local policy = home.home .. "/policy.yaml"
    expect.done(import(access, approval, break_glass, "--out", policy))
    local function decide(profile, fields)
      fields.user, fields.profile, fields.time = "i", profile, MONDAY_NOON
      local file = home:write("request.json", cjson.encode(fields))
      return expect.json(home:run { "explain", "--policy", policy, "--request", file, "--json" }).effect
    end
    for _, fields in ipairs { { approval = approved("e") }, { break_glass = CODE } } do
      assert.equal("allow", decide("prod", fields))
      assert.equal("deny", decide("dev", fields))
    end
  end)

  it("keeps an emergency from what a pattern wants server mode for", function()
    local access = home:write("access.yaml", one '{name: a, effect: require_server, conditions: {profiles: ["billing-*"]}}'
      .. "  - {name: b, effect: deny, conditions: {}}\n")
    local policy = home.home .. "/policy.yaml"
    expect.done(import(access, home:write("break-glass.yaml", one "{name: c, users: [i]}"), "--out", policy))
    for profile, effect in pairs { ["billing-eu"] = "deny", other = "allow" } do
      local request = { user = "i", profile = profile, time = MONDAY_NOON, mode = "cli", break_glass = CODE }
      local file = home:write("request.json", cjson.encode(request))
      assert.equal(effect, expect.json(home:run { "explain", "--policy", policy, "--request", file, "--json" }).effect)
    end
  end)

  it("takes bounds and texts under mistaken keys, and carries what the files say of themselves", function()
    local access = home:write("access.yaml", 'version: "1"\ndescription: "All of\\nit"\nrules:\n'
      .. "  - {name: a, effect: require_approval, max-server-duration: 1h, Reason: because, condition: {users: [u]}}\n")
    local approval = home:write("approval.yaml", one "{name: b, approvers: [c], description: By the team}")
    local told = expect.json(import("--json", access, approval))
    for _, text in ipairs { "\n  # All of it\n", "\n  # By the team\n", '\n    max_server_duration: "1h"\n', "\n    reason: because\n",
      "\n      users: [u]\n" } do
      assert.is_truthy(told.policy:find(text, 1, true), text)
    end
    local changes = {}
    for _, note in ipairs(told.notes) do
      changes[note.change] = true
    end
    for written, meant in pairs { ["max-server-duration"] = "max_server_duration", Reason = "reason", condition = "conditions" } do
      assert.is_true(changes[('rule "a": "%s", which was ignored, is "%s" now'):format(written, meant)], written)
    end
  end)

  it("makes names that are unique", function()
    local long = ("x"):rep(80)
    local text = expect.done(import(home:write("older.yaml", one "{name: 'a b', effect: deny}" .. "  - {name: a-b, effect: deny}\n"
      .. ("  - {name: %s1, effect: deny}\n  - {name: %s2, effect: deny}\n  - {effect: deny}\n"):format(long, long))))
    local names = {}
    for name in text:gmatch("name: ([^\n]+)") do
      assert.is_true(#name <= 64)
      names[#names + 1] = name
    end
    assert.same({ "a-b", "a-b-2", names[3], names[3] .. "-2", "rule" }, names)
  end)

  it("writes into a file, whole, and over none that is there but with --force", function()
    local access = write_all()
    local path = home.home .. "/policy.yaml"
    assert.equal("wrote    " .. path .. "\n", expect.done(import(access, "--out", path)))
    local text = files.read(path)
    assert.equal(text, expect.done(import(access)))
    files.write(path, "mine", "0644")
    expect.refused(import(access, "--out", path), 6, path, "--force")
    assert.equal("mine", files.read(path))
    expect.done(import(access, "--out", path, "--force"))
    assert.equal(text, files.read(path))
    expect.refused(import(access, "--out", home.home .. "/absent/policy.yaml"), 6, "absent")
    assert.same({ ".aws", "access.yaml", "approval.yaml", "break-glass.yaml", "limits.yaml", "policy.yaml" },
      files.list(home.home))
    local told = expect.json(import(access, "--json", "--out", home.home .. "/policy.lua"))
    assert.equal(told.policy, files.read(home.home .. "/policy.lua"))
    assert.is_truthy(told.policy:find("^%-%- sentinel: lua\n"))
  end)

  it("writes nothing where the policy is refused", function()
    local file = home:write("older.yaml", one '{name: a, effect: allow, conditions: {time: {days: [monday], timezone: Mars/Base}}}')
    expect.refused(import(file, "--out", home.home .. "/policy.yaml"), 5, "unknown time zone")
    assert.is_nil(files.read(home.home .. "/policy.yaml"))
  end)

  it("takes one form, and a name that fits it", function()
    local access = write_all()
    expect.refused(import(access, "--lua", "--yaml"), 2, "exclude")
    for _, words in ipairs { { "--out", "p.txt" }, { "--out", "p.yaml", "--lua" }, { "--out", "p.lua", "--yaml" } } do
      expect.refused(import(access, table.unpack(words)), 2, "--out " .. words[2], "ends in .lua")
    end
  end)
end)
