"""usage: boto3_identity.py PROFILE: prints who boto3 is with that profile."""

import sys

import boto3

try:
    print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])
except Exception as error:  # whatever the SDK makes of a refusal is what its user would read
    sys.exit(f"boto3: {error}")
