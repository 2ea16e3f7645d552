"""Where worlds take place, one after the other: a database, and connections to it that outlive a world."""

from contextlib import closing
from typing import TYPE_CHECKING, Any

from psycopg2.extras import RealDictCursor

from orders.config import DatabaseSettings
from orders.postgres.connection import connect
from tests.simulation.database import SimulatedDatabase
from tests.simulation.effects import Effects, NoFaults

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class

_EMPTY = """
DELETE FROM order_tasks; DELETE FROM order_events; DELETE FROM order_items; DELETE FROM order_details;
DELETE FROM orders; DELETE FROM idempotency_keys; DELETE FROM erasures; DELETE FROM stock_holds;
DELETE FROM catalog_changes; DELETE FROM event_feed; DELETE FROM unsequenced_events
"""
_EMPTY_FOR_GOOD = """
TRUNCATE order_tasks, order_events, order_items, order_details, orders, idempotency_keys, erasures, stock_holds,
    catalog_changes, event_feed, unsequenced_events;
TRUNCATE count_deltas, order_counts, order_minutes
"""
_WORLDS_BETWEEN = 100
"""Deleting a few rows is faster than truncating, but leaves something behind each time."""


class Stage:
    """A migrated database of its own.

    Attributes:
        database: for the processes that meet faults.
        other: for the processes that run at the same moment as those.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        with closing(connect(settings)) as connection, connection.cursor() as cursor:
            # Durability does not matter here.
            cursor.execute(f'ALTER DATABASE "{settings.name}" SET synchronous_commit = off')
        self.settings = settings
        self.database = SimulatedDatabase(settings, Effects(NoFaults()))
        self.other = SimulatedDatabase(settings, Effects(NoFaults()))
        self._outside: Connection = connect(settings)
        self._worlds = 0

    def clear(self) -> None:
        """Delete all orders."""
        self.look(_EMPTY_FOR_GOOD if self._worlds % _WORLDS_BETWEEN == 0 else _EMPTY)
        self._worlds += 1

    def look(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement that is not an effect of the simulation."""
        with self._outside.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statement, parameters)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def close(self) -> None:
        self.database.close()
        self.other.close()
        self._outside.close()
