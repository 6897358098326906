-- The mathematical functions of policies against those of the interpreter that runs the specs: the two take them from
-- different libraries.
local expect = require "spec.support.expect"
local world = require "spec.support.world"

local FUNCTIONS = { "acos", "asin", "atan", "ceil", "cos", "exp", "floor", "log", "sin", "sqrt", "tan" }
local OF_TWO = { "math.fmod(%s, %s)", "math.atan(%s, %s)", "math.log(%s, %s)", "(%s) ^ (%s)", "(%s) %% (%s)", "(%s) // (%s)" }
local NUMBERS = { 0.0, -0.5, 0.1, 0.5, 0.999, 1.0, 1.5, -2.0, 3.0, 10.0, -37.25, 180.0, 700.25, 1e-9, 1e15, -1e22, 1e300, math.huge }

local function literal(number)
  return number == math.huge and "math.huge" or ("%a"):format(number)
end

-- What they give, each as its own source: a number, or "nan" (every NaN is as good as any).
local function give(expression)
  local value = load("return " .. expression)()
  return value ~= value and "nan" or value
end

local function tell(value)
  return type(value) == "string" and ("%q"):format(value) or (value == -math.huge and "-math.huge")
    or math.type(value) == "integer" and ("%d"):format(value) or literal(value)
end

-- Each expression that is off by more than two units of the last place.
local SOURCE = [[
local s = require "sentinel"
local function differs(is, wanted)
  if is ~= is or wanted == "nan" then return not (is ~= is and wanted == "nan") end
  return is ~= wanted and not (math.abs(is - wanted) <= 0x1p-51 * math.abs(wanted))
end
local function check(expression, is, wanted)
  if differs(is, wanted) then error(("%%s is %%.17g"):format(expression, is), 0) end
end
%s
return s.policy { version = "1", rules = { s.rule "a" { effect = "allow", conditions = {} } } }
]]

describe("mathematics in a policy", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function check(expressions)
    local lines = {}
    for _, expression in ipairs(expressions) do
      table.insert(lines, ("check(%q, %s, %s)"):format(expression, expression, tell(give(expression))))
    end
    local policy = home:write("policy.lua", SOURCE:format(table.concat(lines, "\n")))
    expect.done(home:run { "policy", "validate", policy })
    return #lines
  end

  for _, name in ipairs(FUNCTIONS) do
    it(("math.%s gives what another library gives"):format(name), function()
      local expressions = {}
      for _, x in ipairs(NUMBERS) do
        table.insert(expressions, ("math.%s(%s)"):format(name, literal(x)))
      end
      assert.equal(#NUMBERS, check(expressions))
    end)
  end

  for _, form in ipairs(OF_TWO) do
    it(("%s gives what another library gives"):format(form:format("x", "y")), function()
      local expressions = {}
      for _, x in ipairs(NUMBERS) do
        for _, y in ipairs { 2.0, 0.5, -3.0, 7.5 } do
          table.insert(expressions, form:format(literal(x), literal(y)))
        end
      end
      assert.equal(4 * #NUMBERS, check(expressions))
    end)
  end
end)
