"""usage: time_oracle.py LOCAL_TIME [INSTANTS]: local time against Python's zoneinfo.

All zones of this machine's database, 2000 to 2037: every change of offset, abbreviation or daylight-saving time with the
seconds before and after it, and random instants, INSTANTS in all or somewhat more. Zones that have done something odd
also from 1965 to 2040, and from 1800 to 2500 here and there. The seed is fixed."""

import os
import random
import subprocess
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

FIRST = int(datetime(2000, 1, 1, tzinfo=timezone.utc).timestamp())
LAST = int(datetime(2038, 1, 1, tzinfo=timezone.utc).timestamp()) - 1
STEP = 24 * 3600  # no zone takes a change back within it
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
YEAR = 31556952
ODD = ("America/New_York", "Europe/London", "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Tehran",
       "Africa/Casablanca", "Africa/Cairo", "America/Nuuk", "America/Santiago", "Pacific/Apia", "Pacific/Kiritimati",
       "Antarctica/Troll", "Asia/Gaza", "America/Sao_Paulo", "Pacific/Chatham", "Etc/GMT+12", "UTC", "Asia/Pyongyang",
       "America/Godthab", "Europe/Lisbon", "EST5EDT")
# Names that policy cannot give: the host's own zone, and those that count leap seconds.
NOT_NAMES = ("localtime", "posixrules", "Factory", "posix/", "right/")


def at(zone, epoch):
    return (EPOCH + timedelta(seconds=epoch)).astimezone(zone)


def key(zone, epoch):
    """What changes only at a transition."""
    local = at(zone, epoch)
    return local.utcoffset(), local.dst(), local.tzname()


def transitions(zone, first=FIRST, last=LAST):
    """The first second of each new offset."""
    found, low, before = [], first, key(zone, first)
    while low < last:
        high = min(low + STEP, last)
        after = key(zone, high)
        if after != before:
            left, right = low, high
            while right - left > 1:
                middle = (left + right) // 2
                if key(zone, middle) == before:
                    left = middle
                else:
                    right = middle
            found.append(right)
        low, before = high, after
    return found


def wanted(zone, epoch):
    local = at(zone, epoch)
    offset = int(local.utcoffset().total_seconds())
    is_dst = int(bool(local.dst()))
    return (f"{local.year} {local.month} {local.day} {local.hour} {local.minute} {local.second} "
            f"{local.isoweekday()} {offset} {is_dst} {local.tzname()}")


def without_dst(line):
    words = line.split()
    return words[:-2] + words[-1:]


def data_of(name):
    for folder in zoneinfo.TZPATH:
        if os.path.isfile(f"{folder}/{name}"):
            with open(f"{folder}/{name}", "rb") as file:
                return file.read()
    return name


def instants(names, count):
    """(name, epoch) of every change and its neighbours, then random ones until there are enough."""
    chosen, known, fixed = [], {}, random.Random(20260119)
    for name in names:
        data = data_of(name)  # many names are of one zone
        if data not in known:
            known[data] = transitions(zoneinfo.ZoneInfo(name))
        for change in known[data]:
            chosen += [(name, change + by) for by in (-3600, -1, 0, 1, 3600)]
    each = max(1, (count - len(chosen)) // len(names) + 1)
    for name in names:
        chosen += [(name, fixed.randint(FIRST, LAST)) for _ in range(each)]
    for name in ODD:
        changes = transitions(zoneinfo.ZoneInfo(name), -5 * YEAR, 70 * YEAR)
        chosen += [(name, change + by) for change in changes for by in (-3600, -1, 0, 1, 3600)]
        chosen += [(name, fixed.randint(-170 * YEAR, 530 * YEAR)) for _ in range(100)]
    return sorted(set(chosen))


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50000
    names = sorted(name for name in zoneinfo.available_timezones() if not name.startswith(NOT_NAMES))
    if len(names) < 400:
        sys.exit(f"time_oracle: this machine knows only {len(names)} time zones; install tzdata")
    chosen = instants(names, count)
    lines = "".join(f"{name} {epoch}\n" for name, epoch in chosen)
    answer = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True)
    got = answer.stdout.splitlines()
    if len(got) != len(chosen):
        sys.exit(f"time_oracle: {len(got)} answers to {len(chosen)} questions\n{answer.stderr}")
    zones, wrong = {name: zoneinfo.ZoneInfo(name) for name in names}, 0
    for (name, epoch), line in zip(chosen, got):
        right = wanted(zones[name], epoch)
        if not FIRST <= epoch <= LAST:  # there Python works out by itself what daylight-saving time was
            line, right = without_dst(line), without_dst(right)
        if line != right:
            wrong += 1
            if wrong <= 10:
                print(f"{name} {epoch}: {line}, not {right}")
    print(f"{len(chosen)} instants in {len(names)} zones: {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
