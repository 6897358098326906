local LONDON, NEW_YORK, UNKNOWN = "198.51.100.7", "203.0.113.7", "192.0.2.7"
local PLACES = {
  [LONDON] = { country = "GB", continent = "EU", latitude = 51.5, longitude = -0.12,
    accuracy_km = 10, asn = 64500, is_anonymous = false },
  [NEW_YORK] = { country = "US", continent = "NA", latitude = 40.7, longitude = -74.0,
    accuracy_km = 10, asn = 64501, is_anonymous = true, is_anonymous_vpn = true },
  ["2001:db8::1"] = { organisation = "Example" },
  [UNKNOWN] = false, -- no database knows it
}

local function from(ip)
  return { user = "alice", source_ip = ip }
end

local function check(args, ip, wanted, wanted_detail)
  local verdict, detail = plugin(args, from(ip))
  assert.equal(wanted, verdict, detail)
  if wanted_detail then
    assert.equal(wanted_detail, detail)
  end
end

local function check_error(args, ip, class, pattern)
  local verdict, detail, got = plugin(args, from(ip))
  assert.is_nil(verdict)
  assert.equal(class, got, detail)
  if pattern then
    assert.matches(pattern, detail)
  end
end

describe("geo", function()
  before_each(function()
    freeze("2026-01-19T12:00:00Z")
    mock.geoip(PLACES)
    mock.history { alice = {} }
  end)

  it("holds where the place is listed", function()
    check({ countries = { "GB", "DE" } }, LONDON, true)
    check({ continents = { "EU" } }, LONDON, true)
    check({ asns = { "AS64500" } }, LONDON, true)
    check({ asns = { "64500" } }, LONDON, true)
    check({ not_anonymous = true }, LONDON, true)
    check({ not_anonymous = true, anonymous_kinds = { "tor" } }, NEW_YORK, true)
    check({ countries = { "GB" }, asns = { "AS64500" }, not_anonymous = true }, LONDON, true)
  end)

  it("does not hold elsewhere", function()
    check({ countries = { "GB", "DE" } }, NEW_YORK, false, "US is not among GB, DE")
    check({ continents = { "EU" } }, NEW_YORK, false, "NA is not among EU")
    check({ asns = { "AS64500" } }, NEW_YORK, false, "AS64501 is not among AS64500")
    check({ not_anonymous = true }, NEW_YORK, false, NEW_YORK .. " belongs to a VPN")
    check({ countries = { "US" }, asns = { "AS1" } }, LONDON, false, "GB is not among US")
  end)

  it("denies by an error when the databases do not say", function()
    check_error({ countries = { "GB" } }, "2001:db8::1", "plugin_error", "country")
    check_error({ continents = { "EU" } }, "2001:db8::1", "plugin_error", "continent")
    check_error({ asns = { "AS64500" } }, "2001:db8::1", "plugin_error", "network")
    check_error({ not_anonymous = true }, "2001:db8::1", "plugin_error", "anonymisers")
    check_error({ travel = true }, "2001:db8::1", "plugin_error", "where")
  end)

  it("denies when the fact cannot be had", function()
    check_error({ countries = { "GB" } }, UNKNOWN, "fact_unavailable")
    check_error({ travel = true }, UNKNOWN, "fact_unavailable")
  end)

  it("denies by an error when the arguments mean nothing", function()
    check_error({ asns = { "Example" } }, LONDON, "plugin_error", "AS64500")
    check_error({ travel = true, trusted_networks = { "10.0.0.1/8" } }, LONDON, "plugin_error",
      "beyond")
    check_error({ travel = false }, LONDON, "plugin_error", "nothing is asked")
  end)

  it("denies on a time-out", function()
    mock.plugin("geo", "timeout")
    check_error({ countries = { "GB" } }, LONDON, "plugin_timeout")
  end)

  it("is unknown without an address", function()
    local verdict, detail, class = plugin({ countries = { "GB" } }, { user = "alice" })
    assert.is_nil(verdict)
    assert.is_nil(class)
    assert.equal("source_ip is not known", detail)
  end)

  context("about travel", function()
    local function came_from(...)
      mock.history { alice = { ... } }
    end

    it("holds without earlier grants, and without an address of theirs", function()
      check({ travel = true }, NEW_YORK, true, "no earlier place is known")
      came_from({ time = "2026-01-19T11:59:00Z", profile = "prod" })
      check({ travel = true }, NEW_YORK, true, "no earlier place is known")
    end)

    it("does not hold when nobody travels so fast", function()
      came_from({ time = "2026-01-19T11:48:00.120Z", profile = "prod", source_ip = LONDON })
      check({ travel = true }, NEW_YORK, false, "5,551 km from 198.51.100.7 (GB) in 12 min")
      check({ travel = true }, LONDON, true, "0 km from 198.51.100.7 (GB) in 12 min")
    end)

    it("holds when there was time enough", function()
      came_from({ time = "2026-01-19T05:00:00Z", profile = "prod", source_ip = LONDON })
      check({ travel = true }, NEW_YORK, true, "5,551 km from 198.51.100.7 (GB) in 7 h")
      check({ travel = true, max_speed_kmh = 700 }, NEW_YORK, false)
      check({ travel = true, max_speed_kmh = 700, min_distance_km = 6000 }, NEW_YORK, true)
    end)

    it("looks at all of the last grants", function()
      came_from({ time = "2026-01-19T11:50:00Z", profile = "dev", source_ip = NEW_YORK },
        { time = "2026-01-19T11:40:00Z", profile = "prod", source_ip = LONDON })
      check({ travel = true }, NEW_YORK, false, "5,551 km from 198.51.100.7 (GB) in 20 min")
    end)

    it("denies by an error when a grant is later than the request", function()
      came_from({ time = "2026-01-19T12:00:01Z", profile = "prod", source_ip = LONDON })
      check_error({ travel = true }, LONDON, "plugin_error", "later than the request")
    end)

    it("leaves out trusted networks on either side", function()
      came_from({ time = "2026-01-19T11:48:00Z", profile = "prod", source_ip = LONDON })
      local trusted = { "198.51.100.0/24", "2001:db8::/32" }
      check({ travel = true, trusted_networks = trusted }, NEW_YORK, true,
        "no earlier place is known")
      came_from({ time = "2026-01-19T11:48:00Z", profile = "prod", source_ip = NEW_YORK })
      check({ travel = true, trusted_networks = trusted }, LONDON, true,
        LONDON .. " is in a trusted network")
    end)

    it("denies when an earlier place cannot be had", function()
      came_from({ time = "2026-01-19T11:48:00Z", profile = "prod", source_ip = UNKNOWN })
      check_error({ travel = true }, LONDON, "fact_unavailable")
    end)
  end)
end)
