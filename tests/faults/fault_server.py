"""STS, SSM and KMS as far as Sentinel asks them: right by default, wrong on command. Plain http on the loopback.

usage: fault_server.py FOLDER

FOLDER/port            written when the server listens
FOLDER/faults.json     read again for every request:
    {"policy": text, "caller_arn": arn, "expires_in_s": n, "skew_s": n,          what a right answer holds
     "kms_keys": {arn: PEM of a private key},
     "ssm.GetParameter@us-east-1": {"fault": ...}, "sts.AssumeRole": {"fault": ...},
     "*@us-east-1": {"fault": ...}, "*": {"fault": ...}}
FOLDER/requests.jsonl  every request that came whole: {"call", "region", "fields", "headers"}; calls are counted from
                       the removal of this file on
FOLDER/store.json      where it is, SSM is a store that holds what it says, and is kept there ("{}": an empty one; see
                       fault_store.py); where it is not, GetParameter answers "policy", whatever its name

The first of these keys that has a fault for the call wins. A fault may carry "times": n, for the first n such calls
only, "at": n, for the n-th only, or "from": n, for all from the n-th on; "effect": true or false says whether the call
is carried out before things go wrong: by default it is, unless AWS (or what stands before it) answers with an error.
So {"*": {"fault": "hang", "at": 7, "effect": false}} stops whoever asks at his seventh call, before it does anything.
The faults are the functions of FAULTS.
"""

import asyncio
import datetime
import email.utils
import json
import os
import re
import sys
import time
import urllib.parse

from fault_store import ACCOUNT, KMS_CALLS, SSM_CALLS, Refusal, Store

FOLDER = sys.argv[1]
SECRET = "issuedSecretAccessKey+of/the/faultServer"
TOKEN = "issuedSessionToken//of+the+fault+server=="
POLICY = """version: "1"
rules:
  - name: dev-everyone
    effect: allow
    conditions: {profiles: [dev]}
    reason: Development is open
"""
used = {}


class Answer:
    """An HTTP answer, and how its sending may go wrong."""

    def __init__(self, status=200, body=b"", content_type="text/xml", headers=None):
        self.status = status
        self.body = body if isinstance(body, bytes) else body.encode()
        self.content_type = content_type
        self.headers = headers or {}
        self.announced = None  # another Content-Length
        self.sends_date = True
        self.date = None
        self.delay_s = 0
        self.stop_after = None  # hang after: "nothing", "headers"
        self.raw = None  # bytes instead of an answer
        self.drip = False


def load(name, default):
    try:
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return default


def xml_error(status, code, message):
    return Answer(status, f"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                          f"<Code>{code}</Code><Message>{message}</Message></Error>"
                          f"<RequestId>0</RequestId></ErrorResponse>")


def json_error(status, code, message):
    return Answer(status, json.dumps({"__type": code, "message": message}), "application/x-amz-json-1.1")


def error_of(request, status, code, message):
    return xml_error(status, code, message) if request["call"].startswith("sts") else json_error(status, code, message)


# Right answers -------------------------------------------------------------------------------------------------

def caller_of(settings):
    return settings.get("caller_arn", f"arn:aws:iam::{ACCOUNT}:user/alice")


def get_caller_identity(_request, settings):
    arn = caller_of(settings)
    return Answer(body=f"<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                       f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AIDAEXAMPLE</UserId>"
                       f"<Account>{arn.split(':')[4] if arn.count(':') > 4 else ACCOUNT}</Account></GetCallerIdentityResult>"
                       f"<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>")


def assume_role(request, settings):
    fields = request["fields"]
    life_s = settings.get("expires_in_s", int(fields.get("DurationSeconds", "3600")))
    expires = datetime.datetime.fromtimestamp(request["now"] + life_s, datetime.timezone.utc)
    role = fields.get("RoleArn", "").rsplit("/", 1)[-1]
    session = fields.get("RoleSessionName", "")
    values = {"AccessKeyId": "ASIAISSUEDBYFAULTSRV", "SecretAccessKey": SECRET, "SessionToken": TOKEN,
              "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    values.update(settings.get("credentials", {}))
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)
    return Answer(body=f"<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
                       f"<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId>"
                       f"<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}</Arn></AssumedRoleUser>"
                       f"<Credentials>{inner}</Credentials><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>"
                       f"<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></AssumeRoleResponse>")


def assume_role_with_web_identity(request, settings):
    answer = assume_role(request, settings)
    answer.body = answer.body.replace(b"AssumeRoleRes", b"AssumeRoleWithWebIdentityRes")
    return answer


