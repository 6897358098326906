"""A keyring of aws-vault's, as files: each line of stdin is a name and the text of its item, in JSON:
{"name":..., "text":...}. Written by python3-jwcrypto, in the form that the keyring library has.

usage: vault_keys.py FOLDER PASSPHRASE
"""
import json
import os
import sys

from jwcrypto import jwe, jwk

ALGORITHMS = ["PBES2-HS256+A128KW", "A256GCM"]


def seal(text, passphrase):
    header = {"alg": ALGORITHMS[0], "enc": ALGORITHMS[1], "created": "2026-01-19 10:00:00 +0000 UTC"}
    token = jwe.JWE(text.encode(), json.dumps(header), algs=ALGORITHMS)
    token.add_recipient(jwk.JWK.from_password(passphrase))
    return token.serialize(compact=True)


def main(folder, passphrase):
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for line in sys.stdin:
        entry = json.loads(line)
        name = entry["name"].replace("%", "%25").replace("/", "%2F")
        path = os.path.join(folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(seal(entry["text"], passphrase))


main(*sys.argv[1:])
