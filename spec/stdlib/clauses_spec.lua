-- Sentences of policy.md that the other specs do not prove, each by its own words.
local evaluator = require "spec.support.evaluator"

local function policy_of(rules, groups)
  return ('version: "1"\n%srules:\n%s'):format(groups or "", rules)
end

local function rule_of(conditions, effect, more)
  return ("  - {name: only, effect: %s, conditions: %s%s}\n"):format(effect or "allow", conditions, more or "")
end

local function decide(text, request)
  return evaluator.decide_text("yaml", text, request)
end

local EFFECTS = { "allow", "deny", "require_approval", "require_server", "require_server_session" }
local OPEN = "  - {name: open, effect: allow, conditions: {}}\n"

describe("unknown", function()
  for _, effect in ipairs(EFFECTS) do
    local decides = effect == "deny"
    it(("%s in a rule with effect %s"):format(decides and "decides" or "is no match", effect), function()
      for _, conditions in ipairs { "{source_ip: [0.0.0.0/0]}", "{not: {mfa: {max_age: 1h}}}",
        "{any: [{users: [bob]}, {break_glass: {reason_codes: [\"*\"]}}]}" } do
        local decision = decide(policy_of(rule_of(conditions, effect) .. OPEN),
          { mode = "server", session_table = "sessions" })
        assert.equal(decides and "only" or "open", decision.rule)
        assert.equal(decides and "fact_unknown" or nil, decision.error)
        assert.equal(decides and "deny" or "allow", decision.effect)
        assert.equal(decides and 1 or 2, #decision.trace)
      end
    end)
  end
end)

describe("mode", function()
  local MODES = { "credential_process", "cli", "server" }

  it("holds for the mode that is named and for no other", function()
    for _, wanted in ipairs(MODES) do
      for _, got in ipairs(MODES) do
        local decision = decide(policy_of(rule_of(("{mode: [%s]}"):format(wanted))), { mode = got })
        assert.equal(wanted == got and "allow" or "deny", decision.effect)
      end
    end
  end)
end)

describe("groups", function()
  local GROUPS = [[
groups:
  everyone: ["*"]
  owners: [root]
  others: [210987654321/root]
  robots: ["role/Deploy/*"]
  guests: ["federated/*"]
  people: [alice, "b*"]
]]
  local USERS = {
    { name = "alice", kind = "user" }, { name = "bob", kind = "sso" }, { name = "root", kind = "root" },
    { name = "root", kind = "user" }, { name = "role/Deploy/ci", kind = "role" },
    { name = "role/Other/ci", kind = "role" }, { name = "federated/alice", kind = "federated" },
    { name = "alice", kind = "role" }, { name = "carol", kind = "user" },
    { name = "210987654321/root", kind = "root" },
  }
  -- The places of the users that are in the group.
  local rows = {
    everyone = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, owners = { 3 }, others = { 10 }, robots = { 5 }, guests = { 7 }, people = { 1, 2 },
    ["?o*"] = { 5 }, ["g*"] = { 7 },
  }
  for group, places in pairs(rows) do
    it(("%s has the users whom the policy's own map names, by the rules for users"):format(group), function()
      local members = {}
      for i, user in ipairs(USERS) do
        local decision = decide(policy_of(rule_of(("{groups: [%q]}"):format(group)), GROUPS), { user = user })
        members[#members + 1] = decision.effect == "allow" and i or nil
      end
      assert.same(places, members)
    end)
  end

  it("without that map are an error wherever they stand", function()
    for _, conditions in ipairs { "{groups: [a]}", "{not: {groups: [a]}}", "{any: [{groups: [a]}]}",
      "{all: [{not: {groups: [\"*\"]}}]}" } do
      local problems = evaluator.problems("yaml", policy_of(rule_of(conditions)))
      assert.is_truthy(problems[1]:find("a condition on groups needs the policy's own \"groups\"", 1, true))
    end
  end)
end)

describe("require", function()
  local REQUIRE = ", reason: %s, require: {justification: {min_length: 1}, mfa: {max_age: 5m}}"
  local MET = { justification = "x", mfa = { authenticated_at = "2026-01-19T15:00:00Z" }, mode = "server",
    session_table = "sessions" }

  for _, effect in ipairs(EFFECTS) do
    it(("%s in a rule with effect %s"):format(effect == "deny" and "is of no meaning" or "decides", effect), function()
      local text = policy_of(rule_of("{}", effect, REQUIRE:format("Because")) .. OPEN)
      local decision = decide(text, { mode = "server", session_table = "sessions" })
      assert.same({ "deny", "only", "Because", effect ~= "deny" and "requirement_unmet" or nil },
        { decision.effect, decision.rule, decision.reason, decision.error })
      decision = decide(text, MET)
      assert.is_nil(decision.error)
      local outcomes = { deny = "deny", require_approval = "require_approval" }
      assert.equal(outcomes[effect] or "allow", decision.effect)
    end)
  end

  it("that is unmet has a plain sentence for its reason", function()
    local text = policy_of("  - {name: only, effect: allow, conditions: {}, require: {mfa: {max_age: 5m}}}\n")
    local decision = decide(text)
    assert.equal('rule "only" requires more', decision.reason)
    assert.same({ "an MFA code, no older than 5m" }, decision.missing)
    for _, mfa in ipairs { { authenticated_at = "never" }, {}, { authenticated_at = "2026-01-19T14:54:59Z" },
      { authenticated_at = "2026-01-19T16:00:00Z" } } do
      assert.equal("requirement_unmet", decide(text, { mfa = mfa }).error)
    end
  end)
end)

describe("deny", function()
  it("is overridden by nothing: neither an approval nor break-glass nor anything else of the request", function()
    local everything = {
      approval = { id = "1", approvers = { "bob" }, approved_at = "2026-01-19T14:00:00Z",
        expires_at = "2026-01-19T16:00:00Z" },
      break_glass = { reason_code = "incident" }, mfa = { authenticated_at = "2026-01-19T15:00:00Z" },
      justification = "INC-1", mode = "server", session_table = "sessions",
    }
    local decision = decide(policy_of(rule_of("{}", "deny", ", emergency: true") .. OPEN), everything)
    assert.same({ "deny", "only" }, { decision.effect, decision.rule })
    assert.equal("deny", decide(policy_of(rule_of("{users: [bob]}")), everything).effect)
  end)

  it("is what break-glass leads to where no rule has the condition", function()
    local request = { break_glass = { reason_code = "incident" } }
    assert.equal("require_approval", decide(policy_of(rule_of("{}", "require_approval")), request).effect)
    assert.equal("no matching rule", decide(policy_of(rule_of("{users: [bob]}")), request).reason)
    assert.equal("allow", decide(policy_of(rule_of("{break_glass: {reason_codes: [incident]}}")), request).effect)
  end)
end)

describe("the name of a rule", function()
  it("has no other characters than A-Z a-z 0-9 . _ -", function()
    for byte = 0, 255 do
      local text = ([[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "a\%03d" { effect = "allow", conditions = {} } } }
]]):format(byte)
      local policy = evaluator.load("lua", text)
      assert.equal(string.char(byte):find("^[A-Za-z0-9._-]$") ~= nil, policy ~= nil, byte)
      if policy then
        policy.state:close()
      end
    end
  end)
end)

