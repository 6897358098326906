--- Plugins: manifests, arguments, what they see, facts in rounds, and errors that deny.
local evaluator = require "spec.support.evaluator"

local function manifest(name, more)
  return ([[return { name = %q, version = "1.0.0", api = 1, summary = "For tests", %s }]]):format(name,
    more or "")
end

local ONCALL = {
  ["plugin.lua"] = manifest("oncall", [[
  args = { schedule = { type = "string", required = true, description = "schedule id" },
    level = { type = "integer", description = "escalation level", max = 9 } },
  needs = { request = { "user" },
    http = { oncalls = { url = "GET https://api.example.com/oncalls?id={schedule}&offset={offset}" } },
  }, limits = { timeout = "800ms", fuel = 100000 }]]),
  ["init.lua"] = [[
return function(args, request, host)
  local offset = 0
  while true do
    local answer = host.http { "oncalls", schedule = args.schedule, offset = offset }
    for _, name in ipairs(answer.json.names) do
      if name == request.user.name then
        return true, name .. " is on call"
      end
    end
    if not answer.json.more then
      return false, "nobody of that name is on call"
    end
    offset = offset + 1
  end
end]],
}

-- A plugin without needs, whose check has this body.
local function plain(name, body, more)
  return { ["plugin.lua"] = manifest(name, more),
    ["init.lua"] = "local s = require 'sentinel'\nreturn function(args, request, host)\n" .. body
      .. "\nend" }
end

local function policy_of(conditions, more)
  return ([[
version: "1"
rules:
  - {name: only, effect: allow, conditions: %s}
%s]]):format(conditions, more or "")
end

local function load(plugins, text, options)
  options = options or {}
  options.plugins = plugins
  return evaluator.load("yaml", text, options)
end

local function problem(plugins, text)
  local policy, problems = load(plugins, text)
  assert(policy == nil, "the policy was not refused")
  local lines = {}
  for i, found in ipairs(problems) do
    lines[i] = ("%s:%d:%d: %s"):format(found.file, found.line, found.column, found.message)
  end
  return table.concat(lines, "\n"), problems[1].hint
end

local function refused(source, name)
  local answer = evaluator.describe(name or "oncall", source)
  assert.is_false(answer.ok)
  return answer.problems[1].message
end

local function page(offset, names, more)
  return { plugin = "oncall", kind = "http", need = "oncalls", status = "ok",
    params = { schedule = "payments", offset = tostring(offset) },
    value = { status = 200, json = { names = names, more = more } } }
end

-- One evaluation of a check's body in a policy of one rule.
local function run(body, fields, more, facts)
  local policy, problems = load({ probe = plain("probe", body, more) }, policy_of("{probe: true}"))
  assert(policy, problems and problems[1].message)
  local decision = evaluator.decide(policy, fields, nil, facts)
  policy.state:close()
  return decision
end

