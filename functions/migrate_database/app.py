"""Bring the database's schema up to date: a CloudFormation custom resource, run by each deploy."""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import requests
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import default_migration_table

import orders
from orders.config import DatabaseSettings
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.connection import connect, connection_parameters
from orders.telemetry import lambda_entrypoint, logger

MIGRATIONS = Path(orders.__file__).parent / "postgres" / "migrations"
_CONNECT_TIMEOUT_SECONDS = 10
_PATIENCE_SECONDS = 120
"""For so long a login is tried: in a new stack its permission is seconds old, and takes a while to reach the database.
Both logins, with the time-outs of their last attempts, take less than the 300 seconds that the function has."""
_PAUSE_SECONDS = 5
_ANSWER_TIMEOUT_SECONDS = 10
_REASON_CHARACTERS = 500
"""As much of an error as there is room for: an answer has 4,096 bytes (AWS docs, Custom resource response objects)."""


@lambda_entrypoint
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own class is not importable
    """Apply what has not been applied, and tell CloudFormation; a deploy whose migration fails is rolled back.

    The answer's ``Release`` is a hash of the resource's properties, which names what functions run with.

    Called by hand, with an empty event, it answers with the names of the migrations that it applied.
    """
    if not event:
        return {"Applied": migrate(DatabaseSettings.from_environment())}
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": "orders-schema",
        "Data": {"Release": release(event.get("ResourceProperties", {}))},
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    try:
        # Deleting the stack deletes no orders.
        if event["RequestType"] != "Delete":
            answer["Data"]["Applied"] = ",".join(migrate(DatabaseSettings.from_environment()))
    except Exception as error:  # noqa: BLE001 - whatever it was, CloudFormation must not wait an hour for an answer
        logger.exception("migration failed")
        reason = f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS]
        answer |= {"Status": "FAILED", "Reason": f"{reason} (log: {context.log_stream_name})"}
    # Without a content type: the address is signed for none, and S3 refuses what was signed otherwise.
    requests.put(event["ResponseURL"], data=json.dumps(answer), timeout=_ANSWER_TIMEOUT_SECONDS).raise_for_status()
    return answer


def release(properties: dict[str, Any]) -> str:
    """A name for what these properties say: the same for the same, another one for anything else."""
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()[:12]


def migrate(settings: DatabaseSettings) -> list[str]:
    """Apply the migrations that the database has not seen, in order; returns their names.

    Safe to run twice and side by side: a lock that dies with its session lets one run at a time through. (yoyo's own
    lock is a row in a table, which a function that was killed leaves behind.)

    Raises:
        psycopg2.OperationalError: the database has let nobody in for two minutes.
    """
    guard = _patiently(lambda: connect(settings, _CONNECT_TIMEOUT_SECONDS))
    with closing(guard), guard.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('orders_migrations'))")
        backend = _patiently(lambda: _backend(settings))
        with closing(backend.connection):
            backend.init_database()
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            backend.apply_migrations(pending)
    return [migration.id for migration in pending]


def _backend(settings: DatabaseSettings) -> PostgresqlBackend:
    """What yoyo applies migrations with, connected."""
    parameters = connection_parameters(settings, _CONNECT_TIMEOUT_SECONDS)
    uri = DatabaseURI("postgresql", None, None, None, None, settings.name, parameters)
    return PostgresqlBackend(uri, default_migration_table)


def _patiently[Connected](log_in: Callable[[], Connected]) -> Connected:
    """Log in, again and again while the database cannot be reached or lets nobody in; at last raise what it says."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return log_in()
        except (psycopg2.OperationalError, DatabaseUnavailable) as error:
            if time.monotonic() >= deadline:
                raise
            logger.warning("not logged in, trying again", cause=str(error))
        time.sleep(_PAUSE_SECONDS)
