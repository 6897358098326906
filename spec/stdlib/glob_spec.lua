--- Patterns against patterns (lua/stdlib/glob.lua) and windows against windows (week.lua).
local modules = require "spec.support.modules"

local glob, week = modules.load "glob", modules.load "week"

-- Every text of at most that many of these characters.
local function all_texts(characters, longest)
  local all, last = { "" }, { "" }
  for _ = 1, longest do
    local longer = {}
    for _, text in ipairs(last) do
      for character in characters:gmatch(".") do
        longer[#longer + 1] = text .. character
      end
    end
    table.move(longer, 1, #longer, #all + 1, all)
    last = longer
  end
  return all
end

describe("two patterns", function()
  local patterns = all_texts("a/?*", 4)
  local texts = all_texts("ab/", 6)
  local fits = {}
  for _, pattern in ipairs(patterns) do
    local set = {}
    for _, text in ipairs(texts) do
      set[text] = modules.glob(pattern, text) or nil
    end
    fits[pattern] = set
  end

  it("overlap where some text fits both, and only there", function()
    for _, p in ipairs(patterns) do
      for _, q in ipairs(patterns) do
        local has_common = false
        for text in pairs(fits[p]) do
          has_common = has_common or fits[q][text] ~= nil
        end
        if has_common ~= glob.overlaps(p, q) then
          error(("%s and %s: %s"):format(p, q, has_common and "they overlap" or "they do not"))
        end
      end
    end
  end)

  it("contain each other only where every text does, and where that is so", function()
    for _, p in ipairs(patterns) do
      for _, q in ipairs(patterns) do
        local is_in = true
        for text in pairs(fits[q]) do
          is_in = is_in and fits[p][text] ~= nil
        end
        if is_in ~= glob.contains(p, q) then
          error(("%s, %s: %s"):format(p, q, is_in and "it contains it" or "it does not"))
        end
      end
    end
  end)

  -- Trying every way to split the text would not end before the suite's limit.
  it("are decided however many stars they have", function()
    local p, q = ("a*"):rep(250), ("*a"):rep(250) .. "b"
    assert.is_false(glob.contains(p, q))
    assert.is_false(glob.overlaps(p .. "c", q))
  end)
end)

describe("windows of a week", function()
  local function spans(days, from, to)
    local value, set = { days = days, hours = from and { start = from, ["end"] = to } }, {}
    for _, day in ipairs(days or {}) do
      set[day] = true
    end
    return week.spans(value, set)
  end

  it("wrap past midnight and past Sunday", function()
    assert.same({ 0, 360, 10020, 10080 }, spans({ "sunday" }, 1380, 360))
    assert.same({ 1380, 1800 }, spans({ "monday" }, 1380, 360))
    assert.same({ 0, 10080 }, spans(nil, 0, 1440))
    assert.same({ 0, 2880 }, spans({ "tuesday", "monday" }))
    assert.equal(420, week.longest(spans({ "sunday" }, 1380, 360)))
    assert.equal(480, week.longest(spans({ "monday", "friday" }, 540, 1020)))
  end)

  it("have complements, overlaps and parts", function()
    local nine_to_five = spans(nil, 540, 1020)
    assert.is_false(week.overlaps(nine_to_five, week.complement(nine_to_five)))
    assert.is_false(week.overlaps(nine_to_five, spans(nil, 1020, 540)))
    assert.is_true(week.overlaps(nine_to_five, spans(nil, 1019, 1020)))
    assert.is_true(week.contains(nine_to_five, spans({ "friday" }, 540, 1020)))
    assert.is_false(week.contains(nine_to_five, spans({ "friday" }, 540, 1021)))
    assert.is_true(week.is_all(week.complement({})))
  end)

  it("of other zones are apart only when days are between them", function()
    local monday = week.widen(spans({ "monday" }))
    assert.is_true(week.overlaps(monday, spans({ "wednesday" }, 0, 60)))
    assert.is_true(week.overlaps(monday, spans({ "saturday" })))
    assert.is_false(week.overlaps(monday, spans({ "thursday" })))
    assert.is_true(week.is_all(week.widen(spans(nil, 540, 541))))
  end)
end)
