"""Tell whether the service can do its work."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders.api import Api, reply
from orders.config import DatabaseSettings
from orders.database import Database
from orders.errors import DatabaseUnavailable

app = Api()


@cache
def database() -> Database:
    """The connection of this execution environment."""
    return Database(DatabaseSettings.from_environment())


@app.get("/v1/health")
@app.get("/health")
@app.get("/health/")
def health() -> Response[str]:
    """Whether the database answers."""
    try:
        database().fetch("SELECT 1")
    except DatabaseUnavailable as error:
        headers = {"Retry-After": str(error.retry_after)}
        return reply(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "unavailable", "database": "unavailable"}, headers)
    return reply(HTTPStatus.OK, {"status": "ok", "database": "ok"})


handler = app.handler
