"""Report the service's health."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.domain.errors import DatabaseUnavailable
from orders.http.api import Api, reply
from orders.use_cases.health import UNAVAILABLE
from orders.warmup import warm_up

app = Api()
health = cache(bootstrap.check_health)


@app.get("/v1/health")
@app.get("/health", deprecated=True)
@app.get("/health/", deprecated=True)
def check_health() -> Response[str]:
    """Check whether the database is available and tasks are processed on time."""
    view = health().check()
    if view is UNAVAILABLE:
        headers = {"Retry-After": str(DatabaseUnavailable.retry_after)}
        return reply(HTTPStatus.SERVICE_UNAVAILABLE, view, headers)
    return reply(HTTPStatus.OK, view)


warm_up(health)
handler = app.handler