describe("a plugin's manifest", function()
  it("is read into plain data, with limits", function()
    local answer = evaluator.describe("oncall", ONCALL["plugin.lua"])
    assert.is_true(answer.ok)
    assert.same({ timeout = 800, fuel = 100000 }, answer.plugin.limits)
    assert.equal("string", answer.plugin.args.schedule.type)
    local bare = evaluator.describe("bare", manifest("bare"))
    assert.same({ timeout = 1000, fuel = 2000000 }, bare.plugin.limits)
  end)

  it("takes no built-in condition's name", function()
    for _, name in ipairs { "mfa", "device", "time", "users", "any", "not", "function" } do
      assert.equal(('"%s" is the name of a built-in condition'):format(name),
        refused(manifest(name), name))
    end
  end)

  it("is strict", function()
    local rows = {
      ["return 5"] = "plugin.lua has to return a table, not the number 5",
      ["return {}"] = "the plugin's manifest is empty",
      ["error('x')"] = "global \"error\"",
      ["return nosuch.field"] = "attempt to index a nil value",
      ["while true do end"] = "",
      [manifest("other")] = 'the plugin in folder "oncall" calls itself "other"',
      [manifest("oncall", "nedes = {}")] = 'unknown key "nedes" in the plugin\'s manifest; did you mean "needs"?',
      [manifest("oncall"):gsub("1%.0%.0", "1.0")] = "version has to be three numbers",
      [manifest("oncall"):gsub("api = 1", "api = 2")] = "api has to be a whole number from 1 to 1",
      [manifest("oncall", "needs = { request = { 'usr' } }")] = 'unknown field "usr"; did you mean "user"?',
      [manifest("oncall", "args = { A = { type = 'string', description = 'x' } }")] = '"A" cannot be the name',
      [manifest("oncall", "args = { A_b = { type = 'string', description = 'x' } }")] = '"A_b" cannot be the name of an argument',
      [manifest("oncall", "args = { a = { type = 'integer', min = 5, max = 4, description = 'x' } }")] =
        "args.a: min is above max, so no value fits",
      [manifest("oncall", "args = { a = { type = 'string', min = 5, description = 'x' } }")] =
        "args.a: only an integer has min and max",
      [manifest("oncall", "args = { a = { type = 'duration', max = 5, description = 'x' } }")] =
        "args.a: only an integer has min and max",
      [manifest("oncall", "args = { a = { type = 'text', description = 'x' } }")] = 'unknown type "text"',
      [manifest("oncall", "needs = { http = { q = { url = 'GET https://a/', secret = 's' } } }")] =
        'needs.http.q names the secret "s", which is not in needs.secrets',
      [manifest("oncall", "limits = { timeout = '1m' }")] = "limits.timeout has to be a time",
      [manifest("oncall", "limits = { fuel = 1 }")] = "limits.fuel has to be a whole number",
      ["return { name = setmetatable({}, {}) }"] = "global",
    }
    for source, wanted in pairs(rows) do
      if source == "while true do end" then
        local ok, message = pcall(evaluator.describe, "oncall", source)
        assert.is_true(not ok or not message.ok, source)
      else
        local message = refused(source)
        assert.is_truthy(message:find(wanted, 1, true) or wanted:find("^global"),
          source .. "\n" .. message)
      end
    end
  end)

  it("needs name, version, api and summary, and api is 1", function()
    for _, key in ipairs { "name", "version", "api", "summary" } do
      local source = manifest("oncall"):gsub(("([ {])%s = [^,]+,"):format(key), "%1")
      assert.is_truthy(refused(source):find(('"%s" is missing'):format(key), 1, true), source)
    end
    for _, api in ipairs { "0", "2", "-1", "1.0", "'1'", "true", "{}" } do
      assert.is_truthy(refused((manifest("oncall"):gsub("api = 1", "api = " .. api))):find("api has to be", 1, true))
    end
  end)

  it("has limits that end somewhere", function()
    for limits, is_good in pairs { ["timeout = '5s'"] = true, ["timeout = '5001ms'"] = false, ["timeout = '6s'"] = false,
      ["timeout = '0ms'"] = false, ["fuel = 1000"] = true, ["fuel = 999"] = false, ["fuel = 10000000"] = true,
      ["fuel = 10000001"] = false } do
      local answer = evaluator.describe("oncall", manifest("oncall", ("limits = { %s }"):format(limits)))
      assert.equal(is_good, answer.ok, limits)
    end
  end)

  it("is run in an empty environment", function()
    for _, name in ipairs { "_G", "assert", "error", "host", "ipairs", "load", "math", "next", "os", "pairs", "pcall",
      "print", "require", "sentinel", "setmetatable", "string", "table", "tostring", "type", "utf8" } do
      local source = manifest("oncall"):gsub('"oncall"', ('%s == nil and "oncall" or "there"'):format(name))
      assert.is_true(evaluator.describe("oncall", source).ok, name)
    end
    assert.is_truthy(refused("local _ENV = {} return {}"):find("the name _ENV cannot be used", 1, true))
  end)

  it("is run with 100,000 fuel", function()
    local source = "for i = 1, %d do local x = i end " .. manifest("oncall")
    assert.is_true(evaluator.describe("oncall", source:format(45000)).ok)
    assert.equal("it spends more fuel than the plugin may", refused(source:format(55000)))
    assert.equal("it spends more fuel than the plugin may", refused("while true do end"))
  end)
end)

