"""Authenticate callers of the API: a Lambda authorizer with simple responses."""

import os
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from orders.auth.key_cache import KeyCache
from orders.auth.key_sources import fetch_keys
from orders.auth.pseudonym import pseudonym
from orders.auth.token_verifier import InvalidToken, TokenVerifier
from orders.config import TokenSettings
from orders.telemetry import count, lambda_entrypoint, logger, request_id
from orders.warmup import warm_up


@cache
def verifier() -> TokenVerifier:
    """Return the token verifier of this execution environment."""
    settings = TokenSettings.from_environment()
    return TokenVerifier(settings, KeyCache(partial(fetch_keys, settings)))


@lambda_entrypoint
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Allow requests with a valid token and deny all others.

    Raises:
        KeysUnavailable: there are no keys to verify tokens with; the gateway returns 500.
        ConfigurationError: the settings are invalid; the gateway returns 500.
    """
    logger.append_keys(request_id=request_id(event), route=event.get("routeKey"))
    try:
        caller = verifier().verify(event.get("headers", {}).get("authorization", ""))
    except InvalidToken as error:
        logger.info("denied", reason=str(error))
        count("TokensDenied")
        return {"isAuthorized": False}
    scope = " ".join(sorted(caller.scopes))
    context = {
        "customer_id": caller.customer_id,
        "scope": scope,
        "actor": caller.actor,
        "pseudonym": pseudonym(caller.actor, os.environ.get("PSEUDONYM_KEY", "")),
    }
    return {"isAuthorized": True, "context": context | ({"email": caller.email} if caller.email else {})}


warm_up(verifier, TokenVerifier.prepare)
