--- The finite space of requests: values that policies tell apart, ways in, differences.
local cjson = require "cjson"
local evaluator = require "spec.support.evaluator"
local space = require "spec.support.space"

describe("the space of requests", function()
  local state

  before_each(function()
    state = space.new()
  end)

  after_each(function()
    state:close()
  end)

  local function run(chunk, ...)
    return space.run(state, chunk, ...)
  end

  -- Names ------------------------------------------------------------------------------------------

  -- By a comma-separated list of patterns, the texts and whether none is missing.
  local function texts(patterns, options)
    local answer = cjson.decode(run([[
      local patterns = {}
      for pattern in (...):gmatch("[^,]+") do patterns[#patterns + 1] = pattern end
      local texts, is_exact = require("sentinel.names").texts(patterns, ]] .. (options or "{}") .. [[)
      return encode { texts = texts, exact = is_exact }]], patterns))
    return answer.texts, answer.exact
  end

  -- The combinations of patterns that the texts fit, each as "a* *b".
  local function combinations(patterns, options)
    local found, list = {}, texts(patterns, options)
    for _, text in ipairs(list) do
      local fits = {}
      for pattern in patterns:gmatch("[^,]+") do
        if run("return tostring(host.glob(...))", pattern, text) == "true" then
          fits[#fits + 1] = pattern
        end
      end
      found[table.concat(fits, " ")] = true
    end
    return found
  end

  it("has a text for each combination of patterns that some text fits, and for no other", function()
    assert.same({ [""] = true, ["a*"] = true, ["*b"] = true, ["a* *b"] = true }, combinations("a*,*b"))
    assert.same({ [""] = true, ["a*"] = true, ["a* ab*"] = true }, combinations("a*,ab*"))
    assert.same({ [""] = true, ["a"] = true, ["b"] = true }, combinations("a,b"))
    assert.same({ [""] = true, ["?"] = true, ["? a"] = true }, combinations("?,a"))
    assert.same({ [""] = true, ["?b"] = true, ["a?"] = true, ["?b a?"] = true }, combinations("?b,a?"))
  end)

  it("keeps literals and the patterns that they fit apart", function()
    -- "ab" fits both patterns and is named: no other text fits both.
    assert.same({ [""] = true, ["?b"] = true, ["a?"] = true, ["?b a? ab"] = true }, combinations("?b,a?,ab"))
    assert.same({ [""] = true, ["p*"] = true, ["p* prod"] = true }, combinations("p*,prod"))
    -- "cd" is the shortest text that fits both, and named; others fit both too.
    assert.same({ [""] = true, ["c*"] = true, ["*d"] = true, ["c* *d"] = true, ["c* *d cd"] = true },
      combinations("c*,*d,cd"))
  end)

  it("finds what fits a '*' and what does not only by its '/'", function()
    assert.same({ ["?*"] = true, ["?* x"] = true }, combinations("?*,x"))
    assert.same({ [""] = true, ["?*"] = true, ["a/*"] = true }, combinations("?*,a/*", "{ has_slash = true }"))
  end)

  it("keeps to a shape", function()
    for _, text in ipairs((texts("1*,*9,123456789012", '{ filler = "", shape = "????????????", alphabet = "0123456789" }'))) do
      assert.matches("^%d%d%d%d%d%d%d%d%d%d%d%d$", text)
    end
    assert.same({ [""] = true, ["1*"] = true, ["*9"] = true, ["1* *9"] = true, ["1* 123456789012"] = true },
      combinations("1*,*9,123456789012", '{ filler = "", shape = "????????????", alphabet = "0123456789" }'))
  end)

  it("says so when there are too many states", function()
    local patterns = {}
    for i = 1, 14 do
      patterns[i] = ("*%s?????*"):format(string.char(96 + i))
    end
    local _, is_exact = texts(table.concat(patterns, ","))
    assert.is_false(is_exact)
    _, is_exact = texts("a*,*b,*c*")
    assert.is_true(is_exact)
  end)

  it("names a text by the patterns that it fits", function()
    local label = [[return tostring(require("sentinel.names").labels({ "a*", "alice", "*b", "a*" })(...))]]
    assert.equal("alice", run(label, "alice"))
    assert.equal("a*", run(label, "axel"))
    assert.equal("a* and *b", run(label, "ab"))
    assert.equal("nil", run(label, "x"))
  end)

  -- Moments ----------------------------------------------------------------------------------------

  -- The verdicts of windows of time, as "10", over the moments of a year that are told apart.
  local function window_verdicts(windows)
    return cjson.decode(run([[
      local rules = {}
      for window in (...):gmatch("[^\n]+") do
        rules[#rules + 1] = ("  - {name: r%d, effect: allow, conditions: {time: %s}}"):format(#rules, window)
      end
      local policy = load_policy("version: '1'\nrules:\n" .. table.concat(rules, "\n") .. "\n", "yaml")
      local conditions, found, list = {}, {}, {}
      for i, rule in ipairs(policy.rules) do conditions[i] = rule.conditions[1] end
      for _, moment in ipairs(require("sentinel.moments").of(conditions, START)) do
        local key, one = "", engine.new_run({})
        one.epoch = moment
        for _, condition in ipairs(conditions) do
          key = key .. (condition.kind.evaluate(condition, {}, one) and "1" or "0")
        end
        if not found[key] then
          found[key] = true
          list[#list + 1] = key
        end
      end
      table.sort(list)
      return encode(list)]], table.concat(windows, "\n")))
  end

  it("tries each combination of windows that some moment has", function()
    assert.same({ "00", "01", "10", "11" }, window_verdicts { '{hours: {start: "09:00", end: "17:00"}}',
      '{hours: {start: "12:00", end: "18:00"}, timezone: America/New_York}' })
    assert.same({ "00", "01", "10" }, window_verdicts { '{hours: {start: "09:00", end: "17:00"}}',
      '{hours: {start: "17:00", end: "24:00"}}' })
  end)

  it("finds what only wraps past midnight, and belongs to the day before", function()
    assert.same({ "00", "01", "10", "11" }, window_verdicts { '{days: [friday], hours: {start: "22:00", end: "06:00"}}',
      "{days: [saturday]}" })
    assert.same({ "00", "01", "10" }, window_verdicts { '{days: [friday], hours: {start: "22:00", end: "06:00"}}',
      "{days: [sunday]}" })
  end)

  it("finds what is so only while one zone has changed its clock and another has not", function()
    -- Between the two changes New York is five hours behind Berlin, else six.
    assert.same({ "00", "01", "10", "11" }, window_verdicts { '{hours: {start: "08:00", end: "08:30"}, timezone: America/New_York}',
      '{hours: {start: "13:00", end: "13:30"}, timezone: Europe/Berlin}' })
  end)

  it("knows that hours which a clock skips are never", function()
    -- In Berlin the clock goes from 02:00 to 03:00 on a Sunday in March; on Sundays in November it does not.
    assert.same({ "00", "01", "10" }, window_verdicts {
      '{days: [sunday], hours: {start: "02:10", end: "02:50"}, timezone: Europe/Berlin}',
      '{days: [sunday], hours: {start: "03:10", end: "03:50"}, timezone: Europe/Berlin}' })
  end)

  it("finds what is so only on one day, after one zone has changed its clock and before two others do", function()
    local found = window_verdicts { '{days: [sunday], hours: {start: "14:00", end: "14:10"}, timezone: Europe/Berlin}',
      '{hours: {start: "22:55", end: "23:12"}, timezone: Australia/Lord_Howe}',
      '{hours: {start: "13:55", end: "14:12"}, timezone: Africa/Cairo}' }
    assert.equal("111", found[#found])
  end)

  it("finds what is so only from the second in which a clock changes", function()
    -- The window opens when the clock goes from 02:00 to 03:00; no clock shows an edge then.
    local found = window_verdicts { '{days: [sunday], hours: {start: "02:30", end: "03:30"}, timezone: Europe/Berlin}',
      '{hours: {start: "11:50", end: "12:20"}, timezone: Australia/Lord_Howe}',
      '{hours: {start: "02:40", end: "03:15"}, timezone: Africa/Cairo}' }
    assert.equal("111", found[#found])
  end)

  -- Ways in ----------------------------------------------------------------------------------------

  local WAYS = [==[
    local text, how = ...
    local policy = load_policy(text, "yaml")
    local settings = { time = START, profile = "prod", is_ever = how == "ever" }
    if how and how:find("^mode ") then settings.mode = how:sub(6) end
    if how and how:find("^arn:") then settings.targets = { how } end
    if how == "no target" then settings.targets = {} end
    local found, is_exact = require("sentinel.ways").find(policy, settings, { left = how == "broke" and 3 or 100000 })
    return '{"exact":' .. tostring(is_exact) .. ',"ways":' .. (#found > 0 and encode(found) or "[]") .. "}"]==]

  local function ways(rules, how)
    local answer = cjson.decode(run(WAYS, 'version: "1"\ngroups: {ops: [alice, bob], corp: ["*@corp"]}\nrules:\n' .. rules,
      how or "now"))
    local told = {}
    for i, way in ipairs(answer.ways) do
      told[i] = way.user .. ": " .. way.rule
    end
    return told, answer.ways, answer.exact
  end

  it("tells who, by which rule, those with names first", function()
    assert.same({ "alice: ops", "bob: ops", "*@corp: corp", "anyone else: any" }, (ways [[
  - {name: none, effect: deny, conditions: {users: ["intern-*"]}}
  - {name: ops, effect: allow, conditions: {profiles: [prod], groups: [ops]}}
  - {name: corp, effect: allow, conditions: {profiles: ["p*"], groups: [corp]}}
  - {name: other, effect: allow, conditions: {profiles: [dev]}}
  - {name: any, effect: allow, conditions: {profiles: [prod]}}
]]))
  end)

  it("says anyone where no rule tells people apart", function()
    assert.same({ "anyone: any" }, (ways "  - {name: any, effect: allow, conditions: {}}\n"))
    assert.same({}, (ways "  - {name: any, effect: deny, conditions: {}}\n"))
    assert.same({ "anyone: any" }, (ways '  - {name: any, effect: allow, conditions: {users: ["*"]}}\n'))
  end)

  it("makes up no name that is longer than names are", function()
    local rule = "  - {name: any, effect: allow, conditions: {users: [%s]}}\n"
    assert.equal(1, #(ways(rule:format(("u"):rep(127)))))
    assert.same({}, (ways(rule:format(("u"):rep(128)))))
  end)

  it("leaves out a rule that never decides, and one that is for others", function()
    assert.same({ "anyone: a" }, (ways [[
  - {name: a, effect: allow, conditions: {}}
  - {name: b, effect: allow, conditions: {}}
]]))
    assert.same({}, (ways [[
  - {name: a, effect: deny, conditions: {mode: [cli, server]}}
  - {name: b, effect: allow, conditions: {mode: [server]}}
]]))
  end)

  it("takes what is unknown to a deny rule for a denial", function()
    assert.same({}, (ways [[
  - {name: a, effect: deny, conditions: {not: {mfa: {max_age: 15m}}}}
  - {name: b, effect: allow, conditions: {not: {mfa: {max_age: 1h}}}}
]]))
    local told, found = ways [[
  - {name: a, effect: deny, conditions: {not: {source_ip: [10.0.0.0/8]}}}
  - {name: b, effect: allow, conditions: {not: {source_ip: [10.1.0.0/16]}}}
]]
    assert.same({ "anyone: b" }, told)
    assert.matches("^10%.", found[1].request.source_ip)
    assert.is_nil(found[1].request.source_ip:find("^10%.1%."))
  end)

  it("gives a request what the effect and the requirements want", function()
    local told, found, is_exact = ways [[
  - name: approved
    effect: require_approval
    conditions: {users: [alice], approval: {approvers: ["sec-*", bob], min_approvals: 2}}
    require: {justification: {min_length: 12, pattern: "^INC%-%d+$"}, mfa: {max_age: 10m}}
  - {name: server, effect: require_server_session, conditions: {users: [bob]}}
]]
    assert.same({ "alice: approved", "bob: server" }, told)
    assert.is_true(is_exact)
    local request = found[1].request
    assert.equal(2, #request.approval.approvers)
    assert.matches("^INC%-%d+$", request.justification)
    assert.is_true(#request.justification >= 12)
    assert.equal("2026-01-19T14:50:00Z", request.mfa.authenticated_at)
    assert.equal("server", found[2].request.mode)
    assert.not_nil(found[2].request.session_table)
  end)

  it("makes justifications up that have no blanks at their ends", function()
    for _, wanted in ipairs { "min_length: 5, pattern: '^I'", "min_length: 6, pattern: 'C$'",
      "min_length: 3, pattern: '^[ x]+$'", "min_length: 35, pattern: '%d'" } do
      local told, found, is_exact = ways(("  - {name: a, effect: allow, conditions: {}, "
        .. "require: {justification: {%s}}}\n"):format(wanted))
      assert.same({ "anyone: a" }, told, wanted)
      assert.is_true(is_exact, wanted)
      assert.is_nil(found[1].request.justification:find("^ "), wanted)
      assert.is_nil(found[1].request.justification:find(" $"), wanted)
    end
  end)

  it("says that it is not exact where no justification could be made up", function()
    local told, _, is_exact = ways [[
  - {name: a, effect: allow, conditions: {}, require: {justification: {pattern: "^(%a)%1%f[%d]"}}}
]]
    assert.same({}, told)
    assert.is_false(is_exact)
  end)

  it("says that it is not exact where the budget was spent", function()
    local _, _, is_exact = ways([[
  - name: a
    effect: allow
    conditions: {any: [{source_ip: [10.0.0.0/8]}, {mfa: {max_age: 5m}}], mode: [server], device: {require_mdm: true}}
]], "broke")
    assert.is_false(is_exact)
  end)

  it("keeps to the mode and to the roles that are given", function()
    local rules = [[
  - {name: cli, effect: allow, conditions: {mode: [cli]}}
  - {name: b, effect: allow, conditions: {roles: [B]}}
]]
    assert.same({ "anyone: cli", "anyone: b" }, (ways(rules)))
    assert.same({ "anyone: cli" }, (ways(rules, "mode cli")))
    assert.same({ "anyone: b" }, (ways(rules, "mode server")))
    local told, found = ways(rules, "arn:aws:iam::*:role/A")
    assert.same({ "anyone: cli" }, told)
    assert.matches("^arn:aws:iam::%d+:role/A$", found[1].request.role_arn)
    assert.same({}, (ways(rules, "no target")))
    told, found = ways("  - {name: any, effect: allow, conditions: {}}\n", "arn:aws:iam::*:role/A")
    assert.same({ "anyone: any" }, told)
    assert.matches(":role/A$", found[1].request.role_arn)
  end)

  it("tells sessions of roles, federated people and root from people of such names", function()
    assert.same({ "role/Deploy/*: r", "federated/fred: f", "root: x" }, (ways [[
  - {name: r, effect: allow, conditions: {users: ["role/Deploy/*"]}}
  - {name: f, effect: allow, conditions: {users: [federated/fred]}}
  - {name: x, effect: allow, conditions: {users: [root]}}
]]))
    assert.same({ "210987654321/root: x" }, (ways [[
  - {name: x, effect: allow, conditions: {users: [210987654321/root]}}
]]))
    assert.same({ "root of account 210987654321: x" }, (ways [[
  - {name: x, effect: allow, conditions: {users: [root], caller_accounts: ["210987654321"]}}
]]))
    local told, found = ways "  - {name: c, effect: allow, conditions: {caller_roles: [Deploy]}}\n"
    assert.same({ "role/Deploy/*: c" }, told)
    assert.equal("Deploy", found[1].request.user.role)
    assert.same({}, (ways '  - {name: c, effect: allow, conditions: {caller_roles: [Deploy], users: ["role/Admin/*"]}}\n'))
  end)

  it("knows the account of a name that has one before it", function()
    local told, found = ways [[
  - {name: a, effect: allow, conditions: {caller_accounts: ["*9??", "999999999998"], users: ["9*/bob"]}}
]]
    assert.same({ "9*/bob of account *9??: a" }, told)
    assert.equal(found[1].request.user.account .. "/bob", found[1].request.user.name)
  end)

  it("finds addresses in a block and after the blocks in it", function()
    local _, found = ways [[
  - {name: a, effect: allow, conditions: {source_ip: [10.0.0.0/8], not: {source_ip: [10.0.0.0/9, 10.192.0.0/10]}}}
  - {name: b, effect: allow, conditions: {source_ip: ["2001:db8::/32"], not: {source_ip: ["2001:db8::/33"]}}}
]]
    assert.equal("10.128.0.0", found[1].request.source_ip)
    assert.equal("2001:db8:8000:0:0:0:0:0", found[2].request.source_ip)
  end)

  it("does not mix roles and sessions of different patterns", function()
    assert.same({ "role/A/x: one", "role/B*/y*: two", "role/B*/y* and role/Bob/*: two" }, (ways [[
  - {name: one, effect: allow, conditions: {users: [role/A/x]}}
  - {name: no, effect: deny, conditions: {users: ["role/A/y", "role/C/*"]}}
  - {name: two, effect: allow, conditions: {users: ["role/B*/y*"]}}
  - {name: three, effect: allow, conditions: {users: ["role/Bob/z?"], mode: [cli], not: {mode: [cli]}}}
  - {name: four, effect: deny, conditions: {users: ["role/Bob/*"]}}
]]))
  end)

  it("looks at other times only when it is asked to", function()
    local rules = [[
  - {name: night, effect: allow, conditions: {time: {hours: {start: "22:00", end: "02:00"}, days: [sunday], timezone: Asia/Tokyo}}}
]]
    assert.same({}, (ways(rules)))
    local told, found = ways(rules, "ever")
    assert.same({ "anyone: night" }, told)
    assert.equal("2026-01-25T13:00:00Z", found[1].request.time)
    assert.matches("22:00%-02:00 Asia/Tokyo", table.concat(found[1].words))
  end)

  it("tells conditions that only code knows, the same text as the same condition", function()
    local answer = cjson.decode(run([==[
      local policy = load_policy([[
local s = require "sentinel"
local function late() return false end
return s.policy { version = "1", rules = {
  s.rule "no" { effect = "deny", conditions = { s.check("late", late) } },
  s.rule "yes" { effect = "allow", conditions = { s.check("late", late) } },
  s.rule "code" { effect = "allow", conditions = { s.check("duty", function() return true end), users = { "bob" } } },
} }]], "lua")
      local found, is_exact = require("sentinel.ways").find(policy, { time = START, profile = "prod" }, { left = 1000 })
      return encode { found = found, exact = is_exact }]==]))
    assert.is_true(answer.exact)
    assert.equal(1, #answer.found)
    local way = answer.found[1]
    assert.equal("code", way.rule)
    assert.same({ { "check:duty", true }, { "check:late", false } }, { { way.assumed[1].condition, way.assumed[1].holds },
      { way.assumed[2].condition, way.assumed[2].holds } })
  end)

  it("leaves a policy as it was for an ordinary evaluation", function()
    assert.equal("allow deny", run([==[
      local policy = load_policy([[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "r" { effect = "allow", conditions = {
  s.check("c", function(request) return request.mode == "cli" end) } } } }]], "lua")
      require("sentinel.ways").find(policy, { time = START, profile = "prod" }, { left = 1000 })
      local function decide(mode)
        return engine.decide(policy, engine.new_run({ profile = "prod", mode = mode })).effect
      end
      return decide("cli") .. " " .. decide("server")]==]))
  end)

  -- The answer to the core ------------------------------------------------------------------------

  -- What main.who_can says of a policy of one rule for so many users, with so much fuel.
  local function ask(users, fuel, stem)
    local names = {}
    for i = 1, users do
      names[i] = (stem or "user") .. i
    end
    local policy = evaluator.load("yaml", evaluator.one_rule(("{users: [%s]}"):format(table.concat(names, ", "))))
    local json, result = policy.state:call("who_can", fuel,
      '{"profile":"prod","time":"2026-01-19T15:00:00Z","ever":false}')
    policy.state:close()
    assert(json, result)
    return cjson.decode(json), #json
  end

  it("answers with so many ways as fit, and says that there are more", function()
    local answer = ask(3, 60000000)
    assert.same({ 3, true }, { #answer.ways, answer.exact })
    local size
    answer, size = ask(600, 60000000)
    assert.same({ 500, false }, { #answer.ways, answer.exact })
    assert.is_true(size < 256 * 1024)
    answer, size = ask(499, 60000000, ("u"):rep(120))
    assert.is_false(answer.exact)
    assert.is_true(#answer.ways > 300 and size < 210000, #answer.ways .. " ways, " .. size .. " bytes")
  end)

  it("keeps to what a plugin would be given", function()
    local plugin = { ["plugin.lua"] = [[return { name = "probe", version = "1.0.0", api = 1, summary = "For tests",
  needs = { request = { "source_ip" } } }]], ["init.lua"] = "return function() return true end\n" }
    local policy = assert(evaluator.load("yaml", [[
version: "1"
rules:
  - {name: without, effect: allow, conditions: {users: [alice], not: {probe: true}}}
  - {name: any, effect: allow, conditions: {users: [alice]}}
  - {name: bob, effect: allow, conditions: {users: [bob], probe: true}}
]], { plugins = { probe = plugin } }))
    local answer = cjson.decode((policy.state:call("who_can", 60000000,
      '{"profile":"prod","time":"2026-01-19T15:00:00Z","ever":false}')))
    policy.state:close()
    local told = {}
    for i, way in ipairs(answer.ways) do
      told[i] = ("%s: %s %s %s"):format(way.user, way.rule, way.request.source_ip and "known" or "unknown",
        way.assumed[1] and tostring(way.assumed[1].holds) or "-")
    end
    assert.same({ "alice: without known false", "alice: any unknown -", "bob: bob known true" }, told)
  end)

  it("keeps fuel for its answer, which is not exact then, nor when fuel ran out", function()
    assert.same({ ways = {}, exact = false }, (ask(300, 8050000)))
    assert.same({ ways = {}, exact = false }, (ask(300, 100000)))
    assert.is_true(ask(300, 20000000).exact)
  end)

  -- Differences ------------------------------------------------------------------------------------

  local BASE = [[
version: "1"
groups: {ops: [alice, bob], corp: ["*@corp"]}
rules:
  - {name: none, effect: deny, conditions: {users: ["intern-*"]}}
  - {name: hours, effect: allow, conditions: {profiles: [prod, "prod-*"], groups: [ops], time: {days: [monday],
      hours: {start: "09:00", end: "17:00"}}}}
  - {name: ask, effect: require_approval, conditions: {profiles: [prod], groups: [corp]}, require: {justification: {min_length: 9}}}
  - {name: late, effect: deny, conditions: {profiles: [prod], users: [alice]}}
  - {name: dev, effect: allow, conditions: {profiles: [dev], not: {users: ["intern-*"]}}, max_duration: 1h}
]]

  -- The request that tells the policies apart, or whether there is none.
  local function difference(from, to, more)
    local changed, count = BASE:gsub(from, to, 1)
    assert(count == 1, from)
    local answer = cjson.decode(run([[
      local before, after, budget, how = ...
      local find = require("sentinel.difference").find
      local request, rest = find(load_policy(before, "yaml"), load_policy(after, "yaml"), { time = START, is_ever = true },
        { left = tonumber(budget) }, how == "bounds" and function(one, two) return one.max_duration ~= two.max_duration end or nil)
      return encode { request = request, rest = rest }]], BASE, changed, tostring(more and more.budget or 100000),
      more and more.how or "effect"))
    return answer.request, answer.rest
  end

  it("finds a request that two policies decide differently", function()
    assert.equal("2026-01-19T17:00:00Z", difference('"17:00"', '"17:01"').time)
    assert.equal("2026-01-19T16:30:00Z", difference('"17:00"', '"16:30"').time)
    assert.equal("alice", difference("groups: %[ops%], time", "groups: [corp], time").user.name)
    assert.equal("bob", difference("ops: %[alice, bob%]", "ops: [alice]").user.name)
    assert.matches("^intern%-", difference("effect: deny", "effect: allow").user.name)
    assert.equal("bob", difference("users: %[alice%]}}", "users: [alice]}}\n"
      .. "  - {name: more, effect: allow, conditions: {profiles: [prod], users: [bob]}}").user.name)
  end)

  it("finds what a rule that is not there any more did", function()
    assert.equal("2026-01-19T15:00:00Z", difference("  %- {name: hours[^\n]*\n[^\n]*\n", "").time)
    assert.is_nil((difference("  %- {name: late[^\n]*\n", "")), "nothing after it allows")
  end)

  it("finds what lies in requirements and effects", function()
    assert.equal(8, #difference("min_length: 9", "min_length: 8").justification)
    assert.is_nil(difference(", require: {justification: {min_length: 9}}", "").justification)
    local request = difference("effect: require_approval", "effect: allow")
    assert.is_nil(request.approval)
    assert.not_nil(request.justification)
  end)

  it("proves that two policies decide alike", function()
    local function assert_alike(from, to)
      local request, is_exact = difference(from, to)
      assert.is_nil(request)
      assert.is_true(is_exact)
    end
    assert_alike("intern%-%*", "intern-*")
    assert_alike('%[prod, "prod%-%*"%]', '["prod-*", prod, prod-x]')
    assert_alike(', not: {users: %["intern%-%*"%]}', "") -- the first rule denies them
    assert_alike("  %- {name: late[^\n]*\n", "")
    assert_alike("max_duration: 1h", "max_duration: 2h") -- the effect is the same
  end)

  it("takes another notion of difference", function()
    assert.equal("dev", difference("max_duration: 1h", "max_duration: 2h", { how = "bounds" }).profile)
    local request, is_exact = difference("name: late", "name: later", { how = "bounds" })
    assert.is_nil(request)
    assert.is_true(is_exact)
  end)

  it("never takes a search that ran out for a proof", function()
    local request, is_exact = difference('"17:00"', '"17:01"', { budget = 2 })
    assert.is_nil(request)
    assert.is_false(is_exact)
  end)
end)
