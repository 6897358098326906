--- The plugin geo in the built program, with databases made for these specs.
local bundle = require "spec.support.bundle"
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local publish = require "spec.support.publish"
local sandboxed = require "spec.support.sandboxed"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local function place(country, continent, latitude, longitude, radius)
  return { country = { iso_code = country }, continent = { code = continent },
    location = { latitude = latitude, longitude = longitude, accuracy_radius = radius or 10 } }
end

local ANONYMISERS = {
  ["198.51.100.64/32"] = { is_anonymous = true, is_anonymous_vpn = true },
  ["198.51.100.65/32"] = { is_anonymous = true, is_public_proxy = true },
  ["198.51.100.66/32"] = { is_anonymous = true, is_residential_proxy = true },
  ["198.51.100.67/32"] = { is_anonymous = true, is_tor_exit_node = true },
  ["198.51.100.68/32"] = { is_anonymous = true, is_hosting_provider = true },
  ["198.51.100.69/32"] = { is_anonymous = true },
}
local DATABASES = {
  ["city.mmdb"] = { type = "Test-City", networks = {
    ["198.51.100.0/24"] = place("GB", "EU", 51.5, -0.12),
    ["203.0.113.0/25"] = place("US", "NA", 40.7, -74.0),
    ["203.0.113.128/25"] = place("FJ", "OC", -17.8, 179.5),
    ["192.0.2.0/25"] = place("FJ", "OC", -17.8, -179.5),
    ["192.0.2.128/25"] = place("GB", "EU", 51.5, -0.12, 1000),
    ["2001:db8:1::/48"] = place("DE", "EU", 52.5, 13.4),
    ["2001:db8:2::/48"] = { location = { latitude = 1.0, longitude = 1.0 } },
    ["2001:db8:3::/48"] = { country = { iso_code = "DE" } },
  } },
  ["asn.mmdb"] = { type = "Test-ASN", networks = {
    ["198.51.100.0/24"] = { autonomous_system_number = 64500, autonomous_system_organization = "Example" },
  } },
  ["asn6.mmdb"] = { type = "Test-ASN", networks = {
    ["2001:db8:1::/48"] = { autonomous_system_number = 64501, autonomous_system_organization = "Six" },
  } },
  ["anonymous.mmdb"] = { type = "Test-Anonymous-IP", networks = ANONYMISERS },
  ["anonymous4.mmdb"] = { type = "Test-Anonymous-IP", ip_version = 4, networks = ANONYMISERS },
}
local LONDON, NEW_YORK, BERLIN = "198.51.100.7", "203.0.113.7", "2001:db8:1::7"
local ALL = { "city.mmdb", "asn.mmdb", "anonymous.mmdb" }
local NOON = "2026-01-19T12:00:00Z"

local function make_databases(folder)
  local source = files.write(folder .. "/databases.json", cjson.encode(DATABASES))
  local result = process.python { settings.source .. "/tests/tools/make_mmdb.py", source, folder }
  assert(result.status == 0, result.stderr)
end

-- The records of a grant, as the log has them; prev of the first (64 zeros: it begins the chain) has to be right only
-- where a file begins with it.
local function grant(index, time, ip, prev)
  local id = ("%016x"):format(index)
  local shape = '{"v":1,"chain":"a1b2c3d4-0000-4000-8000-0123456789ab","seq":%d,"prev":"%s","time":"%s","kind":"%s",'
    .. '"request_id":"%s","user":"alice","profile":"dev",%s}\n'
  prev = prev or ("0"):rep(64)
  return shape:format(2 * index - 1, prev, time, "decision", id,
    '"request":{"mode":"server"' .. (ip and (',"source_ip":"%s"'):format(ip) or "") .. "}")
    .. shape:format(2 * index, prev, time, "issued", id, '"role_arn":"arn:aws:iam::123456789012:role/Dev"')
end

