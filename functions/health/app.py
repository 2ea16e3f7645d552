"""Tell whether the service can do its work."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders.domain.errors import DatabaseUnavailable
from orders.http.api import Api, reply
from orders.use_cases.health import UNAVAILABLE, CheckHealth

app = Api()
health = cache(CheckHealth.from_environment)


@app.get("/v1/health")
@app.get("/health", deprecated=True)
def check_health() -> Response[str]:
    """Whether the database answers and tasks are carried out; 503 only where no order can be taken."""
    found = health().check()
    if found is UNAVAILABLE:
        headers = {"Retry-After": str(DatabaseUnavailable.retry_after)}
        return reply(HTTPStatus.SERVICE_UNAVAILABLE, found, headers)
    return reply(HTTPStatus.OK, found)


handler = app.handler
