"""What the fault server keeps: a Parameter Store in a file, and KMS keys. Each call answers (status, a JSON object)."""

import base64
import json
import os

ACCOUNT = "123456789012"
BATCH_MAX, HISTORY_MAX, VERSIONS_MAX = 10, 50, 100
VALUE_MAX = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
# What a test that writes a version need not say.
VERSION = {"Type": "String", "Version": 1, "LastModifiedDate": 1768816053.12, "Tier": "Standard",
           "LastModifiedUser": f"arn:aws:iam::{ACCOUNT}:user/alice"}


class Refusal(Exception):
    """A refusal by code, as AWS words it."""


class Store:
    """SSM of all regions: {REGION: {NAME: [version, ...]}}, the newest last. It is read for every call, so that a
    test may write it, and written before the answer goes out."""

    def __init__(self, path):
        self.path = path

    def exists(self):
        return os.path.exists(self.path)

    def answer(self, request, caller):
        with open(self.path, encoding="utf-8") as file:
            regions = json.load(file)
        parameters = regions.setdefault(request["region"], {})
        before = json.dumps(regions)
        answer = SSM_CALLS[request["call"]](parameters, request, caller)
        if json.dumps(regions) != before:
            with open(self.path + ".new", "w", encoding="utf-8") as file:
                json.dump(regions, file)
            os.replace(self.path + ".new", self.path)
        return answer


def shown(version, request, name):
    """A version as an answer gives it: a SecureString is only readable when that is asked for."""
    version = {**VERSION, **version}
    value = version["Value"]
    if version["Type"] == "SecureString" and not request["fields"].get("WithDecryption"):
        value = "kms:alias/aws/ssm:" + value
    arn = f"arn:aws:ssm:{request['region']}:{ACCOUNT}:parameter{name}"
    public = {key: version[key] for key in ("Type", "Version", "LastModifiedDate")}
    return {"Name": name, "ARN": arn, "DataType": "text", "Value": value, **public}


def named(request):
    names = request["fields"]["Names"]
    if not 1 <= len(names) <= BATCH_MAX or len(set(names)) != len(names):
        raise Refusal("ValidationException", f"1 to {BATCH_MAX} names, each once")
    return names


def page(items, request, size_max):
    """The items of this page, and what an answer says of the next one."""
    size = request["fields"].get("MaxResults", size_max)
    if not 1 <= size <= size_max:
        raise Refusal("ValidationException", f"MaxResults is not from 1 to {size_max}")
    start = int(request["fields"].get("NextToken") or 0)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start:start + size], more


def get_parameter(parameters, request, _caller):
    name = request["fields"]["Name"]
    if name not in parameters:
        raise Refusal("ParameterNotFound", "")
    return {"Parameter": shown(parameters[name][-1], request, name)}


def get_parameters(parameters, request, _caller):
    names = named(request)
    return {"Parameters": [shown(parameters[name][-1], request, name) for name in sorted(names) if name in parameters],
            "InvalidParameters": [name for name in names if name not in parameters]}


def put_parameter(parameters, request, caller):
    fields = request["fields"]
    versions = parameters.get(fields["Name"], [])
    if versions and not fields.get("Overwrite"):
        raise Refusal("ParameterAlreadyExists", "The parameter already exists.")
    tier = fields.get("Tier", "Standard")
    if not 1 <= len(fields["Value"]) <= VALUE_MAX[tier]:
        raise Refusal("ValidationException", f"{tier} tier parameters support a maximum parameter value of "
                                             f"{VALUE_MAX[tier]} characters.")
    number = versions[-1].get("Version", 1) + 1 if versions else 1
    versions.append({"Value": fields["Value"], "Type": fields["Type"], "Version": number, "Tier": tier,
                     "LastModifiedDate": round(request["now"], 3), "LastModifiedUser": caller,
                     **{key: fields[key] for key in ("Description",) if key in fields}})
    parameters[fields["Name"]] = versions[-VERSIONS_MAX:]
    return {"Version": number, "Tier": tier}


def delete_parameters(parameters, request, _caller):
    deleted = [name for name in named(request) if parameters.pop(name, None)]
    return {"DeletedParameters": deleted, "InvalidParameters": [name for name in named(request) if name not in deleted]}


def get_parameter_history(parameters, request, _caller):
    name = request["fields"]["Name"]
    if name not in parameters:
        raise Refusal("ParameterNotFound", "")
    versions, more = page(parameters[name], request, HISTORY_MAX)
    return {"Parameters": [{**VERSION, **version, **shown(version, request, name), "Labels": []}
                           for version in versions], **more}


def get_parameters_by_path(parameters, request, _caller):
    path = request["fields"]["Path"].rstrip("/") + "/"
    names = [name for name in parameters if name.startswith(path)
             and (request["fields"].get("Recursive") or "/" not in name[len(path):])]
    names, more = page(names, request, BATCH_MAX)
    return {"Parameters": [shown(parameters[name][-1], request, name) for name in names], **more}


SSM_CALLS = {"ssm.GetParameter": get_parameter, "ssm.GetParameters": get_parameters, "ssm.PutParameter": put_parameter,
             "ssm.DeleteParameters": delete_parameters, "ssm.GetParameterHistory": get_parameter_history,
             "ssm.GetParametersByPath": get_parameters_by_path}


# KMS: signatures as the real one makes them (its doubles salt otherwise) -------------------------------------------

def load_key(keys, request):
    from cryptography.hazmat.primitives import serialization
    arn = request["fields"]["KeyId"]
    if arn not in keys:
        raise Refusal("NotFoundException", f"Key '{arn}' does not exist")
    return serialization.load_pem_private_key(keys[arn].encode(), None)


def get_public_key(keys, request):
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    key = load_key(keys, request)
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    spec = f"RSA_{key.key_size}" if is_rsa else "ECC_NIST_P256"
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"KeyId": request["fields"]["KeyId"], "PublicKey": base64.b64encode(der).decode(), "KeySpec": spec,
            "CustomerMasterKeySpec": spec, "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"] if is_rsa else ["ECDSA_SHA_256"]}


def sign(keys, request):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
    fields = request["fields"]
    key, digest = load_key(keys, request), base64.b64decode(fields["Message"], validate=True)
    if fields.get("MessageType") != "DIGEST" or len(digest) != 32:
        raise Refusal("ValidationException", "Digest is invalid length for algorithm.")
    hashed = utils.Prehashed(hashes.SHA256())
    if fields["SigningAlgorithm"] == "RSASSA_PSS_SHA_256":
        signature = key.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashed)
    else:
        signature = key.sign(digest, ec.ECDSA(hashed))
    return {"KeyId": fields["KeyId"], "Signature": base64.b64encode(signature).decode(),
            "SigningAlgorithm": fields["SigningAlgorithm"]}


KMS_CALLS = {"kms.GetPublicKey": get_public_key, "kms.Sign": sign}
