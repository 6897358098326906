"""Runs a program on a terminal of its own and does with it, step by step, what a person would.

usage: terminal.py < {"argv", "environment", "folder", "steps"}   prints {"screen", "status", "echo"}

Steps, each with 30 s: {"wait": text}, until it is on the screen, behind what was waited for before; {"type": text};
{"signal": name}, to the program alone; {"hang_up": true}, the terminal goes away; {"look": true}, notes in "echo"
whether the terminal shows what is typed; {"meanwhile": argv}, another program runs to its end, which has to be 0. Then its end is waited for; status is 128+n after a signal.
"""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

LIMIT_S = 30


class Terminal:
    def __init__(self, task):
        self.screen, self.seen, self.echo = b"", 0, []
        self.task = task
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(task["folder"])
            os.execve(task["argv"][0], task["argv"], task["environment"])

    def read(self, limit_s):
        """False when the terminal is gone."""
        if self.fd >= 0 and select.select([self.fd], [], [], limit_s)[0]:
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                return False
            self.screen += more
            return more != b""
        return self.fd >= 0

    def wait(self, text):
        end = time.monotonic() + LIMIT_S
        while (at := self.screen.find(text.encode(), self.seen)) < 0:
            if time.monotonic() > end or not self.read(0.1):
                sys.exit(f"{text!r} did not come; the screen: {self.screen.decode(errors='replace')}")
        self.seen = at + len(text)

    def type(self, text):
        os.write(self.fd, text.encode())

    def signal(self, name):
        os.kill(self.pid, getattr(signal, "SIG" + name))

    def hang_up(self, _):
        os.close(self.fd)
        self.fd = -1

    def look(self, _):
        self.echo.append(termios.tcgetattr(self.fd)[3] & termios.ECHO != 0)

    def meanwhile(self, argv):
        done = subprocess.run(argv, cwd=self.task["folder"], env=self.task["environment"], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=LIMIT_S)
        if done.returncode != 0:
            sys.exit(f"{argv} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")

    def finish(self):
        end = time.monotonic() + LIMIT_S
        while True:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                while self.read(0):
                    if not select.select([self.fd] if self.fd >= 0 else [], [], [], 0.1)[0]:
                        break
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            self.read(0.05)
            if self.fd < 0:
                time.sleep(0.05)


def main():
    task = json.load(sys.stdin)
    terminal = Terminal(task)
    for step in task["steps"]:
        for name, argument in step.items():
            getattr(terminal, name)(argument)
    status = terminal.finish()
    json.dump({"screen": terminal.screen.decode(errors="replace"), "status": status, "echo": terminal.echo}, sys.stdout)


if __name__ == "__main__":
    main()
