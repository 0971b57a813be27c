"""An authenticator in software, as a browser would use it: ES256, attestation none."""

from __future__ import annotations

import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

__all__ = ["Authenticator"]


class Authenticator:
    def __init__(self, site, origin):
        self.site, self.origin = site, origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.count = 0

    def create(self, options):
        """Answer `navigator.credentials.create`."""
        numbers = self.key.public_key().public_numbers()
        x, y = (value.to_bytes(32, "big") for value in (numbers.x, numbers.y))
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = encode_cbor({"fmt": "none", "attStmt": {}, "authData": self._data(0x45) + attested})
        return self._credential({"attestationObject": bytes_to_base64url(data), **self._client("create", options)[0]})

    def get(self, options):
        """Answer `navigator.credentials.get`."""
        self.count += 1
        client, digest = self._client("get", options)
        data = self._data(0x05)
        signature = self.key.sign(data + digest, ec.ECDSA(hashes.SHA256()))
        response = {"authenticatorData": bytes_to_base64url(data), "signature": bytes_to_base64url(signature)}
        return self._credential({**response, **client})

    def _data(self, flags):
        return hashlib.sha256(self.site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind, options):
        told = {"type": f"webauthn.{kind}", "challenge": options["challenge"], "origin": self.origin}
        data = json.dumps(told).encode()
        return {"clientDataJSON": bytes_to_base64url(data)}, hashlib.sha256(data).digest()

    def _credential(self, response):
        name = bytes_to_base64url(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
