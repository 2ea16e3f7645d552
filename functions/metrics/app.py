"""Expose metrics of orders and tasks to Prometheus."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.http.api import Api
from orders.http.prometheus import CONTENT_TYPE, render
from orders.warmup import warm_up

app = Api()
metrics = cache(bootstrap.read_metrics)


@app.get("/metrics")
def read_metrics() -> Response[str]:
    """Get all metrics in Prometheus' text format."""
    return Response(HTTPStatus.OK, CONTENT_TYPE, render(metrics().read(app.caller)))


warm_up(metrics)
handler = app.handler
