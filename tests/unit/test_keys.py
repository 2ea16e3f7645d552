"""Keys: how long they are cached, outages of their source, and how sources parse what they read."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from local.dashboard.measured import embedded
from orders import telemetry
from orders.auth.key_cache import Key, KeyCache, KeysUnavailable
from orders.auth.key_sources import fetch_keys, key_set, public_key, shared_secrets
from orders.auth.token_verifier import InvalidToken, TokenVerifier
from orders.config import ConfigurationError
from orders.domain.caller import Caller
from tests.aws import mocked
from tests.signing import OTHER_SECRET, RSA_KEY, SECRET, Clock, claims, jwk, jwks, pem, settings, signed

DAY = 86_400


class Source:
    """A fake source of keys; counts its calls, and can be down."""

    def __init__(self, *kids: str | None) -> None:
        self.kids = kids
        self.down = False
        self.asked = 0

    def __call__(self) -> list[Key]:
        self.asked += 1
        if self.down:
            raise KeysUnavailable("the source is down")
        return [Key(kid, "HS256", b"material") for kid in self.kids]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Source:
    return Source("old", "new")


@pytest.fixture
def cache(source: Source, clock: Clock) -> KeyCache:
    return KeyCache(source, clock)


def kids(cache: KeyCache, kid: str | None) -> list[str | None]:
    return [key.kid for key in cache.find(kid)]


@pytest.mark.parametrize(
    ("stored", "kid", "expected"),
    [
        (("old", "new"), "old", ["old"]),
        (("old", "new"), None, ["old", "new"]),
        (("old", None), "old", ["old", None]),
        (("old", None), "new", [None]),
        (("old",), "", []),
    ],
)
def test_given_keys_when_looked_up_by_id_then_all_candidates_are_found(
    stored: tuple[str | None, ...], kid: str | None, expected: list[str | None]
) -> None:
    assert kids(KeyCache(Source(*stored)), kid) == expected


def test_given_fresh_keys_when_looked_up_then_they_are_not_read_again(
    cache: KeyCache, source: Source, clock: Clock
) -> None:
    for _ in range(299):
        assert kids(cache, "old") == ["old"]
        clock.advance(1)
    assert source.asked == 1


def test_given_a_withdrawn_key_when_300_seconds_have_passed_then_it_is_not_found(
    cache: KeyCache, source: Source, clock: Clock
) -> None:
    assert kids(cache, "old") == ["old"]
    source.kids = ("new",)
    clock.advance(299)
    assert kids(cache, "old") == ["old"]
    clock.advance(1)
    assert kids(cache, "old") == []
    assert kids(cache, None) == ["new"]


def test_given_a_new_key_when_a_token_names_it_then_it_is_read_at_once(
    cache: KeyCache, source: Source, clock: Clock
) -> None:
    assert kids(cache, "old") == ["old"]
    source.kids = ("old", "new", "newer")
    clock.advance(60)
    assert kids(cache, "newer") == ["newer"]
    assert source.asked == 2


def test_given_a_flood_of_forged_key_ids_when_looked_up_then_one_refresh_a_minute(
    cache: KeyCache, source: Source, clock: Clock
) -> None:
    for second in range(240):
        assert kids(cache, f"forged-{second}") == []
        clock.advance(1)
    assert source.asked == 4


def test_given_a_source_outage_when_keys_are_stale_then_they_are_used_and_it_warns(
    cache: KeyCache,
    source: Source,
    clock: Clock,
    log: Callable[[], list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry._metrics.flush()
    capsys.readouterr()
    assert kids(cache, "old") == ["old"]
    source.down = True
    clock.advance(300)
    for _ in range(120):
        assert kids(cache, "old") == ["old"]
        clock.advance(1)
    assert source.asked == 3
    assert [(line["level"], line["reason"]) for line in log()] == [("WARNING", "the source is down")] * 2
    telemetry._metrics.flush()
    counted = [value for metric, point in embedded(capsys.readouterr().out) for value in point.values]
    assert counted == [1, 1]
    source.down, source.kids = False, ("new",)
    assert kids(cache, None) == ["new"]


def test_given_a_source_outage_of_a_day_when_looked_up_then_no_keys_until_it_ends(
    cache: KeyCache, source: Source, clock: Clock
) -> None:
    assert kids(cache, "old") == ["old"]
    source.down = True
    clock.advance(DAY - 1)
    assert kids(cache, "old") == ["old"]
    clock.advance(1)
    with pytest.raises(KeysUnavailable):
        cache.find("old")
    source.down = False
    assert kids(cache, "old") == ["old"]


def test_given_a_source_that_was_never_up_when_looked_up_then_each_call_retries(
    cache: KeyCache, source: Source
) -> None:
    source.down = True
    for _ in range(2):
        with pytest.raises(KeysUnavailable):
            cache.find("old")
    source.down = False
    assert kids(cache, "old") == ["old"]


def test_given_two_threads_when_they_look_up_at_once_then_the_source_is_read_once(source: Source) -> None:
    meeting = Barrier(2)

    def fetch() -> list[Key]:
        with suppress(BrokenBarrierError):
            meeting.wait(timeout=0.2)
        return source()

    cache = KeyCache(fetch)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(partial(kids, cache), ["old", "new"])) == [["old"], ["new"]]
    assert source.asked == 1


@pytest.mark.parametrize(
    ("secret", "algorithms", "problem"),
    [
        ("x" * 31, ("HS256",), "the shared secret is not a key for HS256: The HMAC key is 31 bytes long"),
        ("x" * 63, ("HS256", "HS512"), "the shared secret is not a key for HS512: The HMAC key is 63 bytes long"),
        (json.dumps({"old": SECRET, "new": "secret"}), ("HS256",), "the shared secret 'new' is not a key for HS256"),
        ("", ("HS256",), "must not be empty"),
        (pem(RSA_KEY), ("HS256",), "should not be used as an HMAC secret"),
        (json.dumps({"keys": [SECRET]}), ("HS256",), "the shared secret 'keys' is not a key"),
        (json.dumps({"1": "\ud800" * 64}), ("HS256",), "the shared secret '1' is not a key"),
        ("{}", ("HS256",), "contains no key"),
        ("\n{" + SECRET, ("HS256",), "starts like a JSON object"),
    ],
)
def test_given_a_weak_or_malformed_secret_when_read_then_refused_without_its_value(
    secret: str, algorithms: tuple[str, ...], problem: str
) -> None:
    """RFC 8725, sections 3.2 and 3.5; RFC 7518, section 3.2."""
    with pytest.raises(KeysUnavailable) as refused:
        shared_secrets(secret, algorithms)
    assert problem in str(refused.value)
    assert SECRET not in str(refused.value)


def test_given_a_secret_of_minimum_length_when_read_then_a_key_for_each_algorithm() -> None:
    algorithms = ("HS256", "HS384", "HS512")
    assert shared_secrets("x" * 64, algorithms) == [Key(None, algorithm, b"x" * 64) for algorithm in algorithms]


WEAK_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - weak on purpose
P384_KEY = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    ("text", "algorithms"),
    [
        ("no key", ("RS256",)),
        ("no key", ("ES256",)),
        (pem(WEAK_RSA_KEY), ("RS256",)),
        (pem(RSA_KEY), ("ES256",)),
        (pem(RSA_KEY), ("RS256", "EdDSA")),
        (pem(P384_KEY), ("ES256",)),
    ],
)
def test_given_a_weak_or_mismatched_public_key_when_read_then_it_is_refused(
    text: str, algorithms: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match="JWT_PUBLIC_KEY is not a key for"):
        public_key(text, algorithms)


RSA_JWK = jwk(RSA_KEY, kid="1")
EC_JWK = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
PRIVATE_JWK = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY))


@pytest.mark.parametrize(
    ("entry", "algorithms", "expected"),
    [
        (RSA_JWK, ("RS256",), ["RS256"]),
        (RSA_JWK, ("RS256", "PS256", "ES256"), ["RS256", "PS256"]),
        ({**RSA_JWK, "alg": "PS256"}, ("RS256", "PS256"), ["PS256"]),
        ({**RSA_JWK, "alg": "RSA-OAEP"}, ("RS256",), []),
        ({**RSA_JWK, "use": "enc"}, ("RS256",), []),
        ({name: value for name, value in RSA_JWK.items() if name not in {"use", "kid"}}, ("RS256",), ["RS256"]),
        (EC_JWK, ("RS256", "ES256"), ["ES256"]),
        (EC_JWK, ("ES384",), []),
        ({**EC_JWK, "y": EC_JWK["x"]}, ("ES256",), []),
        (jwk(WEAK_RSA_KEY), ("RS256",), []),
        (PRIVATE_JWK, ("RS256",), []),
        ({"kty": "oct", "k": "c2VjcmV0" * 8, "alg": "HS256"}, ("RS256",), []),
        ({"kty": "unheard of"}, ("RS256",), []),
        ({}, ("RS256",), []),
    ],
    ids=[
        "one algorithm",
        "two algorithms",
        "its own algorithm",
        "an algorithm for encryption",
        "for encryption",
        "neither use nor id",
        "an elliptic curve",
        "another curve",
        "a point off the curve",
        "too short",
        "a private key",
        "a shared secret",
        "another type",
        "nothing",
    ],
)
def test_given_a_key_set_when_read_then_each_key_has_the_algorithms_it_allows(
    entry: dict[str, Any], algorithms: tuple[str, ...], expected: list[str]
) -> None:
    """RFC 8725, section 3.4: a key that is no good is passed over, and the one beside it is taken."""
    beside = jwk(RSA_KEY, kid="beside")
    keys = key_set(jwks(entry, beside), (*algorithms, "RS512"))
    assert [key.algorithm for key in keys if key.kid != "beside" and key.algorithm != "RS512"] == expected
    assert ("beside", "RS512") in {(key.kid, key.algorithm) for key in keys}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"\xff\xff",
        b"[" * 100_000,
        b"[]",
        b"7",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": null}',
        b'{"keys": []}',
        b'{"keys": [null, 1, "x", []]}',
        jwks(EC_JWK),
    ],
    ids=lambda text: str(text[:20]),
)
def test_given_a_malformed_or_unusable_key_set_when_read_then_keys_are_unavailable(text: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        key_set(text, ("RS256",))


VALUES = st.none() | st.booleans() | st.integers() | st.text("Aa0=_ ", max_size=44) | st.lists(st.none(), max_size=1)
NAMES = st.sampled_from(["kty", "use", "alg", "kid", "n", "e", "d", "p", "oth", "crv", "x", "y", "k", "key_ops"])


@given(
    st.sampled_from([RSA_JWK, EC_JWK, {"kty": "OKP", "crv": "Ed25519", "x": "AA"}, PRIVATE_JWK]),
    st.dictionaries(NAMES, VALUES, max_size=3),
)
def test_given_any_malformed_key_when_its_set_is_read_then_the_others_are_accepted(
    entry: dict[str, Any], changes: dict[str, Any]
) -> None:
    keys = key_set(jwks({**entry, **changes}, jwk(RSA_KEY, kid="beside")), ("RS256", "ES256", "EdDSA"))
    assert "beside" in {key.kid for key in keys if isinstance(key.kid, str)}


@pytest.fixture
def secret_arn() -> Iterator[str]:
    """A secret in Secrets Manager."""
    with mocked():
        arn: str = boto3.client("secretsmanager").create_secret(Name=f"jwt-{uuid.uuid4()}", SecretString=SECRET)["ARN"]
        yield arn


@pytest.fixture
def verifier(secret_arn: str, clock: Clock) -> TokenVerifier:
    chosen = settings(secret_arn=secret_arn)
    return TokenVerifier(chosen, KeyCache(partial(fetch_keys, chosen), clock))


def rotate(secret_arn: str, secrets: dict[str, str]) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=secret_arn, SecretString=json.dumps(secrets))


def test_given_a_secret_that_rotates_when_verified_then_no_valid_token_is_refused(
    secret_arn: str, verifier: TokenVerifier, clock: Clock
) -> None:
    by_old, by_new = signed(claims(), SECRET, kid="old"), signed(claims(), OTHER_SECRET, kid="new")
    rotate(secret_arn, {"old": SECRET})
    assert verifier.verify(by_old) == Caller("5")
    rotate(secret_arn, {"old": SECRET, "new": OTHER_SECRET})
    clock.advance(60)
    assert verifier.verify(by_new) == Caller("5")
    assert verifier.verify(by_old) == Caller("5")
    rotate(secret_arn, {"new": OTHER_SECRET})
    clock.advance(300)
    assert verifier.verify(by_new) == Caller("5")
    with pytest.raises(InvalidToken):
        verifier.verify(by_old)


@pytest.mark.parametrize("secret", [{"SecretString": "too short"}, {"SecretBinary": SECRET.encode()}], ids=str)
def test_given_a_failed_rotation_when_read_then_the_last_secret_is_used_and_logged(
    secret_arn: str,
    verifier: TokenVerifier,
    clock: Clock,
    log: Callable[[], list[dict[str, Any]]],
    secret: dict[str, Any],
) -> None:
    assert verifier.verify(signed(claims())) == Caller("5")
    boto3.client("secretsmanager").put_secret_value(SecretId=secret_arn, **secret)
    clock.advance(300)
    assert verifier.verify(signed(claims())) == Caller("5")
    [warning] = log()
    assert "is not a key for HS256" in warning["reason"]
    assert "too short" not in json.dumps(warning)


def test_given_a_cached_secret_when_it_can_no_longer_be_read_then_it_is_still_used(
    secret_arn: str, verifier: TokenVerifier, clock: Clock, log: Callable[[], list[dict[str, Any]]]
) -> None:
    assert verifier.verify(signed(claims())) == Caller("5")
    boto3.client("secretsmanager").delete_secret(SecretId=secret_arn)
    clock.advance(300)
    assert verifier.verify(signed(claims())) == Caller("5")
    [warning] = log()
    assert warning["reason"].startswith("Secrets Manager does not return the secret: ")