describe("a condition of a plugin", function()
  it("takes the arguments of its manifest, strictly", function()
    local rows = {
      ["{oncall: {schedule: payments}}"] = false,
      ["{oncall: {schedule: payments, level: 3}}"] = false,
      ["{oncall: {}}"] = "3:54: oncall is empty",
      ["{oncall: true}"] = "oncall has to be a mapping, not true",
      ["{oncall: {level: 3}}"] = '"schedule" is missing in oncall',
      ["{oncall: {schedule: payments, level: 12}}"] = "oncall.level has to be a whole number from 0 to 9",
      ["{oncall: {shedule: payments}}"] = 'unknown key "shedule" in oncall; did you mean "schedule"?',
      ["{oncall: {schedule: null}}"] = "oncall.schedule is there but has no value",
      ["{oncal: {schedule: payments}}"] = 'unknown condition "oncal"; did you mean "oncall"?',
      ["{ticket: {schedule: payments}}"] = 'unknown condition "ticket"; a plugin has to be listed in bundle.yaml',
    }
    for conditions, wanted in pairs(rows) do
      if wanted then
        local message = problem({ oncall = ONCALL }, policy_of(conditions))
        assert.is_truthy(message:find(wanted, 1, true), conditions .. "\n" .. message)
      else
        assert(load({ oncall = ONCALL }, policy_of(conditions))).state:close()
      end
    end
  end)

  it("takes every type of argument as it is declared", function()
    -- {argument, good values, bad ones}
    local rows = {
      { "type = 'string'", { "a", '"5"' }, { "5", "true", "[a]", '""', '"a\\nb"' } },
      { "type = 'string', values = { 'low', 'high' }", { "low" }, { "lo", "[low]", "Low" } },
      { "type = 'strings'", { "[a, b]" }, { "a", "[]", "[5]", "[a, null]", "{a: b}" } },
      { "type = 'strings', values = { 'low', 'high' }", { "[low, high]" }, { "[low, mid]", "low" } },
      { "type = 'integer'", { "0", "999999999" }, { "-1", "1.5", "1000000000", '"5"', "true" } },
      { "type = 'integer', min = 2, max = 4", { "2", "4" }, { "1", "5" } },
      { "type = 'boolean'", { "true", "false" }, { '"true"', "yes", "1" } },
      { "type = 'duration'", { "90s", "1h30m" }, { "90", "0s", "long" } },
      { "type = 'zone'", { "UTC", "Europe/Berlin" }, { "Mars/Base", "localtime", "5" } },
    }
    for _, row in ipairs(rows) do
      local probe = plain("probe", "return true", ("args = { a = { %s, description = 'x' } }"):format(row[1]))
      for _, value in ipairs(row[2]) do
        assert(load({ probe = probe }, policy_of(("{probe: {a: %s}}"):format(value))), row[1] .. " " .. value).state:close()
      end
      for _, value in ipairs(row[3]) do
        problem({ probe = probe }, policy_of(("{probe: {a: %s}}"):format(value)))
      end
    end
    assert.is_truthy(refused(manifest("oncall", "args = { a = { type = 'integer', values = { '1' }, description = 'x' } }"))
      :find("only texts have values", 1, true))
  end)

  it("does not learn what the policy found absent in the request", function()
    for _, body in ipairs { "local o return not pcall(function() return o.approvers end)",
      "local o local _, why = pcall(function() return o.approvers end) return not why:find('approval', 1, true)" } do
      local policy = assert(evaluator.load("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "first" { effect = "allow", conditions = { function(r) return r.approval ~= nil end } },
  s.rule "second" { effect = "allow", conditions = { probe = true } },
} }]], { plugins = { probe = plain("probe", body) } }))
      assert.equal("second", evaluator.decide(policy).rule, body)
      policy.state:close()
    end
  end)

  it("is told of its own nil alone", function()
    local policy = assert(evaluator.load("lua", [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "first" { effect = "allow", conditions = { function(r) return r.approval ~= nil end } },
  s.rule "second" { effect = "allow", conditions = { probe = true } },
} }]], { plugins = { probe = plain("probe", "local o return o.approvers") } }))
    local decision = evaluator.decide(policy)
    assert.equal("plugin_error", decision.error)
    assert.is_truthy(decision.trace[2].got:find('attempt to read field "approvers" of a nil value$'), decision.trace[2].got)
    policy.state:close()
  end)

  it("has nil for an argument that is not given", function()
    local probe = plain("probe", "return args.a == nil and args.b == 5",
      "args = { a = { type = 'string', description = 'x' }, b = { type = 'integer', description = 'x' } }")
    local policy = assert(load({ probe = probe }, policy_of("{probe: {b: 5}}")))
    assert.equal("allow", evaluator.decide(policy).effect)
    policy.state:close()
  end)

  it("is true where the plugin needs no argument", function()
    assert.equal("allow", run("return true").effect)
    local message, hint = problem({ probe = plain("probe", "return true") }, policy_of("{probe: {}}"))
    assert.is_truthy(message:find("probe has to be true", 1, true), message)
    assert.equal("allowed: true", hint)
  end)

  it("stands in Lua as it does in YAML, and after the built-in ones", function()
    local text = [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "only" { effect = "allow", conditions = {
  zeta = true, alpha = true, users = { "alice" }, function() return true end } } } }]]
    local plugins = { zeta = plain("zeta", "return true"), alpha = plain("alpha", "return true") }
    local policy = assert(evaluator.load("lua", text, { plugins = plugins }))
    local decision = evaluator.decide(policy)
    assert.equal("allow", decision.effect)
    assert.same({ "users", "alpha", "zeta" }, { table.unpack(decision.conditions, 1, 3) })
    assert.is_truthy(decision.conditions[4]:find("function@", 1, true))
    policy.state:close()
    policy = assert(load(plugins, policy_of("{zeta: true, alpha: true, mode: [credential_process]}")))
    assert.same({ "mode", "alpha", "zeta" }, evaluator.decide(policy).conditions)
    policy.state:close()
  end)

  it("names file and line of code that does not load", function()
    local broken = plain("probe", "return true")
    broken["init.lua"] = "local x = 1\nerror('no')"
    assert.equal("/b/plugins/probe/init.lua:2:1: no",
      (problem({ probe = broken }, policy_of("{probe: true}"))))
    broken["init.lua"] = "return 5"
    assert.equal("/b/plugins/probe/init.lua:1:1: init.lua has to return a function, not a number",
      (problem({ probe = broken }, policy_of("{probe: true}"))))
    broken["init.lua"] = "while true do end"
    assert.equal("/b/plugins/probe/init.lua:1:1: loading spends more fuel than a policy may",
      problem({ probe = broken }, policy_of("{probe: true}")))
    broken["init.lua"] = nil
    assert.is_truthy(problem({ probe = broken }, policy_of("{probe: true}")):find("has no init.lua"))
  end)
