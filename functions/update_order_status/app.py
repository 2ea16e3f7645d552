"""Move an order along: paid, shipped, delivered, returned."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders.http.api import Api, order_id
from orders.schemas.requests import StatusUpdate
from orders.use_cases.update_order_status import UpdateStatus
from orders.warmup import warm_up

app = Api()
updates = cache(UpdateStatus.from_environment)


@app.put("/v1/orders/<order>/status")
@app.put("/orders/<order>", deprecated=True)
def update_order_status(order: str) -> Response[str]:
    """Report what has happened to an order, as the new value of one of its statuses."""
    return app.order(updates().update(app.caller, order_id(order), app.body(StatusUpdate), app.expected_versions))


warm_up(updates)
handler = app.handler
