--- A policy in Lua that requires the bundle's own files.
local evaluator = require "spec.support.evaluator"

local MAIN = [[
local s = require "sentinel"
local rules = require "rules"
return s.policy { version = "1", rules = rules }
]]
local RULES = [[
local s = require "sentinel"
return { s.rule "one" { effect = "allow", conditions = { profiles = { "dev" } } } }
]]

local function load(files)
  files["policy.lua"] = files["policy.lua"] or MAIN
  return evaluator.load("lua", files["policy.lua"], { name = "/b/prod/policy.lua", files = files })
end

local function problem(files)
  local policy, problems = load(files)
  assert(policy == nil, "the policy was not refused")
  local first = problems[1]
  return ("%s:%d: %s"):format(first.file, first.line, first.message)
end

describe("a file of a bundle", function()
  it("is required by its name, and from a folder with a point", function()
    for _, case in ipairs { { "rules", "rules.lua" }, { "a.b.rules", "a/b/rules.lua" } } do
      local main = MAIN:gsub('"rules"', ('"%s"'):format(case[1]))
      local policy = assert(load { ["policy.lua"] = main, [case[2]] = RULES })
      assert.equal("one", evaluator.decide(policy, {}).rule)
      policy.state:close()
    end
  end)

  it("is run once, with globals of its own, and may return nothing", function()
    local policy = assert(load {
      ["policy.lua"] = [[
local s = require "sentinel"
local first, second = require "part", require "part"
if first ~= second or not rawequal(first, second) then error("it was run twice") end
if require "nothing" ~= true then error("nothing is not true") end
if pcall(function() return leaked end) then error("a global got through") end
return s.policy { version = "1", rules = { s.rule "one" { effect = "allow", conditions = {} } } }
]], ["part.lua"] = "leaked = 1 return {}", ["nothing.lua"] = "",
    })
    policy.state:close()
  end)

  it("has its own lines in problems and paths", function()
    assert.equal('/b/prod/rules.lua:2: unknown effect "alow"; did you mean "allow"?',
      problem { ["rules.lua"] = RULES:gsub("allow", "alow") })
    assert.equal("/b/prod/rules.lua:2: unexpected symbol near <eof>",
      problem { ["rules.lua"] = "\nreturn (" })
    assert.equal("/b/prod/rules.lua:3: no",
      problem { ["rules.lua"] = "\n\nerror('no')" })
    assert.equal('/b/prod/rules.lua:2: duplicate rule name "one"; it is on line 3 of /b/prod/policy.lua too',
      problem { ["rules.lua"] = RULES, ["policy.lua"] = [[
local s, rules = require "sentinel", require "rules"
return s.policy { version = "1", rules = {
  s.rule "one" { effect = "deny", conditions = {} }, rules[1] } }
]] })
    local long = "/b/" .. ("folder/"):rep(20)
    for _, text in ipairs { "\n\nreturn (", "\n\nerror('no')" } do
      local _, problems = evaluator.load("lua", MAIN, { name = long .. "policy.lua", files = { ["rules.lua"] = text } })
      assert.same({ long .. "rules.lua", 3 }, { problems[1].file, problems[1].line })
    end
    assert.equal('/b/prod/rules.lua:2: unknown time zone "Mars/Base"',
      problem { ["rules.lua"] = RULES:gsub("profiles = { .- }",
        'time = { days = { "monday" }, timezone = "Mars/Base" }') })
    local policy = assert(load { ["rules.lua"] = [[
local s = require "sentinel"
return { s.rule "one" { effect = "allow", conditions = {
  function() return false end } } }
]] })
    assert.equal("function@rules.lua:3", evaluator.decide(policy, {}).trace[1].failed)
    policy.state:close()
    policy = assert(load { ["policy.lua"] = 'return require "eu.rules"', ["eu/rules.lua"] = [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "one" { effect = "allow", conditions = {
  function() return false end } } } }
]] })
    assert.equal("function@eu/rules.lua:3", evaluator.decide(policy, {}).trace[1].failed)
    policy.state:close()
  end)

  it("that is not there is told with the nearest, and where it is required", function()
    assert.equal('/b/prod/policy.lua:2: there is no file "rules.lua" in this bundle; '
      .. 'did you mean "rule.lua"?', problem { ["rule.lua"] = RULES })
    for _, name in ipairs { "../rules", "/etc/passwd", "sentinel.engine", "rules\0", "" } do
      assert.is_truthy(problem {
        ["policy.lua"] = ("return require(%q)"):format(name), ["rules.lua"] = RULES,
      }:find("there is no file", 1, true))
    end
    assert.equal('/b/prod/rules.lua:3: there is no file "part.lua" in this bundle; did you mean "parts.lua"?', problem {
      ["rules.lua"] = "-- the parts of it:\n\nreturn require('part')", ["parts.lua"] = "return {}" })
    assert.equal("/b/prod/policy.lua:1: require wants a name: require \"rules\"",
      problem { ["policy.lua"] = "return require(5)" })
  end)

  it("does not require itself, directly or in a circle", function()
    assert.equal('/b/prod/a.lua:1: "a.lua" requires itself, or failed when it was required before', problem {
      ["policy.lua"] = "return require 'a'", ["a.lua"] = "local x = require 'a' return x",
    })
    assert.equal('/b/prod/b.lua:1: "a.lua" requires itself, or failed when it was required before', problem {
      ["policy.lua"] = "return require 'a'", ["a.lua"] = "local x = require 'b' return x",
      ["b.lua"] = "local x = require 'a' return x",
    })
  end)

  it("names zones for s.time too", function()
    local policy = assert(load { ["rules.lua"] = [[
local s = require "sentinel"
return { s.rule "one" { effect = "allow", conditions = {
  s.check("early", function(request) return s.time(request.time, "Asia/Tokyo").hour >= 0 end) } } }
]] })
    assert.same({ "Asia/Tokyo" }, policy.zones)
    assert.equal("allow", evaluator.decide(policy, {}).effect)
    policy.state:close()
  end)

  it("spends the same fuel and memory as the policy", function()
    assert.is_truthy(problem { ["rules.lua"] = "while true do end" }:find("more fuel", 1, true))
  end)
end)
