"""Tokens that must be refused, by the section of RFC 8725 that warns of them, or of the RFC that they violate.

Each row differs from a good token by its attack alone: unless the attack is on the signature, the signature is good.
Keys that are too weak (section 3.5) are in `test_keys.py`.
"""

import hmac
import json
import time
import zlib
from typing import Any, NoReturn, cast

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from orders.auth.key_cache import Key, KeyCache
from orders.auth.key_sources import key_set, public_key
from orders.auth.token_verifier import InvalidToken, TokenVerifier
from orders.domain.caller import Caller
from tests.signing import (
    OTHER_RSA_KEY,
    OTHER_SECRET,
    RSA_KEY,
    SECRET,
    claims,
    encoded,
    jwk,
    jwks,
    pem,
    settings,
    signed,
    verifier,
)

SMUGGLED = "smuggled"
NOW = int(time.time())
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def forged(
    header: dict[str, Any] | bytes | None = None,
    payload: dict[str, Any] | bytes | None = None,
    key: str = SECRET,
    signature: bytes | None = None,
) -> str:
    """A token of these members, or bytes, that is signed with HS256 unless it has a signature of its own."""
    parts = [{"typ": "JWT", "alg": "HS256"} if header is None else header, claims() if payload is None else payload]
    unsigned = ".".join(encoded(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in parts)
    if signature is None:
        signature = hmac.digest(key.encode(), unsigned.encode(), "sha256")
    return f"{unsigned}.{encoded(signature)}"


def with_header(**members: Any) -> str:
    return forged({"typ": "JWT", "alg": "HS256", **members})


def with_claims(**changes: Any) -> str:
    return forged(payload=claims(**changes))


def with_text(name: str, value: str) -> str:
    """A token with a claim as a JSON library would not write it."""
    others = {other: claim for other, claim in claims().items() if other != name}
    return forged(payload=f'{json.dumps(others)[:-1]}, "{name}": {value}}}'.encode())


def token(*args: Any, **header: Any) -> str:
    return signed(*args, **header).removeprefix("Bearer ")


def signed_in_der() -> str:
    """A token with the signature of its key, written as certificates write it."""
    unsigned = token(claims(), EC_KEY, "ES256").rpartition(".")[0]
    return f"{unsigned}.{encoded(EC_KEY.sign(unsigned.encode(), ec.ECDSA(hashes.SHA256())))}"


def by_public_key(key: Any, algorithm: str) -> TokenVerifier:
    chosen = settings(algorithms=(algorithm,), public_key=pem(key))
    return TokenVerifier(chosen, KeyCache(lambda: public_key(chosen.public_key, chosen.algorithms)))


def by_key_set(*keys: dict[str, Any], algorithms: tuple[str, ...]) -> TokenVerifier:
    chosen = settings(algorithms=algorithms, jwks_url="https://users.example/keys")
    return TokenVerifier(chosen, KeyCache(lambda: key_set(jwks(*keys), algorithms)))


GOOD = forged()
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")

BY_SECRET = verifier()
BY_KID = verifier(json.dumps({"old": SECRET, "new": OTHER_SECRET}))
BY_RSA = by_public_key(RSA_KEY, "RS256")
BY_EC = by_public_key(EC_KEY, "ES256")
BY_ED = by_public_key(ED_KEY, "EdDSA")
BY_SET = by_key_set(jwk(RSA_KEY, kid="1", alg="RS256"), algorithms=("RS256", "PS256"))
OURS = verifier(issuer="https://users.example", audience="orders")


def ours(**changes: Any) -> str:
    return with_claims(**{"iss": "https://users.example", "aud": "orders", **changes})


ATTACKS: list[tuple[str, str, str, TokenVerifier]] = [
    # Algorithm verification.
    *[
        ("3.1", f"algorithm {name!r}, {kind}", forged({"alg": name}, signature=signature), BY_SECRET)
        for name in ("none", "None", "NoNe", "NONE", "", None, ["HS256"], "hs256", "HS257")
        for kind, signature in (("signed", None), ("with a dummy signature", b"x"))
    ],
    ("3.1", "no algorithm", forged({"typ": "JWT"}), BY_SECRET),
    ("3.1", "none, unsigned", token(claims(), "", "none"), BY_SECRET),
    ("3.1", "an algorithm that is not pinned", token(claims(), SECRET, "HS512"), BY_SECRET),
    ("3.1", "RS256 for a shared secret", token(claims(), RSA_KEY, "RS256"), BY_SECRET),
    *[
        ("3.1", f"the public key as a shared secret, {name}", forged({"alg": algorithm}, key=material), against)
        for name, material in (("as it is", pem(RSA_KEY)), ("stripped", pem(RSA_KEY).strip()))
        for algorithm in ("HS256", "RS256")
        for against in (BY_RSA, BY_SET)
    ],
    ("3.1", "an algorithm that is pinned, with a key for another", token(claims(), RSA_KEY, "PS256", kid="1"), BY_SET),
    # Appropriate algorithms.
    ("3.2", "RSA with SHA-1", forged({"alg": "RS1"}), BY_RSA),
    ("3.2", "RSA encryption", forged({"alg": "RSA1_5"}), BY_RSA),
    # Validate all cryptographic operations.
    ("3.3", "no signature", f"{HEAD}.{PAYLOAD}.", BY_SECRET),
    ("3.3", "another secret", forged(key=OTHER_SECRET), BY_SECRET),
    ("3.3", "an empty secret", forged(key=""), BY_SECRET),
    ("3.3", "another payload", f"{HEAD}.{encoded(json.dumps(claims(sub='6')).encode())}.{SIGNATURE}", BY_SECRET),
    ("3.3", "another header", f"{encoded(b'{"alg":"HS256","kid":"x"}')}.{PAYLOAD}.{SIGNATURE}", BY_SECRET),
    ("3.3", "half a signature", f"{HEAD}.{PAYLOAD}.{SIGNATURE[:20]}", BY_SECRET),
    ("3.3", "another RSA key", token(claims(), OTHER_RSA_KEY, "RS256"), BY_RSA),
    *[
        (
            "3.3",
            f"a signature of {len(signature)} bytes for {algorithm}",
            forged({"alg": algorithm}, None, "", signature),
            against,
        )
        for algorithm, against in (("HS256", BY_SECRET), ("RS256", BY_RSA), ("ES256", BY_EC), ("EdDSA", BY_ED))
        for signature in (b"x", bytes(63), bytes(65), bytes(1000))
    ],
    ("3.3", "a token in a token", forged(payload=GOOD.encode()), BY_SECRET),
    # Validate cryptographic inputs.
    ("3.4", "an ECDSA signature of zeros", forged({"alg": "ES256"}, signature=bytes(64)), BY_EC),
    ("3.4", "an ECDSA signature in DER", signed_in_der(), BY_EC),
    ("3.4", "an RSA signature of zeros", forged({"alg": "RS256"}, signature=bytes(256)), BY_RSA),
    # No compression before encryption: neither is taken.
    ("3.6", "an encrypted token", f"{encoded(b'{"alg":"dir","enc":"A256GCM"}')}..QUJD.QUJD.QUJD", BY_SECRET),
    ("3.6", "five parts that begin well", f"{GOOD}.QUJD.QUJD", BY_SECRET),
    (
        "3.6",
        "a compressed payload",
        forged({"alg": "HS256", "zip": "DEF"}, zlib.compress(json.dumps(claims()).encode())),
        BY_SECRET,
    ),
    # UTF-8.
    ("3.7", "a payload in UTF-16", forged(payload=json.dumps(claims()).encode("utf-16")), BY_SECRET),
    ("3.7", "a payload in UTF-32", forged(payload=json.dumps(claims()).encode("utf-32-le")), BY_SECRET),
    ("3.7", "a header in UTF-16", forged('{"alg": "HS256"}'.encode("utf-16-be")), BY_SECRET),
    ("3.7", "a byte order mark", forged(payload=b"\xef\xbb\xbf" + json.dumps(claims()).encode()), BY_SECRET),
    (
        "3.7",
        "a payload in Latin-1",
        forged(payload=f'{{"sub":"5","exp":{NOW + 3600},"n":"é"}}'.encode("latin1")),
        BY_SECRET,
    ),
    # Issuer and subject.
    *[
        ("3.8", f"issuer {issuer!r}", ours(iss=issuer), OURS)
        for issuer in (None, "", "https://evil.example", "https://users.example/", ["https://users.example"], 7)
    ],
    ("3.8", "no issuer", with_claims(aud="orders"), OURS),
    ("3.8", "no subject", forged(payload={"exp": NOW + 3600}), BY_SECRET),
    *[
        ("3.8", f"subject {name}", with_claims(sub=subject), BY_SECRET)
        for name, subject in {
            "empty": "",
            "with a space": "a b",
            "with a slash": "../5",
            "with a line break": "5\n",
            "long": "x" * 129,
            "number": 5,
            "list": ["5"],
            "null": None,
        }.items()
    ],
    *[
        ("3.8", f"{name} {value!r}", with_claims(**{name: value}), BY_SECRET)
        for name in ("customer_id", "user_id")
        for value in (True, ["5"], {"id": "5"}, "", 5.0)
    ],
    # Audience.
    *[
        ("3.9", f"audience {audience!r}", ours(aud=audience), OURS)
        for audience in (None, "", "carts", "order", "ORDERS", [], ["carts"], ["orders", 7], {"orders": 1})
    ],
    ("3.9", "no audience", with_claims(iss="https://users.example"), OURS),
    # Do not trust received claims: a key id finds a key by being equal, and nothing in a header is followed.
    *[
        ("3.10", f"key id {kid!r}", with_header(kid=kid), BY_KID)
        for kid in ("new", "gone", "", "../../../../dev/null", "old' OR '1'='1", "old\x00", "None", SMUGGLED)
    ],
    *[
        ("3.10", f"key id {kid}, which is no text", with_header(kid=kid), BY_KID)
        for kid in cast("list[object]", [None, 1, True, ["old"], {"old": 1}])
    ],
    *[
        ("3.10", f"a key of the attacker in {name}", token(claims(), OTHER_RSA_KEY, "RS256", **{name: value}), against)
        for name, value in {
            "jwk": jwk(OTHER_RSA_KEY),
            "jku": "https://evil.example/smuggled",
            "x5u": "https://evil.example/smuggled",
            "x5c": [SMUGGLED],
        }.items()
        for against in (BY_RSA, BY_SET)
    ],
    # Explicit typing.
    *[
        ("3.11", f"type {kind!r}", with_header(typ=kind), BY_SECRET)
        for kind in ("id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", "JWE", SMUGGLED, "", None, 7, ["JWT"])
    ],
    # Mutually exclusive rules for different kinds of tokens.
    *[
        ("3.12", f"{name} {kind!r}", with_claims(**{name: kind}), BY_SECRET)
        for name, kind in (
            ("token_type", "refresh"),
            ("token_type", "sliding"),
            ("token_type", None),
            ("token_use", "id"),
            ("typ", "ID"),
            ("typ", "Refresh"),
            ("typ", "Logout"),
            ("typ", SMUGGLED),
        )
    ],
    # Critical extensions (RFC 7515, section 4.1.11; RFC 7797).
    ("RFC 7515", "an unknown critical extension", with_header(crit=[SMUGGLED], smuggled=1), BY_SECRET),
    ("RFC 7515", "no critical extension", with_header(crit=[]), BY_SECRET),
    ("RFC 7515", "critical extensions that are no list", with_header(crit="exp"), BY_SECRET),
    ("RFC 7515", "a name twice in the header", forged(b'{"alg":"none","alg":"HS256"}'), BY_SECRET),
    ("RFC 7797", "a payload that is not encoded", with_header(b64=False, crit=["b64"]), BY_SECRET),
    ("RFC 7797", "a payload that is not encoded, in secret", with_header(b64=False), BY_SECRET),
    # Claims (RFC 7519, section 4).
    ("RFC 7519", "no expiry", forged(payload={"sub": "5"}), BY_SECRET),
    ("RFC 7519", "expired", with_claims(exp=NOW - 60), BY_SECRET),
    ("RFC 7519", "not yet good", with_claims(nbf=NOW + 3600), BY_SECRET),
    ("RFC 7519", "issued in the future", with_claims(iat=NOW + 3600), BY_SECRET),
    *[
        ("RFC 7519", f"{name} {value:.12}", with_text(name, value), BY_SECRET)
        for name in ("exp", "nbf", "iat")
        for value in ("NaN", "Infinity", "-Infinity", "1e400", "true", "[1]", "{}", '"soon"', "-1", "4102444800000")
    ],
    *[
        ("RFC 7519", f"{name} in text", with_text(name, f'"{seconds}"'), BY_SECRET)
        for name, seconds in (("exp", NOW + 3600), ("nbf", NOW - 60), ("iat", NOW - 60))
    ],
    *[
        ("RFC 7519", f"expiry {name}", with_text("exp", value), BY_SECRET)
        for name, value in {"null": "null", "of 400 digits": "9" * 400, "of 5000 digits": "9" * 5000}.items()
    ],
    ("RFC 7519", "a claim twice", forged(payload=f'{{"sub":"5","exp":{NOW + 3600},"sub":"6"}}'.encode()), BY_SECRET),
    ("RFC 7519", "a claim twice, deep down", with_text("address", '{"a": 1, "a": 2}'), BY_SECRET),
    # Form.
    ("form", "longer than 8 KiB", with_claims(padding="x" * 8192), BY_SECRET),
    ("form", "one part", HEAD, BY_SECRET),
    ("form", "two parts", f"{HEAD}.{PAYLOAD}", BY_SECRET),
    ("form", "four parts", f"{GOOD}.{SIGNATURE}", BY_SECRET),
    ("form", "eight thousand parts", "." * 8000, BY_SECRET),
    ("form", "a part with padding", f"{GOOD}=", BY_SECRET),
    ("form", "a line break at the end", f"{GOOD}\n", BY_SECRET),
    ("form", "a space within", f"{HEAD}. {PAYLOAD}.{SIGNATURE}", BY_SECRET),
    ("form", "letters outside of ASCII", f"{HEAD}.{PAYLOAD}.{SIGNATURE[:-1]}é", BY_SECRET),
    ("form", "half a character", f"{HEAD}.{PAYLOAD}.{SIGNATURE[:-1]}\ud800", BY_SECRET),
    ("form", "a part of impossible length", f"{HEAD}A.{PAYLOAD}.{SIGNATURE}", BY_SECRET),
    ("form", "a header that is no object", forged(b'["HS256"]'), BY_SECRET),
    ("form", "a payload that is no object", forged(payload=b'"5"'), BY_SECRET),
    ("form", "a payload that is not JSON", forged(payload=b"sub=5"), BY_SECRET),
    ("form", "a payload of brackets", forged(payload=b"[" * 6000), BY_SECRET),
    ("form", "two tokens", f"{GOOD}, Bearer {GOOD}", BY_SECRET),
]


@pytest.mark.parametrize(
    ("attack", "against"),
    [pytest.param(attack, against, id=f"{section} {name}") for section, name, attack, against in ATTACKS],
)
def test_given_an_attack_when_verified_then_denied_without_quoting_the_token(
    attack: str, against: TokenVerifier
) -> None:
    with pytest.raises(InvalidToken) as denied:
        against.verify(f"Bearer {attack}")
    reason = str(denied.value)
    assert reason
    assert SMUGGLED not in reason
    assert not any(part in reason for part in attack.split(".") if len(part) > 8)


def test_given_the_unmodified_tokens_when_verified_then_accepted() -> None:
    for good, against in (
        (GOOD, BY_SECRET),
        (with_header(kid="old"), BY_KID),
        (with_text("name", '"Zoë"'), BY_SECRET),
        (ours(), OURS),
        (token(claims(), RSA_KEY, "RS256"), BY_RSA),
        (token(claims(), EC_KEY, "ES256"), BY_EC),
        (token(claims(), ED_KEY, "EdDSA"), BY_ED),
        (token(claims(), RSA_KEY, "RS256", kid="1"), BY_SET),
        (token(claims(), RSA_KEY, "PS256", kid="1"), by_key_set(jwk(RSA_KEY), algorithms=("RS256", "PS256"))),
    ):
        assert against.verify(f"Bearer {good}") == Caller("5")


@pytest.mark.parametrize(
    "attack",
    [
        with_header(kid=["old"]),
        with_header(crit=["exp"]),
        with_header(typ="logout+jwt"),
        with_claims(token_type="refresh"),
        with_claims(exp="soon"),
        forged({"alg": "HS512"}),
    ],
)
def test_given_a_malformed_token_when_verified_then_no_key_is_looked_up(attack: str) -> None:
    def fetch() -> NoReturn:
        raise AssertionError("the source of keys was asked")

    with pytest.raises(InvalidToken):
        TokenVerifier(settings(), KeyCache(fetch)).verify(f"Bearer {attack}")


def test_given_a_token_with_a_key_url_when_verified_then_the_url_is_not_fetched() -> None:
    """Section 3.10; a unit test that connects to anybody fails."""
    asked = []

    def fetch() -> list[Key]:
        asked.append("our source")
        return key_set(jwks(jwk(RSA_KEY, kid="1")), ("RS256",))

    chosen = settings(algorithms=("RS256",), jwks_url="https://users.example/keys")
    elsewhere = {"jku": "https://evil.example/keys", "x5u": "https://evil.example/cert", "jwk": jwk(OTHER_RSA_KEY)}
    good = signed(claims(), RSA_KEY, "RS256", kid="1", **elsewhere)
    assert TokenVerifier(chosen, KeyCache(fetch)).verify(good) == Caller("5")
    assert asked == ["our source"]


EDITS = st.lists(
    st.tuples(st.sampled_from(["replace", "insert", "delete"]), st.integers(0, 400), st.characters()), min_size=1
)


@given(EDITS)
def test_given_a_valid_token_when_its_bytes_are_changed_then_no_other_caller(
    edits: list[tuple[str, int, str]],
) -> None:
    changed = GOOD
    for kind, position, character in edits:
        at = position % (len(changed) + 1)
        changed = changed[:at] + ("" if kind == "delete" else character) + changed[at + (kind != "insert") :]
    assert caller_or_none(changed) in {None, Caller("5")}


JSON = st.none() | st.booleans() | st.integers() | st.text("5n/ ", max_size=4) | st.lists(st.integers(), max_size=2)
NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "sub", "customer_id", "user_id", "exp", "scope"])
MEMBERS = st.dictionaries(NAMES, JSON | st.sampled_from(["HS256", "none", "JWT", "6", NOW + 3600]))


@given(header=MEMBERS, payload=MEMBERS)
def test_given_a_valid_signature_when_the_signed_parts_are_replaced_then_denied(
    header: dict[str, Any], payload: dict[str, Any]
) -> None:
    changed = forged({"alg": "HS256", **header}, {**claims(), "sub": "6", **payload}, signature=b"x")
    head, body, _ = changed.split(".")
    assert caller_or_none(f"{head}.{body}.{SIGNATURE}") is None


def caller_or_none(changed: str) -> Caller | None:
    try:
        return BY_SECRET.verify(f"Bearer {changed}")
    except InvalidToken:
        return None
