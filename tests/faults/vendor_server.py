"""HTTPS servers of all the vendors that plugins ask, on one loopback port: right or wrong as they are told.

usage: vendor_server.py FOLDER

FOLDER/ca.pem, FOLDER/port   written when the server listens
FOLDER/answers.json          read again for every request: {"HOST PATH": answer, "*": answer}, without the query
FOLDER/requests.jsonl        every request: {"host", "path", "query", "headers"}

An answer: {"status": 200, "json": ..., "body": text, "type": content type, "headers": {}, "pages": [answer, ...]} by the
query's offset (a page for each), "delay_s": n before it, "drip_s": n between its bytes, "cut": true for half of it,
"endless": true for one that does not
say how long it is, "close": true for none at all, "reflect": how the secret of the request comes back (one of REFLECTIONS).
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.parse

FOLDER = sys.argv[1]
NAMES = ["api.pagerduty.com", "api.eu.pagerduty.com", "api.opsgenie.com", "api.eu.opsgenie.com", "api.atlassian.com",
         "acme.atlassian.net", "acme.service-now.com", "a.example", "b.example", "changes.example.com",
         "localhost"]
REFLECTIONS = {
    "plain": lambda s: s,
    "base64": lambda s: base64.b64encode(("xy" + s).encode()).decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(("x" + s).encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "percent": lambda s: "".join(f"%{ord(c):02x}" for c in s),
    "json": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
}


def load():
    with open(os.path.join(FOLDER, "answers.json"), encoding="utf-8") as file:
        return json.load(file)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, host, url):
        entry = {"host": host, "path": url.path, "query": url.query,
                 "headers": {name.lower(): value for name, value in self.headers.items()}}
        with open(os.path.join(FOLDER, "requests.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def secret(self):
        """What stands behind the last blank, "=" or ":" of Authorization; in base64 where it is Basic."""
        value = self.headers.get("Authorization", "")
        if value.startswith("Basic "):
            return base64.b64decode(value[6:]).decode()
        return value.rsplit(" ", 1)[-1].rsplit("=", 1)[-1]

    def body_of(self, answer):
        if "reflect" in answer:
            return '{"echo":"' + REFLECTIONS[answer["reflect"]](self.secret()) + '"}'
        return json.dumps(answer["json"]) if "json" in answer else answer.get("body", "")

    def send(self, answer):
        body = self.body_of(answer).encode()
        self.send_response(answer.get("status", 200))
        self.send_header("Content-Type", answer.get("type", "application/json"))
        if not answer.get("endless"):
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        if answer.get("cut"):
            body = body[:len(body) // 2]
        if answer.get("drip_s"):
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(answer["drip_s"])
        else:
            self.wfile.write(body)
        self.close_connection = True

    def do_GET(self):
        host = self.headers.get("Host", "").split(":")[0]
        url = urllib.parse.urlsplit(self.path)
        self.note(host, url)
        answers = load()
        answer = answers.get(f"{host} {url.path}") or answers.get("*") or {"status": 404, "json": {}}
        if "pages" in answer:
            offset = int(urllib.parse.parse_qs(url.query).get("offset", ["0"])[0])
            step = answer.get("step", 1)
            answer = answer["pages"][min(offset // step, len(answer["pages"]) - 1)]
        time.sleep(answer.get("delay_s", 0))
        if answer.get("close"):
            self.close_connection = True
            self.connection.close()
            return
        try:
            self.send(answer)
        except OSError:
            self.close_connection = True


def make_certificate():
    names = ",".join(f"DNS:{name}" for name in NAMES)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=vendors", "-addext", f"subjectAltName={names}", "-keyout",
                    f"{FOLDER}/key.pem", "-out", f"{FOLDER}/ca.pem"], check=True, capture_output=True)


def main():
    make_certificate()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{FOLDER}/ca.pem", f"{FOLDER}/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with open(f"{FOLDER}/port.new", "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    os.rename(f"{FOLDER}/port.new", f"{FOLDER}/port")
    server.serve_forever()


main()
