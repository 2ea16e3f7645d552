"""Decide who may call the API at all, and say who it is: a Lambda authorizer with simple responses."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from orders.config import TokenSettings
from orders.telemetry import logger, observed, request_id
from orders.tokens import InvalidToken, TokenVerifier


@cache
def verifier() -> TokenVerifier:
    """The keys of this execution environment."""
    return TokenVerifier(TokenSettings.from_environment())


@observed
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Allow the request of a caller whose token is good; deny every other one."""
    logger.append_keys(request_id=request_id(event), route=event.get("routeKey"))
    try:
        caller = verifier().verify(event.get("headers", {}).get("authorization", ""))
    except InvalidToken as error:
        logger.info("denied", reason=str(error))
        return {"isAuthorized": False}
    scope = " ".join(sorted(caller.scopes))
    return {"isAuthorized": True, "context": {"customer_id": caller.customer_id, "scope": scope}}