describe("geo", function()
  local folder, home, faulty

  setup(function()
    folder = files.temporary_folder()
    make_databases(folder)
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
    files.remove(folder)
  end)

  before_each(function()
    home = world.new { endpoint = faulty.url }
    faulty:set {}
  end)

  after_each(function()
    home:remove()
  end)

  local function use(condition, options)
    options = options or {}
    local paths = {}
    for i, name in ipairs(options.databases or ALL) do
      paths[i] = name:find("^/") and name or folder .. "/" .. name
    end
    local before = options.before or ""
    bundle.write(home, {
      policy = 'version: "1"\nrules:\n' .. before
        .. ("  - {name: here, effect: %s, conditions: {%s}}\n"):format(options.effect or "allow", condition),
      plugins = { geo = { grant = options.grant or "geoip: true, history: true", files = bundle.shipped "geo" } },
      settings = ("geoip: {databases: [%s]}\n"):format(table.concat(paths, ", ")),
    })
  end

  local function explain(ip, time)
    local request = home:write("request.json", cjson.encode { user = "alice", profile = "dev",
      mode = "server", source_ip = ip, time = time or NOON })
    return expect.json(home:run { "explain", "--request", request, "--json" })
  end

  local function assert_holds(ip, time)
    local answer = explain(ip, time)
    assert.are.equal("allow", answer.effect, answer.trace[1].got)
  end

  local function assert_not(ip, detail, time)
    local answer = explain(ip, time)
    assert.are.equal("deny", answer.effect)
    assert.are.equal(cjson.null, answer.error, answer.trace[1].got)
    assert.are.equal("geo", answer.trace[1].failed)
    assert.are.equal(detail, answer.trace[1].got)
  end

  local function assert_error(ip, class, detail, time)
    local answer = explain(ip, time)
    assert.are.equal("deny", answer.effect)
    assert.are.equal(class, answer.error)
    assert.are.equal("geo", answer.failed_condition)
    assert.is_truthy(answer.trace[1].got:find(detail, 1, true), answer.trace[1].got)
    assert.is_nil(answer.trace[1].got:find(folder, 1, true))
  end

  local function write_log(...)
    local lines = {}
    for i, row in ipairs { ... } do
      lines[i] = grant(i, row[1], row[2])
    end
    files.write(home.log, table.concat(lines))
  end

  -- Closes it, and begins a new one with the same rows.
  local function close_log(...)
    local written = files.read(home.log)
    local last = written:match("([^\n]+)\n$")
    local seq = tonumber(last:match('"seq":(%d+)'))
    os.rename(home.log, (home.log:gsub("%.jsonl$", (".1-%d.jsonl"):format(seq))))
    local lines = {}
    for i, row in ipairs { ... } do
      lines[i] = grant(seq // 2 + i, row[1], row[2], i == 1 and publish.sha256(last))
    end
    files.write(home.log, table.concat(lines))
  end

  describe("by place and network", function()
    it("holds in the countries that are listed", function()
      use "geo: {countries: [GB, DE]}"
      assert_holds(LONDON)
      assert_holds(BERLIN)
      assert_not(NEW_YORK, "US is not among GB, DE")
    end)

    it("holds on the continents that are listed", function()
      use "geo: {continents: [EU]}"
      assert_holds(LONDON)
      assert_not(NEW_YORK, "NA is not among EU")
    end)

    it("holds in the networks that are listed, with or without AS", function()
      use 'geo: {asns: ["64500"]}'
      assert_holds(LONDON)
      use "geo: {asns: [AS64501, AS645]}"
      assert_not(LONDON, "AS64500 is not among AS64501, AS645")
    end)

    it("wants all of its arguments to hold", function()
      use "geo: {countries: [US], asns: [AS64500]}"
      assert_not(LONDON, "GB is not among US")
      use "geo: {countries: [GB], asns: [AS64500], not_anonymous: true, travel: true}"
      assert_holds(LONDON)
      assert_not("198.51.100.64", "198.51.100.64 belongs to a VPN")
    end)

    for name, condition in pairs { country = "countries: [GB]", continent = "continents: [EU]",
      network = "asns: [AS64500]" } do
      it("errs, also under not, when no database knows the " .. name, function()
        local ip = name == "network" and BERLIN or "2001:db8:2::1"
        local what = ("no database knows the %s of %s"):format(name, ip)
        use(("geo: {%s}"):format(condition))
        assert_error(ip, "plugin_error", what)
        use(("not: {geo: {%s}}"):format(condition))
        local answer = explain(ip)
        assert.are.equal("deny plugin_error", answer.effect .. " " .. answer.error)
      end)
    end

    it("denies for an address that no database knows, under not too", function()
      for _, ip in ipairs { "10.0.0.1", "127.0.0.1", "2001:db8:ffff::1" } do
        use "geo: {countries: [GB]}"
        assert_error(ip, "fact_unavailable", "no database knows the address")
        use "not: {geo: {countries: [GB]}}"
        assert.are.equal("fact_unavailable", explain(ip).error)
      end
    end)

    it("denies the decision, and not only the rule", function()
      use("geo: {countries: [GB]}", { effect = "deny" })
      assert.are.equal("fact_unavailable", explain("10.0.0.1").error)
      assert.are.equal("here", explain("10.0.0.1").rule)
    end)

    it("is unknown where the broker saw no address", function()
      use "geo: {countries: [GB]}"
      local answer = expect.json(home:run { "explain", "dev", "--user", "alice", "--json" })
      assert.are.equal("deny", answer.effect)
      assert.are.equal(cjson.null, answer.error)
      assert.are.equal("source_ip is not known", answer.trace[1].got)
      use("geo: {countries: [GB]}", { effect = "deny" })
      answer = expect.json(home:run { "explain", "dev", "--user", "alice", "--json" })
      assert.are.equal("fact_unknown", answer.error)
    end)

    it("denies without a database, and with one that is broken", function()
      use("geo: {countries: [GB]}", { databases = { "nosuch.mmdb" } })
      assert.are.equal("fact_unavailable", explain(LONDON).error)
      files.write(folder .. "/broken.mmdb", "this is no database")
      use("geo: {countries: [GB]}", { databases = { "city.mmdb", "broken.mmdb" } })
      assert.are.equal("fact_unavailable", explain(LONDON).error)
    end)

    it("denies without the bundle's grants", function()
      for _, given in ipairs { "history: true", "geoip: true" } do
        use("geo: {countries: [GB]}", { grant = given })
        assert.are.equal("fact_unavailable", explain(LONDON).error)
      end
    end)
  end)

  describe("against anonymisers", function()
    local kinds = { vpn = { 64 }, proxy = { 65, 66 }, tor = { 67 }, hosting = { 68 } }
    local names = { [64] = "a VPN", [65] = "a proxy", [66] = "a proxy", [67] = "Tor", [68] = "a hosting provider" }

    it("refuses every kind, and what has no kind", function()
      use "geo: {not_anonymous: true}"
      for last, name in pairs(names) do
        assert_not("198.51.100." .. last, ("198.51.100.%d belongs to %s"):format(last, name))
      end
      assert_not("198.51.100.69", "198.51.100.69 belongs to an anonymiser")
      assert_holds(LONDON)
      assert_holds(BERLIN)
    end)

    for kind, refused in pairs(kinds) do
      it("refuses only what is chosen: " .. kind, function()
        use(("geo: {not_anonymous: true, anonymous_kinds: [%s]}"):format(kind))
        local is_refused = {}
        for _, last in ipairs(refused) do
          is_refused[last] = true
        end
        for last = 64, 69 do
          assert.are.equal(is_refused[last] and "deny" or "allow", explain("198.51.100." .. last).effect, last)
        end
      end)
    end

    it("errs without a database of anonymisers", function()
      use("geo: {not_anonymous: true}", { databases = { "city.mmdb", "asn.mmdb" } })
      assert_error(LONDON, "plugin_error", "no database of anonymisers knows of " .. LONDON)
    end)

    it("needs no other database for what is listed, and none that it lists what is not", function()
      use("geo: {not_anonymous: true}", { databases = { "anonymous.mmdb" } })
      assert_not("198.51.100.64", "198.51.100.64 belongs to a VPN")
      assert_holds(LONDON)
      assert_holds(BERLIN)
      use("geo: {not_anonymous: true}", { databases = { "anonymous4.mmdb" } })
      assert_holds(LONDON)
      assert_error(BERLIN, "fact_unavailable", "no database knows the address")
      use("geo: {not_anonymous: true}", { databases = { "anonymous.mmdb", "nosuch.mmdb" } })
      assert.are.equal("fact_unavailable", explain(LONDON).error)
      use("geo: {countries: [GB]}", { databases = { "anonymous.mmdb" } })
      assert_error(LONDON, "plugin_error", "no database knows the country of " .. LONDON)
      use("geo: {travel: true}", { databases = { "anonymous.mmdb" } })
      write_log({ "2026-01-19T11:00:00Z", LONDON })
      assert.are.equal("plugin_error", explain(NEW_YORK).error)
    end)

    it("knows an address that only the database of anonymisers lists", function()
      use("geo: {not_anonymous: true}", { databases = { "asn6.mmdb", "anonymous.mmdb" } })
      assert_not("198.51.100.64", "198.51.100.64 belongs to a VPN")
      assert_error(LONDON, "fact_unavailable", "no database knows the address")
    end)

    it("errs where the database of anonymisers has only the other kind of addresses", function()
      use("geo: {not_anonymous: true}", { databases = { "city.mmdb", "anonymous4.mmdb" } })
      assert_not("198.51.100.64", "198.51.100.64 belongs to a VPN")
      assert_holds(LONDON)
      assert_error(BERLIN, "plugin_error", "no database of anonymisers knows of " .. BERLIN)
    end)
  end)

  describe("about travel", function()
    it("holds without earlier grants", function()
      use "geo: {travel: true}"
      assert_holds(LONDON)
    end)

    it("does not hold when nobody travels so fast", function()
      use "geo: {travel: true}"
      write_log({ "2026-01-19T11:48:00.500Z", LONDON })
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 12 min")
      assert_holds(NEW_YORK, "2026-01-19T23:48:00Z")
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 5 h", "2026-01-19T17:20:00Z")
    end)

    it("takes another speed and another least distance", function()
      write_log({ "2026-01-19T11:00:00Z", LONDON })
      use "geo: {travel: true, max_speed_kmh: 5550}"
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 60 min")
      use "geo: {travel: true, max_speed_kmh: 5552}"
      assert_holds(NEW_YORK)
      use "geo: {travel: true, min_distance_km: 5552}"
      assert_holds(NEW_YORK)
      use "geo: {travel: true, min_distance_km: 5550}"
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 60 min")
    end)

    it("takes equal times for impossible beyond the least distance, and only there", function()
      write_log({ "2026-01-19T12:00:00.900Z", LONDON })
      use "geo: {travel: true}"
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 0 s")
      assert_holds("198.51.100.9")
      use "geo: {travel: true, min_distance_km: 6000}"
      assert_holds(NEW_YORK)
    end)

    it("gives both accuracy radii to the traveller", function()
      write_log({ "2026-01-19T11:00:00Z", "192.0.2.200" })
      use "geo: {travel: true, max_speed_kmh: 4562}"
      assert_holds(NEW_YORK)
      use "geo: {travel: true, max_speed_kmh: 4560}"
      assert_not(NEW_YORK, "4,561 km from 192.0.2.200 (GB) in 60 min")
    end)

    it("goes the short way across the line where days change", function()
      write_log({ "2026-01-19T11:30:00Z", "203.0.113.200" })
      use "geo: {travel: true, min_distance_km: 50}"
      assert_holds("192.0.2.7")
    end)

    it("looks at all of the last grants, also behind one from the same place", function()
      use "geo: {travel: true}"
      write_log({ "2026-01-19T11:40:00Z", LONDON }, { "2026-01-19T11:50:00Z", NEW_YORK })
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 20 min")
      local rows = { { "2026-01-19T11:00:00Z", LONDON } }
      for i = 2, 8 do
        rows[i] = { ("2026-01-19T11:0%d:00Z"):format(i), "203.0.113." .. i }
      end
      write_log(table.unpack(rows))
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 60 min")
    end)

    it("looks back over the end of a closed segment", function()
      use "geo: {travel: true}"
      write_log({ "2026-01-19T11:40:00Z", LONDON })
      close_log()
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 20 min")
      write_log({ "2026-01-19T11:40:00Z", LONDON })
      close_log({ "2026-01-19T11:50:00Z", NEW_YORK })
      assert_not(NEW_YORK, "5,551 km from 198.51.100.7 (GB) in 20 min")
      os.remove((home.log:gsub("%.jsonl$", ".1-2.jsonl")))
      assert_error(NEW_YORK, "fact_unavailable", "records are missing")
    end)

    it("passes over grants without an address: those of one-shot commands", function()
      use("geo: {travel: true}", { before = "  - {name: one-shot, effect: allow, conditions: {mode: [credential_process]}}\n" })
      write_log({ "2026-01-19T11:00:00Z" })
      assert_holds(NEW_YORK)
      home:clear_log()
      expect.credentials(home:run { "credentials", "dev" })
      assert.are.equal("decision issued", home:kinds())
      local answer = explain(NEW_YORK, "2001-01-01T00:00:00Z") -- that grant is later
      assert.are.equal("here", answer.rule)
      assert.are.equal("allow", answer.effect)
    end)

    it("errs when a grant is later than the request", function()
      use "not: {geo: {travel: true}}"
      write_log({ "2026-01-19T12:00:01Z", LONDON })
      local answer = explain(LONDON)
      assert.are.equal("deny plugin_error", answer.effect .. " " .. answer.error)
      use "geo: {travel: true}"
      assert_error(LONDON, "plugin_error",
        "the grant of 2026-01-19T12:00:01Z is later than the request of " .. NOON)
    end)

    it("errs where a place is not known, of the request and of a grant", function()
      use "geo: {travel: true}"
      assert_error("2001:db8:3::1", "plugin_error", "no database knows where 2001:db8:3::1 is")
      write_log({ "2026-01-19T11:00:00Z", "2001:db8:3::1" })
      assert_error(LONDON, "plugin_error", "no database knows where 2001:db8:3::1 is")
      write_log({ "2026-01-19T11:00:00Z", "10.1.2.3" })
      assert_error(LONDON, "fact_unavailable", "no database knows the address")
    end)

    it("leaves out trusted networks on either side", function()
      use 'geo: {travel: true, trusted_networks: [10.0.0.0/8, "2001:db8:f::/48", 198.51.100.7/32]}'
      write_log({ "2026-01-19T11:59:00Z", LONDON }, { "2026-01-19T11:59:30Z", "10.1.2.3" },
        { "2026-01-19T11:59:40Z", "2001:db8:f::1" })
      assert_holds(NEW_YORK)
      write_log({ "2026-01-19T11:59:00Z", NEW_YORK })
      assert_holds(LONDON)
      assert_holds("::ffff:10.9.9.9")
      assert_not("198.51.100.8", "5,551 km from 203.0.113.7 (US) in 1 min")
    end)
  end)

  it("passes its own specs", function()
    expect.done(home:run { "test", settings.source .. "/plugins/geo" })
  end)

  it("refuses arguments that mean nothing", function()
    local rows = {
      ["asns: [ASX]"] = "ASX is no number of a network",
      ["asns: [AS0]"] = "AS0 is no number",
      ["travel: true, trusted_networks: [10.0.0.0]"] = "10.0.0.0 is no block of addresses",
      ["travel: true, trusted_networks: [10.0.0.1/8]"] = "10.0.0.1/8 has bits beyond the first 8",
      ["countries: [GB], max_speed_kmh: 900"] = "max_speed_kmh has a meaning only with travel: true",
      ["countries: [GB], anonymous_kinds: [tor]"] = "anonymous_kinds has a meaning only with not_anonymous: true",
      ["travel: false"] = "nothing is asked",
    }
    for arguments, wanted in pairs(rows) do
      use(("geo: {%s}"):format(arguments))
      assert_error(LONDON, "plugin_error", wanted)
    end
    use "geo: true"
    assert_error(LONDON, "plugin_error", "nothing is asked")
    for arguments, wanted in pairs {
      ["countries: [UK]"] = 'unknown value "UK"', ["continents: [Europe]"] = 'unknown value "Europe"',
      ["countries: []"] = "countries", ["travel: true, max_speed_kmh: 0"] = "a whole number from 1",
    } do
      use(("geo: {%s}"):format(arguments))
      expect.refused(home:run { "explain", "dev", "--user", "alice" }, 5, wanted)
    end
  end)

  it("says of MaxMind's own test databases what they say", function()
    local data = settings.source .. "/../shared/data/mmdb/"
    if not settings.exists(data .. "GeoIP2-City-Test.mmdb") then
      return pending(settings.skipped("MaxMind's test databases are not here", true))
    end
    use("geo: {countries: [AQ]}", { databases = { data .. "GeoIP2-City-Test.mmdb" } })
    for ip, country in pairs { ["2.125.160.216"] = "GB", ["216.160.83.56"] = "US", ["2001:218::"] = "JP" } do
      assert_not(ip, country .. " is not among AQ")
    end
    for _, ip in ipairs { "10.0.0.1", "192.168.1.1", "127.0.0.1", "fd00::1" } do
      assert_error(ip, "fact_unavailable", "no database knows the address")
    end
  end)
end)

-- The output of a Python program that is given on its standard input.
local function python(program)
  local result = process.python({ "-" }, { stdin = program })
  assert(result.status == 0, result.stderr)
  return result.stdout
end

describe("geo's distance", function()
  local distance = sandboxed.plugin("geo", sandboxed.sentinel) "distance"

  it("is Python's on 10,000 pairs, poles and antipodes among them", function()
    local rows = python [[
import math, random
rng = random.Random(20260119)
EDGES = [(90, 0), (-90, 0), (90, 180), (0, 180), (0, -180), (0, 0), (89.999999, 179.999999), (45, -180)]
def vector(lat, lon):
    lat, lon = math.radians(lat), math.radians(lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)
def km(a, b):
    u, v = vector(*a), vector(*b)
    cross = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    return 6371.0088 * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(u, v)))
def point():
    return rng.choice(EDGES) if rng.random() < 0.1 else (rng.uniform(-90, 90), rng.uniform(-180, 180))
for i in range(10000):
    a = point()
    b = point()
    if i % 10 == 0:  # antipodes, exactly and nearly
        b = (-a[0], a[1] - 180 if a[1] > 0 else a[1] + 180)
        if i % 20 == 0:
            b = (max(-90, min(90, b[0] + rng.uniform(-1e-6, 1e-6))), b[1])
    print(*map(repr, (*a, *b, km(a, b))))
]]
    local count = 0
    for a, b, c, d, wanted in rows:gmatch("(%S+) (%S+) (%S+) (%S+) (%S+)\n") do
      local km = distance.km({ latitude = tonumber(a), longitude = tonumber(b) },
        { latitude = tonumber(c), longitude = tonumber(d) })
      count = count + 1
      assert.is_true(math.abs(km - tonumber(wanted)) < 0.001, ("%s %s %s %s: %s, not %s"):format(a, b, c, d, km, wanted))
    end
    assert.are.equal(10000, count)
  end)

  it("is written for people", function()
    for km, text in pairs { [0] = "0 km", [999.4] = "999 km", [1000] = "1,000 km", [20015.1] = "20,015 km",
      [1234567] = "1,234,567 km" } do
      assert.are.equal(text, distance.format_km(km))
    end
    for seconds, text in pairs { [0] = "0 s", [59] = "59 s", [60] = "1 min", [7199] = "119 min", [7200] = "2 h",
      [172799] = "47 h", [172800] = "2 days" } do
      assert.are.equal(text, distance.format_time(seconds))
    end
  end)
