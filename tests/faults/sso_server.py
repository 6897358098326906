"""IAM Identity Center on one loopback port: OIDC and the access portal, in AWS's shapes; right by default, wrong on
command.

usage: sso_server.py FOLDER

FOLDER/port            written when the server listens
FOLDER/told.json       read again for every request, see below
FOLDER/requests.jsonl  every request: {"call", "fields", "bearer"}
FOLDER/secrets         every secret that was given out, a line each

Told: {"pending": n and "slow_down": n   so many questions for a device's token are answered like that, first those
       "device_end": "expired_token" or "access_denied"   how a device's sign-in ends
       "interval": n, "expires_in": n, "device_life": n   in seconds
       "no_refresh": true      no refresh token comes
       "same_refresh": true    a refresh gives no new refresh token
       "revoked": true         no refresh token is good any more
       "signed_out": true      no access token is
       "clock_s": n            how far the server's clock is ahead
       "role_life": n          of role credentials, in seconds
       "authorize": "deny", "wrong_state", "no_code", "twice" or "silent"   what the browser is sent back with
       "slow": {CALL: n}       seconds before such a call is carried out
       "answers": {CALL: [{"status", "json" or "body", "delay_s", "close"}, ...]}   in the place of its next answers}

Calls are named as AWS names them, and Authorize.
"""
import base64
import email.utils
import hashlib
import http.server
import json
import os
import secrets
import sys
import threading
import time
import urllib.parse

FOLDER = sys.argv[1]
ROLES = {("123456789012", "Developer"), ("123456789012", "Read Only+x")}
LOCK = threading.Lock()
CALLS = {("POST", "/client/register"): "RegisterClient", ("POST", "/token"): "CreateToken",
         ("POST", "/device_authorization"): "StartDeviceAuthorization", ("GET", "/authorize"): "Authorize",
         ("GET", "/federation/credentials"): "GetRoleCredentials"}


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(body)
        self.status, self.body = status, body


def oidc(code, text, status=400):
    return Refused(status, {"error": code, "error_description": text})


def portal(status, kind, text):
    return Refused(status, {"message": text, "__type": "com.amazonaws.switchboard.portal#" + kind})


class World:
    """What the service knows."""
    def __init__(self):
        self.clients, self.devices, self.codes, self.tokens, self.refreshes = {}, {}, {}, {}, {}
        self.told, self.said = None, {}

    def read_told(self):
        with open(os.path.join(FOLDER, "told.json"), encoding="utf-8") as file:
            text = file.read()
        if text != self.told:
            self.told, self.said = text, {}
        return json.loads(text)

    def once(self, key, most):
        """Whether this is one of the first so many."""
        self.said[key] = self.said.get(key, 0) + 1
        return self.said[key] <= most


WORLD = World()


def new_secret(kind):
    value = kind + secrets.token_urlsafe(24) + '/+"\\='[:3 if kind != "code-" else 2]
    with open(os.path.join(FOLDER, "secrets"), "a", encoding="utf-8") as file:
        file.write(value + "\n")
    return value


def now(told):
    return int(time.time()) + told.get("clock_s", 0)


def require(fields, *names):
    for name in names:
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise oidc("invalid_request", f"{name} is missing")


def register_client(fields, told):
    require(fields, "clientName", "clientType")
    if fields["clientType"] != "public" or not isinstance(fields.get("scopes"), list) or not fields["scopes"]:
        raise oidc("invalid_client_metadata", "clientType or scopes")
    grants = fields.get("grantTypes")
    if grants is not None:
        require(fields, "issuerUrl")
        if sorted(grants) != ["authorization_code", "refresh_token"] or not fields.get("redirectUris"):
            raise oidc("invalid_client_metadata", "grantTypes or redirectUris")
    client = "client-" + secrets.token_urlsafe(12)
    WORLD.clients[client] = {"secret": new_secret("csecret-"), "fields": fields}
    return {"clientId": client, "clientSecret": WORLD.clients[client]["secret"], "clientIdIssuedAt": now(told),
            "clientSecretExpiresAt": now(told) + 90 * 24 * 3600}


def check_client(fields):
    require(fields, "clientId", "clientSecret")
    client = WORLD.clients.get(fields["clientId"])
    if client is None or client["secret"] != fields["clientSecret"]:
        raise oidc("invalid_client", "Invalid client", 401)
    return client


def start_device(fields, told, url):
    client = check_client(fields)
    require(fields, "startUrl")
    if client["fields"].get("grantTypes"):
        raise oidc("unauthorized_client", "This client has other grants")
    code, user_code = new_secret("device-"), "ABCD-EFGH"
    WORLD.devices[code] = fields["clientId"]
    return {"deviceCode": code, "userCode": user_code, "verificationUri": url + "/device",
            "verificationUriComplete": url + "/device?user_code=" + user_code,
            "expiresIn": told.get("device_life", 600), "interval": told.get("interval", 0)}


def ask_for_device(fields, told):
    require(fields, "deviceCode")
    if WORLD.devices.get(fields["deviceCode"]) != fields["clientId"]:
        raise oidc("invalid_grant", "Invalid device code provided")
    if WORLD.once("slow_down", told.get("slow_down", 0)):
        raise oidc("slow_down", "Too many requests")
    if WORLD.once("pending", told.get("pending", 0)):
        raise oidc("authorization_pending", "The customer has not yet confirmed the code")
    if "device_end" in told:
        raise oidc(told["device_end"], "It is over")
    del WORLD.devices[fields["deviceCode"]]


