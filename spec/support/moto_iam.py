"""moto, which checks the resources and conditions of IAM policies too, as far as Sentinel's documents have them.

moto itself looks at actions alone, knows no principal but a user's own ARN, and one condition. Here a parameter of SSM
and a key of KMS are resources; an account's root stands for everybody of the account; StringEquals, StringLike,
ArnNotLike and Null are checked on sts:SourceIdentity, kms:MessageType, aws:username and aws:PrincipalArn; AssumeRole
needs sts:SetSourceIdentity and sts:TagSession where it does that, from the caller's policies and from the role's.
KMS names its keys by their ARN and tells their spec, in answers of JSON's type, and signs a digest as it is (P-256).
"""

import base64
import fnmatch
import json
import re
import threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.iam.access_control import IAMPolicy, IAMPolicyStatement, IAMRequestBase, PermissionResult
from moto.iam.exceptions import NotFoundException
from moto.kms.responses import KmsResponse
from moto.server import main

JSON = {"Content-Type": "application/x-amz-json-1.1"}
request = threading.local()  # .context: what conditions are checked on


def parameters_of(asked):
    """What SSM or KMS is asked about, as resources."""
    body = json.loads(asked._body or "{}")
    if asked._service == "kms":
        return [body["KeyId"]]
    names = body.get("Names") or [body.get("Name") or body.get("Path")]
    return [f"arn:aws:ssm:{asked._region}:{asked.account_id}:parameter{name}" for name in names]


def context_of(asked):
    arn = asked._access_key.arn
    context = {"aws:PrincipalArn": arn}
    user = re.fullmatch(r"arn:aws:iam::\d+:user/(?:.*/)?(.+)", arn)
    role = re.fullmatch(r"arn:aws:sts::(\d+):assumed-role/(.+)/.+", arn)
    if user:
        context["aws:username"] = user[1]
    if role:
        context["aws:PrincipalArn"] = f"arn:aws:iam::{role[1]}:role/{role[2]}"
    if asked._service == "kms":
        context["kms:MessageType"] = json.loads(asked._body).get("MessageType", "RAW")
    if "SourceIdentity" in asked._data:
        context["sts:SourceIdentity"] = asked._data["SourceIdentity"][0]
    return context


def needed_of(asked, resource):
    """(action, resource) of all that a request needs."""
    if asked._service in ("ssm", "kms"):
        return [(asked._action, one) for one in parameters_of(asked)]
    needed = [(asked._action, resource)]
    if asked._action == "sts:AssumeRole":
        needed += [("sts:SetSourceIdentity", resource)] if "SourceIdentity" in asked._data else []
        needed += [("sts:TagSession", resource)] if any(key.startswith("Tags.") for key in asked._data) else []
    return needed


def is_permitted(results):
    results = list(results)
    return PermissionResult.DENIED not in results and PermissionResult.PERMITTED in results


def is_trusted(asked, action, resource):
    try:
        role = asked.backend.get_role_by_arn(resource)
    except NotFoundException:
        return True
    trust = IAMPolicy(role.assume_role_policy_document)
    return is_permitted([trust.is_action_permitted(action, resource, asked._access_key.arn)])


def check_action_permitted(self, resource):
    if self._service not in ("ssm", "kms", "sts") or self._action == "sts:GetCallerIdentity":
        return check_of_moto(self, resource)
    request.context = context_of(self)
    policies = [IAMPolicy(policy) for policy in self._access_key.collect_policies()]
    for action, one in needed_of(self, resource):
        has_right = is_permitted(policy.is_action_permitted(action, one) for policy in policies)
        if not has_right or (self._service == "sts" and not is_trusted(self, action, one)):
            self._raise_access_denied()


def fill_in(value):
    """A policy variable without a value matches nothing."""
    return re.sub(r"\$\{([^}]+)\}", lambda match: request.context.get(match[1], "\0"), value)


def holds(operator, key, value):
    there = request.context.get(key)
    if operator == "Null":
        return (there is None) == (value == "true")
    if operator == "ArnNotLike":
        return there is None or not fnmatch.fnmatchcase(there, value)
    wanted = fill_in(value)
    return there is not None and {"StringEquals": wanted == there,
                                  "StringLike": fnmatch.fnmatchcase(there, wanted)}[operator]


def is_principal(expected, principal):
    """Who asks has an ARN; a policy of his own names nobody."""
    account = re.fullmatch(r"arn:aws:iam::(\d+):root", expected)
    return principal.split(":")[4] == account[1] if account else principal == expected


def is_statement_permitted(self, action, resource="*", principal=None, incoming_condition_values=None):
    statement = self._statement
    names = statement.get("Principal", {}).get("AWS", [])
    conditions = [(operator, key, value) for operator, pairs in statement.get("Condition", {}).items()
                  for key, value in pairs.items()]
    concerns = (self._check_element_matches("Action", action)
                and ("Resource" not in statement or self._check_element_matches("Resource", resource))
                and (principal is None or any(is_principal(name, principal)
                                              for name in ([names] if isinstance(names, str) else names)))
                and all(holds(*condition) for condition in conditions))
    if not concerns:
        return PermissionResult.NEUTRAL
    return PermissionResult.PERMITTED if statement["Effect"] == "Allow" else PermissionResult.DENIED


def get_public_key(self):
    body = json.loads(get_public_key_of_moto(self))
    return 200, JSON, json.dumps(body | {"KeyId": json.loads(self.body)["KeyId"], "KeySpec": body["CustomerMasterKeySpec"]})


def sign(self):
    asked = json.loads(self.body)
    key = self.kms_backend.keys[self.kms_backend.get_key_id(asked["KeyId"])].private_key.private_key
    signature = key.sign(base64.b64decode(asked["Message"]), ec.ECDSA(Prehashed(hashes.SHA256())))
    return 200, JSON, json.dumps({"KeyId": asked["KeyId"], "Signature": base64.b64encode(signature).decode(),
                                  "SigningAlgorithm": asked["SigningAlgorithm"]})


get_public_key_of_moto, KmsResponse.get_public_key = KmsResponse.get_public_key, get_public_key
KmsResponse.sign = sign
check_of_moto, IAMRequestBase.check_action_permitted = IAMRequestBase.check_action_permitted, check_action_permitted
IAMPolicyStatement.is_action_permitted = is_statement_permitted

if __name__ == "__main__":
    main()
