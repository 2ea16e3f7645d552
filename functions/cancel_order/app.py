"""Cancel an order."""

from functools import cache

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit

from orders.api import Api, order_id
from orders.cancel import CancelOrder
from orders.models import Cancellation
from orders.telemetry import metrics

app = Api()
cancellations = cache(CancelOrder.from_environment)


@app.post("/v1/orders/<order>/cancel")
@app.post("/v1/orders/<order>/cancel/")
def cancel_order(order: str) -> Response[str]:
    """Cancel an order, for the reason in the body if there is one."""
    order = order_id(order)
    reason = app.body(Cancellation).reason if app.has_body else None
    outcome = cancellations().cancel(app.caller, order, reason, app.expected_version)
    if outcome.applied:
        metrics.add_metric("OrdersCancelled", MetricUnit.Count, 1)
    return app.order(outcome.row)


handler = app.handler