end)

describe("facts", function()
  local policy

  setup(function()
    policy = assert(load({ oncall = ONCALL }, policy_of("{oncall: {schedule: payments}}", [[
  - {name: late, effect: allow, conditions: {users: [bob], oncall: {schedule: other}}}
]])))
  end)

  teardown(function()
    policy.state:close()
  end)

  local function decide(facts, is_final, user)
    return evaluator.decide(policy, { user = user }, nil, { facts = facts, is_final = is_final })
  end

  it("are asked for by name, and the verdict waits", function()
    local answer = decide({})
    assert.is_nil(answer.effect)
    assert.same({ { plugin = "oncall", kind = "http", need = "oncalls",
      params = { schedule = "payments", offset = "0" } } }, answer.needs)
  end)

  it("are asked for together, also those of later rules whose built-in conditions hold", function()
    assert.equal(2, #decide({}, false, "bob").needs)
    assert.equal(1, #decide({}, false, "alice").needs)
  end)

  it("are asked for behind a deny rule that waits, and behind any that another branch decides", function()
    local asks = "return host.http { 'q' }.json.holds"
    local more = "needs = { http = { q = { url = 'GET https://a.example/' } } }"
    local plugins = { a = plain("a", asks, more), b = plain("b", asks, more), c = plain("c", asks, more) }
    local both = assert(load(plugins, [[
version: "1"
rules:
  - {name: no, effect: deny, conditions: {a: true}}
  - {name: yes, effect: allow, conditions: {any: [{b: true}, {users: [alice]}]}}
  - {name: later, effect: allow, conditions: {c: true}}
]]))
    local function ask(...)
      local facts = {}
      for i, row in ipairs { ... } do
        facts[i] = { plugin = row[1], kind = "http", need = "q", params = {}, status = row[3] or "ok",
          value = { json = { holds = row[2] } } }
      end
      return evaluator.decide(both, {}, nil, { facts = facts })
    end
    local answer = ask()
    assert.equal(2, #answer.needs) -- the second rule matches whatever b says, unless b fails
    assert.equal("a b", answer.needs[1].plugin .. " " .. answer.needs[2].plugin)
    assert.equal("yes", ask({ "a", false }, { "b", false }).rule)
    assert.equal("no", ask({ "a", true }, { "b", true }).rule)
    assert.equal("fact_unavailable", ask({ "a", false }, { "b", true, "unavailable" }).error)
    assert.equal("deny", ask({ "a", false, "timeout" }, { "b", true }).effect)
    both.state:close()
  end)

  it("come page by page, and then decide", function()
    assert.equal("1", decide({ page(0, { "bob" }, true) }).needs[1].params.offset)
    local decision = decide({ page(0, { "bob" }, true), page(1, { "alice" }) })
    assert.equal("allow", decision.effect)
    assert.equal("only", decision.rule)
    decision = decide({ page(0, { "bob" }, true), page(1, { "carol" }) })
    assert.equal("deny", decision.effect)
    assert.equal("oncall", decision.trace[1].failed)
    assert.equal("schedule payments", decision.trace[1].wanted)
    assert.equal("nobody of that name is on call", decision.trace[1].got)
  end)

  it("that failed deny, by their kind, and nothing catches them", function()
    local classes = { timeout = "plugin_timeout", too_large = "fact_too_large",
      unavailable = "fact_unavailable", nonsense = "fact_unavailable" }
    for status, class in pairs(classes) do
      local fact = page(0, {})
      fact.status, fact.value, fact.reason = status, nil, "503"
      local decision = decide({ fact })
      assert.equal("deny", decision.effect)
      assert.equal(class, decision.error)
      assert.equal("only", decision.rule)
      assert.equal("oncall", decision.failed_condition)
    end
    local body = "local ok = pcall(host.http, { 'q' }) return true"
    local more = "needs = { http = { q = { url = 'GET https://a.example/' } } }"
    assert.equal(1, #run(body, {}, more, { facts = {} }).needs)
    assert.equal("fact_unavailable", run(body, {}, more, { facts = { {
      plugin = "probe", kind = "http", need = "q", params = {}, status = "unavailable" } } }).error)
  end)

  it("end: what is asked for after the last round denies", function()
    local decision = decide({ page(0, {}, true) }, true)
    assert.equal("deny", decision.effect)
    assert.equal("budget_exceeded", decision.error)
  end)

  it("of one plugin are not another's", function()
    local fact = page(0, { "alice" })
    fact.plugin = "other"
    assert.equal(1, #decide({ fact }).needs)
  end)

  it("of one question are not another's, however their parameters are put together", function()
    local more = "needs = { http = { q = { url = 'GET https://a.example/{id}?o={offset}' } } }"
    local body = "return host.http { 'q', id = 'aoffset1', offset = 2 }.json.holds"
    for params, is_answer in pairs { [{ id = "aoffset1", offset = "2" }] = true, [{ id = "a", offset = "1offset2" }] = false,
      [{ id = "aoffset1", offset = "02" }] = false, [{ id = "aoffset1" }] = false, [{ id = "2", offset = "aoffset1" }] = false } do
      local decision = run(body, {}, more, { facts = { { plugin = "probe", kind = "http", need = "q", params = params,
        status = "ok", value = { json = { holds = true } } } } })
      assert.equal(is_answer and "allow" or nil, decision.effect)
      assert.equal(is_answer, decision.needs == nil)
    end
  end)

  it("have parameters that fit into what is sent", function()
    local names, values, url = { "a", "b", "c", "d" }, {}, {}
    for i, name in ipairs(names) do
      url[i], values[i] = ("%s={%s}"):format(name, name), ("%s = ('x'):rep(192)"):format(name)
    end
    local more = ("needs = { http = { q = { url = 'GET https://a.example/?%s' } } }"):format(
      table.concat(url, "&"))
    local body = ("host.http { 'q', %s } return true"):format(table.concat(values, ", "))
    assert.equal(1, #run(body, {}, more, { facts = {} }).needs)
    local decision = run(body:gsub("192", "193", 1), {}, more, { facts = {} })
    assert.equal("plugin_error", decision.error)
    assert.is_truthy(decision.trace[1].got:find("more than 768 bytes together", 1, true))
  end)

  it("are questions of the manifest with its parameters, or the plugin's error", function()
    local more = "needs = { http = { q = { url = 'GET https://a.example/{id}' } } }"
    local rows = {
      ["host.http { 'nosuch' }"] = 'the plugin\'s needs have no question "nosuch"',
      ["host.http { 'q' }"] = 'parameter "id" is missing',
      ["host.http { 'q', id = 'a', more = 'b' }"] = 'there is no parameter "more"',
      ["host.http { 'q', id = 'a', [{}] = 'b' }"] = "there is no parameter (a table)",
      ["host.http { 'q', id = {} }"] = 'parameter "id" has to be a text',
      ["host.http { 'q', id = 1.5 }"] = 'parameter "id" has to be a text',
      ["host.http { 'q', id = ('x'):rep(300) }"] = "too long",
      ["host.http { 'q', id = 'a\\nb' }"] = "not printable",
      ["host.http('q')"] = "host.http wants a question's name",
      ["host.geoip('1.2.3.4')"] = "geoip",
      ["host.nosuch()"] = 'host has no field "nosuch"',
    }
    for body, wanted in pairs(rows) do
      local decision = run(body .. " return true", {}, more, { facts = {} })
      assert.equal("plugin_error", decision.error, body)
      assert.is_truthy(decision.trace[1].got:find(wanted, 1, true), decision.trace[1].got)
    end
  end)

  it("of history are there as a value", function()
    local more = "needs = { history = true }"
    local body = "return #host.history == 1 and host.history[1].profile == 'prod'"
    assert.same({ { plugin = "probe", kind = "history", params = {} } },
      run(body, {}, more, { facts = {} }).needs)
    assert.equal("allow", run(body, {}, more, { facts = { { plugin = "probe", kind = "history",
      params = {}, status = "ok", value = { { profile = "prod" } } } } }).effect)
    assert.equal("fact_unavailable", run(body, {}, more, { facts = { { plugin = "probe",
      kind = "history", params = {}, status = "unavailable" } } }).error)
  end)

  it("of several addresses are asked for together, and come in their order", function()
    local more = "needs = { geoip = true }"
    local body = [[local a, b, c = host.geoip('1.1.1.1', '2::2', '1.1.1.1')
      return a.country == 'AU' and b.country == 'FR' and c.country == 'AU']]
    local needed = run(body, {}, more, { facts = {} }).needs
    assert.equal(2, #needed)
    assert.same({ "1.1.1.1", "2::2" }, { needed[1].params.ip, needed[2].params.ip })
    local function place(ip, country)
      return { plugin = "probe", kind = "geoip", params = { ip = ip }, status = country and "ok" or "unavailable",
        value = country and { country = country } }
    end
    assert.equal(1, #run(body, {}, more, { facts = { place("1.1.1.1", "AU") } }).needs)
    assert.equal("allow", run(body, {}, more, { facts = { place("1.1.1.1", "AU"), place("2::2", "FR") } }).effect)
    assert.equal("fact_unavailable", run(body, {}, more, { facts = { place("1.1.1.1", "AU"), place("2::2") } }).error)
    assert.equal("allow", run("return select('#', host.geoip()) == 0", {}, more, { facts = {} }).effect)
    for _, arguments in ipairs { "nil", "'1.1.1.1', nil, '2::2'", "'1.1.1.1', 5", "'1.1.1.1', 'x y'" } do
      assert.equal("plugin_error", run(("return host.geoip(%s) ~= nil"):format(arguments), {}, more,
        { facts = { place("1.1.1.1", "AU") } }).error, arguments)
    end
  end)

  it("raise for a name that their kind does not have, and are nil for what is not known", function()
    local needs = "needs = { geoip = true, history = true, http = { q = { url = 'GET https://a.example/' } } }"
    local function fact(kind, value, params)
      return { plugin = "probe", kind = kind, need = kind == "http" and "q" or nil, params = params or {}, status = "ok",
        value = value }
    end
    local facts = { fact("http", { status = 200, text = "up" }), fact("geoip", { country = "FR" }, { ip = "1.1.1.1" }),
      fact("history", { { profile = "prod", time = "2026-01-19T14:00:00Z" } }) }
    -- {the plugin's verdict, the nearest name of what is misspelt in it}
    for _, row in ipairs {
      { "host.http({ 'q' }).jsn == nil", "json" }, { "host.http({ 'q' }).state ~= 500", "status" },
      { "host.geoip('1.1.1.1').contry ~= 'RU'", "country" }, { "not host.geoip('1.1.1.1').is_anonymus", "is_anonymous" },
      { "host.history[1].source_id == nil", "source_ip" },
    } do
      local decision = run("return " .. row[1], {}, needs, { facts = facts })
      assert.equal("plugin_error", decision.error, row[1])
      assert.is_truthy(decision.trace[1].got:find(('did you mean "%s"?'):format(row[2]), 1, true), decision.trace[1].got)
    end
    for _, verdict in ipairs { "host.http({ 'q' }).json == nil", "host.geoip('1.1.1.1').asn == nil",
      "host.history[1].source_ip == nil", "host.history[2] == nil and #host.history == 1" } do
      assert.equal("allow", run("return " .. verdict, {}, needs, { facts = facts }).effect, verdict)
    end
  end)

  it("of four plugins for one profile decide in two rounds", function()
    local plugins, rules, facts = {}, {}, {}
    for i, name in ipairs { "a", "b", "c", "d" } do
      plugins[name] = plain(name, "return host.http { 'q' }.json.holds",
        "needs = { http = { q = { url = 'GET https://a.example/' } } }")
      rules[i] = ("  - {name: r%d, effect: allow, conditions: {profiles: [dev], %s: true}}"):format(i, name)
      facts[i] = { plugin = name, kind = "http", need = "q", params = {}, status = "ok",
        value = { json = { holds = name == "c" } } }
    end
    local four = assert(load(plugins, 'version: "1"\nrules:\n' .. table.concat(rules, "\n") .. "\n"))
    assert.equal(4, #evaluator.decide(four, {}, nil, { facts = {} }).needs)
    assert.equal("r3", evaluator.decide(four, {}, nil, { facts = facts }).rule)
    four.state:close()
  end)
end)

-- What can go wrong with a plugin, each with a fact or a body that does it.
local FAILURES = {
  { "raises", "plugin_error", body = "error('no')" },
  { "returns no boolean", "plugin_error", body = "return 1" },
  { "spends its fuel", "budget_exceeded", body = "while true do end" },
  { "has a fact that came too late", "plugin_timeout", status = "timeout" },
  { "has a fact that could not be had", "fact_unavailable", status = "unavailable" },
  { "has a fact that is too large", "fact_too_large", status = "too_large" },
}

-- Conditions of the second of three rules around `bad`, which fails; `yes` holds and `no` does not.
local POSITIONS = {
  { "{bad: true}", "bad" },
  { "{mode: [credential_process], bad: true}", "bad" },
  { "{any: [{bad: true}, {yes: true}]}", "any[0].bad" },
  { "{any: [{no: true}, {bad: true}]}", "any[1].bad" },
  { "{any: [{yes: true}, {bad: true}]}" },
  { "{all: [{yes: true}, {bad: true}]}", "all[1].bad" },
  { "{all: [{no: true}, {bad: true}]}" },
  { "{not: {bad: true}}", "not.bad" },
  { "{not: {any: [{no: true}, {bad: true}]}}", "not.any[1].bad" },
  { "{mode: [server], bad: true}" },
}

describe("an error of a plugin", function()
  for _, failure in ipairs(FAILURES) do
    for _, effect in ipairs { "allow", "deny" } do
      it(("that %s denies the decision, wherever it stands, in a rule that would %s"):format(failure[1], effect),
        function()
        local more = "needs = { http = { q = { url = 'GET https://a.example/' } } }, limits = { fuel = 50000 }"
        local plugins = { yes = plain("yes", "return true"), no = plain("no", "return false"),
          bad = plain("bad", failure.body or "return pcall(host.http, { 'q' })", more) }
        local facts = { { plugin = "bad", kind = "http", need = "q", params = {}, status = failure.status or "ok" } }
        for _, position in ipairs(POSITIONS) do
          local policy = assert(load(plugins, ([[
version: "1"
rules:
  - {name: first, effect: deny, conditions: {users: [mallory]}}
  - {name: broken, effect: %s, conditions: %s}
  - {name: open, effect: allow, conditions: {}}
]]):format(effect, position[1])))
          local decision = evaluator.decide(policy, {}, nil, { facts = facts })
          if position[2] then
            assert.same({ "deny", failure[2], "broken", position[2] },
              { decision.effect, decision.error, decision.rule, decision.failed_condition }, position[1])
          else
            assert.is_nil(decision.error, position[1])
          end
          policy.state:close()
        end
      end)
    end
  end
end)

describe("a plugin's code", function()
  it("that errs denies the whole decision", function()
    local rows = {
      ["error('no')"] = { "plugin_error", "no" },
      ["error({})"] = { "plugin_error", "error value is a table" },
      ["return 1"] = { "plugin_error", "it returned a number, not true or false" },
      ["return"] = { "plugin_error", "it returned a nil, not true or false" },
      ["return true, {}"] = { "plugin_error", "its detail is a table, not a text" },
      ["return 'allow'"] = { "plugin_error", "it returned a string, not true or false" },
      ["return { effect = 'allow' }"] = { "plugin_error", "it returned a table, not true or false" },
      ["return false, { effect = 'allow', error = 'none' }"] = { "plugin_error", "its detail is a table" },
      ["return request.facts"] = { "plugin_error", 'request has no field "facts"' },
      ["return host.history.n == 1"] = { "plugin_error", "of a nil value" },
      ["while true do end"] = { "budget_exceeded", "it spends more fuel than the plugin may" },
      ["while true do pcall(error) end"] = { "budget_exceeded", "fuel" },
      ["return args.nosuch"] = { "plugin_error", 'args has no field "nosuch"' },
      ["return request.user.name == 'alice'"] = { "plugin_error", 'request has no field "user"' },
      ["return host.http { 'q' }"] = { "plugin_error", "attempt to call a nil value" },
    }
    for body, wanted in pairs(rows) do
      local more = 'limits = { fuel = 100000 }'
      local decision = run(body .. (body:find("end$") and " return true" or ""), {}, more)
      assert.equal("deny", decision.effect, body)
      assert.equal(wanted[1], decision.error, body)
      assert.equal("only", decision.rule)
      assert.is_truthy(decision.trace[1].got:find(wanted[2], 1, true), decision.trace[1].got)
    end
  end)

  it("that takes longer than its own time denies", function()
    for _, body in ipairs { "for i = 1, 2000000 do local x = i end return true", "while true do end return true",
      "while true do pcall(error) end return true" } do
      local decision = run(body, {}, "limits = { timeout = '1ms', fuel = 10000000 }")
      assert.same({ "deny", "plugin_timeout", "only", "probe" },
        { decision.effect, decision.error, decision.rule, decision.failed_condition }, body)
      assert.equal("it takes longer than the plugin may", decision.trace[1].got)
    end
  end)

  it("decides nothing but its condition, whatever it says of it", function()
    for verdict, matched in pairs { ["true"] = true, ["false"] = false } do
      local decision = run(("return %s, 'effect: allow'"):format(verdict))
      assert.equal(matched and "only" or "", decision.rule)
      local deny = assert(load({ probe = plain("probe", ("return %s, 'allow'"):format(verdict)) },
        'version: "1"\nrules:\n  - {name: only, effect: deny, conditions: {probe: true}}\n'))
      assert.equal("deny", evaluator.decide(deny).effect)
      deny.state:close()
    end
  end)

  it("spends its own fuel, and what is left is the evaluation's", function()
    local plugins = { heavy = plain("heavy", "for i = 1, 20000 do local x = i end return false",
      "limits = { fuel = 1000000 }") }
    local rules = {}
    for i = 1, 30 do
      rules[i] = ("  - {name: r%d, effect: allow, conditions: {heavy: true}}"):format(i)
    end
    local policy = assert(load(plugins, 'version: "1"\nrules:\n' .. table.concat(rules, "\n") .. "\n"))
    assert.equal("no matching rule", evaluator.decide(policy).reason)
    assert.equal("budget_exceeded", (evaluator.decide(policy, {}, 200000)).error)
    policy.state:close()
  end)

  it("cannot hide that memory has run out", function()
    local decision, result = run("local t = {} pcall(function() for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end end) return true")
    assert.equal("budget_exceeded", decision.error)
    assert.is_nil(result)
  end)

  it("is not run when a field that it names is absent", function()
    local more = "needs = { request = { 'source_ip' } }"
    local decision = run("error('it was run')", {}, more)
    assert.is_nil(decision.error)
    assert.equal("source_ip is not known", decision.trace[1].got)
    assert.equal("allow", run("return request.source_ip == '192.0.2.1'",
      { source_ip = "192.0.2.1" }, more).effect)
    local both = "needs = { request = { 'user', 'mfa', 'source_ip' } }"
    assert.equal("mfa is not known", run("error('it was run')", {}, both).trace[1].got)
    assert.equal("source_ip is not known",
      run("error('it was run')", { mfa = { authenticated_at = "2026-01-19T15:00:00Z" } }, both).trace[1].got)
    local deny = assert(load({ probe = plain("probe", "return true", more) },
      'version: "1"\nrules:\n  - {name: only, effect: deny, conditions: {probe: true}}\n'))
    assert.equal("fact_unknown", evaluator.decide(deny).error)
    deny.state:close()
  end)

  it("sees the data files that are granted, and no others", function()
    local plugins = { probe = plain("probe", "return host.file('days.txt') == 'friday'",
      "needs = { files = { '*.txt' } }") }
    local options = { files = { ["days.txt"] = "friday", ["other.txt"] = "x" },
      granted_files = { "days.txt" } }
    local policy = assert(load(plugins, policy_of("{probe: true}"), options))
    assert.equal("allow", evaluator.decide(policy).effect)
    policy.state:close()
    for body, wanted in pairs {
      ["return host.file('other.txt') == 'x'"] = "fact_unavailable",
      ["pcall(host.file, 'other.txt') return true"] = "fact_unavailable",
      ["return not (host.file and pcall(host.file, 'nosuch.txt'))"] = "fact_unavailable",
      ["return host.file(5) == nil"] = "plugin_error",
    } do
      plugins.probe["init.lua"] = ("return function(args, request, host) %s end"):format(body)
      for _, granted in ipairs { { "days.txt" }, {} } do
        options.granted_files = granted
        policy = assert(load(plugins, policy_of("{probe: true}"), options))
        local decision = evaluator.decide(policy)
        assert.equal(wanted, decision.error, body)
        assert.is_truthy(wanted ~= "fact_unavailable" or decision.trace[1].got:find("not among the files that the bundle", 1, true))
        policy.state:close()
      end
    end
  end)

  it("requires its own files, and neither policy's nor another plugin's", function()
    local plugins = { probe = plain("probe", "return require('part')"),
      other = plain("other", "return true") }
    plugins.probe["init.lua"] = "local part = require 'part'\nreturn function() return part.ok end"
    plugins.probe["part.lua"] = "return { ok = true }"
    local options = { files = { ["rules.lua"] = "return {}" } }
    local policy = assert(load(plugins, policy_of("{probe: true}"), options))
    assert.equal("allow", evaluator.decide(policy).effect)
    policy.state:close()
    for _, name in ipairs { "rules", "plugins.other.init", "../other/init", "other.init" } do
      plugins.probe["init.lua"] = ("local x = require %q\nreturn function() return true end"):format(name)
      assert.is_truthy(problem(plugins, policy_of("{probe: true}")):find("there is no file", 1, true))
    end
    local text = "local s = require 'sentinel'\nlocal x = require 'plugins.other.init'\nreturn s.policy {}"
    local _, problems = evaluator.load("lua", text, { plugins = plugins })
    assert.is_truthy(problems[1].message:find("there is no file", 1, true))
  end)

  it("has of sentinel only the time, and shares no globals", function()
    local plugins = {
      first = plain("first", "mark = 1 return s.time('2026-01-19T15:00:00Z', 'Europe/Berlin').hour == 16"),
      second = plain("second", "return pcall(function() return mark end) == false"),
    }
    local policy = assert(load(plugins, policy_of("{first: true, second: true}")))
    assert.equal("allow", evaluator.decide(policy).effect)
    policy.state:close()
    assert.equal("allow", run("return s.time(request.time, 'Asia/Tokyo').weekday == 'tuesday'", {},
      "needs = { request = { 'time' } }").effect)
    assert.is_truthy(run("return s.rule ~= nil").trace[1].got:find('sentinel has no field "rule"', 1, true))
  end)

  it("changes nothing of what it is given", function()
    for _, body in ipairs { "request.user = 1", "request.user.name = 'root'", "args.x = 1", "host.http = 1",
      "s.time = 1", "host.http { 'q' }.json.holds = true" } do
      local more = [[needs = { request = { 'user' }, http = { q = { url = 'GET https://a.example/' } } }]]
      local decision = run(body .. " return true", {}, more, { facts = { { plugin = "probe",
        kind = "http", need = "q", params = {}, status = "ok", value = { json = { holds = false } } } } })
      assert.equal("plugin_error", decision.error, body)
      assert.is_truthy(decision.trace[1].got:find("read-only", 1, true), decision.trace[1].got)
    end
  end)
end)
