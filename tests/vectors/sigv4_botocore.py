#!/usr/bin/env python3
"""Signs random requests with botocore's signer and with ours; every stage has to be the same.

usage: sigv4_botocore.py PROGRAM [--count N] [--seed N]

PROGRAM is sigv4_print of the build folder. The default count is small; the full run has 10000.
Without botocore: exit status 77, skipped.
"""

import argparse
import datetime
import json
import random
import subprocess
import sys
from urllib.parse import quote

SKIPPED = 77

try:
    import botocore.auth
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    print("skipped: this Python has no botocore: %s" % sys.executable)
    sys.exit(SKIPPED)

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TEXT = LETTERS + " -_.~!*'();:@&=+$,/?#[]%\"<>\\^`{|}\u00e4\u20ac\U0001f602"
# What the signer adds itself, and what botocore leaves out (ours signs what it is given).
OWN_HEADERS = {"authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
OWN_HEADERS.update(name.lower() for name in botocore.auth.SIGNED_HEADERS_BLACKLIST)


def text(rng, alphabet, low, high):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


def random_path(rng):
    parts = []
    for _ in range(rng.randint(0, 6)):
        parts.append(rng.choice(["", ".", "..", quote(text(rng, TEXT, 1, 12), safe="-_.~")]))
    return "/" + "/".join(parts)


def random_query(rng):
    pairs = []
    keys = [quote(text(rng, TEXT, 1, 6), safe="-_.~") for _ in range(3)] + ["a", "A", "a-", "aa"]
    for _ in range(rng.choice([0, 0, 1, 2, 5, 12])):
        value = quote(text(rng, TEXT, 0, 10), safe="-_.~")
        pairs.append(rng.choice(keys) + rng.choice(["=" + value, "=" + value, "=", ""]))
    return "&".join(pairs)


def random_headers(rng, host):
    headers = [(rng.choice(["Host", "host", "HOST"]), host)]
    for _ in range(rng.randint(0, 8)):
        name = text(rng, LETTERS, 1, 3) if rng.random() < 0.5 else "x-" + text(rng, LETTERS + "-_.", 1, 16)
        if name.lower() in OWN_HEADERS:
            continue
        words = [text(rng, LETTERS + "\u00e4=;,\"/:", 0, 8) for _ in range(rng.randint(0, 4))]
        value = rng.choice([" ", "  ", " \t "]).join(words)
        headers.append((name, rng.choice(["", " ", "\t"]) + value + rng.choice(["", "  "])))
        if rng.random() < 0.2:
            headers.append((name.upper(), text(rng, LETTERS, 0, 5)))
    rng.shuffle(headers)
    return headers


def random_request(rng):
    return {
        "method": rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD"]),
        "path": random_path(rng),
        "query": random_query(rng),
        "headers": random_headers(rng, text(rng, LETTERS.lower(), 1, 12) + rng.choice([".amazonaws.com", ":8443"])),
        "body_hex": bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 55, 64, 300]))).hex(),
        "region": rng.choice(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"]),
        "service": rng.choice(["sts", "ssm", "service"]),
        "time_ms": rng.randrange(0, 4102444800) * 1000,
        "id": "AKIA" + text(rng, LETTERS.upper(), 12, 16),
        "secret": text(rng, LETTERS + "/+", 1, 80),
        "token": text(rng, LETTERS + "/+=", 1, 200) if rng.random() < 0.5 else "",
        "signs_body_header": rng.random() < 0.2,
    }


class RecordingAuth(SigV4Auth):
    """Keeps the stages."""

    def canonical_request(self, request):
        self.canonical = super().canonical_request(request)
        return self.canonical

    def string_to_sign(self, request, canonical_request):
        self.to_sign = super().string_to_sign(request, canonical_request)
        return self.to_sign

    def signature(self, string_to_sign, request):
        self.signed = super().signature(string_to_sign, request)
        return self.signed


def sign_with_botocore(case):
    now = datetime.datetime.fromtimestamp(case["time_ms"] / 1000, datetime.timezone.utc)
    set_clock(now)
    host = next(value for name, value in case["headers"] if name.lower() == "host")
    url = "https://" + host + case["path"] + ("?" + case["query"] if case["query"] else "")
    body = bytes.fromhex(case["body_hex"])
    request = AWSRequest(method=case["method"], url=url, data=body)
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    auth = RecordingAuth(
        Credentials(case["id"], case["secret"], case["token"] or None), case["service"], case["region"])
    if case["signs_body_header"]:
        request.headers["X-Amz-Content-SHA256"] = auth.payload(request)
    auth.add_auth(request)
    return {
        "canonical_request": auth.canonical,
        "string_to_sign": auth.to_sign,
        "signature": auth.signed,
        "authorization": request.headers["Authorization"],
    }


def set_clock(now):
    """botocore asks for the time in one of two ways, according to its age."""
    if hasattr(botocore.auth, "get_current_datetime"):
        botocore.auth.get_current_datetime = lambda *args, **kwargs: now.replace(tzinfo=None)
        return

    class FrozenClock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return now.replace(tzinfo=None)

    botocore.auth.datetime.datetime = FrozenClock


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20150830)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    cases = [random_request(rng) for _ in range(options.count)]
    done = subprocess.run(
        [options.program], input="".join(json.dumps(case) + "\n" for case in cases).encode(),
        stdout=subprocess.PIPE, check=True)
    answers = done.stdout.decode().splitlines()
    if len(answers) != len(cases) or not cases:
        print("FAILED: %d answers to %d requests" % (len(answers), len(cases)))
        return 1
    failures = 0
    for case, answer in zip(cases, answers):
        ours, theirs = json.loads(answer), sign_with_botocore(case)
        for stage, wanted in theirs.items():
            if ours[stage] != wanted:
                failures += 1
                print("FAILED %s\n%s\n--- botocore\n%s\n--- ours\n%s"
                      % (stage, json.dumps(case), wanted, ours[stage]))
                break
        if failures == 5:
            break
    print("%d requests, %d failures (botocore %s)" % (len(cases), failures, botocore.__version__))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
