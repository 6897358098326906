return {
  name = "holidays", version = "1.0.0", api = 1,
  summary = "Holds when the date is a holiday in one of the bundle's calendars",
  args = {
    calendars = { type = "strings", required = true,
      description = "files of the bundle in iCalendar's format: calendars/de.ics" },
    zone = { type = "zone", description = "time zone whose date counts; UTC without it" },
    covers_year = { type = "boolean",
      description = "true: a calendar without any holiday in the year of the date is an error" },
  },
  needs = { request = { "time" }, files = { "*.ics", "calendars/*.ics" } },
  limits = { timeout = "1s", fuel = 4000000 },
}
