"""Verify JSON Web Tokens (RFC 7519), following the best practices of RFC 8725, sections 3.1 to 3.12."""

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

import jwt

from orders.auth.key_cache import Key, KeyCache
from orders.auth.token_settings import TokenSettings
from orders.domain.caller import CUSTOMER_ID, EMAIL, MAX_EMAIL, READ, WRITE, Caller, actor

_MAX_CHARACTERS = 8192
_CLOCK_SKEW_SECONDS = 10
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999; later dates are invalid."""

_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""A signed token (RFC 7515, section 7.1). Encrypted tokens have five parts; unsigned ones have an empty third part."""
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""Values of the header `typ` for access tokens (RFC 9068); other kinds of token have others."""
_KINDS = frozenset({"access", "bearer"})
"""Values of claims for access tokens: `token_type` of simplejwt, `token_use` of Cognito, `typ` of Keycloak."""


class InvalidToken(Exception):
    """The token is invalid. The message says why and contains nothing of the token."""


class ExpiredToken(InvalidToken):
    """The token was valid until a while ago."""


class TokenVerifier:
    """Verify bearer tokens and identify their callers."""

    def __init__(self, settings: TokenSettings, keys: KeyCache) -> None:
        self._settings = settings
        self._keys = keys

    def prepare(self) -> None:
        """Fetch the keys."""
        self._keys.find(None)

    def verify(self, authorization: str) -> Caller:
        """Return the caller that the header ``Authorization: Bearer …`` authenticates.

        Raises:
            InvalidToken: the token is missing, malformed, expired, not for this service, or has no valid signature.
            KeysUnavailable: there are no keys to verify it with.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("the header is not Authorization: Bearer <token>")
        return _caller(self._claims(token))

    def _claims(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a valid token; check all that needs no key before the keys are fetched."""
        if len(token) > _MAX_CHARACTERS:
            raise InvalidToken(f"it has {len(token)} characters; the maximum is {_MAX_CHARACTERS}")
        if not _SIGNED.fullmatch(token):
            raise InvalidToken("it does not have three parts in base64url, separated by dots")
        header, unverified = (_parse(part) for part in token.split(".")[:2])
        self._check_header(header)
        _check_kind(unverified)
        _check_dates(unverified)
        self._check_age(unverified)
        keys = [key for key in self._keys.find(header.get("kid")) if key.algorithm == header["alg"]]
        for key in keys:
            try:
                return self._decode(token, key)
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError as error:
                raise ExpiredToken(f"{type(error).__name__}: {error}") from error
            except jwt.PyJWTError as error:
                raise InvalidToken(f"{type(error).__name__}: {error}") from error
        raise InvalidToken(f"its signature matches no key for its key id and algorithm (keys tried: {len(keys)})")

    def _check_header(self, header: Mapping[str, Any]) -> None:
        """Reject other algorithms, types and extensions than ours; ignore all else in the header (3.10)."""
        if header.get("alg") not in self._settings.algorithms:
            raise InvalidToken(f"its algorithm is not {' or '.join(self._settings.algorithms)}")
        if str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise InvalidToken(f"its type is not {' or '.join(sorted(_TYPES))}")
        if "crit" in header:
            raise InvalidToken("it has critical extensions (crit); none is supported")
        if not isinstance(header.get("kid"), str | None):
            raise InvalidToken("its key id is not a string")

    def _check_age(self, claims: Mapping[str, Any]) -> None:
        """Reject tokens that are valid for longer than allowed, since issue or from now on."""
        hours = self._settings.max_age_hours
        lifetime = claims.get("exp", 0) - claims.get("iat", time.time())
        if hours and lifetime > hours * 3600 + _CLOCK_SKEW_SECONDS:
            raise InvalidToken(f"it is valid for {lifetime / 3600:.1f} hours; the maximum is {hours}")

    def _decode(self, token: str, key: Key) -> dict[str, Any]:
        settings = self._settings
        named = [name for name, value in (("iss", settings.issuer), ("aud", settings.audience)) if value]
        required = ["exp", *named, *settings.required_claims]
        claims: dict[str, Any] = jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            issuer=settings.issuer or None,
            audience=settings.audience or None,
            leeway=_CLOCK_SKEW_SECONDS,
            # PyJWT rejects every token with an audience if none is configured.
            options={"require": required, "verify_aud": bool(settings.audience)},
        )
        return claims


def _parse(part: str) -> dict[str, Any]:
    """Parse a part of a token strictly: a JSON object in UTF-8 (3.7) without duplicate names."""
    try:
        value = json.loads(urlsafe_b64decode(f"{part}==").decode(), object_pairs_hook=_unique)
    except ValueError as error:
        raise InvalidToken("a part of it is not JSON in UTF-8 with unique names") from error
    if not isinstance(value, dict):
        raise InvalidToken("a part of it is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a JSON object has a duplicate name")
    return members


def _check_kind(claims: Mapping[str, Any]) -> None:
    """Reject tokens for other purposes, such as refresh and ID tokens (3.12)."""
    for name in ("token_type", "token_use", "typ"):
        if str(claims.get(name, "access")).lower() not in _KINDS:
            raise InvalidToken(f"its {name} is not {' or '.join(sorted(_KINDS))}")


def _check_dates(claims: Mapping[str, Any]) -> None:
    """Reject dates that are not numbers of seconds; PyJWT also accepts strings and booleans."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
            raise InvalidToken(f"its {name} is not a date in seconds")


def _caller(claims: Mapping[str, Any]) -> Caller:
    named = next((claims[name] for name in ("customer_id", "user_id", "sub") if claims.get(name) is not None), None)
    customer = _id(named)
    if customer is None:
        raise InvalidToken("it has no valid customer id in customer_id, user_id or sub")
    scopes = _scopes(claims)
    subject = _id(claims.get("sub")) or _id(claims.get("user_id")) or customer
    named_actor = actor(customer, scopes, subject=subject, is_staff=claims.get("is_staff") is True)
    return Caller(customer, scopes, named_actor, _email(claims))


def _email(claims: Mapping[str, Any]) -> str | None:
    """Return the e-mail address of the caller; None if there is no valid one, or if it is said not to be verified."""
    email = claims.get("email")
    # Some issuers write booleans as strings.
    is_unverified = str(claims.get("email_verified", True)).lower() == "false"
    is_valid = isinstance(email, str) and len(email) <= MAX_EMAIL and EMAIL.fullmatch(email)
    return email if is_valid and not is_unverified else None


def _id(value: object) -> str | None:
    """Return the text of a claim that identifies somebody; None if it is no valid id."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not CUSTOMER_ID.fullmatch(str(value)):
        return None
    return str(value)


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the token's scopes: a string separated by spaces or a list, in any of the usual claims."""
    scopes: set[str] = set()
    for name in ("scope", "scp", "roles"):
        granted = claims.get(name)
        if isinstance(granted, str):
            scopes.update(granted.split())
        elif isinstance(granted, list):
            scopes.update(scope for scope in granted if isinstance(scope, str))
    # User services built on Django's simplejwt have this claim instead of scopes.
    if claims.get("is_staff") is True:
        scopes.update((READ, WRITE))
    return frozenset(scopes)
