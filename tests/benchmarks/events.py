"""Requests as an HTTP API sends them to a function (payload format 2.0), whole: with all that a gateway adds."""

import json
import uuid
from typing import Any
from urllib.parse import urlencode

from orders.domain.caller import READ, WRITE
from tests.support import task_message

type Json = dict[str, Any]

STAFF = {"customer_id": "staff", "scope": f"{READ} {WRITE}"}


def http(
    route: str,
    caller: Json,
    body: Json | None = None,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    **names: str,
) -> Json:
    """A request.

    Args:
        route: the route's key, such as `GET /v1/orders/{order_id}`.
        caller: what the authorizer has found.
        body: the body, sent as JSON.
        query: the query's parameters.
        headers: what the client sends beside the usual.
        names: what stands in the path for the route's parameters.
    """
    method, _, template = route.partition(" ")
    path = template.format(**names)
    event: Json = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {
            "accept": "*/*",
            "authorization": "Bearer <token>",
            "content-type": "application/json",
            "host": "a1b2c3d4.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "benchmark",
            "x-amzn-trace-id": "Root=1-65f0c2a1-0123456789abcdef01234567",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            **(headers or {}),
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4",
            "authorizer": {"lambda": caller},
            "domainName": "a1b2c3d4.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "benchmark",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "20/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1795161600000,
        },
        "isBase64Encoded": False,
    }
    if names:
        event["pathParameters"] = names
    if query:
        event["queryStringParameters"] = query
    if body is not None:
        event["body"] = json.dumps(body)
    return event


def customer(customer_id: str) -> Json:
    """What the authorizer says of a customer."""
    return {"customer_id": customer_id, "scope": ""}


def get(order_id: str, owner: str) -> Json:
    """An owner reads their order."""
    return http("GET /v1/orders/{order_id}", customer(owner), order_id=order_id)


def list_of(customer_id: str) -> Json:
    """A customer lists their orders."""
    return http("GET /v1/customers/{customer_id}/orders", customer(customer_id), customer_id=customer_id)


def list_of_all(**query: str) -> Json:
    """Staff list everybody's orders."""
    return http("GET /v1/orders", STAFF, query=query)


def create(customer_id: str) -> Json:
    """A customer orders three products, under a key."""
    items = [{"product_id": f"P{number}", "quantity": number, "unit_price": f"{number}9.99"} for number in range(1, 4)]
    headers = {"idempotency-key": str(uuid.uuid4())}
    return http("POST /v1/orders", customer(customer_id), {"items": items}, headers=headers)


def cancel(order_id: str) -> Json:
    """Staff cancel an order."""
    return http("POST /v1/orders/{order_id}/cancel", STAFF, order_id=order_id)


def ship(order_id: str) -> Json:
    """Staff report that a parcel has left."""
    return http("PUT /v1/orders/{order_id}/status", STAFF, {"status": "shipped"}, order_id=order_id)


def authorize(token: str) -> Json:
    """The gateway asks the authorizer."""
    return http("GET /v1/orders", {}, headers={"authorization": f"Bearer {token}"})


def task(task_id: str) -> Json:
    """SQS hands over a task's message."""
    return {"Records": [task_message(task_id)]}


def metrics() -> Json:
    """Prometheus scrapes."""
    return http("GET /metrics", {"customer_id": "prometheus", "scope": "orders:metrics"})
