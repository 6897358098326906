--- sentinel policy lint: each check, where it has to speak up and where it must not.
local evaluator = require "spec.support.evaluator"
local modules = require "spec.support.modules"

local HEAD = [[
version: "1"
groups: {ops: [alice, bob], eu: [carol, "role/Admin/*"], machines: ["federated/*"]}
rules:
]]

-- Each rule is "name effect conditions more", in YAML's flow style.
local function policy_of(rules)
  local lines = {}
  for i, rule in ipairs(rules) do
    local name, effect, rest = rule:match("^(%S+) (%S+) (.*)$")
    lines[i] = ("  - {name: %s, effect: %s, conditions: %s}\n"):format(name, effect, rest)
  end
  return HEAD .. table.concat(lines)
end

-- What was found, as "check rule", in order; only of the checks that a test is about.
local function found(answer, only)
  local list = {}
  for i, problem in ipairs(answer.problems) do
    if not only or only[problem.check] then
      list[#list + 1] = problem.check .. " " .. problem.rule
    end
    assert.is_truthy(problem.message:find(('rule "%s" '):format(problem.rule), 1, true), i)
  end
  return list
end

local PAIRS = { ["unreachable-rule"] = true, ["allow-before-deny"] = true, ["dead-deny"] = true }

local function of_pairs(rules)
  local answer = evaluator.lint("yaml", policy_of(rules), { targets = true })
  assert.is_true(answer.complete)
  return found(answer, PAIRS)
end

-- Whether a rule with one condition map is taken to overlap one with the other, and to cover it.
local function relation(a, b)
  local together = of_pairs { "a allow " .. a, "b deny " .. b }
  local covered = of_pairs { "a allow " .. a, "b allow " .. b }
  return #together > 0, #covered > 0
end

describe("rules that cover others", function()
  it("make them unreachable, an exact duplicate included", function()
    assert.same({ "unreachable-rule b" }, of_pairs { "a allow {profiles: [x]}",
      "b allow {profiles: [x]}" })
    assert.same({ "unreachable-rule b" }, of_pairs { "a deny {profiles: [x]}",
      "b deny {profiles: [x]}" })
    assert.same({ "unreachable-rule b" }, of_pairs { 'a deny {users: ["*"]}', "b allow {}" })
    assert.same({}, of_pairs { "a deny {users: [alice]}", "b allow {}" })
  end)

  it("are dead-deny where they allow, and allow-before-deny with it", function()
    assert.same({ "allow-before-deny a", "dead-deny b" }, of_pairs { "a allow {profiles: [x]}",
      "b deny {profiles: [x], users: [mallory]}" })
    assert.same({ "allow-before-deny a" }, of_pairs { "a allow {profiles: [x]}",
      "b deny {users: [mallory]}" })
    assert.same({}, of_pairs { "a deny {profiles: [x]}", "b allow {users: [alice]}" })
  end)

  it("may be several together", function()
    assert.same({ "unreachable-rule c" }, of_pairs { "a allow {profiles: [x, y]}",
      "b allow {profiles: [z]}", "c allow {profiles: [x, z], users: [alice]}" })
    assert.same({}, of_pairs { "a allow {profiles: [x, y]}", "b allow {profiles: [z]}",
      "c allow {profiles: [x, z, w]}" })
    assert.same({ "unreachable-rule c" }, of_pairs { "a allow {mode: [cli]}",
      "b allow {mode: [server, credential_process]}", "c allow {profiles: [x]}" })
    assert.same({ "allow-before-deny b", "dead-deny c" }, of_pairs {
      "a deny {profiles: [x], users: [alice]}", "b allow {profiles: [x], users: [bob]}",
      "c deny {profiles: [x], groups: [ops]}" })
    assert.same({}, of_pairs { "a allow {profiles: [x], users: [alice]}",
      "b allow {profiles: [y], users: [bob]}", "c allow {profiles: [x, y], groups: [ops]}" })
  end)

  it("are named by a message, with the deny rules", function()
    local answer = evaluator.lint("yaml", policy_of { "a allow {profiles: [x]}",
      "b deny {profiles: [x]}", "c deny {users: [m]}", "d deny {users: [n]}", "e deny {users: [o]}" },
      { targets = true })
    assert.equal('rule "a" decides before the deny rules "b", "c", "d" and 1 more where a request '
      .. "matches both", answer.problems[1].message)
    assert.equal('rule "b" denies nothing: rule "a", before it, decides all that it could',
      answer.problems[2].message)
    assert.same({ 4, 5 }, { answer.problems[1].line, answer.problems[2].line })
    assert.equal("policy.yaml", answer.problems[1].file)
  end)

  it("count where they require more, too: an unmet requirement decides", function()
    local text = policy_of { "a allow {profiles: [x]}", "b allow {profiles: [x], users: [y]}" }
    local answer = evaluator.lint("yaml", (text:gsub("}}\n", "}, require: {mfa: {max_age: 1h}}}\n", 1)),
      { targets = true })
    assert.same({ "unreachable-rule b" }, found(answer, PAIRS))
  end)

  it("count with every effect that can allow", function()
    for _, effect in ipairs { "allow", "require_approval", "require_server",
      "require_server_session" } do
      assert.same({ "allow-before-deny a", "dead-deny b" }, of_pairs { ("a %s {profiles: [x]}")
        :format(effect), "b deny {profiles: [x]}" })
    end
  end)
end)

describe("what is unknown", function()
  it("is decided by a deny rule, and not by what allows before it", function()
    for _, fact in ipairs { "mfa: {max_age: 1h}", "source_ip: [10.0.0.0/8]",
      "device: {require_mdm: true}", "approval: {min_approvals: 1}",
      "break_glass: {reason_codes: [fire]}" } do
      local same = "{profiles: [x], " .. fact .. "}"
      assert.same({ "allow-before-deny a" }, of_pairs { "a allow " .. same, "b deny " .. same })
      assert.same({ "unreachable-rule b" }, of_pairs { "a deny " .. same, "b deny " .. same })
      assert.same({ "unreachable-rule b" }, of_pairs { "a allow " .. same, "b allow " .. same })
      assert.same({ "unreachable-rule b" }, of_pairs { "a deny " .. same, "b allow " .. same })
    end
  end)

  it("does not decide in a rule that allows: what stands behind is reached", function()
    assert.same({}, of_pairs { "a allow {profiles: [x], mfa: {max_age: 1h}}",
      "b allow {profiles: [x]}" })
  end)

  it("makes a deny rule on MFA one that denies always", function()
    assert.same({ "unreachable-rule b" }, of_pairs {
      "a deny {profiles: [x], mfa: {max_age: 1h}}", "b allow {profiles: [x]}" })
  end)
end)

describe("conditions that cannot hold together", function()
  -- {one, another}: neither overlaps nor covers.
  local apart = {
    { "{profiles: [dev]}", "{profiles: [prod]}" },
    { '{profiles: ["dev-*"]}', '{profiles: ["prod-*", "*-prod"], users: [x]}', "overlap" },
    { '{profiles: ["dev-*"]}', '{profiles: ["prod-*", "d"]}' },
    { '{profiles: ["*"]}', "{profiles: [a/b]}" },
    { '{profiles: ["???"]}', "{profiles: [ab, abcd]}" },
    { "{users: [alice]}", "{users: [bob]}" },
    { "{users: [x]}", "{users: [role/x/y]}" },
    { '{users: ["*x*"]}', '{users: ["federated/*", root]}' },
    { "{users: [root]}", '{users: ["r*"]}' },
    { "{users: [root]}", "{users: [210987654321/root]}" },
    { "{users: [210987654321/root]}", '{users: ["*/root", "210987654321/*"]}' },
    { '{users: ["?ole/*/x"]}', '{users: ["role/*/x"]}' },
    { '{users: ["?ederated/*"]}', '{users: ["federated/*"]}' },
    { "{groups: [ops]}", "{groups: [eu]}" },
    { "{groups: [ops]}", "{users: [carol]}" },
    { "{groups: [machines]}", '{users: ["role/*"]}' },
    { "{roles: [Dev]}", "{roles: [Prod]}" },
    { '{roles: ["arn:aws:iam::*:role/Dev"]}', '{roles: ["P*"]}' },
    { '{accounts: ["123456789012"]}', '{accounts: ["12345678901?"], roles: [X]}', "overlap" },
    { '{accounts: ["123456789012"]}', '{accounts: ["999999999999"]}' },
    { '{accounts: ["123456789012"]}', '{roles: ["arn:aws:iam::999999999999:role/*"]}' },
    { "{caller_roles: [A]}", "{caller_roles: [B]}" },
    { '{caller_accounts: ["1*"]}', '{caller_accounts: ["2*"]}' },
    { "{mode: [cli]}", "{mode: [server, credential_process]}" },
    { "{time: {days: [monday]}}", "{time: {days: [tuesday, sunday]}}" },
    { '{time: {hours: {start: "09:00", end: "17:00"}}}', '{time: {hours: {start: "17:00", end: "09:00"}}}' },
    { '{time: {days: [monday], hours: {start: "22:00", end: "06:00"}}}',
      '{time: {days: [tuesday], hours: {start: "06:00", end: "08:00"}}}' },
    { '{time: {days: [monday], hours: {start: "22:00", end: "06:00"}}}',
      '{time: {days: [tuesday], hours: {start: "05:59", end: "08:00"}}}', "overlap" },
    { "{time: {days: [monday], timezone: Asia/Tokyo}}", "{time: {days: [thursday]}}" },
    { "{time: {days: [monday], timezone: Asia/Tokyo}}", "{time: {days: [wednesday]}}", "overlap" },
    { '{time: {hours: {start: "09:00", end: "10:00"}, timezone: Asia/Tokyo}}',
      '{time: {hours: {start: "12:00", end: "13:00"}}}', "overlap" },
    { "{source_ip: [10.0.0.0/8]}", "{source_ip: [192.168.0.0/16, 11.0.0.0/8]}" },
    { "{source_ip: [10.0.0.0/8]}", '{source_ip: ["::/0"]}' },
    { "{source_ip: [10.0.0.0/8]}", "{source_ip: [10.9.0.0/16], users: [x]}", "overlap" },
    { "{break_glass: {reason_codes: [fire]}}", '{break_glass: {reason_codes: ["fl*"]}}' },
    { "{device: {allowed_os_types: [darwin]}}", "{device: {allowed_os_types: [linux]}}" },
    { "{device: {allowed_os_types: [darwin]}}", "{device: {require_mdm: true}}", "overlap" },
    { "{not: {users: [alice]}}", "{users: [alice]}" },
    { '{not: {users: ["a*"]}}', "{users: [alice, anna]}" },
    { '{not: {profiles: ["prod-*"]}, users: [x]}', '{profiles: ["prod-eu*"]}' },
    { "{not: {mode: [cli]}}", "{mode: [cli]}" },
    { "{not: {time: {days: [monday]}}}", '{time: {days: [monday], hours: {start: "01:00", end: "02:00"}}}' },
    { "{not: {source_ip: [10.0.0.0/8]}}", "{source_ip: [10.1.0.0/16]}" },
    { "{not: {mfa: {max_age: 1h}}}", "{users: [x]}" },
    { "{not: {any: [{users: [alice]}, {users: [bob]}]}}", "{groups: [ops]}" },
    { "{not: {any: [{users: [alice]}, {users: [dave]}]}}", "{groups: [ops]}", "overlap" },
    { "{any: [{users: [alice]}, {users: [bob]}]}", "{any: [{users: [carol]}, {users: [dave]}]}" },
    { "{any: [{users: [alice]}, {users: [bob]}]}", "{any: [{users: [carol]}, {users: [bob]}]}", "overlap" },
    { "{all: [{users: [alice]}, {profiles: [x]}]}", "{profiles: [y]}" },
    { "{not: {all: [{users: [alice]}, {profiles: [x]}]}}", "{users: [alice], profiles: [x]}" },
    { "{any: [{profiles: [x], mode: [cli]}, {profiles: [y], mode: [server]}]}",
      "{any: [{profiles: [x], mode: [server]}, {profiles: [y], mode: [cli]}]}" },
  }
  for _, case in ipairs(apart) do
    it(("%s and %s %s"):format(case[1], case[2], case[3] or "are apart"), function()
      local one, covered = relation(case[1], case[2])
      local other, covering = relation(case[2], case[1])
      assert.equal(case[3] == "overlap", one)
      assert.equal(one, other)
      assert.is_false(covering)
      assert.is_false(covered and one == false)
    end)
  end
end)

describe("a rule that nothing matches", function()
  it("allows nothing that a deny rule refuses", function()
    for _, never in ipairs { "{users: [alice], not: {users: [alice]}}",
      "{groups: [ops], users: [carol]}", "{not: {mode: [cli, server, credential_process]}}",
      "{not: {mfa: {max_age: 1h}}}", '{not: {accounts: ["*"]}}', '{not: {roles: [X, "*"]}}' } do
      assert.same({}, of_pairs { "a allow " .. never, "b deny {}" })
    end
    assert.same({ "allow-before-deny a" }, of_pairs { "a allow {users: [alice], groups: [ops]}",
      "b deny {}" })
  end)
end)

describe("conditions of which one is wider", function()
  -- {wider, narrower, whether that is so}: the wider one covers, never the other way round.
  local rows = {
    { "{}", "{users: [alice]}" },
    { '{profiles: ["prod-*"]}', '{profiles: [prod-a, "prod-b?"], users: [x]}' },
    { '{profiles: ["prod-*", dev]}', '{profiles: ["prod-e*", dev]}' },
    { '{users: ["*"]}', "{users: [alice, root]}", "also" },
    { '{users: ["a*"]}', "{users: [alice, anna]}" },
    { "{groups: [ops]}", "{users: [alice]}" },
    { "{groups: [ops, eu]}", '{groups: ["e*"]}' },
    { "{users: [alice, bob, dave]}", "{groups: [ops]}" },
    { "{roles: [Dev, Prod]}", '{roles: ["arn:aws:iam::123456789012:role/Prod"]}' },
    { '{accounts: ["123456789012"]}', '{roles: ["arn:aws:iam::123456789012:role/*"]}' },
    { '{roles: ["arn:*"]}', '{roles: ["arn:aws:iam::1*:role/a"]}', "not" },
    { "{mode: [cli, server]}", "{mode: [server]}" },
    { "{mode: [cli, server, credential_process]}", "{profiles: [x]}", "also" },
    { "{time: {days: [monday, tuesday]}}", '{time: {days: [monday], hours: {start: "22:00", end: "06:00"}}}' },
    { '{time: {hours: {start: "00:00", end: "24:00"}}}', "{profiles: [x]}" },
    { "{time: {days: [monday]}}", '{time: {days: [monday], hours: {start: "22:00", end: "06:00"}}}', "not" },
    { "{time: {days: [monday]}}", "{time: {days: [monday], timezone: Asia/Tokyo}}", "not" },
    { "{source_ip: [10.0.0.0/8]}", "{source_ip: [10.1.0.0/16, 10.2.3.4/32]}" },
    { "{mfa: {max_age: 1h}}", "{mfa: {max_age: 15m}}" },
    { "{break_glass: {reason_codes: [\"*\"]}}", "{break_glass: {reason_codes: [fire]}}" },
    { "{approval: {min_approvals: 1}}", "{approval: {min_approvals: 2, approvers: [bob]}}" },
    { "{approval: {approvers: [\"b*\"]}}", "{approval: {approvers: [bob]}}" },
    { "{approval: {approvers: [bob]}}", "{approval: {approvers: [ann]}}", "not" },
    { "{device: {require_mdm: true, min_os_version: \"14.2\"}}",
      "{device: {require_mdm: true, require_firewall: true, min_os_version: \"14.10\"}}" },
    { "{device: {allowed_os_types: [darwin, linux]}}", "{device: {allowed_os_types: [linux]}}" },
    { "{not: {users: [alice]}}", "{users: [bob]}" },
    { '{not: {profiles: [a]}}', '{not: {profiles: ["?"]}}' },
    { "{any: [{users: [alice]}, {profiles: [x]}]}", "{profiles: [x], mode: [cli]}" },
    { "{any: [{users: [alice]}, {users: [bob]}]}", "{any: [{users: [bob], mode: [cli]}, {users: [alice]}]}" },
    { "{not: {users: [alice], mode: [cli]}}", "{users: [alice], mode: [server]}" },
    { "{all: [{users: [alice]}]}", "{all: [{users: [alice]}, {profiles: [x]}]}" },
  }
  for _, case in ipairs(rows) do
    it(("%s and %s"):format(case[1], case[2]), function()
      local _, covers = relation(case[1], case[2])
      local _, inverse = relation(case[2], case[1])
      assert.equal(case[3] ~= "not", covers)
      assert.equal(false, inverse)
    end)
  end
end)

describe("functions of a Lua policy", function()
  local function lua_pairs(body)
    local answer = evaluator.lint("lua", [[
local s = require "sentinel"
local f = function(request) return request.user.name == "alice" end
local g = function(request) return request.user.name ~= "alice" end
return s.policy { version = "1", rules = { ]] .. body .. " } }", { targets = true })
    return found(answer, PAIRS), answer
  end

  local function rule(name, effect, conditions)
    return ("s.rule %q { effect = %q, conditions = %s },"):format(name, effect, conditions)
  end

  it("cover themselves and nothing else", function()
    assert.same({ "unreachable-rule b" }, lua_pairs(rule("a", "allow", "{ f }")
      .. rule("b", "allow", "{ profiles = { 'x' }, f }")))
    assert.same({}, lua_pairs(rule("a", "allow", "{ f }") .. rule("b", "allow", "{ g }")))
    assert.same({}, lua_pairs(rule("a", "allow", "{ f }") .. rule("b", "allow", "{}")))
    assert.same({ "unreachable-rule b" }, lua_pairs(rule("a", "allow", "{ s.any { f, { users = { 'x' } } } }")
      .. rule("b", "allow", "{ s.any { f, { users = { 'x' } } } }")))
    assert.same({}, lua_pairs(rule("a", "allow", "{ s.any { f, { users = { 'x' } } } }")
      .. rule("b", "allow", "{ s.any { f, { users = { 'y' } } } }")))
  end)

  it("may overlap with everything that names do not tell apart", function()
    assert.same({ "allow-before-deny a" }, lua_pairs(rule("a", "allow", "{ f }")
      .. rule("b", "deny", "{ g }")))
    assert.same({}, lua_pairs(rule("a", "allow", "{ users = { 'x' }, f }")
      .. rule("b", "deny", "{ users = { 'y' }, g }")))
    assert.same({ "allow-before-deny a", "dead-deny b" }, lua_pairs(rule("a", "allow", "{ f }")
      .. rule("b", "deny", "{ f }")))
  end)

  it("may raise, which decides: what stands before the raise counts alone", function()
    assert.same({}, lua_pairs(rule("a", "allow", "{ f }") .. rule("b", "allow", "{ g, f }")))
    assert.same({}, lua_pairs(rule("a", "allow", "{ s.not_ { users = { 'bob' } } }")
      .. rule("b", "allow", "{ s.any { f, g }, s.not_ { users = { 'bob' } } }")))
    assert.same({}, lua_pairs(rule("a", "allow", "{ mfa = { max_age = '1h' } }")
      .. rule("b", "allow", "{ mfa = { max_age = '1h' }, f }")))
  end)

  it("have the rule's place in the file", function()
    local _, answer = lua_pairs("\n\n" .. rule("a", "allow", "{ f }") .. "\n" .. rule("b", "deny", "{ f }"))
    assert.same({ 6, 7 }, { answer.problems[1].line, answer.problems[2].line })
  end)
end)

describe("the checks of single rules", function()
  -- {check, rule, whether it speaks, facts}; the rule's name is r.
  local IP, BG = "source_ip: [10.0.0.0/8]", "break_glass: {reason_codes: [fire]}"
  local rows = {
    { "unrestricted-allow", "allow {}", true },
    { "unrestricted-allow", 'allow {profiles: ["*"], users: ["*"]}', true },
    { "unrestricted-allow", "require_server {mode: [server]}", true },
    { "unrestricted-allow", "allow {any: [{users: [a]}, {mode: [cli]}]}", true },
    { "unrestricted-allow", 'allow {users: ["*"], profiles: [x]}', false },
    { "unrestricted-allow", 'allow {profiles: ["*"], groups: [ops]}', false },
    { "unrestricted-allow", "allow {roles: [X]}", false },
    { "unrestricted-allow", 'allow {caller_accounts: ["123456789012"]}', false },
    { "unrestricted-allow", "allow {any: [{users: [a]}, {profiles: [b]}]}", false },
    { "unrestricted-allow", "deny {}", false },
    { "unbound-profile", "allow {profiles: [x]}", true },
    { "unbound-profile", 'allow {profiles: [x], roles: ["*"]}', true },
    { "unbound-profile", "allow {profiles: [x], any: [{roles: [X]}, {users: [a]}]}", true },
    { "unbound-profile", "require_approval {profiles: [x]}", true },
    { "unbound-profile", "allow {profiles: [x], roles: [X]}", false },
    { "unbound-profile", 'allow {profiles: [x], accounts: ["123456789012"]}', false },
    { "unbound-profile", "allow {profiles: [x], any: [{roles: [X]}, {roles: [Y], users: [a]}]}", false },
    { "unbound-profile", "allow {profiles: [x]}", false, { targets = true } },
    { "unbound-profile", "deny {profiles: [x]}", false },
    { "impossible-name", 'deny {users: ["arn:aws:iam::123456789012:user/mallory"]}', true },
    { "impossible-name", "deny {users: [alice, user/mallory]}", true },
    { "impossible-name", "deny {any: [{users: [user/mallory]}, {mode: [cli]}]}", true },
    { "impossible-name", "deny {not: {users: [user/mallory]}}", true },
    { "impossible-name", "allow {profiles: [x], roles: [role/X]}", true },
    { "impossible-name", 'deny {caller_roles: ["a:b"]}', true },
    { "impossible-name", 'deny {users: [alice, "role/Ops/*", "federated/x", root, "*@example.com", "210987654321/alice", "*/bob"]}',
      false },
    { "impossible-name", 'allow {profiles: ["a/b:c"], roles: [X, "arn:aws:iam::*:role/*"]}', false },
    { "impossible-name", 'deny {source_ip: ["2001:db8::/32"]}', false },
    { "claimed-only", "allow {profiles: [x], " .. BG .. "}", true },
    { "claimed-only", "allow {profiles: [x], device: {require_mdm: true}}", true },
    { "claimed-only", "allow {profiles: [x]}, require: {justification: {min_length: 5}}", true },
    { "claimed-only", "allow {profiles: [x], mode: [cli]}", true },
    { "claimed-only", 'allow {users: ["*"], profiles: [x], ' .. BG .. "}", true },
    { "claimed-only", "allow {profiles: [x], any: [{users: [a]}, {" .. BG .. "}]}", true },
    { "claimed-only", "allow {users: [a], " .. BG .. "}", false },
    { "claimed-only", "allow {profiles: [x]}", false },
    { "claimed-only", "allow {profiles: [x], " .. IP .. ", mode: [cli]}", false },
    { "claimed-only", "allow {profiles: [x], mfa: {max_age: 1h}, " .. BG .. "}", false },
    { "claimed-only", "allow {profiles: [x], " .. BG .. "}, require: {mfa: {max_age: 1h}}", false },
    { "claimed-only", "allow {profiles: [x], approval: {min_approvals: 1}, " .. BG .. "}", false },
    { "claimed-only", "deny {profiles: [x], " .. BG .. "}", false },
    { "unmet-require", "require_server {profiles: [x], mode: [cli]}", true },
    { "unmet-require", "require_server_session {profiles: [x], not: {mode: [server]}}", true },
    { "unmet-require", "require_server {profiles: [x], mode: [cli, server]}", false },
    { "unmet-require", "require_server {profiles: [x]}", false },
    { "unmet-require", "allow {mode: [server]}, require: {mfa: {max_age: 1h}}", true },
    { "unmet-require", "require_server {profiles: [x]}, require: {mfa: {max_age: 1h}}", true },
    { "unmet-require", "allow {mode: [server, cli]}, require: {mfa: {max_age: 1h}}", false },
    { "unmet-require", 'allow {profiles: [x]}, require: {justification: {min_length: 20, pattern: "^INC%d%d$"}}', true },
    { "unmet-require", 'allow {profiles: [x]}, require: {justification: {min_length: 20, pattern: "^INC%d+$"}}', false },
    { "unmet-require", 'allow {profiles: [x]}, require: {justification: {min_length: 20, pattern: "INC%d%d"}}', false },
    { "unmet-require", 'allow {profiles: [x]}, require: {justification: {min_length: 5, pattern: "^INC%d%d$"}}', false },
    { "unmet-require", 'allow {profiles: [x]}, require: {justification: {pattern: "^$"}}', true },
    { "unmet-require", "deny {mode: [server]}, require: {mfa: {max_age: 1h}}", false },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}', true },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}, max_duration: 8h', true },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}, max_duration: 4h', false },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}', false,
      { targets = false, max_duration = 3600 } },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}, until: window', false },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}, lease: 4h', false },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "17:00"}}}, lease: 5h', true },
    { "long-duration-in-window", "allow {time: {days: [monday, tuesday]}}", false },
    { "long-duration-in-window", 'allow {time: {hours: {start: "09:00", end: "09:30"}}}, max_duration: 1h', true },
    { "long-duration-in-window", 'allow {time: {hours: {start: "00:00", end: "24:00"}}}', false },
    { "long-duration-in-window", 'deny {time: {hours: {start: "09:00", end: "17:00"}}}', false },
    { "long-duration-in-window", 'allow {not: {time: {hours: {start: "09:00", end: "17:00"}}}}', false },
    { "long-duration-in-window",
      'require_server {time: {hours: {start: "09:00", end: "17:00"}}}, max_server_duration: 1h', false },
    { "emergency-depends-on-fact", "allow {profiles: [x], mfa: {max_age: 1h}}, emergency: true", true },
    { "emergency-depends-on-fact", "allow {profiles: [x], " .. IP .. "}, emergency: true", true },
    { "emergency-depends-on-fact", "allow {profiles: [x], not: {device: {require_mdm: true}}}, emergency: true", true },
    { "emergency-depends-on-fact", "require_approval {profiles: [x]}, emergency: true", true },
    { "emergency-depends-on-fact", "allow {profiles: [x]}, emergency: true, require: {mfa: {max_age: 1h}}", true },
    { "emergency-depends-on-fact", "allow {profiles: [x], " .. BG .. "}, emergency: true", false },
    { "emergency-depends-on-fact", "allow {profiles: [x], users: [a]}, emergency: true", false },
    { "emergency-depends-on-fact", "allow {profiles: [x], mfa: {max_age: 1h}}", false },
  }
  for _, case in ipairs(rows) do
    it(("%s %s on %s"):format(case[1], case[3] and "speaks up" or "keeps quiet", case[2]), function()
      local effect, rest = case[2]:match("^(%S+) (.*)$")
      local conditions, more = rest:match("^(%b{})(.*)$")
      local answer = evaluator.lint("yaml", HEAD .. ("  - {name: r, effect: %s, conditions: %s%s}\n")
        :format(effect, conditions, more), case[4])
      local has = found(answer, { [case[1]] = true })
      assert.same(case[3] and { case[1] .. " r" } or {}, has)
    end)
  end

  it("take a deny rule on other roles before it for a binding", function()
    local rules = { 'a deny {profiles: [dev, "dev-*"], not: {roles: ["Dev*"]}}',
      "b allow {profiles: [dev], users: [alice]}", "c allow {profiles: [prod], users: [alice]}" }
    local answer = evaluator.lint("yaml", policy_of(rules))
    assert.same({ "unbound-profile c" }, found(answer))
  end)

  it("see the rules before one for emergencies", function()
    local function lint(...)
      local lines = { ... }
      lines[#lines + 1] = "e allow {profiles: [em], users: [alice]}"
      local text = policy_of(lines):gsub("}}\n$", "}, emergency: true}\n")
      local text_with = text:gsub("users: %[alice%]}}", "users: [alice]}, emergency: true}")
      return found(evaluator.lint("yaml", text_with, { targets = true }),
        { ["emergency-depends-on-fact"] = true })
    end
    local speaks = { "emergency-depends-on-fact e" }
    assert.same({}, lint())
    assert.same(speaks, lint("d deny {profiles: [em], source_ip: [10.0.0.0/8]}"))
    assert.same(speaks, lint("d allow {users: [alice], mfa: {max_age: 1h}}"))
    assert.same({}, lint("d allow {users: [bob], mfa: {max_age: 1h}}"))
    assert.same({}, lint("d deny {profiles: [dev], source_ip: [10.0.0.0/8]}"))
    assert.same({}, lint("d deny {profiles: [em], users: [mallory]}"))
  end)
end)