-- Every key that takes a value, as {text before it, text after it, empty list and map are for it}: a key of a rule's
-- conditions stands as written, one of the rule behind them, one of the policy before the rules.
local KEYS = {
  policy = { "version: %s\n", 'version: "1"\ndescription: %s\n', 'version: "1"\ngroups: %s\n',
    'version: "1"\ngroups: {a: %s}\n', 'version: "1"\ngroups: {a: [%s]}\n' },
  rule = { "reason: %s", "description: %s", "max_duration: %s", "max_server_duration: %s", "session_table: %s",
    "emergency: %s", "require: %s", "require: {justification: %s}", "require: {justification: {min_length: %s}}",
    "require: {justification: {pattern: %s}}", "require: {mfa: %s}", "require: {mfa: {max_age: %s}}", "lease: %s",
    "until: %s" },
  conditions = { "profiles: %s", "profiles: [%s]", "users: %s", "users: [%s]", "groups: %s", "groups: [%s]",
    "roles: %s", "roles: [%s]", "accounts: %s", "accounts: [%s]", "caller_roles: %s", "caller_roles: [%s]",
    "caller_accounts: %s", "caller_accounts: [%s]", "mode: %s", "mode: [%s]", "time: %s", "time: {days: %s}",
    "time: {days: [%s]}", "time: {hours: %s}", "time: {days: [monday], hours: %s}",
    'time: {hours: {start: %s, end: "09:00"}}', 'time: {hours: {start: "09:00", end: %s}}',
    "time: {days: [monday], timezone: %s}", "source_ip: %s", "source_ip: [%s]", "mfa: %s", "mfa: {max_age: %s}",
    "break_glass: %s", "break_glass: {reason_codes: %s}", "break_glass: {reason_codes: [%s]}", "approval: %s",
    "approval: {approvers: %s}", "approval: {approvers: [%s]}", "approval: {min_approvals: %s}",
    "approval: {approvers: [bob], min_approvals: %s}", "device: %s", "device: {require_encryption: %s}",
    "device: {require_mdm: %s}", "device: {require_mdm_compliant: %s}", "device: {require_firewall: %s}",
    "device: {min_os_version: %s}", "device: {allowed_os_types: %s}", "device: {allowed_os_types: [%s]}",
    "all: %s", "all: [%s]", "any: %s", "any: [%s]", "not: %s", "not: {not: %s}", "any: [{all: [%s]}]" },
}
local PLACES = {
  policy = function(key)
    return key .. "rules:\n" .. OPEN
  end,
  rule = function(key)
    return policy_of(rule_of("{}", "allow", ", " .. key))
  end,
  conditions = function(key)
    return policy_of(rule_of("{" .. key .. "}"), "groups: {a: [b]}\n")
  end,
}

