"""A person at a terminal: runs a program there, and types when it asks.

usage: typist.py STDOUT QUESTION ANSWER PROGRAM [ARGUMENT...]

Its stdin and stderr are the terminal, STDOUT is a file. Prints what the terminal showed, and ends with the program's
status.
"""

import os
import pty
import sys

out, question, answer, program = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode(), sys.argv[4:]
pid, terminal = pty.fork()
if pid == 0:
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.execve(program[0], program, os.environ)
shown, is_typed = b"", False
while True:
    try:
        part = os.read(terminal, 1024)
    except OSError:
        break
    if not part:
        break
    shown += part
    if not is_typed and question in shown:
        is_typed = True
        os.write(terminal, answer + b"\n")
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
