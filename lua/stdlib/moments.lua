--- Moments at which the conditions on time of a policy have different verdicts: one for every
-- combination of verdicts that some moment of a year has.
--
-- Verdicts change only where a clock of one of the zones shows an edge of a window or midnight, and
-- where its offset changes. Weeks in which all clocks go alike have the same verdicts.
local moments = {}

local MINUTE_S <const>, DAY_S <const> = 60, 24 * 3600
local WEEK_S <const> = 7 * DAY_S
local WEEKS = 53

--- The last second of the year 9999: no request is later.
moments.LAST = 253402300799

local function offset_of(zone, epoch)
  local here = host.local_time(zone, epoch)
  return here and here.offset or 0
end

-- The zones in which something is asked, each with the minutes of the day at which it may change.
local function edges_by_zone(conditions)
  local zones, edges = {}, {}
  for _, condition in ipairs(conditions) do
    local of_zone = edges[condition.zone]
    if not of_zone then
      of_zone = { [0] = true }
      edges[condition.zone] = of_zone
      zones[#zones + 1] = condition.zone
    end
    local hours = condition.value.hours
    if hours then
      of_zone[hours.start], of_zone[hours["end"]] = true, true
    end
  end
  return zones, edges
end

-- The offsets of a zone at the beginnings of the week's days and at its end.
local function offsets_in(zone, start)
  local offsets = {}
  for day = 0, 7 do
    offsets[day + 1] = offset_of(zone, start + day * DAY_S)
  end
  return offsets
end

-- The second at which the offset, which is another one a day later, changes.
local function find_change(zone, epoch)
  local before, low, high = offset_of(zone, epoch), epoch, epoch + DAY_S
  while high - low > 1 do
    local middle = (low + high) // 2
    if offset_of(zone, middle) == before then
      low = middle
    else
      high = middle
    end
  end
  return high
end

-- Adds the moments of a week at which a zone's clock shows an edge, in each of its offsets.
local function add_moments(out, zone, edges, start, offsets)
  local seen = {}
  for day, offset in ipairs(offsets) do
    if day > 1 and offset ~= offsets[day - 1] then
      out[#out + 1] = find_change(zone, start + (day - 2) * DAY_S)
    end
    if not seen[offset] then
      seen[offset] = true
      local midnight = (start + offset) // DAY_S * DAY_S - offset
      for number = 0, 7 do
        for minute in pairs(edges) do
          out[#out + 1] = midnight + number * DAY_S + minute * MINUTE_S
        end
      end
    end
  end
end

--- Moments, in seconds since 1970, in order; the base is the first.
-- @param conditions on time, compiled (conditions.lua)
-- @param base seconds since 1970: the year begins there
function moments.of(conditions, base)
  local zones, edges = edges_by_zone(conditions)
  local out, known = {}, {}
  for week = 0, WEEKS - 1 do
    local start, key, offsets = base + week * WEEK_S, {}, {}
    for i, zone in ipairs(zones) do
      offsets[i] = offsets_in(zone, start)
      key[i] = table.concat(offsets[i], ",")
    end
    key = table.concat(key, ";")
    if not known[key] then
      known[key] = true
      for i, zone in ipairs(zones) do
        add_moments(out, zone, edges[zone], start, offsets[i])
      end
    end
  end
  table.sort(out)
  local later = { base }
  for _, moment in ipairs(out) do
    if moment > later[#later] and moment <= moments.LAST then
      later[#later + 1] = moment
    end
  end
  return later
end

return moments
