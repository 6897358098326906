"""usage: signal_evaluator.py PID SIGNAL: waits until the evaluator of the core PID evaluates and sends it the signal, as
something outside would. It evaluates when it has given up what a worker has not (a second filter beside the template's)
and runs. Exit status 1: none came while the core was there, or within thirty seconds."""

import os
import signal
import sys
import time


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def status(pid):
    """The state of a process, R or S and so on, and how many filters it has."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return "X", 0
    return fields.get("State", "X")[0], int(fields.get("Seccomp_filters", "0"))


def main():
    core, number = int(sys.argv[1]), getattr(signal, "SIG" + sys.argv[2])
    end = time.monotonic() + 30
    while time.monotonic() < end and os.path.exists(f"/proc/{core}"):
        for child in children(core):
            state, filters = status(child)
            if state == "R" and filters >= status(core)[1] + 2:
                os.kill(child, number)
                return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
