-- policy.md, "Sandbox": the allow list, name by name, for a policy's top level, its conditions and a plugin's check.
local evaluator = require "spec.support.evaluator"

local FUNCTIONS = { "assert", "error", "ipairs", "pairs", "select", "tonumber", "tostring", "type", "pcall", "rawequal",
  "rawlen", "require" }
local LIBRARIES = {
  string = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper" },
  table = { "concat", "insert", "pack", "remove", "sort", "unpack" },
  math = { "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max", "maxinteger",
    "min", "mininteger", "modf", "pi", "rad", "sin", "sqrt", "tan", "tointeger", "type", "ult" },
  utf8 = { "char", "charpattern", "codepoint", "codes", "len", "offset" },
}
-- What policy.md names as absent, what Lua has or had, and what the stdlib itself is given.
local ABSENT = { "setmetatable", "getmetatable", "io", "os", "package", "debug", "coroutine", "load", "loadstring",
  "loadfile", "dofile", "collectgarbage", "print", "warn", "rawset", "rawget", "next", "xpcall", "_G", "_VERSION", "bit32",
  "unpack", "setfenv", "getfenv", "module", "newproxy", "host", "cjson", "sentinel", "arg", "state" }

local is_allowed = {}
for _, name in ipairs(FUNCTIONS) do
  is_allowed[name] = true
end
for name in pairs(LIBRARIES) do
  is_allowed[name] = true
end
for name in pairs(_G) do -- whatever else the interpreter of the day has
  if not is_allowed[name] and name:find("^[%a_][%w_]*$") then
    table.insert(ABSENT, name)
  end
end

-- Each place runs a body that returns true when all is well; "" means that it did.
local PLACES = {
  ["a policy's top level"] = function(body)
    local policy, problems = evaluator.load("lua", ([[
local s = require "sentinel"
assert((function() %s end)() == true)
return s.policy { version = "1", rules = { s.rule "a" { effect = "allow", conditions = {} } } }
]]):format(body))
    return policy and "" or problems[1].message
  end,
  ["a condition"] = function(body)
    local decision = evaluator.decide_text("lua", ([[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "a" { effect = "allow", conditions = { function()
%s end } } } }
]]):format(body))
    return decision.effect == "allow" and "" or decision.trace[1].got
  end,
  ["a plugin's check"] = function(body)
    local policy = assert(evaluator.load("yaml",
      'version: "1"\nrules:\n  - {name: a, effect: allow, conditions: {probe: true}}\n', { plugins = { probe = {
      ["plugin.lua"] = 'return { name = "probe", version = "1.0.0", api = 1, summary = "x" }',
      ["init.lua"] = ("return function() %s end"):format(body),
    } } }))
    local decision = evaluator.decide(policy)
    policy.state:close()
    return decision.effect == "allow" and "" or decision.trace[1].got
  end,
}

for place, run in pairs(PLACES) do
  describe("in " .. place, function()
    it("every function of the list is there", function()
      for _, name in ipairs(FUNCTIONS) do
        assert.equal("", run(("return type(%s) == 'function'"):format(name)), name)
      end
    end)

    for library, names in pairs(LIBRARIES) do
      it(("%s has its names and no others, and cannot be written"):format(library), function()
        assert.equal("", run(([[
local names = {}
for name in pairs(%s) do names[#names + 1] = name end
if table.concat(names, " ") == %q then return true end
error(table.concat(names, " "), 0)]]):format(library, table.concat(names, " "))))
        assert.equal("", run(("return not pcall(function() %s.x = 1 end) and %s.x == nil"):format(library, library)))
      end)
    end

    it("a string finds the same functions and no others", function()
      for _, name in ipairs(LIBRARIES.string) do
        assert.equal("", run(("return ('x').%s == string.%s"):format(name, name)))
      end
      for _, name in ipairs { "dump", "pack", "packsize", "unpack" } do
        assert.equal("", run(("return ('x').%s == nil"):format(name)))
      end
    end)

    it("every other global raises", function()
      for _, name in ipairs(ABSENT) do
        local got = run(("return %s == nil"):format(name))
        assert.is_truthy(got:find(("global %q does not exist"):format(name), 1, true), name .. ": " .. got)
      end
    end)

    it("nothing but sentinel is required", function()
      for _, name in ipairs { "string", "os", "sentinel.init", "sentinel.engine", "sentinel/init", "cjson", "", "init.lua" } do
        assert.equal("", run(("return not pcall(require, %q)"):format(name)))
      end
      assert.equal("", run("return type(require 'sentinel') == 'table'"))
    end)
  end)
end
