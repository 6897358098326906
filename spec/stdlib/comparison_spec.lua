--- Two policies side by side: outlines, what code is the same, what changed in rules, who gains access.
local cjson = require "cjson"
local space = require "spec.support.space"

describe("the comparison of two policies", function()
  local state

  before_each(function()
    state = space.new()
  end)

  after_each(function()
    state:close()
  end)

  -- Both policies as outlines; what `ask` (a chunk, with comparison and names) returns.
  local function compare(before, after, ask, about)
    return cjson.decode(space.run(state, [[
      local before, after, kind, about_before, about_after = ...
      local outline, comparison = require "sentinel.outline", require "sentinel.comparison"
      local function write(text)
        return text == "" and "" or outline.write(load_policy(text, kind))
      end
      comparison.take("before", about_before, write(before))
      comparison.take("after", about_after, write(after))
      local function access(profile, is_ever)
        return comparison.access { profiles = { profile }, time = "2026-01-19T15:00:00Z", ever = is_ever }
      end
      ]] .. ask, before, after, (before .. after):find("require \"sentinel\"", 1, true) and "lua" or "yaml",
      about and about.before or "{}", about and about.after or "{}"))
  end

  local function yaml(...)
    return 'version: "1"\nrules:\n' .. table.concat({ ... }, "\n") .. "\n"
  end

  -- {"kind user by rule": effects and errors of both}
  local function access(before, after, profile, about)
    local answer, told = compare(before, after, ("return access(%q, true)"):format(profile), about), {}
    for _, change in ipairs(answer.profiles[1].changes) do
      local rule = change.after.effect == "allow" and change.after.rule or change.before.rule
      told[("%s %s by %s"):format(change.user, change.kind, rule)] = change
    end
    return told, answer.profiles[1].exact
  end

  local function keys(map)
    local list = {}
    for key in pairs(map) do
      list[#list + 1] = key
    end
    table.sort(list)
    return list
  end

  -- Outlines -----------------------------------------------------------------------------------------

  it("tells every condition of a policy, and reads it again as the same", function()
    local text = yaml("  - {name: a, effect: allow, max_duration: 1h, require: {mfa: {max_age: 10m}}, conditions: {profiles: [p], "
      .. "source_ip: [10.0.0.0/8, '2001:db8::/32'], device: {require_mdm: true, min_os_version: '14'}, "
      .. "any: [{mode: [cli]}, {not: {accounts: ['123456789012']}}], time: {days: [monday], timezone: Europe/Berlin}}}",
      "  - {name: b, effect: deny, emergency: true, conditions: {}}")
    assert.same({ changes = {}, left_out = 0 }, compare(text, text, "return comparison.rules()"))
    assert.same({}, access(text, text, "p"))
    assert.equal(2, cjson.decode(space.run(state, [=[
      local outline, policy = require "sentinel.outline", load_policy(..., "yaml")
      local again = outline.read(outline.write(policy), {}, {})
      local keys = require("sentinel.difference").keys(policy, again)
      for i, rule in ipairs(policy.rules) do
        assert(keys[rule] == keys[again.rules[i]], keys[rule] .. keys[again.rules[i]])
      end
      return tostring(#again.rules)]=], text)))
  end)

  -- Functions ----------------------------------------------------------------------------------------

  local function lua(body, more)
    return ([[
local s = require "sentinel"
%s
return s.policy { version = "1", rules = { s.rule "r" { effect = "allow", conditions = { s.check("c", %s) } } } }
]]):format(more or "", body)
  end

  -- What is said of the one rule's condition; nil when nothing changed.
  local function changed(before, after)
    local changes = compare(before, after, "return comparison.rules()").changes
    assert(#changes <= 1)
    return changes[1] and changes[1].details[1].after
  end

  local CHANGED, MAY_HAVE = "code (its code has changed)", "code (its code may have changed)"

  it("knows the same function by its code and what it closes over", function()
    local same = {
      { "function(r) return r.mode == 'cli' end" },
      { "function(r) return LIMIT > #r.profile end", "local LIMIT = 5" },
      { "function(r) return SET[r.profile] == true end", "local SET = { a = true, b = { 1, 2, { x = 'y' } } }" },
      { "function(r) return find(r.profile, 'x', 1, true) ~= nil end", "local find = string.find" },
      { "function(r) return helper(r) end", "local function helper(r) return other(r.mode) end\n"
        .. "function other(mode) return mode == 'cli' end" },
      { "function(r) return s.time(r.time, 'UTC').hour > 3 end" },
      { "function(r) local function inner() return r.mode end return inner() == 'cli' end" },
      { "function(r) return loop(r, 3) end", "local function loop(r, n) return n == 0 or loop(r, n - 1) end" },
      { "function(r) return r.profile == '\\0\\200' or 1.5 > #r.profile or 7 == #r.profile end" },
    }
    for _, row in ipairs(same) do
      local text = lua(row[1], row[2])
      assert.is_nil(changed(text, text), row[1])
      assert.is_nil(changed(text, lua(row[1], "\n\n-- moved\n" .. (row[2] or ""))), row[1])
    end
  end)

  it("knows a function that is another one", function()
    local rows = {
      { "function(r) return r.mode == 'cli' end", nil, "function(r) return r.mode == 'server' end", nil },
      { "function(r) return r.mode == 'cli' end", nil, "function(r) return r.mode ~= 'cli' end", nil },
      { "function(r) return LIMIT > 3 end", "local LIMIT = 5", "function(r) return LIMIT > 3 end", "local LIMIT = 6" },
      { "function(r) return SET.a end", "local SET = { a = true }", "function(r) return SET.a end", "local SET = { a = false }" },
      { "function(r) return f(r.mode, 'c') ~= nil end", "local f = string.find",
        "function(r) return f(r.mode, 'c') ~= nil end", "local f = string.match" },
      { "function(r) return helper(r) end", "function helper(r) return true end",
        "function(r) return helper(r) end", "function helper(r) return false end" },
      { "function(r) return (function() return 1 end)() == 1 end", nil,
        "function(r) return (function() return 2 end)() == 1 end", nil },
      { "function(r) return (function() return 1 end)() == 1 end", nil,
        "function(r) return (function() return 1 end)() ~= 1 end", nil },
    }
    for _, row in ipairs(rows) do
      assert.equal(CHANGED, changed(lua(row[1], row[2]), lua(row[3], row[4])), row[1])
    end
  end)

  it("does not say that code is the same where it may be another", function()
    local unknown = {
      { "function(r) return require('x') ~= nil end" },
      { "function(r) return mark ~= nil end", "local mark = s.check('d', function() return true end)" },
      { "function(r) return big[1] ~= nil end", "local big = {}\nfor i = 1, 3000 do big[i] = {} end" },
      { "function(r) return odd[r.mode] ~= nil end", "local odd = { [1.5] = true }" },
    }
    for _, row in ipairs(unknown) do
      local text = lua(row[1], row[2])
      assert.equal(MAY_HAVE, changed(text, text), row[1])
      local told = access(text, text, "p")
      assert.same({ "anyone fewer by r", "anyone more by r" }, keys(told), row[1])
      assert.same({ condition = "check:c", holds = false, where = "before" }, told["anyone more by r"].assumed[1])
      assert.same({ condition = "check:c", holds = true, where = "after" }, told["anyone more by r"].assumed[2])
    end
  end)

  it("takes code that both have as one", function()
    local before = lua("function(r) return #r.profile > 3 end")
    local after = before:gsub('s.check%("c"', 'users = { "alice" }, %0')
    local told = access(before, after, "p")
    assert.same({ "anyone else loses by r" }, keys(told))
    assert.same({ { condition = "check:c", holds = true, where = "both" } }, told["anyone else loses by r"].assumed)
  end)

  -- Rules --------------------------------------------------------------------------------------------

  it("tells nested conditions in words", function()
    local before = yaml("  - {name: a, effect: allow, conditions: {"
      .. "any: [{users: [x]}, {mfa: {max_age: 15m}, mode: [cli]}], not: {roles: [R]}}}")
    local after = yaml("  - {name: a, effect: allow, conditions: {any: [{users: [x]}, {mfa: {max_age: 5m}, mode: [cli]}]}}")
    local details = compare(before, after, "return comparison.rules()").changes[1].details
    assert.same({ what = "any", before = "users x | mode cli; mfa MFA no older than 15m",
      after = "users x | mode cli; mfa MFA no older than 5m", gained = {}, lost = {} }, details[1])
    assert.same({ what = "not", before = "roles R", after = cjson.null, gained = {}, lost = {} }, details[2])
  end)

  it("tells everything of rules that are new where there was no policy", function()
    local answer = compare("", yaml("  - {name: a, effect: allow, conditions: {profiles: [p]}, reason: because, session_table: t}"),
      "return comparison.rules()")
    local told = {}
    for i, detail in ipairs(answer.changes[1].details) do
      told[i] = detail.what .. "=" .. detail.after
    end
    assert.same({ "effect=allow", "profiles=p", "session_table=t", "reason=because" }, told)
  end)

  it("moves as few rules as it can", function()
    local function rules(order)
      local lines = {}
      for name in order:gmatch("%a") do
        lines[#lines + 1] = ("  - {name: %s, effect: allow, conditions: {profiles: [%s]}}"):format(name, name)
      end
      return yaml(table.unpack(lines))
    end
    for before, rows in pairs { abcdef = { fabcde = "f", bcdefa = "a", abdcef = "d", badcfe = 3, fedcba = 5 } } do
      for after, moved in pairs(rows) do
        local changes = compare(rules(before), rules(after), "return comparison.rules()").changes
        assert.equal(math.type(moved) and moved or 1, #changes, after)
        for _, change in ipairs(changes) do
          assert.equal("moved", change.kind)
        end
      end
    end
  end)

  it("says how many changes there are that it does not tell", function()
    local lines = {}
    for i = 1, 500 do
      lines[i] = ("  - {name: r%d, effect: allow, conditions: {profiles: [p, %s]}, reason: %s}"):format(i, ("y"):rep(500),
        ("x"):rep(900))
    end
    local answer = compare("", yaml(table.unpack(lines)), "return comparison.rules()")
    assert.is_true(answer.left_out > 0)
    assert.equal(500, #answer.changes + answer.left_out)
  end)

  -- Access -------------------------------------------------------------------------------------------

  it("counts what the bundles bind from outside", function()
    local text = yaml("  - {name: a, effect: allow, conditions: {profiles: ['p*']}, max_duration: 2h}")
    local function about(more)
      return ('{"plugins":{},"strict":false%s}'):format(more)
    end
    local P, Q = ',"targets":[{"profile":"p","roles":["arn:aws:iam::123456789012:role/P"]}]',
      ',"targets":[{"profile":"q*","roles":["arn:aws:iam::123456789012:role/*"]},{"profile":"p?","roles":["arn:aws:iam::1*:role/X"]}]'
    local told = access(text, text, "p", { before = about(P), after = about(Q) })
    assert.same({ "anyone loses by a" }, keys(told))
    assert.equal("target_mismatch", told["anyone loses by a"].after.error)
    told = access(text, text, "pq", { before = about(P), after = about(Q) })
    assert.matches("^arn:aws:iam::1%d+:role/X$", told["anyone gains by a"].request.role_arn)
    assert.same({}, access(text, text, "p", { before = about(P), after = about(P) }))
    told = access(text, text, "p", { before = about(""), after = about(P) })
    assert.same({ "anyone fewer by a" }, keys(told))
    told = access(text, text, "p", { before = about(""), after = about(',"max_duration":3600') })
    assert.same({}, told, "the manifest says it of all rules")
    local longer = text:gsub("2h", "3h")
    told = access(text, longer, "p", { before = about(',"max_duration":9000'), after = about(',"max_duration":9000') })
    assert.same({ 7200, 9000 }, { told["anyone longer by a"].before.max_duration, told["anyone longer by a"].after.max_duration })
    assert.same({}, access(text, longer, "p", { before = about(',"max_duration":60'), after = about(',"max_duration":60') }))
  end)

  it("tells how long a session is good, by bound and lease", function()
    local function with(more)
      return yaml("  - {name: a, effect: allow, conditions: {profiles: [p]}" .. more .. "}")
    end
    local ABOUT <const> = '{"plugins":{},"strict":false}'
    local function told(before, after)
      return access(with(before), with(after), "p", { before = ABOUT, after = ABOUT })
    end
    local longer = told(", max_duration: 1h, lease: 2m", ", max_duration: 1h")["anyone longer by a"]
    assert.same({ 120, 3600 }, { longer.before.max_duration, longer.after.max_duration })
    assert.same({ "anyone longer by a" }, keys(told(", lease: 2m", "")))
    assert.same({ "anyone shorter by a" }, keys(told(", lease: 4m", ", lease: 2m")))
    assert.same({}, told(", max_duration: 1h, lease: 2m", ", max_duration: 2h, lease: 2m"))
    assert.same({}, told(", max_duration: 1h, lease: 2h", ", max_duration: 1h"))
  end)

  it("lets no rule for emergencies grant where the bundle permits none", function()
    local text = yaml("  - {name: a, effect: allow, emergency: true, conditions: {profiles: [p]}}",
      "  - {name: b, effect: allow, conditions: {profiles: [p]}}")
    local told = access(text, text, "p", { before = '{"strict":false}', after = '{"strict":true}' })
    assert.same({ "anyone loses by a" }, keys(told))
    assert.equal("policy_invalid", told["anyone loses by a"].after.error)
    assert.same({}, access(text, text, "p", { before = '{"strict":true}', after = '{"strict":true}' }))
  end)

  it("tells what is gained, and what is more, for each rule that grants", function()
    local before = yaml("  - {name: a, effect: allow, conditions: {profiles: [p], users: [x], mode: [cli]}}")
    local after = yaml("  - {name: a, effect: allow, conditions: {profiles: [p], users: [x, y], mode: [cli]}}",
      "  - {name: b, effect: require_approval, conditions: {profiles: [p], users: [x, y]}}")
    local told, is_exact = access(before, after, "p")
    assert.same({ "x more by b", "y gains by a", "y gains by b" }, keys(told))
    assert.is_true(is_exact)
    told = access(after, before, "p")
    assert.same({ "x fewer by b", "y loses by a", "y loses by b" }, keys(told))
    assert.same({}, (access(before, after, "q")))
  end)

  it("says when not all was looked at", function()
    local before, after = {}, {}
    for i = 1, 20 do
      local rule = "  - {name: r%d, effect: %s, conditions: {profiles: [p], users: ['*%d*x%d*'], mode: [cli]}}"
      before[i] = rule:format(i, i % 2 == 0 and "allow" or "deny", i, i % 7)
      after[i] = rule:format(i, i % 2 == 0 and "deny" or "allow", i, i % 7)
    end
    local _, is_exact = access(yaml(table.unpack(before)), yaml(table.unpack(after)), "p")
    assert.is_false(is_exact)
  end)

  it("names the profiles that the policies tell apart", function()
    local answer = compare(yaml("  - {name: a, effect: allow, conditions: {profiles: [prod, 'p*'], not: {profiles: ['*-eu']}}}"),
      yaml("  - {name: a, effect: allow, conditions: {}}"), "return comparison.profiles()",
      { before = '{"targets":[{"profile":"dev","roles":["arn:aws:iam::123456789012:role/D"]}]}', after = "{}" })
    local labels = {}
    for _, profile in ipairs(answer.profiles) do
      labels[#labels + 1] = profile.label
    end
    table.sort(labels)
    assert.same({ "*-eu", "any other profile", "dev", "p*", "p* and *-eu", "prod" }, labels)
    assert.is_true(answer.exact)
  end)

  it("answers for as many profiles as there is fuel for, and for one at least", function()
    local answer = cjson.decode(space.run(state, [[
      local comparison, outline = require "sentinel.comparison", require "sentinel.outline"
      comparison.take("before", "{}", "")
      comparison.take("after", "{}", outline.write(load_policy(..., "yaml")))
      local fuel = host.fuel_left
      host.fuel_left = function() return 0 end
      local text = comparison.access { profiles = { "p", "q" }, time = "2026-01-19T15:00:00Z", ever = true }
      host.fuel_left = fuel
      return text]], yaml("  - {name: a, effect: allow, conditions: {users: [x]}}")))
    assert.equal(1, #answer.profiles)
    assert.is_false(answer.profiles[1].exact)
  end)
end)