describe("a key that is present but empty", function()
  for place, keys in pairs(KEYS) do
    for _, key in ipairs(keys) do
      it(("is an error, never \"anyone\": %s of the %s"):format(key:gsub("\n", " "), place), function()
        for _, value in ipairs { "null", "~", "", "[]", "{}", '""' } do
          local problems = evaluator.problems("yaml", PLACES[place](key:format(value)))
          assert.is_true(#problems >= 1)
        end
      end)
    end
  end

  it("is one in a list too, whatever stands beside it", function()
    for _, list in ipairs { "[alice, null]", "[null, alice]", "[alice, [], bob]", "[alice, \"\"]", "[alice, {}]" } do
      assert.is_true(#evaluator.problems("yaml", policy_of(rule_of(("{users: %s}"):format(list)))) >= 1)
    end
  end)

  it("may be `conditions: {}` only", function()
    assert.equal("allow", decide(policy_of(rule_of("{}"))).effect)
    for _, value in ipairs { "null", "[]", "" } do
      assert.is_true(#evaluator.problems("yaml", policy_of(rule_of(value))) >= 1)
    end
  end)
end)

describe("a key that is there twice", function()
  -- {place, text}: the second one is refused.
  local rows = {
    { "policy", 'version: "1"\nversion: "1"\n', "version" },
    { "policy", 'version: "1"\ndescription: a\ndescription: a\n', "description" },
    { "policy", 'version: "1"\ngroups: {a: [b]}\ngroups: {a: [b]}\n', "groups" },
    { "policy", 'version: "1"\ngroups: {a: [b], a: [b]}\n', "a" },
    { "rule", "effect: allow", "effect" }, { "rule", "conditions: {}", "conditions" },
    { "rule", "reason: a, reason: a", "reason" }, { "rule", "require: {mfa: {max_age: 1h}, mfa: {max_age: 1h}}", "mfa" },
    { "rule", "require: {justification: {min_length: 1, min_length: 1}}", "min_length" },
    { "conditions", "users: [a], users: [a]", "users" },
    { "conditions", "not: {users: [a], users: [a]}", "users" },
    { "conditions", "any: [{users: [a], users: [a]}]", "users" },
    { "conditions", "any: [{users: [a]}], any: [{users: [a]}]", "any" },
    { "conditions", "time: {days: [monday], days: [monday]}", "days" },
    { "conditions", 'time: {hours: {start: "09:00", start: "09:00", end: "17:00"}}', "start" },
    { "conditions", "device: {require_mdm: true, require_mdm: true}", "require_mdm" },
    { "conditions", '"users": [a], users: [a]', "users" },
  }
  for i, row in ipairs(rows) do
    it(("is refused: %s (row %d)"):format(row[2]:gsub("\n", " "), i), function()
      local problems = evaluator.problems("yaml", PLACES[row[1]](row[2]))
      assert.equal(1, #problems)
      assert.is_truthy(problems[1]:find(('duplicate key "%s"; it is on line'):format(row[3]), 1, true), problems[1])
    end)
  end
end)

describe("business_hours", function()
  it("are monday to friday from 09:00 to 17:00 in the zone that is named", function()
    local policy = assert(evaluator.load("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "only" { effect = "allow", conditions = {
  time = s.business_hours "America/New_York" } } } }
]]))
    for day = 18, 24 do -- sunday to saturday
      for clock, is_open in pairs { ["08:59:59"] = false, ["09:00:00"] = true, ["16:59:59"] = true, ["17:00:00"] = false } do
        local time = ("2026-01-%dT%s-05:00"):format(day, clock)
        assert.equal(is_open and day > 18 and day < 24 and "allow" or "deny", evaluator.decide(policy, { time = time }).effect)
      end
    end
    policy.state:close()
  end)