end)

describe("geo's blocks of addresses", function()
  local cidr = sandboxed.plugin("geo", sandboxed.sentinel) "cidr"

  it("are Python's on random ones", function()
    local rows = python [[
import ipaddress, random
rng = random.Random(20260119)
def plain(address):
    return getattr(address, "ipv4_mapped", None) or address
for i in range(6000):
    width = rng.choice([32, 128])
    base = rng.getrandbits(width) & rng.getrandbits(width) if rng.random() < 0.5 else rng.getrandbits(width)
    bits = rng.randint(0, width)
    make = ipaddress.IPv4Address if width == 32 else ipaddress.IPv6Address
    network = ipaddress.ip_network((make(base), bits), strict=False)
    flipped = int(network.network_address) ^ (1 << rng.randrange(width) if rng.random() < 0.7 else 0)
    address = make(flipped)
    form = rng.choice([str, lambda a: a.exploded, lambda a: a.exploded.upper()])(address)
    if width == 32 and rng.random() < 0.3:
        form = "::ffff:" + form
    if rng.random() < 0.05:
        address, form = ipaddress.ip_address("::1"), "::1"
    print(network, form, plain(address) in network if plain(address).version == network.version else False)
]]
    local count, inside = 0, 0
    for network, address, wanted in rows:gmatch("(%S+) (%S+) (%S+)\n") do
      local block = assert(cidr.parse_block(network))
      local is_in = cidr.is_in(assert(cidr.parse_address(address), address), block)
      count, inside = count + 1, inside + (is_in and 1 or 0)
      assert.are.equal(wanted, is_in and "True" or "False", network .. " " .. address)
    end
    assert.are.equal(6000, count)
    assert.is_true(inside > 1000 and inside < 5000, inside)
  end)

  it("are of one kind of addresses", function()
    local four, six = assert(cidr.parse_address("0.0.0.0")), assert(cidr.parse_address("::"))
    for _, block in ipairs { "::/0", "::/33", "::/128" } do
      assert.is_false(cidr.is_in(four, assert(cidr.parse_block(block))), block)
    end
    for _, block in ipairs { "0.0.0.0/0", "0.0.0.0/31" } do
      assert.is_false(cidr.is_in(six, assert(cidr.parse_block(block))), block)
    end
    assert.is_true(cidr.is_in(four, assert(cidr.parse_block "0.0.0.0/0")))
  end)

  it("take as addresses what Python takes, and refuse what it refuses", function()
    local alphabet = { "0", "1", "9", "a", "F", "255", "256", "12345", ":", "::", ".", "1.2.3.4", "ffff", "g", " ", "%", "01" }
    math.randomseed(20260119)
    local texts = { "::", "1::", "::1", "1.2.3", "1.2.3.4.5", "::1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
      "1:2:3:4:5:6:7", "::ffff:1.2.3.4", "1::2::3", ":::", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "" }
    for i = 1, 4000 do
      local parts = {}
      for k = 1, math.random(1, 15) do
        parts[k] = alphabet[math.random(#alphabet)]
      end
      texts[#texts + 1] = i % 2 == 0 and table.concat(parts) or table.concat(parts, i % 4 == 1 and ":" or ".")
    end
    local answers = python(("import ipaddress, json\nfor text in json.loads(r'''%s'''):\n"
      .. "    try:\n        address = ipaddress.ip_address(text)\n"
      .. "        address = getattr(address, 'ipv4_mapped', None) or address\n"
      .. "        print(address.packed.hex() if '%%' not in text else '-')\n"
      .. "    except ValueError:\n        print('-')\n"):format(cjson.encode(texts)))
    local i, good = 0, 0
    for wanted in answers:gmatch("[^\n]+") do
      i = i + 1
      local bytes = cidr.parse_address(texts[i])
      local hex = bytes and bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end) or "-"
      good = good + (bytes and 1 or 0)
      assert.are.equal(wanted, hex, texts[i])
    end
    assert.are.equal(#texts, i)
    assert.is_true(good > 50, good)
  end)

  it("are written with their first address", function()
    for _, text in ipairs { "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "::/129", "10.0.0.1/8", "x/8",
      "2001:db8::1/32", "/8", "", "10.0.0.0/8 ", "10.0.0.0/-1" } do
      local block, message = cidr.parse_block(text)
      assert.is_nil(block, text)
      assert.is_string(message)
    end
  end)
end)

describe("geo's verdict on travel", function()
  local travel = sandboxed.plugin("geo", sandboxed.sentinel) "travel"
  local limits = { speed_kmh = 1000, distance_km = 500 }
  local pole, other_pole = { latitude = 90, longitude = 12 }, { latitude = -90, longitude = 0 }

  it("holds between the poles in 20 hours and 1 minute, and not in 20", function()
    assert.is_true((travel.is_impossible(pole, other_pole, 20 * 3600, limits)))
    assert.is_false((travel.is_impossible(pole, other_pole, 20 * 3600 + 60, limits)))
  end)

  it("knows a pole by any longitude", function()
    local is_impossible, km = travel.is_impossible(pole, { latitude = 90, longitude = -170 }, 0, limits)
    assert.is_false(is_impossible)
    assert.is_true(km < 0.001)
  end)
end)
