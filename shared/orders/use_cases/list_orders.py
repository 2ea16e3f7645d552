"""Read many orders, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain import cursors
from orders.domain import order_query as listing
from orders.domain.caller import Caller
from orders.domain.errors import Forbidden
from orders.domain.order_query import OrderPage
from orders.postgres.order_list import query as search
from orders.use_cases.get_order import Reader


@dataclass(frozen=True, slots=True)
class ListOrders(Reader):
    """Lists orders as far as the caller may see them."""

    def list(self, caller: Caller, parameters: Mapping[str, str], customer_id: str | None = None) -> OrderPage:
        """A page of orders: the customer's if one is named, else all that the caller may see.

        Raises:
            Forbidden: the caller may not see that customer's orders.
            InvalidParameter: a parameter is unknown, or has a value that it cannot have.
            InvalidCursor: the cursor was changed, or belongs to another list.
        """
        if customer_id is not None and not caller.may_read(customer_id):
            raise Forbidden("You may see your own orders only; to see others' takes the scope orders:read.")
        query = listing.parse(parameters, owner=customer_id or caller.readable_owner)
        found = search.find_orders(self.database, query)
        next_cursor = cursors.write(found.end, query.scope) if found.end else None
        return OrderPage(found.rows, query.page.size, next_cursor, found.total)
