"""Read keys from their source: a secret in Secrets Manager, a JSON Web Key Set (RFC 7517), or the settings."""

import json
from collections.abc import Sequence
from typing import Any

import jwt

from orders.auth.key_cache import Key, KeysUnavailable
from orders.auth.token_settings import TokenSettings
from orders.aws.download import DownloadFailed, download
from orders.aws.refreshed import SourceUnavailable
from orders.aws.secret import read_secret
from orders.config import ConfigurationError

_MAX_KEY_SET_BYTES = 262_144


def fetch_keys(settings: TokenSettings) -> list[Key]:
    """Fetch the keys that may verify tokens now.

    Raises:
        KeysUnavailable: the source does not answer, or its answer contains no usable key.
        ConfigurationError: the public key in the settings is invalid, or does not fit the algorithms.
    """
    if settings.secret_arn:
        return shared_secrets(_read_secret(settings.secret_arn), settings.algorithms)
    if settings.jwks_url:
        return key_set(_download_key_set(settings.jwks_url), settings.algorithms)
    return public_key(settings.public_key, settings.algorithms)


def shared_secrets(text: str, algorithms: Sequence[str]) -> list[Key]:
    """Parse a secret: either one key as plain text, or a JSON object that maps key ids to keys.

    Raises:
        KeysUnavailable: it contains no key, or a key that is too short for an algorithm (RFC 7518, section 3.2).
    """
    try:
        secrets = json.loads(text) if text.lstrip().startswith("{") else {None: text}
    except ValueError as error:
        raise KeysUnavailable("the secret starts like a JSON object of keys, but is not valid JSON") from error
    if not secrets:
        raise KeysUnavailable("the secret contains no key")
    keys = []
    for kid, secret in secrets.items():
        for algorithm in algorithms:
            try:
                keys.append(_key(kid, algorithm, secret))
            except (jwt.InvalidKeyError, TypeError, ValueError) as error:
                name = "the shared secret" if kid is None else f"the shared secret {kid!r}"
                raise KeysUnavailable(f"{name} is not a key for {algorithm}: {error}") from error
    return keys


def key_set(text: bytes, algorithms: Sequence[str]) -> list[Key]:
    """Parse a JSON Web Key Set and return its keys for these algorithms. Other keys are ignored.

    Raises:
        KeysUnavailable: it is not a key set, or contains no key for the algorithms.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeysUnavailable(f"the key set is not JSON: {error}") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise KeysUnavailable("the key set is not a JSON object with a list of keys")
    objects = [entry for entry in entries if isinstance(entry, dict)]
    keys = [key for entry in objects for algorithm in algorithms if (key := _from_jwk(entry, algorithm))]
    if not keys:
        raise KeysUnavailable(f"no key of the key set is for {' or '.join(algorithms)}")
    return keys


def public_key(pem: str, algorithms: Sequence[str]) -> list[Key]:
    """Parse a public key in PEM, once for each algorithm.

    Raises:
        ConfigurationError: it is not a public key, is too weak, or does not fit one of the algorithms.
    """
    try:
        return [_key(None, algorithm, pem) for algorithm in algorithms]
    except (jwt.InvalidKeyError, ValueError) as error:
        raise ConfigurationError(f"JWT_PUBLIC_KEY is not a key for {' and '.join(algorithms)}: {error}") from error


def _key(kid: str | None, algorithm: str, material: Any) -> Key:  # noqa: ANN401 - as in PyJWT
    """Parse and check a key for an algorithm; PyJWT raises for one that does not fit."""
    implementation = jwt.get_algorithm_by_name(algorithm)
    prepared = implementation.prepare_key(material)
    if hasattr(prepared, "private_bytes"):
        raise jwt.InvalidKeyError("it is a private key, which only the issuer may have")
    if weakness := implementation.check_key_length(prepared):
        raise jwt.InvalidKeyError(weakness)
    return Key(kid, algorithm, prepared)


def _from_jwk(entry: dict[str, Any], algorithm: str) -> Key | None:
    """Parse an entry of a key set. Return None if it is for encryption or another algorithm, or is invalid."""
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        return _key(entry.get("kid"), algorithm, jwt.PyJWK(entry, algorithm).key)
    except jwt.PyJWTError:
        return None


def _read_secret(arn: str) -> str:
    try:
        return read_secret(arn)
    except SourceUnavailable as error:
        raise KeysUnavailable(str(error)) from error


def _download_key_set(url: str) -> bytes:
    try:
        return download(url, {}, _MAX_KEY_SET_BYTES)
    except DownloadFailed as error:
        raise KeysUnavailable(str(error)) from error
