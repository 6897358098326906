"""moto, whose instance metadata hands out a session that its STS knows.

moto itself hands out keys that cannot be any ("test-key"). Here they are those of a session of the role "Instance",
whose signature and token are checked like everybody's, also below another path, where a container finds its own.
"""

import json

from moto.instance_metadata.responses import InstanceMetadataResponse
from moto.server import main
from moto.sts.models import sts_backends

ACCOUNT = "123456789012"
KEYS = "/iam/security-credentials/default-role"


def assume(session):
    return sts_backends[ACCOUNT]["aws"].assume_role(
        region_name="us-east-1", role_session_name=session, role_arn=f"arn:aws:iam::{ACCOUNT}:role/Instance", policy="",
        duration=3600, external_id="")


def metadata_response(request, full_url, headers):
    if KEYS not in full_url:
        return metadata_response_of_moto(request, full_url, headers)
    role = assume("i-0123456789abcdef0")
    return 200, {}, json.dumps({
        "Code": "Success", "AccessKeyId": role.access_key_id, "SecretAccessKey": role.secret_access_key,
        "Token": role.session_token, "Expiration": role.expiration.strftime("%Y-%m-%dT%H:%M:%SZ")})


metadata_response_of_moto = InstanceMetadataResponse.metadata_response
InstanceMetadataResponse.metadata_response = staticmethod(metadata_response)

if __name__ == "__main__":
    main()