def ask_for_code(fields):
    require(fields, "code", "codeVerifier", "redirectUri")
    given = WORLD.codes.pop(fields["code"], None)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(fields["codeVerifier"].encode()).digest()).decode().rstrip("=")
    if given is None or given["client_id"] != fields["clientId"] or given["redirect_uri"] != fields["redirectUri"]:
        raise oidc("invalid_grant", "Invalid authorization code provided")
    if given["code_challenge"] != challenge or len(fields["codeVerifier"]) < 43:
        raise oidc("invalid_grant", "Invalid code verifier provided")


def ask_for_refresh(fields, told):
    require(fields, "refreshToken")
    if told.get("revoked") or WORLD.refreshes.get(fields["refreshToken"]) != fields["clientId"]:
        raise oidc("invalid_grant", "Invalid refresh token provided")
    if not told.get("same_refresh"):
        del WORLD.refreshes[fields["refreshToken"]]


def create_token(fields, told):
    check_client(fields)
    require(fields, "grantType")
    grant = fields["grantType"]
    if grant == "urn:ietf:params:oauth:grant-type:device_code":
        ask_for_device(fields, told)
    elif grant == "authorization_code":
        ask_for_code(fields)
    elif grant == "refresh_token":
        ask_for_refresh(fields, told)
    else:
        raise oidc("unsupported_grant_type", "Unsupported grant type")
    life = told.get("expires_in", 3600)
    answer = {"accessToken": new_secret("access-"), "tokenType": "Bearer", "expiresIn": life}
    WORLD.tokens[answer["accessToken"]] = now(told) + life
    if not told.get("no_refresh") and not (grant == "refresh_token" and told.get("same_refresh")):
        answer["refreshToken"] = new_secret("refresh-")
        WORLD.refreshes[answer["refreshToken"]] = fields["clientId"]
    return answer


def get_role(query, bearer, told):
    if told.get("signed_out") or WORLD.tokens.get(bearer, 0) <= now(told):
        raise portal(401, "UnauthorizedException", "Session token not found or invalid")
    role = (query.get("account_id"), query.get("role_name"))
    if role not in ROLES:
        raise portal(403, "ForbiddenException", "No access")
    return {"roleCredentials": {
        "accessKeyId": "ASIA" + secrets.token_hex(8).upper(), "secretAccessKey": new_secret("rsecret-"),
        "sessionToken": new_secret("session-"), "expiration": (now(told) + told.get("role_life", 3600)) * 1000}}


def authorize(query, told):
    """Where the browser goes: it is the person who has just said yes. None: nowhere."""
    client = WORLD.clients.get(query.get("client_id"), {}).get("fields", {})
    target = urllib.parse.urlsplit(query.get("redirect_uri", ""))
    bare = f"{target.scheme}://{target.hostname}{target.path}"
    if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256" or \
            bare not in client.get("redirectUris", []) or query.get("scopes", "").split(" ") != client.get("scopes"):
        raise oidc("invalid_request", "Invalid request")
    how = told.get("authorize")
    code = new_secret("code-")
    WORLD.codes[code] = query
    back = {"code": code, "state": query.get("state", "")}
    if how == "deny":
        back = {"error": "access_denied", "error_description": "no", "state": query.get("state", "")}
    elif how == "wrong_state" and WORLD.once("wrong_state", 1):
        back["state"] = "00000000-0000-4000-8000-000000000000"
    elif how == "no_code" and WORLD.once("no_code", 1):
        del back["code"]
    elif how == "silent":
        return None
    return query["redirect_uri"] + "?" + urllib.parse.urlencode(back)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + self.told.get("clock_s", 0), usegmt=True)

    def send(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def note(self, call, fields):
        entry = {"call": call, "fields": fields, "bearer": self.headers.get("x-amz-sso_bearer_token")}
        with open(os.path.join(FOLDER, "requests.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def replace(self, call):
        """Whether an answer was told, and given."""
        answers = self.told.get("answers", {}).get(call, [])
        if not WORLD.once("answers " + call, len(answers)):
            return False
        answer = answers[WORLD.said["answers " + call] - 1]
        time.sleep(answer.get("delay_s", 0))
        if answer.get("close"):
            self.close_connection = True
            self.connection.close()
            return True
        body = json.dumps(answer["json"]) if "json" in answer else answer.get("body", "")
        self.send(answer.get("status", 200), body.encode())
        return True

    def answer(self, call, fields):
        if call == "Authorize":
            where = authorize(fields, self.told)
            return self.send(200, b"") if where is None else self.send(302, b"", [("Location", where)])
        if call == "GetRoleCredentials":
            result = get_role(fields, self.headers.get("x-amz-sso_bearer_token"), self.told)
        elif call == "RegisterClient":
            result = register_client(fields, self.told)
        elif call == "StartDeviceAuthorization":
            result = start_device(fields, self.told, f"http://127.0.0.1:{self.server.server_address[1]}")
        else:
            result = create_token(fields, self.told)
        return self.send(200, json.dumps(result).encode())

    def handle_call(self):
        url = urllib.parse.urlsplit(self.path)
        call = CALLS.get((self.command, url.path), self.command + " " + url.path)
        length = int(self.headers.get("Content-Length", 0))
        text = self.rfile.read(length)
        with LOCK:
            self.told = WORLD.read_told()
            fields = json.loads(text) if text else dict(urllib.parse.parse_qsl(url.query))
            self.note(call, fields)
            try:
                if self.replace(call):
                    return
                time.sleep(self.told.get("slow", {}).get(call, 0))
                if (self.command, url.path) not in CALLS:
                    raise Refused(404, {})
                self.answer(call, fields)
            except Refused as refused:
                self.send(refused.status, json.dumps(refused.body).encode())
            except OSError:
                self.close_connection = True

    do_GET = do_POST = handle_call


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(f"{FOLDER}/port.new", "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    os.rename(f"{FOLDER}/port.new", f"{FOLDER}/port")
    server.serve_forever()


main()
