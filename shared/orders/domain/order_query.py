"""The query of a list: filter, sort and page."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from orders.domain.cursors import Position
from orders.domain.lifecycle import STATES
from orders.domain.order import OrderSummary
from orders.domain.states import State

DEFAULT_PAGE_SIZE = 20


class SortKey(StrEnum):
    """What a list can be sorted by. The id is the tie-breaker, in the same direction."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Sort:
    """The sort order of a list: newest first by default."""

    key: SortKey = SortKey.CREATED_AT
    descending: bool = True


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The conditions that an order must meet; the defaults match all orders.

    Attributes:
        customer_id: it belongs to this customer.
        states: it is in one of these states.
        product_id: it has a line of this product.
        created_from: it was created at this time or later; Unix time in milliseconds.
        created_to: it was created before this time; Unix time in milliseconds.
        number: it has this number.
        external_reference: it has this number of the shop.
        text: its id, the end of its id, its number, its shop's number, its customer, e-mail address or one of its
            products equals this text.
        needs_attention: one of its tasks has failed.
    """

    customer_id: str | None = None
    states: tuple[State, ...] = STATES
    product_id: str | None = None
    created_from: int | None = None
    created_to: int | None = None
    number: int | None = None
    external_reference: str | None = None
    text: str | None = None
    needs_attention: bool = False

    @property
    def seeks(self) -> bool:
        """Whether it looks for orders by something that no list is sorted by, other than a product."""
        return (
            self.number is not None
            or self.external_reference is not None
            or self.text is not None
            or self.needs_attention
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its size, its start (after a position or an offset), and whether to count all orders of the list."""

    size: int = DEFAULT_PAGE_SIZE
    after: Position | None = None
    offset: int = 0
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """A query for a list of orders; `shows_attention` tells of each whether it needs attention."""

    filter: OrderFilter = OrderFilter()
    sort: Sort = Sort()
    page: Page = Page()
    shows_attention: bool = False

    @property
    def scope(self) -> bytes:
        """A hash of filter and sort, which ties a cursor to its list."""
        return _hash(self.filter, self.sort)

    @property
    def searches(self) -> bool:
        """Whether no index in the sort order covers the filter, so that each order must be read to match it."""
        dated = self.filter.created_from is not None or self.filter.created_to is not None
        return (
            self.filter.product_id is not None
            or self.filter.seeks
            or (dated and self.sort.key is not SortKey.CREATED_AT)
        )


@dataclass(frozen=True, slots=True)
class Total:
    """The number of orders of a list: exact, or a lower bound."""

    orders: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of orders.

    Attributes:
        rows: the orders, without their lines.
        size: the maximum of orders on the page.
        next_cursor: the cursor of the next page; None on the last page.
        total: the number of orders of the list; None if not requested.
    """

    rows: list[OrderSummary]
    size: int
    next_cursor: str | None
    total: Total | None


@lru_cache(maxsize=256)
def _hash(order_filter: OrderFilter, sort: Sort) -> bytes:
    # Cached, because formatting the filter takes longer than all other work on it.
    return hashlib.sha256(f"{order_filter}{sort}".encode()).digest()
