"""Migrate the database schema: a CloudFormation custom resource that runs with each deploy."""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.errors import DeadlockDetected, LockNotAvailable
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import default_migration_table

import orders
from orders.aws.custom_resource import respond
from orders.config import ConfigurationError, DatabaseSettings, check_service_url
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.connection import connect, connection_parameters
from orders.telemetry import lambda_entrypoint, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MIGRATIONS = Path(orders.__file__).parent / "postgres" / "migrations"
FUNCTIONS = MIGRATIONS.with_name("functions")
"""The database's functions, created or replaced by each deploy. Their names end in a version: a change of parameters or
of results is a new version, so that the code before and after a deploy each find theirs."""
_CONNECT_TIMEOUT_SECONDS = 10
_LOGIN_TIMEOUT_SECONDS = 120
"""How long to retry a login: in a new stack, the IAM permission to connect takes a while to take effect. Both logins,
including the time-outs of their last attempts, fit into the function's time-out of 300 seconds."""
_LOCK_TIMEOUT = "2s"
"""How long a migration waits for a lock, and so how long it delays the statements of functions."""
_LOCK_RETRY_SECONDS = 200
"""How long after the start of the function to retry while locks are not available."""
_RETRY_SECONDS = 5


@lambda_entrypoint
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Apply the pending migrations and report to CloudFormation, which rolls back the deploy if they fail.

    First check the parameters that no rule of the template can check: a deploy fails before anything is changed.

    The response contains ``Release``: a hash of the resource's properties, which identifies the functions' settings.

    Invoked by hand with an empty event, return the names of the applied migrations.
    """
    if not event:
        return {"Applied": migrate(DatabaseSettings.from_environment())}

    def run() -> dict[str, str]:
        properties = event["ResourceProperties"]
        check(properties)
        applied = ",".join(migrate(DatabaseSettings.from_environment()))
        return {"Release": release(properties), "Applied": applied}

    # Deleting the stack keeps the orders.
    return respond(event, context, "orders-schema", run)


def check(properties: dict[str, Any]) -> None:
    """Refuse addresses of services without TLS outside the stage dev, and the origin ``*`` on the stage prod.

    Raises:
        ConfigurationError: it names the parameter.
    """
    stage = properties["Stage"]
    for name, url in properties["Services"].items():
        check_service_url(name, url, stage)
    if stage == "prod" and "*" in properties["AllowedOrigins"].split(","):
        raise ConfigurationError("AllowedOrigins is *; prod must name its origins, such as https://shop.example")


def release(properties: dict[str, Any]) -> str:
    """Return a hash of the properties, the same for equal properties."""
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()[:12]


def migrate(settings: DatabaseSettings) -> list[str]:
    """Apply the pending migrations in order and return their names.

    Safe to repeat and to run concurrently: an advisory lock, released with its session, serializes runs. (yoyo's own
    lock is a row in a table, which a killed function leaves behind.)

    While a statement waits for a lock on a table, every later statement on that table waits behind it. So a migration
    that does not get a lock soon is rolled back and retried.

    Raises:
        psycopg2.OperationalError: every login failed for two minutes, or a lock was not available in time.
    """
    deadline = time.monotonic() + _LOCK_RETRY_SECONDS
    session = _retry_login(lambda: connect(settings, _CONNECT_TIMEOUT_SECONDS))
    with closing(session), session.cursor() as cursor:
        cursor.execute("SET lock_timeout = %s", [_LOCK_TIMEOUT])
        _retry_lock(lambda: cursor.execute("SELECT pg_advisory_lock(hashtext('orders_migrations'))"), deadline)
        backend = _retry_login(lambda: _backend(settings))
        with closing(backend.connection):
            backend.init_database()
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            for migration in pending:
                _retry_lock(partial(backend.apply_one, migration), deadline)
        for path in sorted(FUNCTIONS.glob("*.sql")):
            _retry_lock(partial(cursor.execute, path.read_text()), deadline)
    return [migration.id for migration in pending]


def _backend(settings: DatabaseSettings) -> PostgresqlBackend:
    """Connect yoyo to the database. It connects again, with the same parameters, for each migration."""
    parameters = connection_parameters(settings, _CONNECT_TIMEOUT_SECONDS) | {
        "options": f"-c lock_timeout={_LOCK_TIMEOUT}"
    }
    uri = DatabaseURI("postgresql", None, None, None, None, settings.name, parameters)
    return PostgresqlBackend(uri, default_migration_table)


def _retry_login[Connected](log_in: Callable[[], Connected]) -> Connected:
    """Log in; retry while the database is unreachable or refuses the login, then raise its last error."""
    deadline = time.monotonic() + _LOGIN_TIMEOUT_SECONDS
    while True:
        try:
            return log_in()
        except (psycopg2.OperationalError, DatabaseUnavailable) as error:
            if time.monotonic() >= deadline:
                raise
            logger.warning("login failed, retrying", cause=str(error))
        time.sleep(_RETRY_SECONDS)


def _retry_lock(run: Callable[[], object], deadline: float) -> None:
    """Run a migration or a statement; retry while its locks are not available, then raise the last error."""
    while True:
        try:
            run()
        except (LockNotAvailable, DeadlockDetected) as error:
            if time.monotonic() >= deadline:
                raise
            logger.warning("lock not available, retrying", cause=str(error))
        else:
            return
        time.sleep(_RETRY_SECONDS)
