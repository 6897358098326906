--- How far apart two places are, and texts for people about it.
local distance = {}

local EARTH_KM = 6371.0088 -- mean radius (IUGG)

--- The great-circle distance in km between {latitude, longitude} in degrees (haversine formula).
-- Rounding can lift the sine of half the angle above 1 between antipodes.
function distance.km(a, b)
  local from, to = math.rad(a.latitude), math.rad(b.latitude)
  local up = math.sin((to - from) / 2)
  local across = math.sin(math.rad(b.longitude - a.longitude) / 2)
  local square = up * up + math.cos(from) * math.cos(to) * across * across
  return 2 * EARTH_KM * math.asin(math.sqrt(math.min(1, math.max(0, square))))
end

--- "2,400 km"
function distance.format_km(km)
  local digits = ("%.0f"):format(km)
  local count
  repeat
    digits, count = digits:gsub("^(%d+)(%d%d%d)", "%1,%2")
  until count == 0
  return digits .. " km"
end

--- "12 min": whole units, rounded down.
function distance.format_time(seconds)
  if seconds < 60 then
    return seconds .. " s"
  elseif seconds < 2 * 3600 then
    return seconds // 60 .. " min"
  elseif seconds < 2 * 86400 then
    return seconds // 3600 .. " h"
  end
  return seconds // 86400 .. " days"
end

return distance
