--- Where problems of Lua files are: at the word that is wrong, where it is written out.
local evaluator = require "spec.support.evaluator"

-- "file:line: the text from that column on, up to a comma or the end of its line"
local function told(problems, sources)
  local lines = {}
  for i, problem in ipairs(problems) do
    local number, at = 0, nil
    for line in (sources[problem.file] .. "\n"):gmatch("(.-)\n") do
      number = number + 1
      at = number == problem.line and line:sub(problem.column):match("^[^,]*") or at
    end
    lines[i] = ("%s:%d: %s"):format(problem.file:match("[^/]*$"), problem.line, at)
  end
  return lines
end

local function places(source, files)
  local policy, problems = evaluator.load("lua", source, { files = files })
  assert(policy == nil, "the policy was not refused")
  local sources = { [files and "/b/policy.lua" or "policy.lua"] = source }
  for name, text in pairs(files or {}) do
    sources["/b/" .. name] = text
  end
  return told(problems, sources)
end

describe("a problem of a policy in Lua", function()
  it("is at its word, whatever stands before", function()
    assert.same({
      "policy.lua:3: groupes = {}", "policy.lua:7: \"alow\"", "policy.lua:9: profile = { \"dev\" }", "policy.lua:9: 5 }",
      "policy.lua:10: \"9:00\"", "policy.lua:12: \"10.0.0.0/33\" } }", "policy.lua:12: mfaa = {} } }",
      "policy.lua:14: s.rule(\"second\") ({ effect = \"deny\"", "policy.lua:14: duration = \"1h\" })", "policy.lua:15: limit = 1 }",
    }, places [==[
local s = require "sentinel"
return s.policy {
  groupes = {}, version = "1",
  rules = {
    s.rule "first" { -- effect = "x", {
      description = [[ effect = "y", ]], --[[ effect = 1 ]] reason = 'a "quoted\' { \\',
      effect = "alow",
      conditions = {
        profile = { "dev" }, ["users"] = { "alice", 5 },
        time = { hours = { start = "9:00", ["end"] = "17:00" } },
        function(r) for _ = 1, 2 do if r.user then return r.user.name == "}", 1 end end return false, {} end,
        s.any { { source_ip = { "10.0.0.0/33" } }, { mfaa = {} } },
      } },
    s.rule("second") ({ effect = "deny", duration = "1h" }),
    s.rule "third" { effect = "deny", conditions = {}, limit = 1 },
  },
}]==])
  end)

  it("is at the call where its table is made elsewhere, or by code", function()
    assert.same({ "policy.lua:2: local function rule(name", 'policy.lua:5: s.rule "c" (body)' }, places [[
local s = require "sentinel"
local function rule(name, effect) return s.rule(name) { effect = effect, conditions = {} } end
local body = { effect = "alow", conditions = {} }
return s.policy { version = "1", rules = { rule("a", "allow"), rule("b", "dney"),
s.rule "c" (body),
} }]])
  end)

  it("is at the name of a zone that does not exist", function()
    assert.same({ "policy.lua:4: 'Europe/Berlni' } } }" }, places [[
local s = require "sentinel" -- "Europe/Berlni"
return s.policy { version = "1", rules = {
  s.rule "a" { effect = "allow", conditions = {
    time = { days = { "monday" }, timezone = 'Europe/Berlni' } } },
} }]])
    assert.same({ 'part.lua:3: return s.rule("a") { effect = "deny"' }, places([[
local s = require "sentinel"
return s.policy { version = "1", rules = { require "part" } }]], { ["part.lua"] = [[
local s = require "sentinel"
local zone = "Europe/Berlni"
return s.rule("a") { effect = "deny", conditions = { time = { timezone = zone, days = { "monday" } } } }
]] }))
  end)

  it("is on the line of the call where a comment looks like it", function()
    for _, comment in ipairs { '"a" { effect = )', '"a" {', '"a" { "', '"a" { [[', '"a" { a = { end', '"a" { ("a" {' } do
      local found = places('local s = require "sentinel"\nlocal rules = { s.rule("a") --[=[ ' .. comment
        .. ' ]=] ({ effect = "alow", conditions = {} }) }\nreturn s.policy { version = "1", rules = rules }')
      assert.equal(1, #found)
      assert.equal("policy.lua:2: ", found[1]:sub(1, 14))
    end
    for _, tail in ipairs { "'", "'\\", '"\\\\\\', "[[", "--[[", "--", "{", "x =", "[" } do
      local found = places('local s = require "sentinel"\nlocal r = s.rule("a")({ effect = "alow", conditions = {} })'
        .. '\nreturn s.policy { version = "1", rules = { r } } -- ' .. tail)
      assert.same({ 'policy.lua:2: "alow"' }, found)
      found = places('local s = require "sentinel"\nreturn s.policy((function() local p = { version = "1", rules = {'
        .. 's.rule("a")(({ effect = "alow", conditions = {} })) } } return p end)()) -- "a" { ' .. tail)
      assert.equal("policy.lua:2: ", found[1]:sub(1, 14))
    end
  end)

  it("is in the file that has it", function()
    assert.same({ "part.lua:3: \"alow\"" }, places([[
local s = require "sentinel"
return s.policy { version = "1", rules = require "part" }]], { ["part.lua"] = [[
local s = require "sentinel"
return {
  s.rule "a" { effect = "alow", conditions = {} },
}]] }))
  end)

  it("has the line of its rule in a policy that is too large to be read twice", function()
    local rules = {}
    for i = 1, 6000 do
      rules[i] = ("s.rule 'r%d' { effect = 'allow',\n conditions = { users = { 'a' } } },"):format(i)
    end
    assert.same({ "policy.lua:12002: s.rule 'last' { effect = 'allow'" }, places("local s = require 'sentinel'\n"
      .. "return s.policy { version = '1', rules = {" .. table.concat(rules, "\n") .. "\ns.rule 'last' { effect = 'allow',\n"
      .. "conditions = { usres = { 'a' } } } } }"))
  end)
end)

describe("a problem of a plugin's manifest", function()
  local MANIFEST = [[
-- return { name = "x" }
local SUMMARY = "a { summary"
return {
  name = "oncall", version = "1.0.0", api = 1, summary = SUMMARY,
  args = { level = { type = "integer", min = 1, max = 9, description = "how far up" } },
  needs = { http = { shifts = { url = "GET https://a.example.com/x", select = { "name", "id" } } } },
  limits = { timeout = "800ms" },
}]]

  -- {what is changed, to what, where the problem is}
  local rows = {
    { "needs = ", "nedds = ", 'plugin.lua:6: nedds = { http = { shifts = { url = "GET https://a.example.com/x"' },
    { '"800ms"', '"80s"', 'plugin.lua:7: "80s" }' },
    { '"integer"', '"intger"', 'plugin.lua:5: "intger"' },
    { '"id" }', "5 }", "plugin.lua:6: 5 } } } }" },
    { "max = 9", "max = 0", "plugin.lua:5: min = 1" },
    { '"oncall"', '"on_call"', 'plugin.lua:4: name = "on_call"' },
    { "url = ", 'secret = "key", url = ', 'plugin.lua:6: secret = "key"' },
  }
  for _, row in ipairs(rows) do
    it("is at its word: " .. row[2], function()
      local from, to = MANIFEST:find(row[1], 1, true)
      local source = MANIFEST:sub(1, from - 1) .. row[2] .. MANIFEST:sub(to + 1)
      local answer = evaluator.describe("oncall", source)
      assert.same({ row[3] }, told(answer.problems, { [answer.problems[1].file] = source }))
    end)
  end

  it("is at the beginning where code makes the manifest", function()
    local answer = evaluator.describe("oncall", "local m = { name = 'oncall', vresion = '1.0.0' }\nreturn m")
    assert.equal(1, answer.problems[1].line)
    assert.equal(1, answer.problems[1].column)
  end)
end)
