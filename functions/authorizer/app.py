"""Authenticate callers of the API: a Lambda authorizer with simple responses."""

import os
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from orders.auth.key_cache import KeyCache
from orders.auth.key_sources import fetch_keys
from orders.auth.pseudonym import pseudonym
from orders.auth.token_settings import TokenSettings
from orders.auth.token_verifier import ExpiredToken, InvalidToken, TokenVerifier
from orders.telemetry import count, lambda_entrypoint, logger, request_id
from orders.warmup import warm_up

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def verifier() -> TokenVerifier:
    """Return the token verifier of this execution environment."""
    settings = TokenSettings.from_environment()
    return TokenVerifier(settings, KeyCache(partial(fetch_keys, settings)))


@lambda_entrypoint
def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Allow requests with a valid token and deny all others.

    Asked by CloudFormation, as a custom resource, check that the keys can be loaded.

    Raises:
        KeysUnavailable: there are no keys to verify tokens with; the gateway returns 500.
        ConfigurationError: the settings are invalid; the gateway returns 500.
    """
    if "ResponseURL" in event:
        return _check(event, context)
    logger.append_keys(request_id=request_id(event), route=event.get("routeKey"))
    try:
        caller = verifier().verify(event.get("headers", {}).get("authorization", ""))
    except InvalidToken as error:
        logger.info("denied", reason=str(error))
        # A token that has expired is usual; many invalid ones say that the user service and this one disagree.
        count("TokensDenied", cause="expired" if isinstance(error, ExpiredToken) else "invalid")
        return {"isAuthorized": False}
    scope = " ".join(sorted(caller.scopes))
    about = {
        "customer_id": caller.customer_id,
        "scope": scope,
        "actor": caller.actor,
        "pseudonym": pseudonym(caller.actor, os.environ.get("PSEUDONYM_KEY", "")),
    }
    return {"isAuthorized": True, "context": about | ({"email": caller.email} if caller.email else {})}


def _check(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    # Only a deploy needs these.
    from orders.auth.key_check import check_keys
    from orders.aws.custom_resource import respond

    return respond(event, context, "orders-token-keys", partial(check_keys, context))


warm_up(verifier, TokenVerifier.prepare)
