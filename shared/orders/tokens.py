"""Verify the tokens that a user service signed (RFC 7519), with the precautions of RFC 8725."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jwt
from aws_lambda_powertools.utilities import parameters

from orders.auth import CUSTOMER_ID, READ, WRITE, Caller
from orders.config import TokenSettings

_SECRET_SECONDS = 300
"""How long a shared secret is used before it is read again, and so how soon a rotated one takes effect."""
_CLOCK_SKEW_SECONDS = 10
_JWKS_TIMEOUT_SECONDS = 3

type _Key = str | bytes | jwt.PyJWK


class InvalidToken(Exception):
    """The token is not to be believed; the message says why, and holds nothing of the token."""


class TokenVerifier:
    """Tells who is calling by the token they send."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings

    def verify(self, authorization: str) -> Caller:
        """The caller that a header ``Authorization: Bearer …`` stands for.

        Raises:
            InvalidToken: there is no token, or not one that is signed, current and meant for this service.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("the header is not Authorization: Bearer <token>")
        return _caller(self._claims(token.strip()))

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            keys = self._keys(kid, token)
        except jwt.PyJWTError as error:
            raise InvalidToken(f"{type(error).__name__}: {error}") from error
        failure: Exception | None = None
        for key in keys:
            try:
                return self._decode(token, key)
            except jwt.InvalidSignatureError as error:
                failure = error
            except jwt.PyJWTError as error:
                raise InvalidToken(f"{type(error).__name__}: {error}") from error
        raise InvalidToken("it is signed with none of the keys") from failure

    def _decode(self, token: str, key: _Key) -> dict[str, Any]:
        settings = self._settings
        required = ["exp", *(["iss"] if settings.issuer else []), *(["aud"] if settings.audience else [])]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(settings.algorithms),
            issuer=settings.issuer or None,
            audience=settings.audience or None,
            leeway=_CLOCK_SKEW_SECONDS,
            # Without an audience of our own, whatever audience the token names is not ours to judge.
            options={"require": required, "verify_aud": bool(settings.audience)},
        )
        return claims

    def _keys(self, kid: str | None, token: str) -> list[_Key]:
        """The keys that the token can have been signed with; several while one takes over from another."""
        if self._settings.jwks_url:
            return [self._jwks.get_signing_key_from_jwt(token)]
        if self._settings.public_key:
            return [self._settings.public_key]
        secrets = _shared_secrets(self._settings.secret_arn)
        if kid is None or set(secrets) == {""}:
            return list(secrets.values())
        return [secrets[kid]] if kid in secrets else []

    @cached_property
    def _jwks(self) -> jwt.PyJWKClient:
        return jwt.PyJWKClient(self._settings.jwks_url, cache_keys=True, timeout=_JWKS_TIMEOUT_SECONDS)


def _shared_secrets(secret_arn: str) -> dict[str, str]:
    """The shared secrets by key id: a secret holds one as it is, or several as a JSON object from key id to secret."""
    text = str(parameters.get_secret(secret_arn, max_age=_SECRET_SECONDS))
    if text.startswith("{"):
        return {str(kid): str(secret) for kid, secret in json.loads(text).items()}
    return {"": text}


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
