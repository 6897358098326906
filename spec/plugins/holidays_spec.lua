--- The plugin holidays in the built program, and its calendar against python-dateutil.
local bundle = require "spec.support.bundle"
local cjson = require "cjson"
local expect = require "spec.support.expect"
local process = require "spec.support.process"
local sandboxed = require "spec.support.sandboxed"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

-- A calendar of events, each a text of lines.
local function calendar_of(...)
  local lines = { "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN" }
  for i, event in ipairs { ... } do
    lines[#lines + 1] = ("BEGIN:VEVENT\nUID:%d@example.com\n%s\nEND:VEVENT"):format(i, event)
  end
  lines[#lines + 1] = "END:VCALENDAR\n"
  return table.concat(lines, "\n")
end

local function day(date, more)
  return ("DTSTART;VALUE=DATE:%s%s"):format(date, more and "\n" .. more or "")
end

local NEW_YEAR = calendar_of(day("20260101", "SUMMARY:Neujahr"))

describe("holidays", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function use(text, options)
    options = options or {}
    os.remove(home.home .. "/bundle/calendars/de.ics")
    bundle.write(home, {
      policy = ('version: "1"\nrules:\n  - {name: work, effect: %s, conditions: {%s}}\n'):format(
        options.effect or "allow", options.condition or "holidays: {calendars: [calendars/de.ics]}"),
      plugins = { holidays = { grant = options.grant or 'files: ["calendars/*.ics"]',
        files = bundle.shipped "holidays" } },
      files = options.files or { ["calendars/de.ics"] = text },
    })
  end

  local function explain(time)
    return expect.json(home:run { "explain", "dev", "--user", "alice", "--time", time, "--json" })
  end

  local function effect(date)
    local answer = explain(#date == 10 and date .. "T12:00:00Z" or date)
    assert.are.equal(cjson.null, answer.error, answer.trace[1].got)
    return answer.effect
  end

  local function assert_error(wanted, time, class)
    local answer = explain(time or "2026-01-19T12:00:00Z")
    assert.are.equal("deny", answer.effect)
    assert.are.equal(class or "plugin_error", answer.error)
    assert.are.equal("holidays", answer.failed_condition)
    assert.is_truthy(answer.trace[1].got:find(wanted, 1, true), answer.trace[1].got)
  end

  it("pass their own specs", function()
    expect.done(home:run { "test", settings.source .. "/plugins/holidays" })
  end)

  it("hold on a day of the calendar, and on no other", function()
    use(NEW_YEAR)
    assert.are.equal("allow", effect "2026-01-01")
    assert.are.equal("deny", effect "2026-01-02")
    assert.are.equal("2026-01-02 is no holiday", explain("2026-01-02T12:00:00Z").trace[1].got)
    assert.are.equal("deny", effect "2025-12-31")
    assert.are.equal("deny", effect "2027-01-01")
  end)

  it("close a rule under not", function()
    use(NEW_YEAR, { condition = "not: {holidays: {calendars: [calendars/de.ics]}}" })
    assert.are.equal("deny", effect "2026-01-01")
    assert.are.equal("Neujahr", explain("2026-01-01T12:00:00Z").trace[1].got)
    assert.are.equal("allow", effect "2026-01-02")
  end)

  it("begin and end at midnight of the zone", function()
    use(NEW_YEAR)
    assert.are.equal("deny", effect "2025-12-31T23:59:59Z")
    assert.are.equal("allow", effect "2026-01-01T00:00:00Z")
    for zone, times in pairs {
      ["Europe/Berlin"] = { "2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z", "2026-01-01T22:59:59Z", "2026-01-01T23:00:00Z" },
      ["America/New_York"] = { "2026-01-01T04:59:59Z", "2026-01-01T05:00:00Z", "2026-01-02T04:59:59Z", "2026-01-02T05:00:00Z" },
    } do
      use(NEW_YEAR, { condition = ("holidays: {calendars: [calendars/de.ics], zone: %s}"):format(zone) })
      assert.are.equal("deny", effect(times[1]))
      assert.are.equal("allow", effect(times[2]))
      assert.are.equal("allow", effect(times[3]))
      assert.are.equal("deny", effect(times[4]))
    end
  end)

  it("come from any of several calendars, all of which are read", function()
    local condition = "holidays: {calendars: [calendars/de.ics, calendars/us.ics]}"
    local files = { ["calendars/de.ics"] = NEW_YEAR, ["calendars/us.ics"] = calendar_of(day "20260704") }
    use(nil, { condition = condition, files = files })
    assert.are.equal("allow", effect "2026-01-01")
    assert.are.equal("allow", effect "2026-07-04")
    assert.are.equal("deny", effect "2026-07-05")
    files["calendars/us.ics"] = "<html>"
    use(nil, { condition = condition, files = files })
    assert_error("calendars/us.ics:1: this is no line of iCalendar", "2026-01-01T12:00:00Z")
  end)

  it("deny when the calendar is not there, or not granted", function()
    use(NEW_YEAR, { grant = 'files: ["calendars/us.ics"]' })
    assert_error("the bundle has and grants", nil, "fact_unavailable")
    use(nil, { files = { ["calendars/us.ics"] = NEW_YEAR } })
    assert_error('file "calendars/de.ics" could not be had', nil, "fact_unavailable")
    use(nil, { condition = "not: {holidays: {calendars: [calendars/de.ics]}}", files = { ["calendars/us.ics"] = NEW_YEAR } })
    assert.are.equal("deny fact_unavailable", table.concat({ explain("2026-01-19T12:00:00Z").effect,
      explain("2026-01-19T12:00:00Z").error }, " "))
    use(NEW_YEAR, { condition = "holidays: true" })
    expect.refused(home:run { "explain", "dev", "--user", "alice" }, 5, "holidays")
    use(NEW_YEAR, { condition = "holidays: {calendars: [calendars/de.ics], zone: Europe/Berln}" })
    expect.refused(home:run { "explain", "dev", "--user", "alice" }, 5, "Europe/Berln")
  end)

  it("deny the whole decision for a calendar that is not understood", function()
    use(calendar_of(day("20260101", "RRULE:FREQ=MONTHLY")), { effect = "deny" })
    assert_error("calendars/de.ics:7: RRULE: a rule with FREQ=MONTHLY is not understood")
    assert.are.equal("work", explain("2026-01-19T12:00:00Z").rule)
  end)

  it("err in a year that the calendar does not reach, where that is asked for", function()
    local condition = "holidays: {calendars: [calendars/de.ics], covers_year: true}"
    use(NEW_YEAR, { condition = condition })
    assert.are.equal("deny", effect "2026-05-05")
    assert_error("calendars/de.ics has no holiday in 2027", "2027-05-05T12:00:00Z")
    use(calendar_of(day("20260101", "RRULE:FREQ=YEARLY;UNTIL=20280101")), { condition = condition })
    assert.are.equal("deny", effect "2028-05-05")
    assert_error("has no holiday in 2029", "2029-05-05T12:00:00Z")
    assert_error("has no holiday in 2025", "2025-05-05T12:00:00Z")
  end)

  it("read 50 KB within the plugin's fuel, in several rules, and in one second", function()
    local events = {}
    for i = 1, 300 do
      local date = ("%02d%02d"):format(i % 12 + 1, i % 28 + 1)
      local more = "DTSTAMP:20260101T000000Z\nTRANSP:TRANSPARENT\nSUMMARY;LANGUAGE=en:Day\\, one of many"
      events[i] = i % 2 == 0 and day("2026" .. date, more)
        or day("2000" .. date, more .. ("\nRRULE:FREQ=YEARLY;BYMONTH=%d;BYMONTHDAY=%d"):format(i % 12 + 1, i % 28 + 1))
    end
    local text = calendar_of(table.unpack(events))
    assert.is_true(#text > 50000 and #text < 60000, #text)
    use(text, { condition = "not: {holidays: {calendars: [calendars/de.ics]}}, "
      .. "any: [{holidays: {calendars: [calendars/de.ics]}}, {users: [alice]}]" })
    assert.are.equal("allow", effect "2026-01-31")
    assert.are.equal("deny", effect "2026-01-13")
  end)
end)

-- A plugin's calendar under plain Lua; times in UTC become those of a zone an hour ahead.
local require_own = sandboxed.plugin("holidays", sandboxed.sentinel)
local calendar = require_own "calendar"
local days = require_own "days"

local function to_local(moment)
  local now = sandboxed.sentinel.time(moment, "UTC")
  now.hour = now.hour + 1
  if now.hour == 24 then
    now.hour, now.day = 0, now.day + 1
  end
  return now
end

local function parse(text, zone)
  local is_read, result = pcall(calendar.parse, text, { zone = zone or "Here", to_local = to_local })
  if is_read then
    return result
  end
  assert(type(result) == "table", result)
  return nil, ("%d: %s"):format(result.line, result.message)
end

-- The dates of a year that are holidays, "0101 0102".
local function dates(text, year, zone)
  local holidays, found = assert(parse(text, zone)), {}
  for month = 1, 12 do
    for number = 1, days.in_month(year, month) do
      if calendar.find(holidays, { year = year, month = month, day = number }) then
        found[#found + 1] = ("%02d%02d"):format(month, number)
      end
    end
  end
  return table.concat(found, " ")
end

describe("a calendar of holidays", function()
  local rows = {
    { "one day", day "20260101", "0101" },
    { "DTEND is not part of it", day("20260101", "DTEND;VALUE=DATE:20260102"), "0101" },
    { "several days", day("20260101", "DTEND;VALUE=DATE:20260104"), "0101 0102 0103" },
    { "a day without length", day("20260101", "DTEND;VALUE=DATE:20260101"), "0101" },
    { "from the year before", day("20251230", "DTEND;VALUE=DATE:20260103"), "0101 0102" },
    { "a duration", day("20260227", "DURATION:P3D"), "0227 0228 0301" },
    { "a week", day("20260101", "DURATION:P1W"), "0101 0102 0103 0104 0105 0106 0107" },
    { "without VALUE", "DTSTART:20260101", "0101" },
    { "a time without zone", "DTSTART:20260101T230000\nDTEND:20260102T010000", "0101 0102" },
    { "a time that ends at midnight", "DTSTART:20260101T000000\nDTEND:20260102T000000", "0101" },
    { "a time of a zone", "DTSTART;TZID=Asia/Tokyo:20260101T000000", "0101" },
    { "a quoted zone", 'DTSTART;TZID="A;B:C,D":20260101T000000', "0101" },
    { "a time of UTC", "DTSTART:20251231T225959Z", "" },
    { "a time of UTC, of the next day here", "DTSTART:20251231T230000Z\nDTEND:20260101T230000Z", "0101" },
    { "a time with a duration", "DTSTART:20260101T200000\nDURATION:PT4H", "0101" },
    { "a time with a longer duration", "DTSTART:20260101T200000\nDURATION:P1DT4H1S", "0101 0102 0103" },
    { "every year", day("20200501", "RRULE:FREQ=YEARLY"), "0501" },
    { "not before its first year", day("20270501", "RRULE:FREQ=YEARLY"), "" },
    { "every other year", day("20250501", "RRULE:FREQ=YEARLY;INTERVAL=2"), "" },
    { "until a year before", day("20200501", "RRULE:FREQ=YEARLY;UNTIL=20250501"), "" },
    { "until that day", day("20200501", "RRULE:FREQ=YEARLY;UNTIL=20260501"), "0501" },
    { "until that time in UTC", "DTSTART;TZID=Here:20200501T000000\nRRULE:FREQ=YEARLY;UNTIL=20260430T230000Z", "0501" },
    { "until a second before it in UTC", "DTSTART;TZID=Here:20200501T000000\nRRULE:FREQ=YEARLY;UNTIL=20260430T225959Z", "" },
    { "until that time of its zone", "DTSTART;TZID=X:20200501T090000\nRRULE:FREQ=YEARLY;UNTIL=20260501T090000", "0501" },
    { "until a second before it", "DTSTART;TZID=X:20200501T090000\nRRULE:FREQ=YEARLY;UNTIL=20260501T085959", "" },
    { "until that time of no zone", "DTSTART:20200501T090000\nRRULE:FREQ=YEARLY;UNTIL=20260501T090000", "0501" },
    { "an exception with another time", "DTSTART:20260101T090000\nEXDATE:20260101T100000", "0101" },
    { "an exception with its time", "DTSTART:20260101T090000\nEXDATE:20260101T090000", "" },
    { "an exception in UTC", "DTSTART;TZID=Here:20260101T090000\nEXDATE:20260101T080000Z", "" },
    { "a further day in UTC", "DTSTART;TZID=Here:20260101T090000\nRDATE:20260107T080000Z", "0101 0107" },
    { "an end in UTC", "DTSTART;TZID=Here:20260101T200000\nDTEND:20260102T000000Z", "0101 0102" },
    { "days and a time", day("20260101", "DURATION:P1DT24H"), "0101 0102" },
    { "seven times", day("20200501", "RRULE:FREQ=YEARLY;COUNT=7"), "0501" },
    { "six times", day("20200501", "RRULE:FREQ=YEARLY;COUNT=6"), "" },
    { "the fourth Thursday", day("20201126", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"), "1126" },
    { "the last Monday", day("20200525", "RRULE:FREQ=YEARLY;BYDAY=-1MO;BYMONTH=5"), "0525" },
    { "several days every year", day("20201224", "DTEND;VALUE=DATE:20201227\nRRULE:FREQ=YEARLY"), "1224 1225 1226" },
    { "around New Year every year", day("20201231", "DURATION:P2D\nRRULE:FREQ=YEARLY"), "0101 1231" },
    { "an exception", day("20200501", "RRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20260501"), "" },
    { "further days", day("20200501", "RDATE;VALUE=DATE:20260502,20260503\nRDATE;VALUE=DATE:20260505"), "0502 0503 0505" },
    { "an exception of several days", day("20201224",
      "DURATION:P2D\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20261224"), "" },
    { "called off", day("20260101", "STATUS:CANCELLED"), "" },
    { "perhaps", day("20260101", "STATUS:TENTATIVE\nTRANSP:OPAQUE\nCLASS:PRIVATE\nX-A;B=c:d"), "0101" },
    { "in small letters", "dtstart;value=date:20260101", "0101" },
    { "a folded line", "DTSTART;VAL\n UE=DATE:2026\n\t0101", "0101" },
    { "with an alarm", day("20260101", "BEGIN:VALARM\nTRIGGER:-PT1H\nDURATION:bad\nDTSTART:bad\nEND:VALARM"), "0101" },
  }
  for _, row in ipairs(rows) do
    it("reads: " .. row[1], function()
      local text = calendar_of(row[2])
      assert.are.equal(row[3], dates(text, 2026))
      assert.are.equal(row[3], dates(text:gsub("\n", "\r\n"), 2026))
    end)
  end

  it("keeps a day that only leap years have", function()
    local text = calendar_of(day("20200229", "RRULE:FREQ=YEARLY"))
    assert.are.equal("", dates(text, 2026))
    assert.are.equal("0229", dates(text, 2028))
    assert.are.equal("", dates(text, 2100))
  end)

  it("gives the summary", function()
    for text, wanted in pairs { ["SUMMARY:Tag der Arbeit"] = "Tag der Arbeit", ["SUMMARY;LANGUAGE=de:A\\, B\\; C\\\\D\\nE"] =
      "A, B; C\\D E", ["CLASS:PUBLIC"] = "a holiday", ["SUMMARY:Allerhei\n ligen"] = "Allerheiligen" } do
      assert.are.equal(wanted, calendar.find(parse(calendar_of(day("20260501", text))), { year = 2026, month = 5, day = 1 }))
    end
  end)

  it("may begin with a byte order mark, be followed by empty lines, and hold other components", function()
    assert.are.equal("0101", dates("\xEF\xBB\xBF" .. NEW_YEAR .. "\n\r\n", 2026))
    local other = "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19701025T030000\n"
      .. "RRULE:FREQ=MONTHLY;BYSETPOS=1\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VTODO\nDTSTART:bad\nEND:VTODO\nBEGIN:VEVENT"
    assert.are.equal("0101", dates(NEW_YEAR:gsub("BEGIN:VEVENT", other), 2026))
    assert.are.equal("0101 0704", dates(NEW_YEAR .. calendar_of(day "20260704"), 2026))
  end)

  local refused = {
    ["BYSETPOS"] = { "RRULE:FREQ=YEARLY;BYDAY=MO;BYSETPOS=1" }, ["BYWEEKNO"] = { "RRULE:FREQ=YEARLY;BYWEEKNO=20" },
    ["BYYEARDAY"] = { "RRULE:FREQ=YEARLY;BYYEARDAY=1" }, ["BYHOUR"] = { "RRULE:FREQ=YEARLY;BYHOUR=1" },
    ["WKST"] = { "RRULE:FREQ=YEARLY;WKST=MO" }, ["an unknown part"] = { "RRULE:FREQ=YEARLY;X-A=1" },
    ["no FREQ"] = { "RRULE:BYMONTH=1" }, ["a weekly rule"] = { "RRULE:FREQ=WEEKLY" }, ["a daily rule"] = { "RRULE:FREQ=DAILY" },
    ["an empty rule"] = { "RRULE:" }, ["a part twice"] = { "RRULE:FREQ=YEARLY;FREQ=YEARLY" },
    ["an empty part"] = { "RRULE:FREQ=YEARLY;" }, ["INTERVAL=0"] = { "RRULE:FREQ=YEARLY;INTERVAL=0" },
    ["COUNT=0"] = { "RRULE:FREQ=YEARLY;COUNT=0" }, ["COUNT and UNTIL"] = { "RRULE:FREQ=YEARLY;COUNT=2;UNTIL=20270101" },
    ["BYMONTH=13"] = { "RRULE:FREQ=YEARLY;BYMONTH=13" }, ["BYMONTH=-1"] = { "RRULE:FREQ=YEARLY;BYMONTH=-1" },
    ["BYMONTHDAY=32"] = { "RRULE:FREQ=YEARLY;BYMONTHDAY=32" }, ["BYMONTHDAY=0"] = { "RRULE:FREQ=YEARLY;BYMONTHDAY=0" },
    ["BYDAY=XX"] = { "RRULE:FREQ=YEARLY;BYDAY=XX" }, ["BYDAY=0MO"] = { "RRULE:FREQ=YEARLY;BYDAY=0MO" },
    ["BYDAY=54MO"] = { "RRULE:FREQ=YEARLY;BYDAY=54MO" }, ["BYDAY=-MO"] = { "RRULE:FREQ=YEARLY;BYDAY=-MO" },
    ["BYDAY=MO,"] = { "RRULE:FREQ=YEARLY;BYDAY=MO," }, ["a bad UNTIL"] = { "RRULE:FREQ=YEARLY;UNTIL=2027" },
    ["COUNT of a rule that DTSTART does not fit"] = { "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=2;COUNT=3" },
    ["two rules"] = { "RRULE:FREQ=YEARLY\nRRULE:FREQ=YEARLY", 8 }, ["EXRULE"] = { "EXRULE:FREQ=YEARLY" },
    ["RECURRENCE-ID"] = { "RECURRENCE-ID;VALUE=DATE:20260101" },
    ["an end before the beginning"] = { "DTEND;VALUE=DATE:20251231" }, ["an end with a time"] = { "DTEND:20260102T000000" },
    ["two ends"] = { "DTEND;VALUE=DATE:20260102\nDTEND;VALUE=DATE:20260103", 8 },
    ["end and duration"] = { "DURATION:P1D\nDTEND;VALUE=DATE:20260103", 8 }, ["a negative duration"] = { "DURATION:-P1D" },
    ["an odd duration"] = { "DURATION:P1X" }, ["an empty duration"] = { "DURATION:P" }, ["a long duration"] = { "DURATION:P367D" },
    ["a duration of months"] = { "DURATION:P1M" }, ["minutes without T"] = { "DURATION:P1H30M" },
    ["a duration that ends with T"] = { "DURATION:P1DT" }, ["days after T"] = { "DURATION:PT1D" },
    ["UNTIL with a time, of a date"] = { "RRULE:FREQ=YEARLY;UNTIL=20270101T000000" },
    ["UNTIL in UTC, of a date"] = { "RRULE:FREQ=YEARLY;UNTIL=20270101T000000Z" },
    ["a duration in disorder"] = { "DURATION:P1DT1S1H" }, ["a duration of weeks and days"] = { "DURATION:P1WP1D" },
    ["a second beginning"] = { "DTSTART;VALUE=DATE:20260102" }, ["EXDATE with a time"] = { "EXDATE:20260101T000000" },
    ["RDATE of a period"] = { "RDATE;VALUE=PERIOD:20260101T000000Z/P1D" }, ["a bad RDATE"] = { "RDATE;VALUE=DATE:20260230" },
    ["an unknown STATUS"] = { "STATUS:MAYBE" }, ["a control character"] = { "SUMMARY:a\27b" },
    ["a NUL"] = { "SUMMARY:a\0b" }, ["a lone CR"] = { "SUMMARY:a\rb" }, ["no colon"] = { "SUMMARY" },
    ["a parameter without value"] = { "SUMMARY;LANGUAGE:x" }, ["a parameter twice"] = { "SUMMARY;A=b;A=c:x" },
    ["an open quote"] = { 'SUMMARY;A="b:x' }, ["an event in an event"] = { "BEGIN:VEVENT" },
    ["an end of nothing"] = { "END:VTODO" }, ["HTML"] = { "<p>" },
  }
  for name, row in pairs(refused) do
    it("refuses " .. name, function()
      local holidays, message = parse(calendar_of(day("20260101", row[1])))
      assert.is_nil(holidays)
      assert.are.equal(row[2] or 7, tonumber(message:match("^(%d+): ")), message)
    end)
  end

  it("refuses to compare times of different zones", function()
    for text, wanted in pairs {
      ["DTSTART;TZID=X:20260101T090000\nRRULE:FREQ=YEARLY;UNTIL=20270101T080000Z"] = "7: RRULE: UNTIL=20270101T080000Z cannot be",
      ["DTSTART:20260101T090000\nRRULE:FREQ=YEARLY;UNTIL=20270101T080000Z"] = "7: RRULE: UNTIL=20270101T080000Z cannot be",
      ["DTSTART;TZID=X:20260101T090000\nRRULE:FREQ=YEARLY;UNTIL=20270101"] = "7: RRULE: UNTIL=20270101 cannot be",
      ["DTSTART:20260101T090000Z\nRRULE:FREQ=YEARLY"] = "7: RRULE: what recurs at a time in UTC",
      ["DTSTART;TZID=X:20260101T090000\nEXDATE:20260101T080000Z"] = "7: EXDATE and DTSTART are of different zones",
      ["DTSTART;TZID=X:20260101T090000\nEXDATE;TZID=Y:20260101T080000"] = "7: EXDATE and DTSTART are of different zones",
      ["DTSTART;TZID=X:20260101T090000\nEXDATE:20260101T090000"] = "7: EXDATE and DTSTART are of different zones",
      ["DTSTART;TZID=X:20260101T090000\nRDATE;TZID=X:20260102T080000"] = "7: RDATE has to have the time of DTSTART",
      ["DTSTART;TZID=X:20260101T090000\nDTEND;TZID=Y:20260101T100000"] = "7: DTEND and DTSTART are of different zones",
      ["DTSTART;VALUE=DATE:20260101\nDTEND:20260102T000000"] = "7: DTEND has to have a time where DTSTART has one",
    } do
      local holidays, message = parse(calendar_of(text))
      assert.is_nil(holidays, text)
      assert.are.equal(wanted, message:sub(1, #wanted), text)
    end
  end)

  it("takes what recurs in UTC where the zone is UTC", function()
    local own_to_local = to_local
    to_local = function(moment) return sandboxed.sentinel.time(moment, "UTC") end
    local event = "DTSTART:20200501T090000Z\nRRULE:FREQ=YEARLY;UNTIL=2026050%s"
    assert.are.equal("0501", dates(calendar_of(event:format "1T090000Z"), 2026, "UTC"))
    assert.are.equal("", dates(calendar_of(event:format "1T085959Z"), 2026, "UTC"))
    to_local = own_to_local
  end)

  it("covers a year in which a holiday begins", function()
    local function covers(event, year)
      return calendar.covers(assert(parse(calendar_of(event))), year)
    end
    assert.is_true(covers(day "20260101", 2026))
    assert.is_false(covers(day("20251231", "DURATION:P2D"), 2026))
    assert.is_false(covers(day("20260101", "EXDATE;VALUE=DATE:20260101"), 2026))
    assert.is_true(covers(day("20250101", "RDATE;VALUE=DATE:20260101"), 2026))
    assert.is_false(covers(day("20250501", "RRULE:FREQ=YEARLY;INTERVAL=2"), 2026))
    assert.is_false(covers(day("20240229", "RRULE:FREQ=YEARLY"), 2026))
    assert.is_true(covers(day("20240229", "RRULE:FREQ=YEARLY"), 2028))
    assert.is_false(covers(day("20200501", "RRULE:FREQ=YEARLY;UNTIL=20260101"), 2026))
    assert.is_true(covers(day("20200501", "RRULE:FREQ=YEARLY;COUNT=10"), 2026))
    assert.is_false(covers(day("20200501", "RRULE:FREQ=YEARLY;COUNT=6"), 2026))
    assert.is_false(covers(day("20200501", "RRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20260501"), 2026))
  end)

  it("refuses what is no whole calendar", function()
    for text, wanted in pairs {
      [""] = "1: there is no event", ["\n\n"] = "2: there is no event", ["hello"] = "1: this is no line of iCalendar",
      [" BEGIN:VCALENDAR"] = "1: a line goes on", ["BEGIN:VEVENT\n"] = "1: a calendar begins with BEGIN:VCALENDAR",
      ["VERSION:2.0\n"] = "1: a calendar begins", ["BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n"] = "3: there is no event",
      [NEW_YEAR:gsub("VERSION:2.0\n", "")] = "8: the calendar has no VERSION", [NEW_YEAR:gsub("2%.0", "1.0")] = "2: version 1.0",
      [NEW_YEAR:gsub("END:VCALENDAR\n", "")] = "8: the file ends within VCALENDAR",
      [NEW_YEAR:gsub("END:VEVENT\n", "")] = "8: END:VCALENDAR stands where VEVENT ends",
      [NEW_YEAR:gsub("PRODID.-\n", "METHOD:CANCEL\n")] = "3: a calendar with METHOD:CANCEL",
      [NEW_YEAR:gsub("PRODID.-\n", "CALSCALE:HEBREW\n")] = "3: the calendar HEBREW",
      [NEW_YEAR:gsub("DTSTART.-\n", "")] = "4: the event has no DTSTART",
      [NEW_YEAR:gsub("20260101", "20260230")] = "6: DTSTART: 20260230 is no date",
      [NEW_YEAR:gsub("20260101", "20260101T000000")] = "6: DTSTART",
      [NEW_YEAR:gsub(";VALUE=DATE:20260101", ":20260101T250000")] = "6: DTSTART",
      [NEW_YEAR:gsub(";VALUE=DATE:20260101", ":19600101T000000Z")] = "6: DTSTART",
      [NEW_YEAR:gsub(";VALUE=DATE:20260101", ":20260101,20260102")] = "6: DTSTART",
    } do
      local holidays, message = parse(text)
      assert.is_nil(holidays, text)
      assert.are.equal(wanted, message:sub(1, #wanted), text)
    end
  end)

  it("refuses every calendar that is cut off", function()
    for last = 0, #NEW_YEAR - 2 do
      assert.is_nil(parse(NEW_YEAR:sub(1, last)), last)
    end
  end)
end)

-- 400 rules with a fixed seed, and for each the dates of several years as python-dateutil has them.
local ORACLE = [[
import datetime, random
from dateutil.rrule import rrulestr
rng = random.Random(20260119)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
made = 0
while made < 400:
    parts = ["FREQ=YEARLY"]
    if rng.random() < .3: parts.append("INTERVAL=%d" % rng.randint(1, 5))
    if rng.random() < .6:
        parts.append("BYMONTH=" + ",".join(map(str, rng.sample(range(1, 13), rng.randint(1, 3)))))
    if rng.random() < .4:
        some = (rng.choice([1, 2, 3, 15, 28, 29, 30, 31, -1, -2, -31]) for _ in range(rng.randint(1, 8)))
        parts.append("BYMONTHDAY=" + ",".join(map(str, some)))
    if rng.random() < .5:
        has_month = any(part.startswith("BYMONTH=") for part in parts)
        has_nth = rng.random() < .7
        nth = [1, 2, 3, 4, 5, -1, -2, -5] if has_month else [1, 2, 20, 52, 53, -1, -53]
        some = rng.sample(DAYS, rng.randint(1, 3))
        parts.append("BYDAY=" + ",".join((str(rng.choice(nth)) if has_nth else "") + day for day in some))
    start = datetime.datetime(rng.randint(1995, 2026), 1, 1) + datetime.timedelta(rng.randrange(365))
    end = rng.random()
    plain = rrulestr(";".join(parts), dtstart=start)
    first = next(iter(plain.xafter(start, count=1, inc=True)), None)
    if first is None: continue
    start = first if rng.random() < .8 else start
    if end < .25 and start == first: parts.append("COUNT=%d" % rng.randint(1, 60))
    elif end < .5: parts.append("UNTIL=%d%02d%02d" % (rng.randint(2000, 2030), rng.randint(1, 12), rng.randint(1, 28)))
    rule = rrulestr(";".join(parts), dtstart=start)
    for year in (2000, 2024, 2026, 2027, 2028, 2100):
        found = rule.between(datetime.datetime(year, 1, 1), datetime.datetime(year, 12, 31), inc=True)
        dates = {moment.strftime("%m%d") for moment in found}
        if start.year == year: dates.add(start.strftime("%m%d"))  # DTSTART always counts
        print(start.strftime("%Y%m%d"), ";".join(parts), year, ":" + " ".join(sorted(dates)))
    made += 1
]]

describe("a yearly rule", function()
  it("has python-dateutil's dates", function()
    if process.python({ "-c", "import dateutil" }).status ~= 0 then
      return pending(settings.skipped "python-dateutil is not here")
    end
    local result = process.python({ "-" }, { stdin = ORACLE, limit_s = 120 })
    assert(result.status == 0, result.stderr)
    local count, found = 0, 0
    for start, rule, year, wanted in result.stdout:gmatch("(%d+) (%S+) (%d+) :([^\n]*)\n") do
      count, found = count + 1, found + (wanted ~= "" and 1 or 0)
      assert.are.equal(wanted, dates(calendar_of(day(start, "RRULE:" .. rule)), tonumber(year)), table.concat({ start, rule, year }, " "))
    end
    assert.are.equal(2400, count)
    assert.is_true(found > 500, found)
  end)

  it("has the dates that are known, for want of another", function()
    for rule, wanted in pairs {
      ["20100118 FREQ=YEARLY;BYMONTH=1;BYDAY=3MO"] = "0119", ["20100531 FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO"] = "0525",
      ["20100906 FREQ=YEARLY;BYMONTH=9;BYDAY=1MO"] = "0907", ["20101125 FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"] = "1126",
      ["20101102 FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8"] = "1103",
      ["20100101 FREQ=YEARLY;BYDAY=1FR"] = "0102", ["20100131 FREQ=YEARLY;BYMONTHDAY=-1;BYMONTH=1,2"] = "0131 0228",
    } do
      local start, text = rule:match("^(%d+) (.*)$")
      assert.are.equal(wanted, dates(calendar_of(day(start, "RRULE:" .. text)), 2026), rule)
    end
  end)

  it("counts days as Python does", function()
    local result = process.python({ "-c", "import datetime\nfor n in range(1, 3652059, 997):\n"
      .. "    d = datetime.date.fromordinal(n)\n    print(n, d.year, d.month, d.day, d.isoweekday())" })
    local offset
    for ordinal, year, month, date, weekday in result.stdout:gmatch("(%d+) (%d+) (%d+) (%d+) (%d+)\n") do
      local number = days.number(tonumber(year), tonumber(month), tonumber(date))
      offset = offset or number - ordinal
      assert.are.equal(offset, number - ordinal)
      assert.are.equal(tonumber(weekday), days.weekday(number))
    end
    assert.is_truthy(offset)
  end)
end)
