"""Prints local times as Python's zoneinfo computes them, for test_tz to compare with.

One line each: zone, seconds since 1970, year, month, day, hour, minute, second, weekday, offset, abbreviation.
The instants: around every change of the offset from 1965 to 2040, and some from 1800 to 2500.
"""
import datetime
import random
import sys
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86400
YEAR = 31556952

FIXED = ["America/New_York", "Europe/London", "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Tehran",
         "Africa/Casablanca", "Africa/Cairo", "America/Nuuk", "America/Santiago", "Pacific/Apia", "Pacific/Kiritimati",
         "Antarctica/Troll", "Asia/Gaza", "America/Sao_Paulo", "Pacific/Chatham", "Etc/GMT+12", "UTC", "Asia/Pyongyang",
         "America/Godthab", "Europe/Lisbon", "EST5EDT", "Factory"]


def offset_at(zone, second):
    return (EPOCH + datetime.timedelta(seconds=second)).astimezone(zone).utcoffset()


def changes(zone, start, end):
    """The instants at which the offset changes, found by looking at every 5 days and halving."""
    step = 5 * DAY
    before = offset_at(zone, start)
    for second in range(start, end, step):
        after = offset_at(zone, second + step)
        if after != before:
            low, high = second, second + step
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, middle) == before:
                    low = middle
                else:
                    high = middle
            yield high
        before = after


def show(name, zone, second):
    local = (EPOCH + datetime.timedelta(seconds=second)).astimezone(zone)
    print(name, second, local.year, local.month, local.day, local.hour, local.minute, local.second,
          local.isoweekday(), int(local.utcoffset().total_seconds()), local.tzname())


def main():
    chance = random.Random(1)
    zoneinfo.reset_tzpath(to=[sys.argv[1]])
    names = sorted(zoneinfo.available_timezones() - {"localtime", "posixrules"})
    chosen = [n for n in FIXED if n in names] + chance.sample(names, min(60, len(names)))
    for name in dict.fromkeys(chosen):
        zone = zoneinfo.ZoneInfo(name)
        for change in changes(zone, -5 * YEAR, 70 * YEAR):
            for distance in (-3600, -1, 0, 1, 3600):
                show(name, zone, change + distance)
        for _ in range(100):
            show(name, zone, chance.randrange(-50 * YEAR, 530 * YEAR))


main()
