"""Expose metrics of orders and tasks to Prometheus."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api
from orders.http.prometheus import CONTENT_TYPE, render
from orders.use_cases.metrics import check_may_read
from orders.warmup import warm_up

app = Api()
metrics = cache(bootstrap.read_metrics)


@app.get("/metrics")
def read_metrics() -> Response[str]:
    """Get all metrics in Prometheus' text format."""
    caller = app.caller
    check_may_read(caller)
    return Response(HTTPStatus.OK, CONTENT_TYPE, render(metrics().read(caller)))


warm_up(metrics)
handler = app.handler
