"""The console's sign-in by federation: right by default, wrong on command. Plain http on the loopback.

usage: signin_server.py FOLDER

FOLDER/port            written when the server listens
FOLDER/answers.json    read again for every request: {"token": text, "fault": ..., "times": n}
FOLDER/requests.jsonl  every request: {"call", "method", "path", "headers", "form", "session"}; calls are counted from
                       the removal of this file on

Right: POST /federation with Action=getSigninToken and Session, an object of three strings, gives a token; a request with
anything else, in the address too, is refused, as are GETs. A fault is for the first "times" requests, default all:
{"status": n, "body": text, "type": content type, "location": URL}, {"body": text}, {"raw": bytes}, {"cut": true},
{"endless": n} for n bytes, {"hang": true}, {"slow_s": n} for a right answer that late.
"""
import http.server
import json
import os
import sys
import time
import urllib.parse

FOLDER = sys.argv[1]
TOKEN = "sign-in_token/of+the=server~"
MEMBERS = {"sessionId", "sessionKey", "sessionToken"}


def load():
    with open(os.path.join(FOLDER, "answers.json"), encoding="utf-8") as file:
        return json.load(file)


def count_requests():
    try:
        with open(os.path.join(FOLDER, "requests.jsonl"), encoding="utf-8") as file:
            return sum(1 for _ in file)
    except FileNotFoundError:
        return 0


def session_of(form):
    """The session's three strings, or None for anything else."""
    if sorted(form) != ["Action", "Session"] or form["Action"] != "getSigninToken":
        return None
    try:
        session = json.loads(form["Session"])
    except ValueError:
        return None
    is_one = isinstance(session, dict) and set(session) == MEMBERS and all(isinstance(v, str) for v in session.values())
    return session if is_one else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, form, session):
        entry = {"call": form.get("Action", "?"), "method": self.command, "path": self.path, "form": form, "session": session,
                 "headers": {name.lower(): value for name, value in self.headers.items()}}
        with open(os.path.join(FOLDER, "requests.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def send(self, status, body, content_type="application/json", location=None, cut=False):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if cut else data)
        self.close_connection = True

    def go_wrong(self, fault, right):
        if "raw" in fault:
            self.wfile.write(fault["raw"].encode("latin-1"))
            self.close_connection = True
        elif "hang" in fault:
            time.sleep(60)
            self.close_connection = True
        elif "endless" in fault:
            self.send(200, right + " " * fault["endless"])
        elif "slow_s" in fault:
            time.sleep(fault["slow_s"])
            self.send(200, right)
        else:
            self.send(fault.get("status", 200), fault.get("body", right), fault.get("type", "text/html"),
                      fault.get("location"), fault.get("cut"))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)))
        session = session_of(form)
        settings, before = load(), count_requests()
        self.note(form, session)
        right = json.dumps({"SigninToken": settings.get("token", TOKEN)})
        fault = settings.get("fault")
        if fault and before < settings.get("times", before + 1):
            self.go_wrong(fault, right)
        elif session is None or self.path != "/federation":
            self.send(400, "<html><body>Invalid request</body></html>", "text/html")
        else:
            self.send(200, right)

    def do_GET(self):
        self.note({}, None)
        self.send(405, "", "text/html")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
with open(os.path.join(FOLDER, "port.new"), "w", encoding="utf-8") as port_file:
    port_file.write(str(server.server_address[1]))
os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
server.serve_forever()
