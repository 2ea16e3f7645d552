"""The methods of all paths, for the answers to requests without a route."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

PATHS: Mapping[str, str] = {
    "/console": "GET",
    "/console/{version}/{asset}": "GET",
    "/docs": "GET",
    "/docs/{asset}": "GET",
    "/health": "GET",
    "/metrics": "GET",
    "/openapi.json": "GET",
    "/orders": "GET POST",
    "/orders-doc": "GET",
    "/orders/{id}": "GET POST PUT",
    "/postman.json": "GET",
    "/v1/customers/{customer_id}/orders": "GET POST",
    "/v1/customers/{customer_id}/personal-data": "DELETE GET",
    "/v1/events": "GET",
    "/v1/health": "GET",
    "/v1/orders": "GET POST",
    "/v1/orders/create": "POST",
    "/v1/orders/my-orders/{customer_id}": "GET",
    "/v1/orders/{order_id}": "GET PATCH",
    "/v1/orders/{order_id}/cancel": "POST",
    "/v1/orders/{order_id}/details": "GET",
    "/v1/orders/{order_id}/status": "PUT",
}
"""The methods of each path, without a slash at its end; a test compares them with the routes of the functions."""

DOCS = frozenset({"/docs", "/docs/{asset}", "/openapi.json", "/orders-doc", "/postman.json"})
"""The paths of the documentation, which a stack may leave out."""

_PLACEHOLDER = re.compile(r"\{\w+\}")
_VALUE = r"[-._~()'!*:@,;=+&$%<> \[\]{}|^\w]+"
"""What a placeholder matches: the characters that the functions' routes match (Powertools' `ApiGatewayResolver`)."""


class RouteTable:
    """The routes of an API.

    Args:
        paths: the methods of each path, which has its placeholders in braces.
    """

    def __init__(self, paths: Mapping[str, Iterable[str]]) -> None:
        self._paths = {path: frozenset(map(str.upper, methods)) for path, methods in paths.items()}
        self._patterns = [
            (re.compile(_VALUE.join(map(re.escape, _PLACEHOLDER.split(path)))), methods)
            for path, methods in self._paths.items()
        ]

    def methods(self, path: str) -> frozenset[str]:
        """Return the methods that a path allows, in upper case; empty if no route matches it.

        A path without placeholders is itself only: it does not have the methods of one with a placeholder in its place.
        """
        if path in self._paths:
            return self._paths[path]
        return frozenset().union(*(methods for pattern, methods in self._patterns if pattern.fullmatch(path)))


@cache
def routes(*, documented: bool = True) -> RouteTable:
    """Return the routes of all functions.

    Args:
        documented: whether the documentation has routes.
    """
    return RouteTable({path: methods.split() for path, methods in PATHS.items() if documented or path not in DOCS})
