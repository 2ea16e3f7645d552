"""What the tests of tokens share: keys, claims, tokens signed with them, and a verifier over keys in memory."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from orders.auth.key_cache import KeyCache
from orders.auth.key_sources import shared_secrets
from orders.auth.token_settings import TokenSettings
from orders.auth.token_verifier import TokenVerifier

SECRET = "a shared secret that is long enough for HS512 as well, which asks for 64"
OTHER_SECRET = "another shared secret that is long enough for HS512 as well, yes it is so"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Clock:
    """A manual clock, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def settings(**changes: Any) -> TokenSettings:
    values: dict[str, Any] = {
        "algorithms": ("HS256",),
        "secret_arn": "",
        "public_key": "",
        "jwks_url": "",
        "issuer": "",
        "audience": "",
    }
    return TokenSettings(**{**values, **changes})


def verifier(secret: str = SECRET, **changes: Any) -> TokenVerifier:
    """A verifier that knows a shared secret, or several as JSON; the other arguments are those of `settings`."""
    chosen = settings(**changes)
    return TokenVerifier(chosen, KeyCache(lambda: shared_secrets(secret, chosen.algorithms)))


def claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "5", "exp": int(time.time()) + 3600, **changes}


def signed(payload: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    """A header ``Authorization`` with a token; the other arguments are members of the token's header."""
    return f"Bearer {jwt.encode(payload, key, algorithm, headers=header)}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def pem(key: PrivateKeyTypes) -> str:
    public: PublicKeyTypes = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(key: rsa.RSAPrivateKey, **members: Any) -> dict[str, Any]:
    """The public half of a key as a member of a key set."""
    public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "use": "sig", **members}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()
