"""Update an order's statuses: paid, shipped, delivered, returned."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api, order_id
from orders.schemas.requests import StatusUpdate
from orders.warmup import connect, warm_up

app = Api()
update = cache(bootstrap.update_order_status)


@app.put("/v1/orders/<order>/status")
@app.put("/orders/<order>", deprecated=True)
def update_order_status(order: str) -> Response[str]:
    """Update one of an order's statuses."""
    caller, order, versions = app.caller, order_id(order), app.expected_versions
    report = app.body(StatusUpdate)
    return app.order(update().update(caller, order, report, versions))


warm_up(update, connect)
handler = app.handler