def get_session_token(request, settings):
    expires = request["now"] + int(request["fields"].get("DurationSeconds", "43200"))
    values = {"AccessKeyId": "ASIAMFABYFAULTSERVER", "SecretAccessKey": "mfa" + SECRET, "SessionToken": "mfa" + TOKEN,
              "Expiration": datetime.datetime.fromtimestamp(expires, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}
    values.update(settings.get("mfa_credentials", {}))
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)
    return Answer(body=f"<GetSessionTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                       f"<GetSessionTokenResult><Credentials>{inner}</Credentials></GetSessionTokenResult>"
                       f"<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetSessionTokenResponse>")


def get_parameter(request, settings):
    if STORE.exists():
        return ask_store(request, settings)
    name = request["fields"].get("Name", "")
    parameter = {"ARN": f"arn:aws:ssm:{request['region']}:{ACCOUNT}:parameter{name}", "DataType": "text",
                 "LastModifiedDate": 1768816053.12, "Name": name, "Type": settings.get("parameter_type", "String"),
                 "Value": settings.get("policy", POLICY), "Version": 3}
    parameter.update(settings.get("parameter", {}))
    return Answer(body=json.dumps({"Parameter": parameter}), content_type="application/x-amz-json-1.1")


def json_answer(ask):
    try:
        return Answer(body=json.dumps(ask()), content_type="application/x-amz-json-1.1")
    except Refusal as refusal:
        return json_error(400, *refusal.args)


def ask_store(request, settings):
    return json_answer(lambda: STORE.answer(request, caller_of(settings)))


def ask_kms(request, settings):
    return json_answer(lambda: KMS_CALLS[request["call"]](settings.get("kms_keys", {}), request))


STORE = Store(os.path.join(FOLDER, "store.json"))
CALLS = {**{call: ask_store for call in SSM_CALLS}, **{call: ask_kms for call in KMS_CALLS},
         "sts.GetCallerIdentity": get_caller_identity, "sts.AssumeRole": assume_role,
         "sts.AssumeRoleWithWebIdentity": assume_role_with_web_identity, "sts.GetSessionToken": get_session_token,
         "ssm.GetParameter": get_parameter}


# Faults: each takes the right answer, the fault's own settings and the request -----------------------------------

def fault_status(_answer, fault, _request):
    return Answer(fault["status"], fault.get("body", "<html>Service unavailable</html>"),
                  fault.get("content_type", "text/html"))


def fault_body(answer, fault, _request):
    answer.body = fault["body"].encode()
    return answer


def fault_replace(answer, fault, _request):
    """Replaces a pattern of the right body: missing fields, other roots, odd values."""
    body, count = re.subn(fault["pattern"], fault["by"], answer.body.decode(), flags=re.S)
    assert count > 0, fault
    answer.body = body.encode()
    return answer


def fault_garbage(answer, _fault, _request):
    answer.body = bytes(range(256)) * 8
    return answer


