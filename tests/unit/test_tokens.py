"""The precautions of RFC 8725, and the claims of the user services that we know."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import jwt
import pytest
from aws_lambda_powertools.utilities import parameters
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from moto import mock_aws

from orders.auth import READ, WRITE, Caller
from orders.config import ConfigurationError, TokenSettings
from orders.tokens import InvalidToken, TokenVerifier
from tests.support import Context, load_function

SECRET = "a shared secret that is long enough for HS512 as well, which asks for 64"
OTHER_SECRET = "another shared secret that is long enough for HS512 as well, yes it is so"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: PrivateKeyTypes) -> str:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


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


def claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "5", "exp": int(time.time()) + 3600, **changes}


def header(token: str) -> str:
    return f"Bearer {token}"


def signed(payload: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None) -> str:
    return header(jwt.encode(payload, key, algorithm, headers={"kid": kid} if kid else None))


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forget_secrets() -> None:
    parameters.clear_caches()  # type: ignore[no-untyped-call]


@pytest.fixture
def secret_arn() -> Iterator[str]:
    """A secret in Secrets Manager; nothing of it is remembered from the test before."""
    with mock_aws():
        forget_secrets()
        arn: str = boto3.client("secretsmanager").create_secret(Name=f"jwt-{uuid.uuid4()}", SecretString=SECRET)["ARN"]
        yield arn
    forget_secrets()


@pytest.fixture
def verifier(secret_arn: str) -> TokenVerifier:
    return TokenVerifier(settings(secret_arn=secret_arn))


def rotate(secret_arn: str, secrets: dict[str, str]) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=secret_arn, SecretString=json.dumps(secrets))
    forget_secrets()


@pytest.mark.parametrize(
    ("payload", "caller"),
    [
        ({"sub": "5"}, Caller("5")),
        ({"sub": "auth0|5f7c"}, Caller("auth0|5f7c")),
        ({"user_id": 7, "sub": "x"}, Caller("7")),
        ({"customer_id": 9, "user_id": 7}, Caller("9")),
        ({"sub": "5", "scope": "orders:read openid"}, Caller("5", frozenset({READ, "openid"}))),
        ({"sub": "5", "scp": ["orders:write"]}, Caller("5", frozenset({WRITE}))),
        ({"sub": "5", "roles": ["orders:read", 7]}, Caller("5", frozenset({READ}))),
        ({"user_id": 1, "is_staff": True}, Caller("1", frozenset({READ, WRITE}))),
        ({"user_id": 1, "is_staff": "true"}, Caller("1")),
    ],
)
def test_given_a_good_token_when_verified_then_it_tells_the_caller(
    verifier: TokenVerifier, payload: dict[str, Any], caller: Caller
) -> None:
    assert verifier.verify(signed({"exp": int(time.time()) + 3600, **payload})) == caller


@pytest.mark.parametrize(
    "payload",
    [
        {"sub": "5"},
        claims(exp=int(time.time()) - 60),
        claims(nbf=int(time.time()) + 3600),
        claims(exp="tomorrow"),
        {"exp": int(time.time()) + 3600},
        claims(sub=""),
        claims(sub="a b"),
        claims(sub="x" * 129),
        claims(customer_id=True),
        claims(customer_id=["5"]),
        claims(customer_id={"id": "5"}),
    ],
    ids=["no expiry", "expired", "early", "bad expiry", "nobody", "empty", "space", "long", "bool", "list", "object"],
)
def test_given_claims_that_are_no_good_when_verified_then_denied(
    verifier: TokenVerifier, payload: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        verifier.verify(signed(payload))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        signed(claims()).removeprefix("Bearer "),
        "Bearer a.b.c",
        "Bearer " + "x" * 9000,
    ],
)
def test_given_no_bearer_token_when_verified_then_denied(verifier: TokenVerifier, authorization: str) -> None:
    with pytest.raises(InvalidToken):
        verifier.verify(authorization)


def test_given_another_secret_or_algorithm_when_verified_then_denied(verifier: TokenVerifier) -> None:
    for token in (
        signed(claims(), OTHER_SECRET),
        signed(claims(), SECRET, "HS512"),
        signed(claims(), RSA_KEY, "RS256"),
        header(jwt.encode(claims(), "", "none")),
        header(f"{segment({'alg': 'None', 'typ': 'JWT'})}.{segment(claims())}."),
    ):
        with pytest.raises(InvalidToken):
            verifier.verify(token)


def test_given_a_changed_payload_when_verified_then_denied(verifier: TokenVerifier) -> None:
    head, _, signature = signed(claims()).split(".")
    with pytest.raises(InvalidToken):
        verifier.verify(f"{head}.{segment(claims(sub='6'))}.{signature}")


def test_given_a_public_key_when_used_as_a_shared_secret_then_denied() -> None:
    public_key = pem(RSA_KEY)
    verifier = TokenVerifier(settings(algorithms=("RS256",), public_key=public_key))
    unsigned = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment(claims())}"
    digest = hmac.new(public_key.encode(), unsigned.encode(), hashlib.sha256).digest()
    forged = f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    with pytest.raises(InvalidToken):
        verifier.verify(header(forged))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA_KEY, "RS256"),
        (RSA_KEY, "PS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
)
def test_given_a_public_key_when_verified_then_its_own_algorithm_is_accepted(
    key: PrivateKeyTypes, algorithm: str
) -> None:
    verifier = TokenVerifier(settings(algorithms=(algorithm,), public_key=pem(key)))
    assert verifier.verify(signed(claims(), key, algorithm)) == Caller("5")
    with pytest.raises(InvalidToken):
        verifier.verify(signed(claims(), rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"))


def test_given_an_issuer_and_an_audience_when_verified_then_only_theirs_are_accepted(secret_arn: str) -> None:
    verifier = TokenVerifier(settings(secret_arn=secret_arn, issuer="https://users.example", audience="orders"))
    good = claims(iss="https://users.example", aud=["orders", "carts"])
    assert verifier.verify(signed(good)) == Caller("5")
    for wrong in (
        claims(aud="orders"),
        claims(iss="https://users.example"),
        {**good, "iss": "https://evil.example"},
        {**good, "aud": "carts"},
    ):
        with pytest.raises(InvalidToken):
            verifier.verify(signed(wrong))


def test_given_no_audience_of_our_own_when_the_token_names_one_then_it_is_accepted(verifier: TokenVerifier) -> None:
    assert verifier.verify(signed(claims(aud="carts"))) == Caller("5")


def test_given_two_secrets_when_one_takes_over_then_tokens_of_both_are_accepted(secret_arn: str) -> None:
    rotate(secret_arn, {"old": SECRET, "new": OTHER_SECRET})
    verifier = TokenVerifier(settings(secret_arn=secret_arn))
    assert verifier.verify(signed(claims(), SECRET, kid="old")) == Caller("5")
    assert verifier.verify(signed(claims(), OTHER_SECRET, kid="new")) == Caller("5")
    assert verifier.verify(signed(claims(), OTHER_SECRET)) == Caller("5")
    for token in (signed(claims(), SECRET, kid="new"), signed(claims(), SECRET, kid="gone")):
        with pytest.raises(InvalidToken):
            verifier.verify(token)
    rotate(secret_arn, {"new": OTHER_SECRET})
    with pytest.raises(InvalidToken):
        verifier.verify(signed(claims(), SECRET, kid="old"))


def test_given_a_key_set_when_verified_then_the_key_is_found_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    key_set = {
        "keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key())), "kid": "1", "use": "sig"}]
    }
    monkeypatch.setattr(jwt.PyJWKClient, "fetch_data", lambda _: key_set)
    verifier = TokenVerifier(settings(algorithms=("RS256",), jwks_url="https://users.example/keys"))
    assert verifier.verify(signed(claims(), RSA_KEY, "RS256", kid="1")) == Caller("5")
    for token in (signed(claims(), RSA_KEY, "RS256", kid="2"), signed(claims(), RSA_KEY, "RS256")):
        with pytest.raises(InvalidToken):
            verifier.verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"secret_arn": "arn", "public_key": pem(RSA_KEY)},
        {"public_key": pem(RSA_KEY)},
        {"secret_arn": "arn", "algorithms": ("HS256", "RS256")},
        {"secret_arn": "arn", "algorithms": ("none",)},
        {"secret_arn": "arn", "algorithms": ()},
        {"jwks_url": "http://users.example/keys", "algorithms": ("RS256",)},
    ],
)
def test_given_settings_that_would_mix_up_keys_when_checked_then_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        settings(**changes).check()


def test_given_the_environment_of_the_template_when_read_then_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_ALGORITHMS", "RS256, ES256")
    monkeypatch.setenv("JWT_PUBLIC_KEY", pem(RSA_KEY).replace("\n", "\\n"))
    monkeypatch.setenv("JWT_SECRET_ARN", "")
    assert TokenSettings.from_environment() == settings(algorithms=("RS256", "ES256"), public_key=pem(RSA_KEY))


def test_given_the_authorizer_when_asked_then_it_allows_good_tokens_and_no_others(
    secret_arn: str, monkeypatch: pytest.MonkeyPatch, log: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setenv("JWT_SECRET_ARN", secret_arn)
    authorizer = load_function("authorizer")
    good = signed(claims(scope="orders:write orders:read"))
    assert authorizer.handler({"headers": {"authorization": good}}, Context()) == {
        "isAuthorized": True,
        "context": {"customer_id": "5", "scope": "orders:read orders:write"},
    }
    forged = signed(claims(), OTHER_SECRET)
    assert authorizer.handler({"headers": {"authorization": forged}}, Context()) == {"isAuthorized": False}
    assert authorizer.handler({}, Context()) == {"isAuthorized": False}
    lines = log()
    assert [line["message"] for line in lines] == ["denied", "denied"]
    assert forged.split(".")[1] not in json.dumps(lines)
