"""Tell Prometheus how orders and tasks stand."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders.http.api import Api
from orders.http.prometheus import CONTENT_TYPE, render
from orders.use_cases.metrics import ReadMetrics

app = Api()
metrics = cache(ReadMetrics.from_environment)


@app.get("/metrics")
def read_metrics() -> Response[str]:
    """All metrics as they are now, in Prometheus' text format."""
    text = render(metrics().read(app.caller))
    return Response(HTTPStatus.OK, CONTENT_TYPE, text)


handler = app.handler
