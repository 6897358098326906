"""Makes calls to AWS with a key, as boto3 does, and tells what came of each.

usage: try_calls.py URL < {"key": {"id", "secret", "token"}, "region", "calls": [[service, method, {arguments}], ...]}
prints a list: the answer without its metadata, or {"refused": AWS's code}
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def answer_of(session, url, service, method, arguments):
    client = session.client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
    try:
        answer = getattr(client, method)(**arguments)
    except ClientError as error:
        # moto tells services that speak JSON in XML that access is denied.
        code = error.response["Error"]["Code"]
        return {"refused": "AccessDenied" if code == "403" else code}
    answer.pop("ResponseMetadata", None)
    return answer


def main():
    task = json.load(sys.stdin)
    key = task["key"]
    session = boto3.Session(key["id"], key["secret"], key.get("token"), region_name=task.get("region", "us-east-1"))
    answers = [answer_of(session, sys.argv[1], *call) for call in task["calls"]]
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