describe("plugins", function()
  local formula, overlap = modules.load "formula", modules.load "overlap"
  local rules, emergency = modules.load "lint_rules", modules.load "lint_emergency"

  local function condition(name)
    return { name = name, value = { schedule = "x" }, plugin = { name = name } }
  end

  local function prepare(effect, list, more)
    local rule = more or {}
    rule.name, rule.effect, rule.conditions, rule.index = "r", effect, list, 0
    return overlap.prepare(rule, 1, formula.context())
  end

  local function check(facts, list)
    local said = {}
    rules.check(prepare("allow", list), facts, rules.new_memory(), function(name, _, message)
      if name == "ungranted-plugin" then
        said[#said + 1] = message
      end
    end)
    return said
  end

  it("have to be granted what they need", function()
    local oncall = { condition "oncall" }
    assert.same({}, check({}, oncall))
    assert.same({}, check({ ungranted = {} }, oncall))
    local lacking = { ungranted = { oncall = "http oncalls" } }
    assert.same({ 'uses plugin "oncall", which needs what the bundle does not grant: http oncalls' },
      check(lacking, oncall))
    assert.equal(1, #check(lacking, { { name = "not", value = oncall } }))
    assert.same({}, check({}, { { name = "mfa", value = { max_age = 5 } } }))
  end)

  it("are facts for a rule that has to work in an emergency", function()
    local said = {}
    local first = prepare("deny", { condition "oncall" })
    local second = prepare("allow", {}, { emergency = true })
    emergency.check({ first, second }, function(_, rule, message)
      said[#said + 1] = rule == second and message
    end, function() return true end)
    assert.equal(1, #said)
    assert.is_truthy(said[1]:find('plugin "oncall"', 1, true))
  end)

  it("cover only themselves, and an unknown one decides in a deny rule", function()
    local a, b = prepare("allow", { condition "oncall" }), prepare("allow", { condition "other" })
    local deny, same = prepare("deny", { condition "oncall" }), prepare("allow", { condition "oncall" })
    assert.is_false(overlap.covers(a, b))
    assert.is_true(overlap.covers(a, same))
    assert.is_true(overlap.covers(deny, same))
    assert.is_false(overlap.covers(a, deny))
    assert.is_true(overlap.may_overlap(a, b))
  end)
end)

describe("a large policy", function()
  local function many(count, conditions)
    local lines = {}
    for i = 1, count do
      lines[i] = ("  - {name: r%d, effect: %s, conditions: %s}\n"):format(i,
        i % 5 == 0 and "deny" or "allow", conditions:gsub("#", tostring(i)))
    end
    return HEAD .. table.concat(lines)
  end

  it("is looked at completely when names tell its rules apart", function()
    local answer = evaluator.lint("yaml", many(6000, "{profiles: [p#], users: [u]}"), { targets = true })
    assert.is_true(answer.complete)
    assert.same({}, answer.problems)
    answer = evaluator.lint("yaml", many(6000, "{users: [u#], profiles: [p]}"), { targets = true })
    assert.is_true(answer.complete)
    assert.same({}, answer.problems)
  end)

  it("says so when it could not be, and what was found", function()
    local text = many(5000, '{users: ["#*"], mode: [cli]}')
    local answer = evaluator.lint("yaml", text, { targets = true })
    assert.is_false(answer.complete)
    assert.is_true(#answer.problems > 0)
    for _, fuel in ipairs { 1000, 300000, 1900000 } do
      local spent, result = evaluator.lint("yaml", text, { targets = true }, { lint_fuel = fuel })
      assert.is_false(spent.complete)
      assert.is_truthy(result == "fuel" or result == "ok")
    end
  end)

  it("does not make more of deep nesting than it is worth, and sees duplicates all the same", function()
    local function nest(depth, count)
      if depth == 0 then
        count[1] = count[1] + 1
        return ("{users: [u%d], profiles: [b]}"):format(count[1])
      end
      local branches = {}
      for i = 1, 4 do
        branches[i] = nest(depth - 1, count)
      end
      return "{any: [" .. table.concat(branches, ", ") .. "]}"
    end
    local deep = nest(5, { 0 })
    assert.same({ "unreachable-rule b" }, of_pairs { "a allow " .. deep, "b allow " .. deep })
    local wide = {}
    for i = 1, 60 do
      wide[i] = ("{any: [{users: [x%d]}, {users: [y%d]}]}"):format(i, i)
    end
    local rules = {}
    for i = 1, 20 do
      rules[i] = ("r%d %s {all: [%s]}"):format(i, i % 2 == 0 and "deny" or "allow", table.concat(wide, ", "))
    end
    of_pairs(rules) -- is complete
  end)

  it("has errors reported before advice, and what is left out counted", function()
    local answer = evaluator.lint("yaml", many(700, "{profiles: [p#]}")
      .. "  - {name: last, effect: allow, conditions: {profiles: [p1], users: [x]}}\n")
    assert.is_true(answer.complete)
    assert.equal(500, #answer.problems)
    assert.equal(561 + 1 - 500, answer.left_out)
    assert.equal("unreachable-rule last", found(answer)[500])
  end)
end)
