"""moto, whose KMS names the type of what it answers, as AWS does: moto's own says HTML of its JSON."""

import functools

from moto.kms.responses import KmsResponse
from moto.server import main


def name_type(method):
    @functools.wraps(method)
    def answer(self):
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, method(self)
    return answer


for name in "sign", "get_public_key":
    setattr(KmsResponse, name, name_type(getattr(KmsResponse, name)))

if __name__ == "__main__":
    main()
