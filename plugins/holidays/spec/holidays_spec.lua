local function calendar_of(...)
  local events = {}
  for i, lines in ipairs { ... } do
    events[i] = "BEGIN:VEVENT\r\n" .. lines .. "\r\nEND:VEVENT\r\n"
  end
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" .. table.concat(events) .. "END:VCALENDAR\r\n"
end

local DE = "calendars/de.ics"
local GERMAN = calendar_of("DTSTART;VALUE=DATE:20260101\r\nSUMMARY:Neujahr",
  "DTSTART;VALUE=DATE:20200501\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Tag der\r\n  Arbeit")

local function check(moment, wanted, wanted_detail, args)
  freeze(moment)
  local verdict, detail = plugin(args or { calendars = { DE } }, { user = "alice" })
  assert.equal(wanted, verdict, detail)
  assert.equal(wanted_detail, detail)
end

local function check_error(calendar, pattern, args)
  mock.file { [DE] = calendar }
  local verdict, detail, class = plugin(args or { calendars = { DE } }, { user = "alice" })
  assert.is_nil(verdict)
  assert.equal("plugin_error", class)
  assert.matches(pattern, detail)
end

describe("holidays", function()
  before_each(function()
    freeze("2026-01-19T12:00:00Z")
    mock.file { [DE] = GERMAN }
  end)

  it("hold on a holiday", function()
    check("2026-01-01T12:00:00Z", true, "Neujahr")
    check("2031-05-01T00:00:00Z", true, "Tag der Arbeit")
  end)

  it("do not hold on another day", function()
    check("2026-01-02T00:00:00Z", false, "2026-01-02 is no holiday")
    check("2026-04-30T23:59:59Z", false, "2026-04-30 is no holiday")
  end)

  it("take the date of the zone, which is UTC's without one", function()
    local args = { calendars = { DE }, zone = "UTC" }
    check("2025-12-31T23:59:59Z", false, "2025-12-31 is no holiday", args)
    check("2026-01-01T00:00:00Z", true, "Neujahr", args)
    check("2026-01-01T00:30:00+01:00", false, "2025-12-31 is no holiday")
  end)

  it("are found in any of the calendars", function()
    mock.file { ["calendars/own.ics"] = calendar_of("DTSTART:20260119\r\nSUMMARY:Closed") }
    check("2026-01-19T12:00:00Z", true, "Closed", { calendars = { DE, "calendars/own.ics" } })
  end)

  it("are read again when the calendar is another", function()
    check("2026-01-19T12:00:00Z", false, "2026-01-19 is no holiday")
    mock.file { [DE] = calendar_of("DTSTART:20260119\r\nSUMMARY:Closed") }
    check("2026-01-19T12:00:00Z", true, "Closed")
  end)

  it("deny by an error when a calendar is not understood", function()
    check_error("<html>", "^calendars/de%.ics:1: this is no line of iCalendar")
    check_error(calendar_of("DTSTART:20260101\r\nRRULE:FREQ=WEEKLY"), "^calendars/de%.ics:5: RRULE")
    check_error(GERMAN:sub(1, -16), "^calendars/de%.ics:12: the file ends within VCALENDAR")
    check_error("", "^calendars/de%.ics:1: there is no event")
  end)

  it("deny when the calendar is not there", function()
    local args = { calendars = { "calendars/fr.ics" } }
    local verdict, detail, class = plugin(args, { user = "alice" })
    assert.is_nil(verdict)
    assert.equal("fact_unavailable", class)
    assert.matches("calendars/fr%.ics", detail)
  end)

  it("deny by an error in a year without holidays, where that is asked for", function()
    local args = { calendars = { DE }, covers_year = true }
    check_error(calendar_of("DTSTART:20250101"), "has no holiday in 2026", args)
  end)

  it("deny on a time-out", function()
    mock.plugin("holidays", "timeout")
    local verdict, _, class = plugin({ calendars = { DE } }, { user = "alice" })
    assert.is_nil(verdict)
    assert.equal("plugin_timeout", class)
  end)

  it("deny when a calendar spends more fuel than the plugin may", function()
    local days = {}
    for i = 1, 3000 do
      days[i] = "DTSTART:20260101\r\nDESCRIPTION:" .. ("x"):rep(100)
    end
    mock.file { [DE] = calendar_of(table.unpack(days)) }
    local verdict, _, class = plugin({ calendars = { DE } }, { user = "alice" })
    assert.is_nil(verdict)
    assert.equal("budget_exceeded", class)
  end)
end)
