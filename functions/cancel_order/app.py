"""Cancel an order."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders.http.api import Api, order_id
from orders.schemas.requests import Cancellation
from orders.use_cases.cancel_order import CancelOrder
from orders.warmup import warm_up

app = Api()
cancellations = cache(CancelOrder.from_environment)


@app.post("/v1/orders/<order>/cancel")
def cancel_order(order: str) -> Response[str]:
    """Cancel an order, for the reason in the body if there is one."""
    order = order_id(order)
    reason = app.body(Cancellation).reason if app.has_body else None
    return app.order(cancellations().cancel(app.caller, order, reason, app.expected_versions))


warm_up(cancellations)
handler = app.handler
