"""Read an order."""

from dataclasses import dataclass
from typing import Self

from orders.config import DatabaseSettings
from orders.domain.caller import Caller
from orders.domain.errors import OrderNotFound
from orders.postgres import orders as store
from orders.postgres.connection import Database, Row


@dataclass(frozen=True, slots=True)
class Reader:
    """Needs nothing but the database."""

    database: Database

    @classmethod
    def from_environment(cls) -> Self:
        """With the database that the environment names."""
        return cls(Database(DatabaseSettings.from_environment()))

    def prepare(self) -> None:
        """Connect to the database."""
        self.database.connect()


@dataclass(frozen=True, slots=True)
class ReadOrders(Reader):
    """Reads orders as far as the caller may see them."""

    def get(self, caller: Caller, order_id: str, *, timeline: bool = False) -> Row:
        """An order with its lines and, if asked for, its timeline.

        Raises:
            OrderNotFound: there is none of this id, or it is somebody else's.
        """
        row = store.get_order(self.database, order_id, owner=caller.readable_owner, timeline=timeline)
        if row is None:
            raise OrderNotFound(f"There is no order {order_id!r}.")
        return row
