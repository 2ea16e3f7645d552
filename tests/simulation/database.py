"""The real database, over connections that break when the plan says so."""

from collections.abc import Mapping
from typing import Any, override

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class

from orders.config import DatabaseSettings
from orders.postgres import (
    counters,
    erasures,
    event_outbox,
    failed_tasks,
    feed,
    idempotency,
    new_orders,
    order_changes,
    orders,
    outbox,
    stock_holds,
    task_claims,
)
from orders.postgres.connection import Database
from tests.simulation.effects import Effects, Fault, Kind

_NAMES: Mapping[str, str] = {
    value: f"{module.__name__.removeprefix('orders.postgres.')}.{name.removeprefix('_').lower()}"
    for module in (
        idempotency,
        new_orders,
        orders,
        order_changes,
        task_claims,
        outbox,
        event_outbox,
        failed_tasks,
        stock_holds,
        counters,
        erasures,
        feed,
    )
    for name, value in vars(module).items()
    if isinstance(value, str) and not name.startswith("__")
}


class SimulatedDatabase(Database):
    """Runs statements, each of which is an effect; `effects` are those of the run that uses it at the moment."""

    def __init__(self, settings: DatabaseSettings, effects: Effects) -> None:
        super().__init__(settings)
        self.effects = effects

    def end_session(self) -> None:
        """Release what a session holds that has ended with its process, without the cost of a new one."""
        if self._connection is not None:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")

    @override
    def _execute(
        self, connection: Connection, statement: str, parameters: Mapping[str, Any] | None
    ) -> list[dict[str, Any]]:
        fault = self.effects.meet(Kind.STATEMENT, _NAMES[statement])
        if fault is Fault.UNAVAILABLE:
            raise psycopg2.OperationalError
        rows = super()._execute(connection, statement, parameters)
        if fault is Fault.CRASH_AFTER:
            self.effects.crash()
        if fault is Fault.LOST_ANSWER:
            connection.close()
        if fault in {Fault.LOST_ANSWER, Fault.SILENCE}:
            # Only after a connection that was lost is a statement run again.
            raise psycopg2.OperationalError
        return rows
