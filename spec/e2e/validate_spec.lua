--- sentinel policy validate: what is wrong, where, and what is allowed.
local expect = require "spec.support.expect"
local world = require "spec.support.world"

describe("sentinel policy validate", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function rule(text)
    return "version: \"1\"\nrules:\n  - name: one\n    effect: allow\n    conditions: " .. text
      .. "\n"
  end

  it("says that good policies are valid", function()
    local yaml, lua = home:write("a.yaml", world.allow_dev), home:write("b.lua",
      world.allow_dev_lua)
    assert.are.equal("2 policies are valid\n", expect.done(home:run { "policy", "validate", yaml,
      lua }))
    local answer = expect.json(home:run { "policy", "validate", "--json", yaml, lua })
    assert.is_true(answer.valid)
    assert.are.equal(0, #answer.problems)
  end)

  local bad = {
    { "an unknown key", "version: \"1\"\nrulez: []\n", "rulez", 2 },
    { "a missing version", "rules: []\n", "version" },
    { "another version", "version: \"2\"\nrules:\n  - {name: a, effect: allow, conditions: {}}\n",
      "version", 1 },
    { "no rules", "version: \"1\"\nrules: []\n", "rules", 2 },
    { "an unknown effect",
      "version: \"1\"\nrules:\n  - name: a\n    effect: alow\n    conditions: {}\n", "allow", 4 },
    { "an unknown condition", rule "{profile: [dev]}", "profiles", 5 },
    { "a plugin's condition", rule "{oncall: {schedule: x}}", "a plugin needs a bundle", 5 },
    { "an empty list", rule "{profiles: []}", "[\"*\"]", 5 },
    { "a null", rule "{profiles: null}", "profiles", 5 },
    { "an empty time", rule "{time: {}}", "time", 5 },
    { "an empty not", rule "{not: {}}", "not", 5 },
    { "an unknown weekday", rule "{time: {days: [mnday]}}", "monday", 5 },
    { "an unknown zone", rule "{time: {days: [monday], timezone: Mars/Base}}", "Mars/Base", 5 },
    { "start equal to end", rule "{time: {hours: {start: \"09:00\", end: \"09:00\"}}}", "equal",
      5 },
    { "a duplicate key", rule "{profiles: [a], profiles: [b]}", "profiles", 5 },
    { "a YAML tag", rule "{profiles: !!python/object [a]}", "tag", 5 },
    { "a second document", world.allow_dev .. "---\n" .. world.allow_dev, "document" },
    { "groups without a map", rule "{groups: [ops]}", "groups", 5 },
    { "a backslash in a pattern", rule "{profiles: ['a\\b']}", "\\", 5 },
    { "a duplicate rule name",
      "version: \"1\"\nrules:\n  - {name: a, effect: allow, conditions: {}}\n"
      .. "  - {name: a, effect: deny, conditions: {}}\n", "a", 4 },
    { "a reserved key",
      "version: \"1\"\napprovals: {}\nrules:\n  - {name: a, effect: allow, conditions: {}}\n",
      "approvals", 2 },
    { "no YAML", "version: \"1\n", "", nil },
    { "nothing", "", "", nil },
  }
  for _, case in ipairs(bad) do
    it("refuses " .. case[1] .. ", in both outputs", function()
      local file = home:write("bad.yaml", case[2])
      local result = home:run { "policy", "validate", file }
      expect.status(result, 5)
      local line = result.stdout:match("^" .. file:gsub("%p", "%%%0") .. ":(%d+):%d+: ")
      assert.is_truthy(line, result.stdout)
      assert.is_truthy(result.stdout:find(case[3], 1, true), result.stdout)
      if case[4] then
        assert.is_truthy(result.stdout:find(("%s:%d:"):format(file, case[4]), 1, true),
          result.stdout)
      end
      local answer = expect.json(home:run { "policy", "validate", file, "--json" }, 5)
      assert.is_false(answer.valid)
      local problem = answer.problems[1]
      assert.are.equal(file, problem.file)
      assert.are.equal(tonumber(line), problem.line)
      assert.is_true(problem.column >= 1 and problem.message ~= "" and problem.hint ~= nil)
    end)
  end

  it("refuses a Lua policy with a syntax error, a raise, a loop and a reach outside", function()
    for _, text in ipairs { "return {", "error(\"no\")", "while true do end", "return os.time()",
      "return 1" } do
      local file = home:write("bad.lua", text .. "\n")
      local result = home:run { "policy", "validate", file }
      expect.status(result, 5)
      assert.is_truthy(result.stdout:find("bad.lua:", 1, true), result.stdout)
    end
  end)

  it("names every refused file of several, and keeps the good ones out", function()
    local good = home:write("good.yaml", world.allow_dev)
    local one, two = home:write("one.yaml", "x: 1\n"), home:write("two.yaml", "y: 1\n")
    local result = home:run { "policy", "validate", one, good, two }
    expect.status(result, 5)
    assert.is_truthy(result.stdout:find(one, 1, true) and result.stdout:find(two, 1, true))
    assert.is_nil(result.stdout:find(good, 1, true))
    assert.is_truthy(result.stderr:find("2 of 3", 1, true))
  end)

  it("refuses a file that is too large, is not there, or has another ending", function()
    local large = home:write("large.yaml", world.allow_dev .. ("# " .. ("x"):rep(78)
      .. "\n"):rep(7000))
    for _, file in ipairs { large, home.home .. "/absent.yaml", home:write("policy.txt",
      world.allow_dev), home.home } do
      local result = home:run { "policy", "validate", file }
      expect.status(result, 5)
      assert.is_truthy(result.stdout:find(file, 1, true), result.stdout)
    end
    assert.is_truthy(home:run({ "policy", "validate", large }).stdout:find("larger", 1, true))
  end)

  it("asks for a file", function()
    expect.refused(home:run { "policy", "validate" }, 2, "file")
  end)
end)
