"""Events of complete size: the samples in `events/`, with the values that a measurement needs."""

import copy
import json
import uuid
from typing import Any
from urllib.parse import urlencode

from local.layout import ROOT
from orders.domain.caller import CREATE, EVENTS, METRICS, READ, WRITE
from tools.benchmarks.customers import new_customer

type Json = dict[str, Any]

STAFF = {"customer_id": "staff", "scope": f"{READ} {WRITE}"}

_REQUEST: Json = json.loads((ROOT / "events/get_order/order.json").read_text())
_MESSAGES: Json = json.loads((ROOT / "events/process_task/charge_payment.json").read_text())


def http(
    route: str,
    caller: Json,
    body: Json | None = None,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    **names: str,
) -> Json:
    """Make a request.

    Args:
        route: the route's key, such as `GET /v1/orders/{order_id}`.
        caller: the authorizer's context.
        body: the body, sent as JSON.
        query: the query parameters.
        headers: headers beyond the usual ones.
        names: the path parameters.
    """
    method, _, template = route.partition(" ")
    event = copy.deepcopy(_REQUEST)
    event |= {"routeKey": route, "rawPath": template.format(**names), "pathParameters": names or None}
    event["headers"] |= headers or {}
    event["requestContext"] |= {"authorizer": {"lambda": caller}, "routeKey": route}
    event["requestContext"]["http"] |= {"method": method, "path": event["rawPath"]}
    if query:
        event |= {"rawQueryString": urlencode(query), "queryStringParameters": query}
    if body is not None:
        event["body"] = json.dumps(body)
    return event


def customer(customer_id: str) -> Json:
    """Make the authorizer's context of a customer."""
    return {"customer_id": customer_id, "scope": ""}


def feed(**query: str) -> Json:
    """A service reads a page of the feed."""
    return http("GET /v1/events", {"customer_id": "warehouse", "scope": EVENTS}, query=query)


def get(order_id: str, owner: str) -> Json:
    """A customer reads an order of theirs."""
    return http("GET /v1/orders/{order_id}", customer(owner), order_id=order_id)


def list_of(customer_id: str) -> Json:
    """A customer lists their orders."""
    return http("GET /v1/customers/{customer_id}/orders", customer(customer_id), customer_id=customer_id)


def list_of_all(**query: str) -> Json:
    """Staff list all orders."""
    return http("GET /v1/orders", STAFF, query=query)


def create(customer_id: str = "") -> Json:
    """A customer, a new one by default, orders three products with an idempotency key."""
    items = [{"product_id": f"P{number}", "quantity": number, "unit_price": f"{number}9.99"} for number in range(1, 4)]
    headers = {"idempotency-key": str(uuid.uuid4())}
    return http("POST /v1/orders", customer(customer_id or new_customer()), {"items": items}, headers=headers)


def create_with_details() -> Json:
    """A web shop orders three products for a new customer, with address, method, postage and tax."""
    event = create()
    event["requestContext"]["authorizer"]["lambda"] |= {"scope": CREATE}
    address = {
        "name": "Alice Johnson",
        "line1": "27 Elm Street",
        "city": "Madison",
        "postal_code": "53703",
        "country": "US",
    }
    details = {
        "shipping_address": address,
        "billing_address": address,
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "adjustments": [
            {"kind": "shipping", "amount": "4.90", "description": "Standard"},
            {"kind": "tax", "amount": "18.39", "description": "Sales tax 8 %"},
        ],
    }
    event["body"] = json.dumps({**json.loads(event["body"]), **details})
    return event


def cancel(order_id: str) -> Json:
    """Staff cancel an order."""
    return http("POST /v1/orders/{order_id}/cancel", STAFF, order_id=order_id)


def ship(order_id: str) -> Json:
    """Staff report that an order was shipped."""
    return http("PUT /v1/orders/{order_id}/status", STAFF, {"status": "shipped"}, order_id=order_id)


def deliver(order_id: str) -> Json:
    """Staff report that an order was delivered."""
    return http("PUT /v1/orders/{order_id}/status", STAFF, {"status": "delivered"}, order_id=order_id)


def authorize(token: str) -> Json:
    """The gateway calls the authorizer."""
    return http("GET /v1/orders", {}, headers={"authorization": f"Bearer {token}"})


def tasks(*task_ids: str) -> Json:
    """SQS delivers the messages of some tasks, in one batch."""
    return {
        "Records": [
            {**_MESSAGES["Records"][0], "messageId": task_id, "body": json.dumps({"task_id": task_id})}
            for task_id in task_ids
        ]
    }


def metrics() -> Json:
    """Prometheus scrapes."""
    return http("GET /metrics", {"customer_id": "prometheus", "scope": METRICS})
