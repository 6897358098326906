"""Stands between a client and a server, passes on what comes, byte for byte, and stops or spoils what it was told to.

usage: relay.py FOLDER URL

FOLDER/port            written when it listens
FOLDER/rules.json      read again for every request: {"rules": [{"call": action, "do": what, ...}, ...]}
FOLDER/held            written when an answer is being held
FOLDER/release         ends the holding
FOLDER/requests.jsonl  every request that came whole: {"call", "key"}
FOLDER/answers.txt     the body of every answer

A rule may carry "not_key" (only requests signed with another key) and "times" (only the first so many). What to do:
"hold_before" (do not pass it on until released), "hold_after" (pass it on, and hold the answer), "drop_after" (pass it
on, and close without an answer), "refuse" (answer with an error: "status", "code").
"""

import asyncio
import json
import os
import re
import sys
import urllib.parse

FOLDER, URL = sys.argv[1], urllib.parse.urlparse(sys.argv[2])
used = {}


def path(name):
    return os.path.join(FOLDER, name)


async def read_message(reader):
    """Head and body as they came; a message without Content-Length has no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return head, await reader.readexactly(int(length.group(1)) if length else 0)


def describe(head, body):
    target = re.search(rb"(?im)^x-amz-target: *\S*\.(\w+)", head)
    action = re.search(rb"(?:^|&)Action=(\w+)", body)
    key = re.search(rb"Credential=(\w+)/", head)
    found = target or action
    return {"call": found.group(1).decode() if found else "?", "key": key.group(1).decode() if key else ""}


def pick_rule(request):
    with open(path("rules.json"), encoding="utf-8") as file:
        rules = json.load(file).get("rules", [])
    if not os.path.exists(path("requests.jsonl")):
        used.clear()
    for number, rule in enumerate(rules):
        if rule["call"] != request["call"] or rule.get("not_key") == request["key"]:
            continue
        used[number] = used.get(number, 0) + 1
        if used[number] <= rule.get("times", used[number]):
            return rule
    return {"do": "pass"}


def note(request):
    with open(path("requests.jsonl"), "a", encoding="utf-8") as file:
        file.write(json.dumps(request) + "\n")


async def hold():
    with open(path("held"), "w", encoding="utf-8"):
        pass
    while not os.path.exists(path("release")):
        await asyncio.sleep(0.02)


def refusal(rule):
    body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{rule['code']}</Code><Message>so it was told</Message>"
            f"</Error></ErrorResponse>").encode()
    head = f"HTTP/1.1 {rule.get('status', 403)} X\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode(), body


async def pass_on(head, body):
    reader, writer = await asyncio.open_connection(URL.hostname, URL.port)
    writer.write(head + body)
    answer = await read_message(reader)
    writer.close()
    with open(path("answers.txt"), "ab") as file:
        file.write(answer[1] + b"\n")
    return answer


async def answer_request(head, body, reader):
    """The answer, or None: the connection is closed in its place. What a client that is gone asked is not passed on."""
    request = describe(head, body)
    rule = pick_rule(request)
    note(request)
    if rule["do"] == "refuse":
        return refusal(rule)
    if rule["do"] == "hold_before":
        await hold()
        if reader.at_eof():
            return None
    answer = await pass_on(head, body)
    if rule["do"] == "hold_after":
        await hold()
    return None if rule["do"] == "drop_after" else answer


async def serve(reader, writer):
    try:
        while True:
            answer = await answer_request(*await read_message(reader), reader)
            if answer is None:
                break
            writer.write(answer[0] + answer[1])
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(path("port.new"), "w", encoding="utf-8") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.replace(path("port.new"), path("port"))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
