--- `sentinel who-can`: the ways in (ways.lua) as JSON. The core checks the answer, and asks an
-- ordinary evaluation for every request in it.
--
-- The answer is {"ways":[{"rule","user","request":{...},"assumed":[{"condition","holds"}],
-- "conditions":[text]}],"exact":bool}; exact says that there are no other ways.
local text = require "sentinel.text"
local ways = require "sentinel.ways"

local who_can = {}

-- The frame of the answer holds no more.
local BYTES_MAX = 200000

local CHOICES = 200000
local TEXT_MAX = 300

-- What is kept for writing the answer.
local FUEL_KEPT = 8000000

local function encode_list(list, encode)
  local parts = {}
  for i, item in ipairs(list) do
    parts[i] = encode(item)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function short(value)
  return host.json_text(text.cut(value, TEXT_MAX))
end

local function encode_assumed(assumed)
  return ('{"condition":%s,"holds":%s}'):format(short(assumed.condition), tostring(assumed.holds))
end

local function encode_way(way)
  return ('{"rule":%s,"user":%s,"request":%s,"assumed":%s,"conditions":%s}'):format(
    host.json_text(way.rule), short(way.user), host.json_encode(way.request),
    encode_list(way.assumed, encode_assumed), encode_list(way.words, short))
end

--- The answer when nothing could be looked at.
who_can.NOTHING = '{"ways":[],"exact":false}'

--- @param question {profile, time = RFC 3339, ever, mode = or nil, targets = list or nil}
function who_can.answer(policy, question)
  local settings = { profile = question.profile, time = host.parse_time(question.time),
    is_ever = question.ever, mode = question.mode, targets = question.targets }
  local found, is_exact = ways.find(policy, settings, { left = CHOICES }, function()
    return host.fuel_left() > FUEL_KEPT
  end)
  local parts, size = {}, 0
  for _, way in ipairs(found) do
    local json = encode_way(way)
    size = size + #json + 1
    if size > BYTES_MAX then
      is_exact = false
      break
    end
    parts[#parts + 1] = json
  end
  return ('{"ways":[%s],"exact":%s}'):format(table.concat(parts, ","), tostring(is_exact))
end

return who_can
