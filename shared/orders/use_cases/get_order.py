"""Read an order."""

from dataclasses import dataclass

from orders.domain.caller import Caller
from orders.domain.errors import OrderNotFound
from orders.domain.order import OrderDetails
from orders.postgres import orders
from orders.postgres.connection import Database


@dataclass(frozen=True, slots=True)
class GetOrder:
    """Read orders that the caller may see."""

    database: Database

    def get(self, caller: Caller, order_id: str, *, timeline: bool = False) -> OrderDetails:
        """Read an order with its lines and, if requested, its timeline.

        Raises:
            OrderNotFound: there is no order with this id, or it belongs to somebody else.
        """
        row = orders.get_order(self.database, order_id, owner=caller.readable_owner, timeline=timeline)
        if row is None:
            raise OrderNotFound(f"There is no order {order_id!r}.")
        return row
