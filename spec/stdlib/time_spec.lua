-- Windows of time: edges, wrapping past midnight, zones, daylight saving.
local evaluator = require "spec.support.evaluator"

-- One policy per condition, many instants.
local function check(conditions, rows)
  local policy = assert(evaluator.load("yaml", evaluator.one_rule(conditions)))
  for _, row in ipairs(rows) do
    local instant, failed, got = table.unpack(row, 1, 3)
    local decision = evaluator.decide(policy, { time = instant })
    local entry = decision.trace[1]
    assert.equal(failed == nil and "allow" or "deny", decision.effect, instant)
    assert.equal(failed, entry.failed, instant)
    assert.equal(got, entry.got, instant)
  end
  policy.state:close()
end

local WEEKDAYS = "days: [monday, tuesday, wednesday, thursday, friday]"

describe("hours", function()
  it("begin with their start and end before their end, to the minute", function()
    check("{time: {hours: {start: \"09:00\", end: \"17:00\"}}}", {
      { "2026-01-19T08:59:59Z", "time.hours", "08:59" },
      { "2026-01-19T09:00:00Z" },
      { "2026-01-19T16:59:59Z" },
      { "2026-01-19T17:00:00Z", "time.hours", "17:00" },
      { "2026-01-19T17:00:59Z", "time.hours", "17:00" },
    })
  end)

  it("may last to the end of the day", function()
    check("{time: {hours: {start: \"00:00\", end: \"24:00\"}}}", {
      { "2026-01-19T00:00:00Z" },
      { "2026-01-19T23:59:59Z" },
    })
    check("{time: {hours: {start: \"22:00\", end: \"24:00\"}, days: [monday]}}", {
      { "2026-01-19T21:59:59Z", "time.hours", "21:59" },
      { "2026-01-19T23:59:59Z" },
      { "2026-01-20T00:00:00Z", "time.days", "tuesday" },
    })
  end)

  it("that wrap belong to the day on which they began", function()
    check("{time: {hours: {start: \"22:00\", end: \"06:00\"}, days: [friday]}}", {
      { "2026-01-23T21:59:59Z", "time.hours", "21:59" },
      { "2026-01-23T22:00:00Z" },
      { "2026-01-24T05:59:59Z" },
      { "2026-01-24T06:00:00Z", "time.days", "saturday" },
      { "2026-01-23T05:00:00Z", "time.days", "thursday" },
      { "2026-01-24T22:00:00Z", "time.days", "saturday" },
    })
    check("{time: {hours: {start: \"22:00\", end: \"06:00\"}, days: [sunday]}}", {
      { "2026-01-26T05:59:59Z" },
      { "2026-01-25T05:59:59Z", "time.days", "saturday" },
    })
    check("{time: {hours: {start: \"22:00\", end: \"00:00\"}, days: [monday]}}", {
      { "2026-01-19T23:59:59Z" },
      { "2026-01-20T00:00:00Z", "time.days", "tuesday" },
    })
  end)
end)

describe("a zone", function()
  it("says which day and hour it is", function()
    check("{time: {" .. WEEKDAYS .. ", hours: {start: \"09:00\", end: \"17:00\"}, "
      .. "timezone: America/New_York}}", {
      { "2026-01-19T13:59:59Z", "time.hours", "08:59" },
      { "2026-01-19T14:00:00Z" },
      { "2026-01-19T17:00:00-05:00", "time.hours", "17:00" },
      { "2026-01-20T02:00:00Z", "time.hours", "21:00" },
      { "2026-01-18T15:00:00Z", "time.days", "sunday" },
      { "2026-07-20T13:00:00Z" },
      { "2026-07-20T12:59:59Z", "time.hours", "08:59" },
    })
  end)

  it("is named in the trace", function()
    local decision = evaluator.decide_text("yaml", evaluator.one_rule(
      "{time: {hours: {start: \"09:00\", end: \"17:00\"}, timezone: America/New_York}}"),
      { time = "2026-01-19T18:04:00-05:00" })
    assert.same({ rule = "only", matched = false, failed = "time.hours",
      wanted = "09:00-17:00 America/New_York",
      got = "18:04" }, decision.trace[1])
  end)

  it("is UTC when none is named, whatever the host's is", function()
    check("{time: {hours: {start: \"15:00\", end: \"15:01\"}}}", { { "2026-01-19T15:00:30Z" } })
  end)

  it("is asked for once at loading", function()
    local policy = assert(evaluator.load("yaml", [[
version: 1
rules:
  - {name: a, effect: deny, conditions: {time: {days: [monday], timezone: Europe/Berlin}}}
  - {name: b, effect: deny, conditions: {time: {days: [monday], timezone: America/New_York}}}
  - {name: c, effect: deny, conditions: {not: {time: {days: [monday], timezone: Europe/Berlin}}}}
  - {name: d, effect: deny, conditions: {time: {days: [monday], timezone: UTC}}}
]]))
    assert.same({ "America/New_York", "Europe/Berlin" }, policy.zones)
    policy.state:close()
  end)
end)

describe("daylight saving", function()
  it("skips hours: they never match", function()
    -- 2026-03-08 02:00 in New York becomes 03:00.
    check("{time: {hours: {start: \"02:00\", end: \"03:00\"}, timezone: America/New_York}}", {
      { "2026-03-08T06:59:59Z", "time.hours", "01:59" },
      { "2026-03-08T07:00:00Z", "time.hours", "03:00" },
      { "2026-03-08T07:59:59Z", "time.hours", "03:59" },
      { "2026-03-09T06:30:00Z" },
    })
  end)

  it("repeats hours: they match twice", function()
    -- 2026-11-01 02:00 in New York becomes 01:00 again.
    check("{time: {hours: {start: \"01:00\", end: \"02:00\"}, timezone: America/New_York}}", {
      { "2026-11-01T04:59:59Z", "time.hours", "00:59" },
      { "2026-11-01T05:30:00Z" },
      { "2026-11-01T06:30:00Z" },
      { "2026-11-01T07:00:00Z", "time.hours", "02:00" },
    })
  end)

  it("does not move the day of a window that wraps", function()
    check("{time: {days: [saturday], hours: {start: \"22:00\", end: \"06:00\"}, "
      .. "timezone: America/New_York}}", {
      { "2026-03-08T03:00:00Z" },
      { "2026-03-08T09:59:59Z" },
      { "2026-03-08T10:00:00Z", "time.days", "sunday" },
    })
  end)
end)
