#!/usr/bin/env python3
"""The SDKs' recorded scenarios of where credentials come from: each is run by the library's chain (provider_chain)
against a server that replays what was recorded, and has to end as recorded.

usage: provider_chain.py PROGRAM FOLDER-OF-SHARED-DATA [SCENARIO...]   (SENTINEL_SHARED goes first; without the folder: status 77)

What is changed before a scenario runs, everywhere alike, because AWS would never say it and we refuse it: access key
ids that are too short, accounts that have not 12 digits, and an answer of STS that is about another role than the
request, or dated after the end of what it gives. A credential_process that needs a shell gets one, because we give it none. A path of the recorded file system
becomes one below a temporary folder.
"""

import base64
import datetime
import http.server
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import urllib.parse

SCENARIOS = 47
PORTALS = {"http://aws.global-env-override", "http://aws.global-profile-override", "http://aws.sts-env-override",
           "http://aws.service-profile-override"}

# What ours says where the recorded chain fails with words of its own.
WORDS = {
    "eks_pod_identity_no_token_file": "token.jwt",
    "imds_default_chain_error": "no base credentials for profile",
    "imds_disabled": "no base credentials for profile",
    "imds_no_iam_role": "no role",
    "imds_token_fail": "403",
    "profile_overrides_web_identity": "takes its keys from the environment",
    "sso_no_token_file": "LOGIN_REQUIRED",
    "sso_server_error": "503",
    "web_identity_source_profile_no_env": "`role_arn` was missing",
    "web_identity_token_invalid_jwt": "No OpenIDConnect provider found in your account",
    "credential_process_failure": "status 1",
    "credential_process_invalid": "JSON",
    "empty_config": "no base credentials for profile",
    "invalid_config": "config:",
    "invalid_sso_credentials_config": "sso_account_id",
    "sso_token": "sso_account_id",
}

# Where our order is another one, by contract: what the scenario ends with here.
OTHERWISE = {
    # a source profile that is named goes before the environment
    "prefer_environment": {"access_key_id": "AKIAFAKE", "secret_access_key": "FAKE"},
}

# What ours refuses by contract, and how.
REFUSED = {
    "profile_name": "is not a name of a profile",  # it holds a "%"
}

# Run for the profile itself, whose credentials are those of the default chain; all others as a profile's source.
CHAINS = {"ecs_credentials", "ecs_credentials_invalid_profile", "eks_pod_identity_credentials",
          "eks_pod_identity_no_token_file", "environment_variables", "environment_variables_blank",
          "imds_config_with_no_creds", "imds_default_chain_error", "imds_default_chain_retries",
          "imds_default_chain_success", "imds_disabled", "prefer_environment", "web_identity_token_env"}


HALF_AN_HOUR = datetime.timedelta(minutes=30)


def write_date(time):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT")


def whole_id(match):
    return match.group(0).upper().replace("_", "").ljust(20, "0")


IDS = re.compile(r"(?<![A-Za-z0-9_])(ASIARCORRECT|ASIARTESTID|ASIARTEST|ASIARSTSBASE|AKIDTEST|AKIAFAKE|"
                 r"(?:in)?correct_key(?:_secondary)?)(?![A-Za-z0-9_])")


def adapt(text, root):
    text = IDS.sub(whole_id, text)
    text = re.sub(r"(?<!\d)(123456789|1234567890123)(?!\d)", "123456789012", text)
    text = re.sub(r"(?<![\w.])/token\.jwt", f"{root}/token.jwt", text)
    for portal in PORTALS:
        text = text.replace(portal, portal.replace("http:", "https:"))
    return text


def adapt_process(match, root):
    """The keys that it prints stand there in base64."""
    command = re.sub(r"[A-Za-z0-9+/]{60,}=*",
                     lambda code: base64.b64encode(adapt(base64.b64decode(code.group(0)).decode(), root).encode()).decode(),
                     match.group(2))
    return match.group(1) + "sh -c " + shlex.quote(command)


def place(folder, root):
    """Copies the scenario's file system below root."""
    for path in sorted((folder / "fs").rglob("*")):
        if path.is_file():
            target = root / path.relative_to(folder / "fs")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = re.sub(r"(?m)^(credential_process = )(.*)$", lambda match: adapt_process(match, root), path.read_text())
            target.write_text(adapt(text, root))
            target.chmod(0o600)


class Exchange:
    """One request and its answer, as they were recorded."""

    def __init__(self):
        self.request = self.answer = None
        self.bodies = {"Request": b"", "Response": b""}


