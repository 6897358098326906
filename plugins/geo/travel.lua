--- Whether a user can have come from where earlier grants went to where this request comes from.
local cidr = require "cidr"
local distance = require "distance"
local s = require "sentinel"

local travel = {}

local SPEED_KMH, DISTANCE_KM = 1000, 500

-- Seconds of a time; fractions are cut off, so that a grant of this very second is not later.
local function seconds_of(moment)
  local now = s.time(moment, "UTC")
  if not now then
    error(("the time %s is beyond all calendars"):format(moment), 0)
  end
  local year = now.month <= 2 and now.year - 1 or now.year -- the year begins in March
  local day = (153 * ((now.month + 9) % 12) + 2) // 5 + now.day
  local days = 365 * year + year // 4 - year // 100 + year // 400 + day
  return ((days * 24 + now.hour) * 60 + now.min) * 60 + now.sec
end

local function parse_blocks(texts)
  local blocks = {}
  for i, text in ipairs(texts or {}) do
    local block, message = cidr.parse_block(text)
    blocks[i] = block or error("trusted_networks: " .. message, 0)
  end
  return blocks
end

local function is_trusted(ip, blocks)
  local address = cidr.parse_address(ip) or error(ip .. " is not an address", 0)
  for _, block in ipairs(blocks) do
    if cidr.is_in(address, block) then
      return true
    end
  end
  return false
end

-- The grants that say where the user was, newest first: {ip, seconds before the request}.
local function find_earlier(history, request, blocks)
  local earlier, now = {}, seconds_of(request.time)
  for _, grant in ipairs(history) do
    local ip = grant.source_ip
    if ip and not is_trusted(ip, blocks) then
      local seconds = now - seconds_of(grant.time)
      if seconds < 0 then
        error(("the grant of %s is later than the request of %s"):format(grant.time,
          request.time), 0)
      end
      earlier[#earlier + 1] = { ip = ip, seconds = seconds }
    end
  end
  return earlier
end

local function check_place(ip, place)
  if not place.latitude or not place.longitude then
    error("no database knows where " .. ip .. " is", 0)
  end
  return place
end

--- Whether the way is too long for the time, and its length in km: the least that it can have been.
-- @param limits {speed_kmh, distance_km}
function travel.is_impossible(here, there, seconds, limits)
  local km = distance.km(here, there) - (here.accuracy_km or 0) - (there.accuracy_km or 0)
  return km > limits.distance_km and km * 3600 > limits.speed_kmh * seconds, math.max(km, 0)
end

local function describe(km, step, place)
  return ("%s from %s%s in %s"):format(distance.format_km(km), step.ip,
    place.country and " (" .. place.country .. ")" or "", distance.format_time(step.seconds))
end

-- The places of the request and of each step, asked for at once.
local function find_places(request, earlier, host)
  local ips = { request.source_ip }
  for i, step in ipairs(earlier) do
    ips[i + 1] = step.ip
  end
  local places = { host.geoip(table.unpack(ips)) }
  for i, ip in ipairs(ips) do
    check_place(ip, places[i])
  end
  return places
end

--- Whether the request's place can have been reached from all places of earlier grants, and what
-- was found. Raises when that cannot be told.
function travel.check(args, request, host)
  local blocks = parse_blocks(args.trusted_networks)
  if is_trusted(request.source_ip, blocks) then
    return true, request.source_ip .. " is in a trusted network"
  end
  local earlier = find_earlier(host.history, request, blocks)
  local places = find_places(request, earlier, host)
  local limits = { speed_kmh = args.max_speed_kmh or SPEED_KMH,
    distance_km = args.min_distance_km or DISTANCE_KM }
  local detail = "no earlier place is known"
  for i, step in ipairs(earlier) do
    local is_impossible, km = travel.is_impossible(places[1], places[i + 1], step.seconds, limits)
    if is_impossible or i == 1 then
      detail = describe(km, step, places[i + 1])
    end
    if is_impossible then
      return false, detail
    end
  end
  return true, detail
end

return travel
