"""Verify the tokens that a user service signed (RFC 7519), with the precautions of RFC 8725, sections 3.1 to 3.12."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

import jwt

from orders.auth.key_cache import Key, KeyCache
from orders.config import TokenSettings
from orders.domain.caller import CUSTOMER_ID, READ, WRITE, Caller

_MAX_CHARACTERS = 8192
_CLOCK_SKEW_SECONDS = 10
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999; a later date is a mistake."""

_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""A signed token, as RFC 7515 writes it; one that is encrypted has five parts, one without a signature an empty one."""
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What the header may call an access token (RFC 9068); other kinds of token name themselves."""
_KINDS = frozenset({"access", "bearer"})
"""What claims may call an access token: `token_type` of simplejwt, `token_use` of Cognito, `typ` of Keycloak."""


class InvalidToken(Exception):
    """The token is not to be believed; the message says why, and holds nothing of the token."""


class TokenVerifier:
    """Tells who is calling by the token they send."""

    def __init__(self, settings: TokenSettings, keys: KeyCache) -> None:
        self._settings = settings
        self._keys = keys

    def prepare(self) -> None:
        """Read the keys."""
        self._keys.find(None)

    def verify(self, authorization: str) -> Caller:
        """The caller that a header ``Authorization: Bearer …`` stands for.

        Raises:
            InvalidToken: there is no token, or not one that is signed, current and meant for this service.
            KeysUnavailable: there is no key to verify it with.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("the header is not Authorization: Bearer <token>")
        return _caller(self._claims(token))

    def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that is good; one that cannot be is refused before a key is asked for."""
        if len(token) > _MAX_CHARACTERS:
            raise InvalidToken(f"it has {len(token)} characters; at the most {_MAX_CHARACTERS} are read")
        if not _SIGNED.fullmatch(token):
            raise InvalidToken("it is not three parts in base64url with dots between them")
        header, unverified = (_read(part) for part in token.split(".")[:2])
        self._check_header(header)
        _check_kind(unverified)
        _check_dates(unverified)
        keys = [key for key in self._keys.find(header.get("kid")) if key.algorithm == header["alg"]]
        for key in keys:
            try:
                return self._decode(token, key)
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError as error:
                raise InvalidToken(f"{type(error).__name__}: {error}") from error
        raise InvalidToken(f"it is not signed with a key for its key id and algorithm; there are {len(keys)}")

    def _check_header(self, header: Mapping[str, Any]) -> None:
        """Refuse another algorithm, type or extension than ours; nothing else in a header is followed (3.10)."""
        if header.get("alg") not in self._settings.algorithms:
            raise InvalidToken(f"its algorithm is not {' or '.join(self._settings.algorithms)}")
        if str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise InvalidToken(f"its type is none of {', '.join(sorted(_TYPES))}")
        if "crit" in header:
            raise InvalidToken("it has critical extensions; none is understood")
        if not isinstance(header.get("kid"), str | None):
            raise InvalidToken("its key id is not a string")

    def _decode(self, token: str, key: Key) -> dict[str, Any]:
        settings = self._settings
        required = ["exp", *(["iss"] if settings.issuer else []), *(["aud"] if settings.audience else [])]
        claims: dict[str, Any] = jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            issuer=settings.issuer or None,
            audience=settings.audience or None,
            leeway=_CLOCK_SKEW_SECONDS,
            # Without an audience of our own, whatever audience the token names is not ours to judge.
            options={"require": required, "verify_aud": bool(settings.audience)},
        )
        return claims


def _read(part: str) -> dict[str, Any]:
    """Read a part of a token strictly: an object, in UTF-8 only (3.7), that says nothing twice."""
    try:
        value = json.loads(urlsafe_b64decode(f"{part}==").decode(), object_pairs_hook=_once)
    except ValueError as error:
        raise InvalidToken("a part of it is not JSON in UTF-8 with each name once") from error
    if not isinstance(value, dict):
        raise InvalidToken("a part of it is not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice in a JSON object")
    return members


def _check_kind(claims: Mapping[str, Any]) -> None:
    """Refuse what the issuer signs for other ends, such as refresh and ID tokens (3.12)."""
    for name in ("token_type", "token_use", "typ"):
        if str(claims.get(name, "access")).lower() not in _KINDS:
            raise InvalidToken(f"its {name} is not {' or '.join(sorted(_KINDS))}")


def _check_dates(claims: Mapping[str, Any]) -> None:
    """Refuse what is no number of seconds; the library takes strings and booleans as well."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
            raise InvalidToken(f"its {name} is not a date in seconds")


def _caller(claims: Mapping[str, Any]) -> Caller:
    customer = next((claims[name] for name in ("customer_id", "user_id", "sub") if claims.get(name) is not None), None)
    if isinstance(customer, bool) or not isinstance(customer, str | int) or not CUSTOMER_ID.fullmatch(str(customer)):
        raise InvalidToken("it names no customer in customer_id, user_id or sub")
    return Caller(str(customer), _scopes(claims))


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """The scopes that a token grants: a string with spaces or a list, under any of the names that are in use."""
    scopes: set[str] = set()
    for name in ("scope", "scp", "roles"):
        granted = claims.get(name)
        if isinstance(granted, str):
            scopes.update(granted.split())
        elif isinstance(granted, list):
            scopes.update(scope for scope in granted if isinstance(scope, str))
    # Django's simplejwt says it this way.
    if claims.get("is_staff") is True:
        scopes.update((READ, WRITE))
    return frozenset(scopes)
