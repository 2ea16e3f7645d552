"""List orders, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orders.domain import cursors, list_parameters
from orders.domain.caller import Caller
from orders.domain.errors import Forbidden
from orders.domain.order_query import OrderPage, OrderQuery
from orders.postgres.connection import Database
from orders.postgres.order_list.query import find_orders


def list_query(caller: Caller, parameters: Mapping[str, str], customer_id: str | None = None) -> OrderQuery:
    """Parse the query of a list: of the customer's orders if one is named, else of all that the caller may see.

    Raises:
        Forbidden: the caller may not see that customer's orders, or which orders need attention.
        InvalidParameter: a parameter is unknown or has an invalid value.
        InvalidCursor: the cursor was changed, or belongs to another list.
    """
    if customer_id is not None and not caller.may_read(customer_id):
        raise Forbidden("You may list your own orders only; other customers' require the scope orders:read.")
    if "needs_attention" in parameters and not caller.may_read_all:
        raise Forbidden("Listing orders that need attention requires the scope orders:read.")
    query = list_parameters.parse(parameters, owner=customer_id or caller.readable_owner)
    return replace(query, shows_attention=caller.may_read_all)


@dataclass(frozen=True, slots=True)
class ListOrders:
    """List orders."""

    database: Database

    def list(self, query: OrderQuery) -> OrderPage:
        """Return a page of orders."""
        page = find_orders(self.database, query)
        next_cursor = cursors.write(page.end, query.scope) if page.end else None
        return OrderPage(page.rows, query.page.size, next_cursor, page.total)