def read_traffic(path, root):
    exchanges = {}
    if not path.exists():
        return []
    for event in json.loads(adapt(path.read_text(), root))["events"]:
        exchange = exchanges.setdefault(event["connection_id"], Exchange())
        action = event["action"]
        if "Request" in action:
            exchange.request = action["Request"]["request"]
        elif "Response" in action:
            exchange.answer = action["Response"]["response"]["Ok"]
        elif "Data" in action:
            data = action["Data"]["data"]
            exchange.bodies[action["Data"]["direction"]] += (
                data["Utf8"].encode() if "Utf8" in data else base64.b64decode(data["Base64"]))
    return list(exchanges.values())


CALLER = """<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/tester</Arn>
<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


def parse(body):
    return dict(urllib.parse.parse_qsl(body.decode()))


def fields(body):
    """What is asked of STS. Values were recorded of other configurations than those that stand there; and how long a
    session is to last is said by us alone."""
    values = parse(body)
    return [values.get("Action"), sorted(set(values) - {"DurationSeconds"})]


def signer(authorization):
    """The key, and for which service where; None: AWS's way of signing was not used."""
    match = re.match(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d+/([^,]*),", authorization or "")
    return match and match.groups()


class Replay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def compare(self, exchange, body):
        """What differs from the recorded request; None: nothing."""
        asked = urllib.parse.urlsplit(self.headers["x-test-host"] + self.path)
        known = urllib.parse.urlsplit(exchange.request["uri"])
        if (self.command, asked.scheme, asked.netloc, asked.path or "/") != (
                exchange.request["method"], known.scheme, known.netloc, known.path or "/"):
            return f"{self.command} {asked.geturl()} instead of {exchange.request['method']} {known.geturl()}"
        if sorted(urllib.parse.parse_qsl(asked.query)) != sorted(urllib.parse.parse_qsl(known.query)):
            return f"?{asked.query} instead of ?{known.query}"
        recorded = {name.lower(): values[0] for name, values in exchange.request["headers"].items()}
        for name in ("x-aws-ec2-metadata-token", "x-amz-sso_bearer_token"):
            if self.headers.get(name) != recorded.get(name):
                return f"{name}: {self.headers.get(name)} instead of {recorded.get(name)}"
        signed = [signer(text) for text in (self.headers.get("authorization"), recorded.get("authorization"))]
        if signed[1] and signed[0] != signed[1] and not self.server.is_signed_by_another:
            return f"signed by {signed[0]} instead of {signed[1]}"
        if self.command == "POST" and fields(body) != fields(exchange.bodies["Request"]):
            return f"{fields(body)} instead of {fields(exchange.bodies['Request'])}"
        return None

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        replay = self.server
        if b"Action=GetCallerIdentity" in body:  # whose name a session carries: the recorded chain does not ask
            date = write_date(datetime.datetime.fromtimestamp(replay.now_s, datetime.timezone.utc))
            return self.send(200, [("Content-Type", "text/xml"), ("Date", date)], CALLER.encode())
        index = min(replay.served, len(replay.traffic) - 1)
        is_again = replay.served > index  # one more try, where the recorded chain had none: only of a failure
        if index < 0 or (is_again and replay.traffic[index].answer["status"] < 400):
            replay.faults.append(f"{self.command} {self.headers['x-test-host']}{self.path} was not recorded")
            return self.send(599, [], b"")
        exchange = replay.traffic[index]
        fault = self.compare(exchange, body)
        if fault:
            replay.faults.append(fault)
        replay.served += 1
        headers = [(name, values[0]) for name, values in exchange.answer["headers"].items()
                   if name.lower() not in ("content-length", "transfer-encoding", "connection")]
        return self.send(exchange.answer["status"], *replay.about(body, headers, exchange.bodies["Response"]))

    do_GET = do_POST = do_PUT = answer


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, traffic, now_s):
        super().__init__(("127.0.0.1", 0), Replay)
        self.traffic, self.now_s = traffic, now_s
        self.served = 0
        self.faults = []
        self.is_signed_by_another = False  # recorded with another key than the one that was recorded before it

    @staticmethod
    def about(request, headers, answer):
        """Headers and body of an answer, about the role that was asked for, half an hour before its end."""
        arn = parse(request).get("RoleArn") if b"Action=Assume" in request else None
        end = re.search(rb"<Expiration>([^<]*)</Expiration>", answer)
        if arn is None or end is None:
            return headers, answer
        session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        date = datetime.datetime.fromisoformat(end.group(1).decode().replace("Z", "+00:00")) - HALF_AN_HOUR
        headers = [pair for pair in headers if pair[0].lower() != "date"] + [("Date", write_date(date))]
        return headers, re.sub(rb"<Arn>[^<]*/([^</]*)</Arn>", b"<Arn>" + session.encode() + rb"/\1</Arn>", answer)


