"""moto, in which GetSessionToken is what it is at AWS: a session of the user who asks, for a code that is taken once.

moto itself hands the documentation's example key to everybody, and knows it nowhere. Here the session has a key and a
token of its own, whose signature is checked, and which stands for the user. "000000" is a wrong code.
"""

import base64
import os
import secrets

from moto.iam import access_control
from moto.iam.models import iam_backends
from moto.server import main
from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend
from moto.sts.responses import TokenResponse
from moto.core.responses import ActionResult

sessions = {}  # access key id -> {"user", "secret", "token"}
used_codes = set()


class WrongCode(STSClientError):
    code = 403

    def __init__(self):
        super().__init__("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")


def take_code(response):
    serial, code = response._get_param("SerialNumber"), response._get_param("TokenCode")
    if serial and (code == "000000" or (serial, code) in used_codes):
        raise WrongCode()
    used_codes.add((serial, code))


def get_session_token(self):
    take_code(self)
    user = iam_backends[self.current_account][self.partition].get_user_from_access_key_id(self.access_key)
    session = {"user": user, "secret": base64.b64encode(os.urandom(30)).decode(),
               "token": base64.b64encode(os.urandom(90)).decode()}
    key = "ASIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
    sessions[key] = session
    token = self.backend.get_session_token(duration=self._get_int_param("DurationSeconds", 43200))
    return ActionResult({"Credentials": {"AccessKeyId": key, "SecretAccessKey": session["secret"],
                                         "SessionToken": session["token"], "Expiration": token.expiration}})


def assume_role(self):
    if self._get_param("SerialNumber"):
        take_code(self)
    return assume_role_of_moto(self)


class SessionKey(access_control.IAMUserAccessKey):
    """A session of a user: his policies, its own key and token."""

    def __init__(self, account_id, partition, access_key_id, headers):
        self.account_id, self.partition, self._access_key_id = account_id, partition, access_key_id
        session = sessions[access_key_id]
        self._owner_user_name = session["user"].name
        self._secret_access_key, self._token = session["secret"], session["token"]
        if headers.get("X-Amz-Security-Token") != self._token:
            raise access_control.CreateAccessKeyFailure(reason="InvalidToken")

    def create_credentials(self):
        return access_control.Credentials(self._access_key_id, self._secret_access_key, self._token)


def create_access_key(account_id, partition, access_key_id, headers):
    make = SessionKey if access_key_id in sessions else create_access_key_of_moto
    return make(account_id=account_id, partition=partition, access_key_id=access_key_id, headers=headers)


def get_caller_identity(self, access_key_id, region):
    if access_key_id in sessions:
        user = sessions[access_key_id]["user"]
        return user.id, user.arn, user.account_id
    return get_caller_identity_of_moto(self, access_key_id, region)


create_access_key_of_moto, access_control.create_access_key = access_control.create_access_key, create_access_key
get_caller_identity_of_moto, STSBackend.get_caller_identity = STSBackend.get_caller_identity, get_caller_identity
assume_role_of_moto, TokenResponse.assume_role = TokenResponse.assume_role, assume_role
TokenResponse.get_session_token = get_session_token

if __name__ == "__main__":
    main()
