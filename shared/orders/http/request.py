"""A request as the gateway passes it on (payload format 2.0 of HTTP APIs), read once."""

from functools import cached_property
from typing import Any, override

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from orders.domain import errors
from orders.domain.caller import Caller


class Request(APIGatewayProxyEventV2):
    """A request. Powertools reads its headers several times, and would make other dictionaries of them each time."""

    @cached_property
    @override
    def headers(self) -> dict[str, str]:
        """The headers, with names in lower case, as API Gateway sends them and `sam local` does not."""
        return {name.lower(): value for name, value in self.raw_event.get("headers", {}).items()}

    @property
    @override
    def resolved_headers_field(self) -> dict[str, str]:
        """The headers that Powertools reads to build the answer."""
        return self.headers

    @cached_property
    @override
    def http_method(self) -> str:
        """The method."""
        return str(self.raw_event["requestContext"]["http"]["method"])

    @cached_property
    def caller(self) -> Caller:
        """Who sent the request, as the authorizer reports.

        Raises:
            Forbidden: the request did not pass through the authorizer.
        """
        context = authorizer_context(self.raw_event)
        if not context.get("customer_id"):
            raise errors.Forbidden("The request did not pass through the authorizer.")
        scopes = frozenset((context.get("scope") or "").split())
        return Caller(context["customer_id"], scopes, context.get("actor") or "", context.get("email"))


def authorizer_context(event: dict[str, Any]) -> dict[str, Any]:
    """Return what the authorizer has put into an event; empty for a request without a token."""
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    return authorizer.get("lambda") or {}