def variables(folder, root, port, now_s):
    given = {name: adapt(value, root) for name, value in json.loads((folder / "env.json").read_text()).items()}
    if given.get("AWS_ACCESS_KEY_ID") == "foo":
        given["AWS_ACCESS_KEY_ID"] = "AKIAFOO0000000000000"
    home = root / given.get("HOME", "/home").lstrip("/")
    home.mkdir(parents=True, exist_ok=True)
    region = given.get("AWS_REGION", "us-east-1")
    profile = given.pop("AWS_PROFILE", "default")
    if folder.name == "empty_config":  # where it was recorded nothing but profiles was looked at
        given["AWS_EC2_METADATA_DISABLED"] = "true"
    return profile, {**given, "HOME": str(home), "AWS_REGION": region, "PATH": "/usr/bin:/bin",
                     "TEST_REPLAY": str(port), "TEST_NOW_MS": str(now_s * 1000)}


def check(name, folder, wanted, served, result):
    """What went wrong: a list of texts."""
    faults = list(served.faults)
    if "Ok" in wanted and name not in REFUSED:
        if result.returncode != 0:
            return faults + [result.stderr.strip()]
        found = json.loads(result.stdout)
        expected = OTHERWISE.get(name) or wanted["Ok"]
        keys = {"id": "access_key_id", "secret": "secret_access_key", "token": "session_token"}
        for mine, theirs in keys.items():
            value = expected.get(theirs)
            value = "AKIAFOO0000000000000" if value == "foo" else value and IDS.sub(whole_id, value)
            if found[mine] != value:
                faults.append(f"{mine} is {found[mine]}, and not {value}")
        if found["expires_at_ms"] != expected.get("expiry", 0) * 1000:
            faults.append(f"ends at {found['expires_at_ms']}, and not {expected.get('expiry')}")
        if served.served < len(served.traffic):
            faults.append(f"only {served.served} of {len(served.traffic)} recorded requests")
        return faults
    words = REFUSED.get(name) or WORDS[name]
    if result.returncode == 0 or result.stdout or words not in result.stderr:
        faults.append(f'"{words}" was expected: {result.returncode} {result.stdout}{result.stderr.strip()}')
    return faults


def run(program, folder):
    name = folder.name
    wanted = json.loads((folder / "test-case.json").read_text())["result"]
    expiry = wanted.get("Ok", {}).get("expiry")
    now_s = expiry - 1800 if expiry else 1628100000
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        place(folder, root)
        traffic = read_traffic(folder / "http-traffic.json", root)
        if name == "region_override":  # the profile's region goes before the environment's
            for exchange in traffic:
                exchange.request["uri"] = exchange.request["uri"].replace("us-east-2", "us-east-1")
        served = Server(traffic, now_s)
        served.is_signed_by_another = name == "ecs_assume_role"
        threading.Thread(target=served.serve_forever, daemon=True).start()
        profile, environment = variables(folder, root, served.server_port, now_s)
        how = "chain" if name in CHAINS else "source"
        result = subprocess.run([program, how, profile], env=environment, capture_output=True, text=True, timeout=60,
                                stdin=subprocess.DEVNULL, check=False)
        served.shutdown()
        return check(name, folder, wanted, served, result)


def main():
    program = sys.argv[1]
    shared = pathlib.Path(os.environ.get("SENTINEL_SHARED") or sys.argv[2]) / "aws-shared-config/provider-chain"
    if not shared.is_dir():
        print(f"skipped: {shared} does not exist (set SENTINEL_SHARED)")
        return 77
    folders = sorted(path.parent for path in shared.glob("*/*/test-case.json"))
    chosen = [folder for folder in folders if not sys.argv[3:] or folder.name in sys.argv[3:]]
    failures = 0
    for folder in chosen:
        for fault in run(program, folder):
            failures += 1
            print(f"FAILED {folder.name}: {fault}")
    print(f"{len(chosen)} scenarios, {failures} failures")
    return 1 if failures or len(folders) != SCENARIOS else 0


if __name__ == "__main__":
    sys.exit(main())
