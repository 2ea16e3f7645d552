"""Bring the database's schema up to date: a CloudFormation custom resource, run by each deploy."""

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import requests
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import default_migration_table

import orders
from orders.config import DatabaseSettings
from orders.database import connect, connection_parameters
from orders.telemetry import logger, observed

MIGRATIONS = Path(orders.__file__).parent / "migrations"
_ANSWER_TIMEOUT_SECONDS = 10
_REASON_CHARACTERS = 500
"""As much of an error as there is room for: an answer has 4,096 bytes (AWS docs, Custom resource response objects)."""


@observed
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
    """
    with closing(connect(settings)) as guard, guard.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('orders_migrations'))")
        parameters = connection_parameters(settings)
        backend = PostgresqlBackend(
            DatabaseURI("postgresql", None, None, None, None, settings.name, parameters), default_migration_table
        )
        with closing(backend.connection):
            backend.init_database()
            pending = backend.to_apply(read_migrations(str(MIGRATIONS)))
            backend.apply_migrations(pending)
    return [migration.id for migration in pending]
