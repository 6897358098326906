--- Where a request comes from: country, continent, network, anonymisers, and whether the user can
-- have travelled there since the last grants.
--
-- MUST
--  1. raise whenever a database does not say what an argument asks for: false holds under `not`;
--  2. check all arguments before any of them decides.
local travel = require "travel"

local KINDS = {
  vpn = { fields = { "is_anonymous_vpn" }, text = "a VPN" },
  proxy = { fields = { "is_public_proxy", "is_residential_proxy" }, text = "a proxy" },
  tor = { fields = { "is_tor_exit_node" }, text = "Tor" },
  hosting = { fields = { "is_hosting_provider" }, text = "a hosting provider" },
}
local ALL_KINDS = { "vpn", "proxy", "tor", "hosting" }
-- What says nothing without another argument.
local BELONGS_TO = {
  anonymous_kinds = "not_anonymous", max_speed_kmh = "travel", min_distance_km = "travel",
  trusted_networks = "travel",
}

local function check_arguments(args)
  for name, other in pairs(BELONGS_TO) do
    if args[name] and not args[other] then
      error(("%s has a meaning only with %s: true"):format(name, other), 0)
    end
  end
  if not (args.countries or args.continents or args.asns or args.not_anonymous or args.travel) then
    error("nothing is asked: write countries, continents, asns, not_anonymous or travel", 0)
  end
  if args.max_speed_kmh == 0 then
    error("max_speed_kmh has to be more than 0", 0)
  end
end

-- "AS64500" for "64500" and "AS64500".
local function parse_asns(texts)
  local asns = {}
  for i, text in ipairs(texts or {}) do
    local number = text:match("^AS([1-9]%d*)$") or text:match("^([1-9]%d*)$")
    if not number or #number > 10 then
      error(("asns: %s is no number of a network; write AS64500"):format(text), 0)
    end
    asns[i] = "AS" .. number
  end
  return asns
end

-- Whether the value is in the list, and what was found; a value that is absent is no answer.
local function check_listed(value, list, ip, what)
  if value == nil then
    error(("no database knows the %s of %s"):format(what, ip), 0)
  end
  for _, wanted in ipairs(list) do
    if wanted == value then
      return true, value
    end
  end
  return false, ("%s is not among %s"):format(value, table.concat(list, ", "))
end

-- Whether it is no address of an anonymiser. Of all kinds is also what has no kind.
local function check_anonymity(place, kinds, ip)
  if place.is_anonymous == nil then
    error("no database of anonymisers knows of " .. ip, 0)
  end
  for _, kind in ipairs(kinds or ALL_KINDS) do
    for _, field in ipairs(KINDS[kind].fields) do
      if place[field] then
        return false, ("%s belongs to %s"):format(ip, KINDS[kind].text)
      end
    end
  end
  if not kinds and place.is_anonymous then
    return false, ip .. " belongs to an anonymiser"
  end
  return true, ip .. " belongs to no anonymiser"
end

local function check_place(args, asns, ip, host)
  local place = host.geoip(ip)
  local holds, detail = true, nil
  if args.countries then
    holds, detail = check_listed(place.country, args.countries, ip, "country")
  end
  if holds and args.continents then
    holds, detail = check_listed(place.continent, args.continents, ip, "continent")
  end
  if holds and args.asns then
    local asn = place.asn and ("AS%d"):format(place.asn)
    holds, detail = check_listed(asn, asns, ip, "network")
  end
  if holds and args.not_anonymous then
    holds, detail = check_anonymity(place, args.anonymous_kinds, ip)
  end
  return holds, detail
end

return function(args, request, host)
  check_arguments(args)
  local asns, ip = parse_asns(args.asns), request.source_ip
  local can_travel, way = true, nil
  if args.travel then
    can_travel, way = travel.check(args, request, host)
  end
  local holds, detail = true, nil
  if args.countries or args.continents or args.asns or args.not_anonymous then
    holds, detail = check_place(args, asns, ip, host)
  end
  if not holds then
    return false, detail
  end
  return can_travel, way or detail
end
