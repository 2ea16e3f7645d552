"""Cancel an order."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api, order_id
from orders.schemas.requests import Cancellation
from orders.warmup import connect, warm_up

app = Api()
cancel = cache(bootstrap.cancel_order)


@app.post("/v1/orders/<order>/cancel")
@app.post("/v1/orders/<order>/cancel/", deprecated=True)
def cancel_order(order: str) -> Response[str]:
    """Cancel an order, with the reason in the body if there is one."""
    caller, order, versions = app.caller, order_id(order), app.expected_versions
    reason = app.body(Cancellation).reason if app.has_body else None
    return app.order(cancel().cancel(caller, order, reason, versions))


warm_up(cancel, connect)
handler = app.handler
