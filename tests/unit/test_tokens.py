"""Valid tokens: their forms, their caller, and the settings for them."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from local import template as sam
from local import tokens
from orders.auth.key_cache import KeyCache
from orders.auth.key_sources import fetch_keys
from orders.auth.token_settings import TokenSettings
from orders.auth.token_verifier import InvalidToken, TokenVerifier
from orders.config import ConfigurationError
from orders.domain.caller import READ, WRITE, Caller
from tests.signing import OTHER_RSA_KEY, OTHER_SECRET, RSA_KEY, SECRET, claims, pem, settings, signed, verifier
from tests.support import ROOT

BOTH = frozenset({READ, WRITE})
SHIP = frozenset({"orders:ship"})


@pytest.mark.parametrize(
    ("payload", "caller"),
    [
        ({"sub": "5"}, Caller("5", actor="customer:5")),
        ({"sub": "auth0|5f7c"}, Caller("auth0|5f7c")),
        ({"user_id": 7, "sub": "x"}, Caller("7")),
        ({"customer_id": 9, "user_id": 7}, Caller("9")),
        ({"sub": "5", "scope": "orders:read openid"}, Caller("5", frozenset({READ, "openid"}))),
        ({"sub": "5", "scp": ["orders:write"]}, Caller("5", frozenset({WRITE}), "service:5")),
        ({"sub": "5", "roles": ["orders:read", 7]}, Caller("5", frozenset({READ}))),
        ({"user_id": 1, "is_staff": True}, Caller("1", BOTH, "staff:1")),
        ({"customer_id": 1, "user_id": 2, "sub": "agent", "is_staff": True}, Caller("1", BOTH, "staff:agent")),
        ({"user_id": 1, "sub": "https://users/1", "is_staff": True}, Caller("1", BOTH, "staff:1")),
        ({"customer_id": "carrier", "sub": "c-1", "scope": "orders:ship"}, Caller("carrier", SHIP, "service:c-1")),
        ({"customer_id": 9, "sub": "agent", "scope": "orders:read"}, Caller("9", frozenset({READ}), "customer:9")),
        ({"user_id": 1, "is_staff": "true"}, Caller("1")),
        ({"sub": "5", "email": "a@example.com"}, Caller("5", email="a@example.com")),
        ({"sub": "5", "email": "a@example.com", "email_verified": True}, Caller("5", email="a@example.com")),
        ({"sub": "5", "email": "a@example.com", "email_verified": False}, Caller("5")),
        ({"sub": "5", "email": "a@example.com", "email_verified": "false"}, Caller("5")),
        ({"sub": "5", "email": ["a@example.com"]}, Caller("5")),
        ({"sub": "5", "email": "a@example.com\nb@example.com"}, Caller("5")),
        ({"sub": "5", "email": f"{'a' * 243}@example.com"}, Caller("5")),
    ],
)
def test_given_a_valid_token_when_verified_then_it_identifies_the_caller(
    payload: dict[str, Any], caller: Caller
) -> None:
    assert verifier().verify(signed({"exp": int(time.time()) + 3600, **payload})) == caller


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ({}, {"typ": None}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": "jwt"}),
        ({}, {"typ": "at+jwt"}),
        ({}, {"typ": "application/at+jwt"}),
        ({"token_type": "access"}, {}),
        ({"token_use": "access"}, {}),
        ({"typ": "Bearer"}, {}),
        ({"exp": 4_102_444_800.5}, {}),
    ],
    ids=str,
)
def test_given_an_access_token_of_any_type_name_when_verified_then_accepted(
    kind: dict[str, Any], header: dict[str, Any]
) -> None:
    assert verifier().verify(signed(claims(**kind), **header)) == Caller("5")


def test_given_a_clock_skew_of_seconds_when_verified_then_accepted() -> None:
    now = int(time.time())
    for seconds_off in ({"iat": now + 5, "nbf": now + 5}, {"exp": now - 5}):
        assert verifier().verify(signed(claims(**seconds_off))) == Caller("5")


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
    chosen = settings(algorithms=(algorithm,), public_key=pem(key))
    by_key = TokenVerifier(chosen, KeyCache(lambda: fetch_keys(chosen)))
    assert by_key.verify(signed(claims(), key, algorithm)) == Caller("5")
    with pytest.raises(InvalidToken):
        by_key.verify(signed(claims(), OTHER_RSA_KEY, "RS256"))


def test_given_an_issuer_and_an_audience_when_verified_then_theirs_are_accepted() -> None:
    ours = verifier(issuer="https://users.example", audience="orders")
    assert ours.verify(signed(claims(iss="https://users.example", aud=["orders", "carts"]))) == Caller("5")


HOUR = 3600


@pytest.mark.parametrize(
    ("lifetime", "issued"), [(24 * HOUR, True), (24 * HOUR, False), (5 * 60, True), (24 * HOUR + 9, True)]
)
def test_given_a_maximum_lifetime_when_a_token_is_within_it_then_accepted(lifetime: int, *, issued: bool) -> None:
    now = int(time.time())
    payload = claims(exp=now + lifetime, **({"iat": now} if issued else {}))
    assert verifier(max_age_hours=24).verify(signed(payload)) == Caller("5")


@pytest.mark.parametrize(
    ("exp", "iat", "hours"),
    [
        (25 * HOUR, 0, "25.0"),
        (25 * HOUR, None, "25.0"),
        # It was issued long ago: what is left is not its lifetime.
        (HOUR, -24 * HOUR, "25.0"),
        # Three thousand years.
        (3_000 * 365 * 24 * HOUR, 0, "26280000"),
        (3_000 * 365 * 24 * HOUR, None, "26280000"),
    ],
)
def test_given_a_maximum_lifetime_when_a_token_is_beyond_it_then_refused(exp: int, iat: int | None, hours: str) -> None:
    now = int(time.time())
    payload = claims(exp=now + exp, **({} if iat is None else {"iat": now + iat}))
    assert verifier().verify(signed(payload)) == Caller("5")
    with pytest.raises(InvalidToken, match=rf"it is valid for {hours}[\d.]* hours; the maximum is 24") as refused:
        verifier(max_age_hours=24).verify(signed(payload))
    assert str(payload["exp"]) not in str(refused.value)


@pytest.mark.parametrize("age", [timedelta(0), tokens.LIFETIME - timedelta(seconds=1)])
def test_given_the_default_of_the_template_when_a_local_token_is_used_then_accepted(age: timedelta) -> None:
    hours = sam.read(ROOT / "template.yaml")["Parameters"]["JwtMaxAgeHours"]["Default"]
    token = tokens.sign(SECRET, "5", now=datetime.now(UTC) - age)
    assert verifier(max_age_hours=hours).verify(f"Bearer {token}") == Caller("5")


def test_given_required_claims_when_a_token_has_them_then_accepted_and_else_refused() -> None:
    ours = verifier(required_claims=("jti", "token_type"))
    complete = claims(jti="1", token_type="access")
    assert ours.verify(signed(complete)) == Caller("5")
    for name in ("jti", "token_type"):
        incomplete = {claim: value for claim, value in complete.items() if claim != name}
        with pytest.raises(InvalidToken, match=f'missing the "{name}" claim'):
            ours.verify(signed(incomplete))


def test_given_no_configured_audience_when_the_token_has_one_then_it_is_accepted() -> None:
    assert verifier().verify(signed(claims(aud="carts"))) == Caller("5")


def test_given_two_secrets_when_one_takes_over_then_tokens_of_both_are_accepted() -> None:
    both = verifier(json.dumps({"old": SECRET, "new": OTHER_SECRET}))
    assert both.verify(signed(claims(), SECRET, kid="old")) == Caller("5")
    assert both.verify(signed(claims(), OTHER_SECRET, kid="new")) == Caller("5")
    assert both.verify(signed(claims(), SECRET)) == Caller("5")
    assert both.verify(signed(claims(), OTHER_SECRET)) == Caller("5")


def test_given_a_secret_without_a_key_id_when_a_token_has_one_then_it_is_accepted() -> None:
    assert verifier().verify(signed(claims(), kid="1")) == Caller("5")


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
        {"jwks_url": "https:///keys", "algorithms": ("RS256",)},
    ],
)
def test_given_settings_that_would_mix_up_keys_when_checked_then_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        settings(**changes).check()


def test_given_the_environment_of_the_template_when_read_then_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_ALGORITHMS", "RS256, ES256")
    monkeypatch.setenv("JWT_PUBLIC_KEY", pem(RSA_KEY).replace("\n", "\\n"))
    monkeypatch.setenv("JWT_SECRET_ARN", "")
    read = settings(algorithms=("RS256", "ES256"), public_key=pem(RSA_KEY))
    assert TokenSettings.from_environment() == read
    monkeypatch.setenv("JWT_REQUIRED_CLAIMS", "jti, iat")
    monkeypatch.setenv("JWT_MAX_AGE_HOURS", "12")
    assert TokenSettings.from_environment() == replace(read, required_claims=("jti", "iat"), max_age_hours=12)
    monkeypatch.setenv("JWT_MAX_AGE_HOURS", "-1")
    with pytest.raises(ConfigurationError, match="JWT_MAX_AGE_HOURS is '-1'; it must be a number"):
        TokenSettings.from_environment()
