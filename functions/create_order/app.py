"""Place an order: from named items, or from the customer's cart."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit

from orders.api import Api, customer_id
from orders.database import Row
from orders.models import NewOrder
from orders.place import PlaceOrder
from orders.telemetry import metrics

app = Api()
place_order = cache(PlaceOrder.from_environment)


@app.post("/v1/orders")
@app.post("/v1/orders/create/")
@app.post("/orders")
def create_order() -> Response[str]:
    """Place an order for the items in the body."""
    return _created(place_order().from_items(app.caller, app.body(NewOrder)))


@app.post("/v1/customers/<customer>/orders")
@app.post("/orders/<customer>")
def create_customer_order(customer: str) -> Response[str]:
    """Place an order for the items in the body; without a body, for what is in the customer's cart."""
    customer = customer_id(customer)
    if app.has_body:
        return _created(place_order().from_items(app.caller, app.body(NewOrder), customer))
    return _created(place_order().from_cart(app.caller, customer))


def _created(row: Row) -> Response[str]:
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    return app.order(row, HTTPStatus.CREATED)


handler = app.handler