end)

describe("a request in Lua", function()
  local SHAPE = {
    user = { "name", "kind", "arn", "account", "role" }, profile = {}, role_arn = {}, mode = {}, time = {},
    duration = {}, source_ip = {}, justification = {}, break_glass = { "reason_code" }, session_table = {},
    approval = { "id", "approvers", "approved_at", "expires_at" }, mfa = { "authenticated_at" },
    device = { "disk_encrypted", "mdm_enrolled", "mdm_compliant", "firewall_enabled", "os_type", "os_version" },
  }
  local NOTHING = { user = false, profile = false, role_arn = false, mode = false, time = false, duration = false }

  local function check(body, request)
    return evaluator.decide_text("lua", ([[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "only" { effect = "allow", conditions = {
  function(request) %s end } } } }
]]):format(body), request)
  end

  for name, below in pairs(SHAPE) do
    it(("reads %s as nil when it is absent, and what is below it"):format(name), function()
      assert.equal("allow", check(("return request.%s == nil"):format(name), NOTHING).effect)
      for _, field in ipairs(below) do
        assert.equal("allow", check(("return request.%s.%s == nil"):format(name, field), NOTHING).effect)
      end
      if #below > 0 then
        local decision = check(("return request.%s.nosuch == nil"):format(name), NOTHING)
        assert.equal("condition_error", decision.error)
        assert.is_truthy(decision.trace[1].got:find('"nosuch"', 1, true), decision.trace[1].got)
      end
    end)
  end

  it("raises for every name that is not in the shape", function()
    for _, name in ipairs { "users", "name", "ip", "role", "account", "facts", "policy", "rule", "User", "_G", "1" } do
      assert.equal("condition_error", check(("return request[%q] == nil"):format(name)).error)
    end
  end)
end)

