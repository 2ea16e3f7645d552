"""The OpenAPI document: all routes, with the requests and responses of their operations, and the events."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

from orders.domain.caller import CANCEL, CREATE, ERASE, EVENTS, METRICS, PAY, READ, SHIP, WRITE
from tools.openapi import events, schemas
from tools.openapi.operations import JSON, OPERATIONS, Body, Operation
from tools.openapi.parameters import HEADERS, IN_PATH, PARAMETERS
from tools.openapi.references import Json, ref
from tools.openapi.responses import named, possible_errors, response_name, responses_of
from tools.openapi.routes import Route, read_routes

OPENAPI = "3.1.1"
SECURITY_SCHEME = "token"

_DESCRIPTION = """\
Takes orders, holds their stock, and moves them through payment and shipping.

**Errors** are problem details (RFC 9457) with a stable `code`. Responses of the gateway itself have a `message`
instead. An unknown path is 404 `route_not_found`; a known path with another method is 405 `method_not_allowed`, with
the supported methods in `Allow`.

**Every response** has `X-Request-ID`, `X-Content-Type-Options: nosniff` and `Strict-Transport-Security`, and
`Cache-Control: no-store` unless stated otherwise.

**Retries** of a request that creates an order are safe with an `Idempotency-Key`. All other requests can be retried
without one.

**Versions**: the `ETag` of an order changes with every change to the order. With `If-Match`, only that version is
changed (else 412); with `If-None-Match`, an unchanged order is not sent again (304).

**Events**: the webhooks are what EventBridge delivers if the service has an event bus. `GET /v1/events` has the same
events without the envelope.

Deprecated operations exist for clients of earlier services and behave like their replacements. A path with a trailing
slash is redirected (308) to the path without it.
"""
_TAGS = {
    "orders": "Place, read, list, cancel and update orders.",
    "events": "Read what has happened to all orders.",
    "customers": "Export and erase the personal data of customers.",
    "service": "Health and metrics of the service.",
    "console": "A web page for customers and support.",
    "documentation": "The API's documentation.",
}
_TOKEN = f"""\
A JWT of the user service. The customer is its `customer_id`, `user_id` or `sub`. Customers create, read, list,
update and cancel their own orders. Scopes, in `scope`, `scp` or `roles`:

- `{READ}`: read and list all orders
- `{CREATE}`: create orders for any customer, with prices of products that the inventory states no price of
- `{CANCEL}`: cancel orders of any customer
- `{SHIP}`: report shipping statuses and tracking numbers, and update orders of any customer
- `{PAY}`: report payment statuses
- `{WRITE}`: all of `{CREATE}`, `{CANCEL}`, `{SHIP}` and `{PAY}`
- `{EVENTS}`: read the events of all orders
- `{METRICS}`: read the metrics
- `{ERASE}`: export and erase the personal data of any customer
"""


def build(root: Path) -> Json:
    """Build the document.

    Args:
        root: the project's folder.

    Raises:
        KeyError: `OPERATIONS` lacks the operation of a route.
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
        "servers": [{"url": "/", "description": "The service that serves this document."}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": dict(paths),
        "webhooks": events.webhooks(),
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
    """Return a sentence on the required scope; as data, linters accept scopes with OAuth 2 only."""
    return "".join(f" Requires the scope `{scope}`." for scope in operation.scopes or ())


def _request_body(body: Body) -> Json:
    content = {"schema": ref(body.model.__name__), "examples": named(body.examples)}
    return {"required": body.required, "content": {JSON: content}}