def fault_truncated(answer, _fault, _request):
    answer.announced = len(answer.body)
    answer.body = answer.body[:len(answer.body) // 2]
    return answer


def fault_content_type(answer, fault, _request):
    answer.content_type = fault.get("value", "text/html")
    return answer


def fault_oversized(answer, fault, _request):
    answer.body += b" " * fault.get("size", 2 * 1024 * 1024)
    return answer


def fault_doctype(answer, _fault, _request):
    answer.body = b"<!DOCTYPE x [<!ENTITY e \"alice\">]>" + answer.body
    return answer


def fault_duplicate_key(answer, fault, _request):
    key = fault.get("key", "Value")
    text = answer.body.decode()
    value = re.search(f'"{key}": ("(?:[^"\\\\]|\\\\.)*"|[0-9.]+)', text).group(0)
    answer.body = text.replace(value, value + ", " + value, 1).encode()
    return answer


def fault_redirect(_answer, fault, _request):
    return Answer(fault.get("status", 302), b"", headers={"Location": fault["location"]})


def fault_hang(answer, fault, _request):
    answer.stop_after = fault.get("after", "nothing")
    return answer


def fault_drip(answer, _fault, _request):
    answer.drip = True
    return answer


def fault_close(answer, _fault, _request):
    answer.raw = b""
    return answer


def fault_raw(answer, fault, _request):
    answer.raw = fault["bytes"].encode("latin-1")
    return answer


def fault_slow(answer, fault, _request):
    answer.delay_s = fault["seconds"]
    return answer


def fault_date(answer, fault, _request):
    answer.date = fault.get("value")
    answer.sends_date = answer.date is not None
    return answer


def fault_error(_answer, fault, request):
    answer = error_of(request, fault.get("status", 400), fault["code"], fault.get("message", "no reason given"))
    answer.delay_s = fault.get("seconds", 0)
    return answer


def fault_xml_error(_answer, fault, _request):
    """What moto and some gateways do: XML, whatever the service speaks."""
    return xml_error(fault.get("status", 403), fault["code"], fault.get("message", "no reason given"))


def fault_skew(answer, _fault, request):
    """As AWS: a signature that is more than five minutes off the server's clock is refused."""
    signed = datetime.datetime.strptime(request["headers"].get("x-amz-date", ""), "%Y%m%dT%H%M%SZ")
    signed = signed.replace(tzinfo=datetime.timezone.utc).timestamp()
    if abs(signed - request["now"]) <= 300:
        return answer
    code = "SignatureDoesNotMatch" if request["call"].startswith("sts") else "InvalidSignatureException"
    return error_of(request, 403 if code.startswith("Sig") else 400, code,
                    "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z")


FAULTS = {name[len("fault_"):]: function for name, function in list(globals().items()) if name.startswith("fault_")}
ERRORS = ("status", "error", "xml_error", "redirect")


def pick_fault(request, settings):
    call, region = request["call"], request["region"]
    for key in (f"{call}@{region}", call, f"*@{region}", "*"):
        fault = settings.get(key)
        if fault is None:
            continue
        used[key] = used.get(key, 0) + 1
        first, last = fault.get("at", fault.get("from", 1)), fault.get("at", fault.get("times", used[key]))
        if first <= used[key] <= last:
            return fault
    return None


def answer_request(request, settings):
    if request["call"] not in CALLS:
        return Answer(404, "no such call")
    fault = pick_fault(request, settings)
    has_effect = fault is None or fault.get("effect", fault["fault"] not in ERRORS)
    answer = CALLS[request["call"]](request, settings) if has_effect else Answer()
    return FAULTS[fault["fault"]](answer, fault, request) if fault else answer


SERVICES = {"AmazonSSM": "ssm", "TrentService": "kms"}


# HTTP ----------------------------------------------------------------------------------------------------------

async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode("utf-8", "replace")
    region = re.search(r"Credential=[^/]*/[0-9]*/([^/]*)/([^/]*)/", headers.get("authorization", ""))
    if "x-amz-target" in headers:
        service, _, action = headers["x-amz-target"].rpartition(".")
        call, fields = SERVICES.get(service, "?") + "." + action, json.loads(body)
    else:
        fields = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        call = "sts." + fields.get("Action", "?")
    return {"call": call, "region": region.group(1) if region else "", "fields": fields, "headers": headers,
            "path": lines[0]}


def note(request):
    with open(os.path.join(FOLDER, "requests.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps({key: request[key] for key in ("call", "region", "fields", "headers", "path")}) + "\n")


def head_of(answer, now):
    lines = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.content_type}",
             f"Content-Length: {len(answer.body) if answer.announced is None else answer.announced}"]
    if answer.sends_date:
        lines.append("Date: " + (answer.date or email.utils.formatdate(now, usegmt=True)))
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def send(writer, answer, now):
    """Returns whether the connection may be used again."""
    await asyncio.sleep(answer.delay_s)
    if answer.raw is not None:
        writer.write(answer.raw)
        return False
    if answer.stop_after == "nothing":
        await asyncio.sleep(3600)
    writer.write(head_of(answer, now))
    if answer.stop_after == "headers":
        await writer.drain()
        await asyncio.sleep(3600)
    for i in range(len(answer.body) if answer.drip else 0):
        writer.write(answer.body[i:i + 1])
        await writer.drain()
        await asyncio.sleep(0.2)
    writer.write(b"" if answer.drip else answer.body)
    await writer.drain()
    return answer.announced is None


async def serve(reader, writer):
    try:
        while True:
            request = await read_request(reader)
            settings = load("faults.json", {})
            request["now"] = time.time() + settings.get("skew_s", 0)
            if not os.path.exists(os.path.join(FOLDER, "requests.jsonl")):
                used.clear()
            note(request)
            if not await send(writer, answer_request(request, settings), request["now"]):
                break
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with open(os.path.join(FOLDER, "port.new"), "w", encoding="utf-8") as file:
        file.write(str(port))
    os.replace(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
