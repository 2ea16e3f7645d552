"""The OpenAPI document: the handlers' routes, with what each operation takes and answers."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

from local.openapi import schemas
from local.openapi.operations import JSON, OPERATIONS, Body, Operation
from local.openapi.parameters import HEADERS, IN_PATH, PARAMETERS
from local.openapi.references import Json, ref
from local.openapi.responses import named, possible_errors, response_name, responses_of
from local.openapi.routes import Route, read_routes
from orders.domain.caller import READ, WRITE

OPENAPI = "3.1.1"
SECURITY_SCHEME = "token"

_DESCRIPTION = """\
Takes orders, holds their stock, and moves them through payment and shipping.

**Errors** are problem details (RFC 9457) with a stable `code`; only what the gateway itself refuses has a `message`
instead. A path that is no route's is 404 `route_not_found`; a route's path with another method is 405
`method_not_allowed`, with the methods that there are in `Allow`.

**Every answer** has `X-Request-ID`, `X-Content-Type-Options: nosniff` and `Strict-Transport-Security`, and
`Cache-Control: no-store` unless it says otherwise.

**Retries** of a request that creates an order are safe with an `Idempotency-Key`. Everything else is safe to send
again.

**Versions**: the `ETag` of an order changes with the order. `If-Match` refuses to change another version (412),
`If-None-Match` saves reading the same one again (304).

Operations marked as deprecated are there for clients of earlier services; they do what the ones in their place do.
A path with a slash behind it is redirected (308) to the one without.
"""
_TAGS = {
    "orders": "Place, read, list, cancel and update orders.",
    "service": "Whether and how the service works.",
    "console": "A web page over the API, for customers and for support.",
    "documentation": "The API described, for people and for programs.",
}
_TOKEN = f"""\
A JWT of the user service. The customer is its `customer_id`, `user_id` or `sub`. Customers create, read, list and
cancel their own orders. Scopes, in `scope`, `scp` or `roles`:

- `{READ}`: read and list everybody's orders
- `{WRITE}`: create for and cancel for anybody, update statuses
- `orders:metrics`: read the metrics
"""


def build(root: Path) -> Json:
    """The document.

    Args:
        root: the project's folder.

    Raises:
        KeyError: a route's operation is not described in `OPERATIONS`.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    paths: defaultdict[str, Json] = defaultdict(dict)
    responses: Json = {}
    for route in read_routes(root / "functions"):
        operation = OPERATIONS[route.operation]
        answers = responses_of(operation)
        names = {status: response_name(route.operation, operation, status) for status in answers}
        responses |= {names[status]: answer for status, answer in answers.items()}
        paths[route.path][route.method] = _operation(route, operation, names)
    return {
        "openapi": OPENAPI,
        "info": {"title": "Orders", "version": project["version"], "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": dict(paths),
        "components": {
            "schemas": schemas.components({error for each in OPERATIONS.values() for error in possible_errors(each)}),
            "responses": responses,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {
                SECURITY_SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _TOKEN}
            },
        },
    }


def _operation(route: Route, operation: Operation, responses: dict[int, str]) -> Json:
    names = (*operation.parameters, "RequestId")
    parameters: list[Json] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    parameters[:0] = [
        {"name": placeholder, "in": "path", "required": True, **IN_PATH[place]}
        for placeholder, place in zip(re.findall(r"\{(\w+)\}", route.path), operation.places, strict=True)
    ]
    described: Json = {
        "operationId": route.operation_id,
        "summary": route.summary.rstrip("."),
        "description": f"{operation.description}{_scopes(operation)}",
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": {str(status): {"$ref": f"#/components/responses/{name}"} for status, name in responses.items()},
        "security": [] if operation.scopes is None else [{SECURITY_SCHEME: []}],
    }
    if operation.body:
        described["requestBody"] = _request_body(operation.body)
    if route.deprecated:
        described["deprecated"] = True
    return described


def _scopes(operation: Operation) -> str:
    """A sentence on what the token must allow; linters know scopes as a thing of OAuth 2 only."""
    return "".join(f" Takes the scope `{scope}`." for scope in operation.scopes or ())


def _request_body(body: Body) -> Json:
    content = {"schema": ref(body.model.__name__), "examples": named(body.examples)}
    return {"required": body.required, "content": {JSON: content}}
