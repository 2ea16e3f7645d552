"""Update an order: shipping address, reference, note and metadata."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api, order_id
from orders.schemas.requests import OrderUpdate
from orders.warmup import connect, warm_up

app = Api()
update = cache(bootstrap.update_order)


@app.patch("/v1/orders/<order>")
def update_order(order: str) -> Response[str]:
    """Update an order's shipping address, reference, note or metadata."""
    caller, order, versions = app.caller, order_id(order), app.expected_versions
    changes = app.body(OrderUpdate)
    return app.order(update().update(caller, order, changes, versions))


@app.patch("/v1/orders/create", include_in_schema=False)
def refuse_create() -> Response[str]:
    """Answer 405: for the gateway, `create` is an order's id here, but that path has no PATCH."""
    return app.no_route()


warm_up(update, connect)
handler = app.handler
