"""Types lines into a shell on a terminal, as a person would, and prints what its commands said.

usage: shell_typist.py < JSON, {"argv": [...], "environment": {...}, "folder": "...", "lines": ["text with \\t", ...]}

The shell's prompt begins with READY. Each line is sent when the one before it has said "GOT" and ended, which the
commands that are typed do; what they said, from GOT on, is printed as a JSON list, with the whole screen behind it.
"""
import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

LIMIT_S = 30


def plain(data):
    text = data.decode("utf-8", "replace")
    text = re.sub(r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Za-z0-9]|[=>])", "", text)
    return text.replace("\r", "")


class Terminal:
    def __init__(self, task):
        self.data = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(task["folder"])
            os.execve(task["argv"][0], task["argv"], task["environment"])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 500, 0, 0))

    def wait(self, pattern, count):
        """Until the screen holds the pattern so often; False when the time is over or the shell has ended."""
        end = time.monotonic() + LIMIT_S
        while len(re.findall(pattern, plain(self.data))) < count:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                return False
            try:
                self.data += os.read(self.fd, 65536)
            except OSError:
                return False
        return True

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)  # the shell gets SIGHUP
        os.waitpid(self.pid, 0)


def run(task):
    terminal = Terminal(task)
    is_good = terminal.wait("READY", 1)
    for number, line in enumerate(task["lines"], 1):
        if is_good:
            terminal.type(line)
            is_good = terminal.wait(r"\nGOT[^\n]*\n", number)
    screen = plain(terminal.data)
    terminal.close()
    print(json.dumps({"got": re.findall(r"\nGOT([^\n]*)\n", screen), "screen": screen}))


run(json.load(sys.stdin))
