"""usage: signal_worker.py PID SIGNAL [template]: waits for an evaluation worker (a grandchild of the core PID) and
sends it the signal, as something outside would; with "template", the template that forks it. Exit status 1: none came
within ten seconds."""

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


def main():
    core, number = int(sys.argv[1]), getattr(signal, "SIG" + sys.argv[2])
    wants_template = len(sys.argv) > 3
    end = time.monotonic() + 10
    while time.monotonic() < end:
        templates = children(core)
        workers = [worker for template in templates for worker in children(template)]
        if workers:
            os.kill(templates[0] if wants_template else workers[0], number)
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