describe("YAML", function()
  local RULE = "{name: %s, effect: allow, conditions: {users: %s}}"

  local function refused(text, message)
    local problems = evaluator.problems("yaml", text)
    assert.equal(1, #problems)
    assert.is_truthy(problems[1]:find(message, 1, true), problems[1])
  end

  it("has no tag on any kind of node", function()
    for _, row in ipairs { { "!!str a", "[b]" }, { "! a", "[b]" }, { "!x a", "[b]" }, { "a", "!!seq [b]" },
      { "a", "!x [b]" }, { "a", "[!!str b]" }, { "a", "[!<tag:yaml.org,2002:binary> YQ==]" } } do
      refused(policy_of("  - " .. RULE:format(row[1], row[2]) .. "\n"), "is not allowed; remove it")
    end
    refused(policy_of("  - !!map {name: a, effect: allow, conditions: {}}\n"), 'the tag "tag:yaml.org,2002:map"')
    refused("!!map\n" .. policy_of(OPEN), "is not allowed; remove it")
    refused(policy_of("  - {!!str name: a, effect: allow, conditions: {}}\n"), "is not allowed; remove it")
  end)

  it("has no directive, no second document, and no key but a plain word", function()
    refused("%YAML 1.1\n---\n" .. policy_of(OPEN), "a line that begins with % is not allowed")
    refused("%TAG ! tag:x,2000:\n---\n" .. policy_of(OPEN), "a line that begins with % is not allowed")
    for _, more in ipairs { "---\n", "---\nversion: 1\n", "...\n---\n" } do
      refused(policy_of(OPEN) .. more, "a second document begins here")
    end
    for _, key in ipairs { "[name]: a", "{name: b}: a", "&k name: a", "*k : a" } do
      refused(policy_of("  - {effect: allow, conditions: {}, " .. key .. "}\n"), "a key ")
    end
    refused("", "there is nothing in this file")
    refused("# nothing\n", "there is nothing in this file")
    local problems = evaluator.problems("yaml", policy_of(
      "  - &r {name: a, effect: allow, conditions: {}}\n  - {<<: *r, name: b, effect: deny, conditions: {}}\n"))
    assert.is_truthy(problems[1]:find('unknown key "<<" in rule', 1, true), problems[1])
  end)

  -- A policy of so many aliases, each of a list of one user.
  local function aliases(count)
    local rules = { "  - {name: r0, effect: deny, conditions: {users: &u [alice]}}\n" }
    for i = 1, count do
      rules[#rules + 1] = ("  - {name: r%d, effect: deny, conditions: {users: *u}}\n"):format(i)
    end
    return policy_of(table.concat(rules))
  end

  it("has up to 64 aliases, which mean what they name", function()
    local decision = decide(aliases(64))
    assert.same({ "deny", "r0" }, { decision.effect, decision.rule })
    decision = decide(policy_of("  - {name: a, effect: deny, conditions: {users: &u [bob], profiles: [dev]}}\n"
      .. "  - {name: b, effect: allow, conditions: {users: *u}}\n"), { user = "bob", profile = "x" })
    assert.equal("b", decision.rule)
    refused(aliases(65), "more than 64 aliases")
    refused(policy_of(rule_of("{users: *nosuch}")), 'the alias "nosuch" names nothing')
    refused(policy_of(rule_of("{not: &n {not: *n}}")), 'the alias "n" names nothing that ends before it')
  end)

  it("is told what to write where a text of YAML's own means another thing", function()
    for text, message in pairs {
      ["\t- name: a\n"] = "3:1: a tab stands where YAML wants spaces: write spaces in its place",
      [rule_of "{profiles: [*]}"] = 'a text that begins with * has to be quoted: "*"',
      [rule_of "{profiles: [*-prod]}"] = 'the alias "-prod" names nothing that ends before it; a text is quoted: "*-prod"',
      [rule_of "{users: [@corp]}"] = 'a text that begins with @ has to be quoted: "@"',
    } do
      refused(policy_of(text), message)
    end
  end)

  -- Lists in a list that count so many nodes, the items of one of them anchored and repeated 64 times.
  local function nodes(count)
    local function list(size)
      return "[a" .. (",a"):rep(size - 2) .. "]\n"
    end
    return "- &u " .. list(1000) .. ("- *u\n"):rep(64) .. ("- " .. list(1000)):rep(34) .. "- " .. list(count - 99001)
  end

  it("has up to 100,000 nodes, counted after the expansion of aliases", function()
    refused(nodes(100000), "the policy has to be a mapping")
    refused(nodes(100001), "more than 100000 nodes")
    refused("- &u [" .. ("a,"):rep(1600) .. "]\n" .. ("- *u\n"):rep(64), "more than 100000 nodes")
  end)

  it("has up to 32 levels, those within an alias too", function()
    local function levels(count, inner)
      return ("["):rep(count - 1) .. inner .. ("]"):rep(count - 1)
    end
    local problems = evaluator.problems("yaml", levels(32, "a"))
    assert.is_truthy(problems[1]:find("has to be a mapping", 1, true), problems[1])
    refused(levels(33, "a"), "nested more than 32 levels deep")
    local anchor = "- &x [[[[a]]]]\n- " -- five levels
    problems = evaluator.problems("yaml", anchor .. levels(27, "*x") .. "\n")
    assert.is_truthy(problems[1]:find("has to be a mapping", 1, true), problems[1])
    refused(anchor .. levels(28, "*x") .. "\n", "nested more than 32 levels deep")
  end)

  it("has up to 32,767 entries in a list and 16,383 in a mapping, and longer ones have a place", function()
    local list = "version: 1\nrules: [{name: a, effect: allow, conditions: {users: [%s]}}]\n"
    refused(list:format(("a,"):rep(32767)) .. "x: 1\n", 'unknown key "x"')
    refused(list:format(("a,"):rep(32768)), "2:65589: more than 32767 entries in one list or mapping; split it")
    local keys = {}
    for i = 1, 16384 do
      keys[i] = ("k%d: [a]"):format(i)
    end
    local function map(size)
      return list:format("b") .. "x: 1\ngroups: {" .. table.concat(keys, ", ", 1, size) .. "}\n"
    end
    refused(map(16383), 'unknown key "x"')
    refused(map(16384), "more than 16383 entries in one list or mapping; split it")
  end)

  it("has at most 512 KiB", function()
    local text = policy_of(OPEN)
    local function padded(size)
      return text .. "#" .. ("x"):rep(size - #text - 1)
    end
    assert(evaluator.load("yaml", padded(512 * 1024))).state:close()
    refused(padded(512 * 1024 + 1), "at most 512 KiB are allowed")
  end)
end)
