"""Where keys come from: a secret in Secrets Manager, a JSON Web Key Set (RFC 7517), or a public key in the settings."""

import json
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import jwt

from orders.auth.key_cache import Key, KeysUnavailable
from orders.aws.client import SECRETS_MANAGER, AwsError, AwsService
from orders.aws.credentials import CredentialsUnavailable
from orders.aws.download import DownloadFailed, download
from orders.config import ConfigurationError, TokenSettings

_MAX_KEY_SET_BYTES = 262_144


def fetch_keys(settings: TokenSettings) -> list[Key]:
    """The keys that tokens may be signed with now.

    Raises:
        KeysUnavailable: where they come from does not answer, or answers with something that is no good.
        ConfigurationError: the public key in the settings is none, or is not for the algorithms.
    """
    if settings.secret_arn:
        return shared_secrets(_read_secret(settings.secret_arn), settings.algorithms)
    if settings.jwks_url:
        return key_set(_download_key_set(settings.jwks_url), settings.algorithms)
    return public_key(settings.public_key, settings.algorithms)


def shared_secrets(text: str, algorithms: Sequence[str]) -> list[Key]:
    """The keys in a secret, which holds one as it is, or several as a JSON object from key id to key.

    Raises:
        KeysUnavailable: there is none, or one that is too short for an algorithm (RFC 7518, section 3.2).
    """
    try:
        secrets = json.loads(text) if text.lstrip().startswith("{") else {None: text}
    except ValueError as error:
        raise KeysUnavailable("the secret begins like a JSON object from key id to key and is none") from error
    if not secrets:
        raise KeysUnavailable("the secret holds no key")
    keys = []
    for kid, secret in secrets.items():
        for algorithm in algorithms:
            try:
                keys.append(_key(kid, algorithm, secret))
            except (jwt.InvalidKeyError, TypeError, ValueError) as error:
                name = "the shared secret" if kid is None else f"the shared secret {kid!r}"
                raise KeysUnavailable(f"{name} is no key for {algorithm}: {error}") from error
    return keys


def key_set(text: bytes, algorithms: Sequence[str]) -> list[Key]:
    """The keys of a JSON Web Key Set that are for these algorithms; others may stand beside them.

    Raises:
        KeysUnavailable: it is no key set, or holds no such key.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeysUnavailable(f"the key set is not JSON: {error}") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise KeysUnavailable("the key set is no JSON object with a list of keys")
    objects = [entry for entry in entries if isinstance(entry, dict)]
    keys = [key for entry in objects for algorithm in algorithms if (key := _from_jwk(entry, algorithm))]
    if not keys:
        raise KeysUnavailable(f"no key of the key set is for {' or '.join(algorithms)}")
    return keys


def public_key(pem: str, algorithms: Sequence[str]) -> list[Key]:
    """A public key, for each of the algorithms.

    Raises:
        ConfigurationError: it is none, or is too weak, or is not for one of the algorithms.
    """
    try:
        return [_key(None, algorithm, pem) for algorithm in algorithms]
    except (jwt.InvalidKeyError, ValueError) as error:
        raise ConfigurationError(f"JWT_PUBLIC_KEY is no key for {' and '.join(algorithms)}: {error}") from error


def _key(kid: str | None, algorithm: str, material: Any) -> Key:  # noqa: ANN401 - as the library takes it
    """A key as the library wants it; it says what is wrong with it, if anything is."""
    implementation = jwt.get_algorithm_by_name(algorithm)
    prepared = implementation.prepare_key(material)
    if hasattr(prepared, "private_bytes"):
        raise jwt.InvalidKeyError("it is a private key, which only the issuer may know")
    if weakness := implementation.check_key_length(prepared):
        raise jwt.InvalidKeyError(weakness)
    return Key(kid, algorithm, prepared)


def _from_jwk(entry: dict[str, Any], algorithm: str) -> Key | None:
    """An entry of a key set as a key for this algorithm; None if it is for another, for encryption, or no good."""
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        return _key(entry.get("kid"), algorithm, jwt.PyJWK(entry, algorithm).key)
    except jwt.PyJWTError:
        return None


def _read_secret(arn: str) -> str:
    try:
        with closing(AwsService(SECRETS_MANAGER)) as secrets_manager:
            answer = secrets_manager.call("GetSecretValue", {"SecretId": arn})
    except (AwsError, CredentialsUnavailable) as error:
        raise KeysUnavailable(f"Secrets Manager does not give the secret: {error}") from error
    # A secret of bytes has none.
    return str(answer.get("SecretString", ""))


def _download_key_set(url: str) -> bytes:
    try:
        return download(url, {}, _MAX_KEY_SET_BYTES)
    except DownloadFailed as error:
        raise KeysUnavailable(str(error)) from error
