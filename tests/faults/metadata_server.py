"""The hosts that give an instance (IMDSv2) or a container its keys: right by default, wrong on command. Plain http.

usage: metadata_server.py FOLDER [ADDRESS,...]      on a port of its own of 127.0.0.1, or on port 80 of each address

FOLDER/port            written when the server listens
FOLDER/faults.json     read again for every request:
    {"role": name, "keys": {...}, "authorization": what a container has to send,
     "imds.token": {"fault": ...}, "imds.role": ..., "imds.keys": ..., "container": ..., "*": ...}
                       the faults are fault_server.py's, with their "times", "at" and "from"
FOLDER/requests.jsonl  every request that came whole: {"call", "method", "path", "headers"}; the tokens that were given
                       out are forgotten, too, when this file is removed
"""

import asyncio
import datetime
import json
import os
import sys
import uuid

import fault_server
from fault_server import FAULTS, FOLDER, Answer, load, pick_fault

ROLES = "/latest/meta-data/iam/security-credentials/"
MAX_TTL_S = 21600
tokens = set()


def keys_of(settings):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
    keys = {"AccessKeyId": "ASIAIOSFODNN7INSTANC", "SecretAccessKey": "secret/of+the/metadata+server",
            "Token": "token//of+the+metadata+server==", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return keys | settings.get("keys", {})


def json_of(body, status=200):
    return Answer(status, json.dumps(body), "application/json")


def give_token(request, _settings):
    ttl = request["headers"].get("x-aws-ec2-metadata-token-ttl-seconds", "")
    if request["method"] != "PUT" or not ttl.isdigit() or not 1 <= int(ttl) <= MAX_TTL_S:
        return Answer(400, "Bad Request", "text/html")
    token = uuid.uuid4().hex
    tokens.add(token)
    return Answer(200, token, "text/plain", {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": ttl})


def needs_token(function):
    def guarded(request, settings):
        if request["method"] != "GET" or request["headers"].get("x-aws-ec2-metadata-token") not in tokens:
            return Answer(401, "Unauthorized", "text/html")
        return function(request, settings)
    return guarded


@needs_token
def give_role(_request, settings):
    role = settings.get("role", "instance-role")
    return Answer(200, role, "text/plain") if role else Answer(404, "Not Found", "text/html")


@needs_token
def give_keys(_request, settings):
    return json_of({"Code": "Success", "LastUpdated": "2026-01-19T02:00:00Z", "Type": "AWS-HMAC"} | keys_of(settings))


def give_container(request, settings):
    wanted = settings.get("authorization")
    if wanted is not None and request["headers"].get("authorization") != wanted:
        return json_of({"code": "InvalidToken", "message": "the token is not the container's"}, 401)
    return json_of({"RoleArn": "arn:aws:iam::123456789012:role/task"} | keys_of(settings))


CALLS = {"imds.token": give_token, "imds.role": give_role, "imds.keys": give_keys, "container": give_container}


def call_of(path):
    if path == "/latest/api/token":
        return "imds.token"
    if path.startswith(ROLES):
        return "imds.role" if path == ROLES else "imds.keys"
    return "container"


async def read_request(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = lines[0].split(" ")
    return {"call": call_of(path), "method": method, "path": path, "headers": headers, "region": ""}


def answer_request(request, settings):
    fault = pick_fault(request, settings)
    answer = CALLS[request["call"]](request, settings)
    return FAULTS[fault["fault"]](answer, fault, request) if fault else answer


async def serve(reader, writer):
    try:
        while True:
            request = await read_request(reader)
            if not os.path.exists(os.path.join(FOLDER, "requests.jsonl")):
                fault_server.used.clear()
                tokens.clear()
            with open(os.path.join(FOLDER, "requests.jsonl"), "a", encoding="utf-8") as file:
                file.write(json.dumps(request) + "\n")
            now = datetime.datetime.now().timestamp()
            if not await fault_server.send(writer, answer_request(request, load("faults.json", {})), now):
                break
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def main():
    addresses = sys.argv[2].split(",") if len(sys.argv) > 2 else ["127.0.0.1"]
    port = 80 if len(sys.argv) > 2 else 0
    server = await asyncio.start_server(serve, addresses, port)
    port = server.sockets[0].getsockname()[1]
    with open(os.path.join(FOLDER, "port.new"), "w", encoding="utf-8") as file:
        file.write(str(port))
    os.replace(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
