"""Makes the world of a test in moto.

usage: moto_world.py URL < description.json > keys.json

{"users": {"alice": {"statements": [IAM statements]}},      default: may do what Sentinel needs
 "roles": {"Dev": {"trust": [statements]}},                 default trust: the users may assume and tag
 "parameters": [{"name", "value", "type", "region"}]}       default type String, region us-east-1
"""

import json
import sys

import boto3

ACCOUNT = "123456789012"
NEEDED = [{"Effect": "Allow", "Resource": "*",
           "Action": ["sts:AssumeRole", "sts:GetCallerIdentity", "sts:TagSession", "sts:SetSourceIdentity",
                      "ssm:GetParameter", "kms:Decrypt"]}]


def trust_of(users):
    """moto compares the caller's ARN with the principals as they stand: it does not know what an account's root means."""
    arns = [f"arn:aws:iam::{ACCOUNT}:user{user.get('path', '/')}{name}" for name, user in users.items()]
    return [{"Effect": "Allow", "Principal": {"AWS": arns},
             "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}]


def document(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def make_users(iam, users):
    keys = {}
    for name, user in users.items():
        iam.create_user(UserName=name, Path=user.get("path", "/"))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.put_user_policy(UserName=name, PolicyName="needed", PolicyDocument=document(user.get("statements") or NEEDED))
        keys[name] = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    return keys


def make_roles(iam, roles, trust):
    for name, role in roles.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(role.get("trust") or trust))
        iam.put_role_policy(RoleName=name, PolicyName="inside",
                            PolicyDocument=document([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))


def main():
    url = sys.argv[1]
    world = json.load(sys.stdin)
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "setup", region_name="us-east-1")
    iam = session.client("iam", endpoint_url=url)
    keys = make_users(iam, world.get("users") or {})
    make_roles(iam, world.get("roles") or {}, trust_of(world.get("users") or {}))
    for parameter in world.get("parameters") or []:
        ssm = session.client("ssm", endpoint_url=url, region_name=parameter.get("region", "us-east-1"))
        ssm.put_parameter(Name=parameter["name"], Value=parameter["value"], Type=parameter.get("type", "String"),
                          Tier=parameter.get("tier", "Standard"), Overwrite=False)
    json.dump(keys, sys.stdout)


if __name__ == "__main__":
    main()
