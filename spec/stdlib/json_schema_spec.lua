--- The descriptions of a policy's keys stand in one place, and none is missing there (descriptions.lua).
local modules = require "spec.support.modules"

local schema, descriptions = modules.load "schema", modules.load "descriptions"

-- Calls visit(what, key) for every key of every map, once.
local function each_key(shape, visit, seen)
  if type(shape) ~= "table" or seen[shape] then
    return
  end
  seen[shape] = true
  for _, row in ipairs(shape.keys or {}) do
    if row[2].type ~= "refused" then
      visit(shape.what, row[1])
    end
    each_key(row[2], visit, seen)
  end
  each_key(shape.of, visit, seen)
end

describe("the description of every key", function()
  it("is there, and of no other", function()
    local count = 0
    local function visit(what, key)
      count = count + 1
      local text = descriptions[what] and descriptions[what][key]
      assert.is_truthy(text, ("%s.%s has no description"):format(what, key))
      assert.is_truthy(text:find("^[%u*].*%.$"), ("%s.%s: a sentence is wanted"):format(what, key))
    end
    local seen = {}
    each_key(schema.policy, visit, seen)
    each_key(schema.conditions, visit, seen)
    local written = 0
    for _, map in pairs(descriptions) do
      for _ in pairs(map) do
        written = written + 1
      end
    end
    assert.equal(written, count)
  end)
end)
