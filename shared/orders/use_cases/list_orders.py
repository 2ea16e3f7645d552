"""List orders, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain import cursors, order_query
from orders.domain.caller import Caller
from orders.domain.errors import Forbidden
from orders.domain.order_query import OrderPage
from orders.postgres.connection import Database
from orders.postgres.order_list.query import find_orders


@dataclass(frozen=True, slots=True)
class ListOrders:
    """List orders that the caller may see."""

    database: Database

    def list(self, caller: Caller, parameters: Mapping[str, str], customer_id: str | None = None) -> OrderPage:
        """Return a page of orders: those of the customer if one is named, else all that the caller may see.

        Raises:
            Forbidden: the caller may not see that customer's orders.
            InvalidParameter: a parameter is unknown or has an invalid value.
            InvalidCursor: the cursor was changed, or belongs to another list.
        """
        if customer_id is not None and not caller.may_read(customer_id):
            raise Forbidden("You may list your own orders only; other customers' require the scope orders:read.")
        query = order_query.parse(parameters, owner=customer_id or caller.readable_owner)
        page = find_orders(self.database, query)
        next_cursor = cursors.write(page.end, query.scope) if page.end else None
        return OrderPage(page.rows, query.page.size, next_cursor, page.total)
