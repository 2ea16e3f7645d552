"""Decide who may call the API at all, and say who it is: a Lambda authorizer with simple responses."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from orders.auth.key_cache import KeyCache
from orders.auth.key_sources import fetch_keys
from orders.auth.token_verifier import InvalidToken, TokenVerifier
from orders.config import TokenSettings
from orders.telemetry import count, lambda_entrypoint, logger, request_id
from orders.warmup import warm_up


@cache
def verifier() -> TokenVerifier:
    """Verifies with the keys of this execution environment."""
    settings = TokenSettings.from_environment()
    return TokenVerifier(settings, KeyCache(partial(fetch_keys, settings)))


@lambda_entrypoint
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Allow the request of a caller whose token is good; deny every other one.

    Raises:
        KeysUnavailable: there is no key to tell by; the gateway answers 500.
        ConfigurationError: the settings are no good; the gateway answers 500.
    """
    logger.append_keys(request_id=request_id(event), route=event.get("routeKey"))
    try:
        caller = verifier().verify(event.get("headers", {}).get("authorization", ""))
    except InvalidToken as error:
        logger.info("denied", reason=str(error))
        count("TokensDenied")
        return {"isAuthorized": False}
    scope = " ".join(sorted(caller.scopes))
    return {"isAuthorized": True, "context": {"customer_id": caller.customer_id, "scope": scope}}


warm_up(verifier, TokenVerifier.prepare)
