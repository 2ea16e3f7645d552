"""Where the orders of a list are, in SQL: the ranges of indexes that hold them in its order.

A range is all entries of an index that lead with the same values, in the order of the key that follows. The orders of
one state by their totals are a range, and the list of several states is merged from as many.

Which index is read is not left to what the planner believes about the data. A range is asked for by comparing all
columns of its index, and in the order of them all; its leading values come from a function, so that nothing is assumed
about how frequent they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orders.domain.lifecycle import STATES
from orders.domain.order_query import OrderFilter, OrderQuery, SortKey


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of an index: one for each row of the sources.

    Attributes:
        table: what the index is on.
        columns: the index's leading columns.
        values: what they are equal to, in terms of the sources.
        sources: items for a FROM clause.
        order_id: the table's name for the order's id.
        condition: that of a partial index.
    """

    table: str = "orders"
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    order_id: str = "id"
    condition: str = "true"


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of each range that is read: the keys between two others, in one direction, and how many at most.

    Attributes:
        key: the columns that a list is sorted by; the last one is the order's id.
        direction: ASC or DESC.
        above: the key that all are above.
        below: the key that all are below.
        limit: how many of the list are read.
        offset: how many of the list are skipped before.
    """

    key: tuple[str, ...]
    direction: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    limit: str
    offset: str = "0"

    @property
    def columns(self) -> str:
        """The key, for a SELECT clause."""
        return ", ".join(self.key)

    @property
    def holds(self) -> str:
        """Whether the key is in the slice, for a WHERE clause."""
        return f"({self.columns}) > ({', '.join(self.above)}) AND ({self.columns}) < ({', '.join(self.below)})"

    def order(self, table: str) -> str:
        """The order of the list, for an ORDER BY clause."""
        return ", ".join(f"{table}.{column} {self.direction}" for column in self.key)


_ALL = Ranges()
_OF_CUSTOMER = Ranges(
    columns=("customer_id",), values=("customer.id",), sources=("unnest(ARRAY[%(customer_id)s]) AS customer (id)",)
)
# To the planner, the value of a subquery is as unknown as that of a function.
_ALL_OF_CUSTOMER = Ranges(columns=("customer_id",), values=("(SELECT %(customer_id)s::text)",))
_OF_STATES = Ranges(
    columns=("status", "payment_status", "shipping_status"),
    values=("state.status", "state.payment_status", "state.shipping_status"),
    sources=(
        """unnest(%(statuses)s::text[], %(payment_statuses)s::text[], %(shipping_statuses)s::text[])
            AS state (status, payment_status, shipping_status)""",
    ),
)
_OF_STATES_AND_CUSTOMER = Ranges(
    columns=_OF_STATES.columns + _OF_CUSTOMER.columns,
    values=_OF_STATES.values + _OF_CUSTOMER.values,
    sources=_OF_STATES.sources + _OF_CUSTOMER.sources,
)
_OF_PRODUCT = Ranges(
    table="order_items",
    columns=("product_id",),
    values=("product.id",),
    sources=("unnest(ARRAY[%(product_id)s]) AS product (id)",),
    order_id="order_id",
)
_TEXT = ("unnest(ARRAY[%(text)s]) AS text (value)",)
_OF_TEXT = (
    Ranges(columns=("id",), values=("text.id",), sources=("unnest(ARRAY[%(text_id)s]::uuid[]) AS text (id)",)),
    replace(_OF_CUSTOMER, values=("text.value",), sources=_TEXT),
    replace(_OF_PRODUCT, values=("text.value",), sources=_TEXT),
    Ranges(
        columns=("lower(customer_email)",),
        values=("lower(text.value)",),
        sources=_TEXT,
        condition="customer_email IS NOT NULL",
    ),
)

_SORT_VALUES = {
    SortKey.UPDATED_AT: ("timestamptz", "-infinity", "infinity"),
    SortKey.TOTAL: ("bigint", -1, 2**63 - 1),
}
"""The type of a sort's values, and what is below and above all of them. created_at needs none: ids begin with it."""


def newest(limit: str) -> Slice:
    """The orders of the time that a filter asks for."""
    return Slice(("id",), "DESC", ("%(created_above)s::uuid",), ("%(created_below)s::uuid",), limit)


def page_slice(query: OrderQuery, limit: str) -> Slice:
    """The orders of a list from the beginning of a page on."""
    part = replace(newest(limit), direction="DESC" if query.sort.descending else "ASC", offset="%(offset)s")
    after: tuple[str, ...] = ("%(after_id)s::uuid",)
    if query.sort.key is not SortKey.CREATED_AT:
        kind, lowest, highest = _SORT_VALUES[query.sort.key]
        part = replace(
            part,
            key=(query.sort.key.value, *part.key),
            above=(f"'{lowest}'::{kind}", *part.above),
            below=(f"'{highest}'::{kind}", *part.below),
        )
        after = (f"%(after_value)s::{kind}", *after)
    if query.page.after is None:
        return part
    return replace(part, below=after) if query.sort.descending else replace(part, above=after)


def walked(query: OrderQuery) -> Sequence[Ranges]:
    """Ranges in the order of the list that hold all of its orders: no others where it is no search."""
    if query.sort.key is SortKey.CREATED_AT:
        if query.filter.product_id is not None:
            return (_OF_PRODUCT,)
        if query.filter.text is not None:
            return _OF_TEXT
    return (_of_customer_and_states(query),)


def only_range(query: OrderQuery) -> Ranges | None:
    """The range that is the whole list, where that is one; None where it is merged from several, or a search."""
    if query.searches or _by_state(query):
        return None
    return _ALL if query.filter.customer_id is None else _ALL_OF_CUSTOMER


def selectors(order_filter: OrderFilter) -> Sequence[Sequence[Ranges]]:
    """For each part of a filter, ranges that hold all orders which it admits, and no others, the newest first."""
    found: list[Sequence[Ranges]] = []
    if order_filter.product_id is not None:
        found.append((_OF_PRODUCT,))
    if order_filter.text is not None:
        found.append(_OF_TEXT)
    if replace(order_filter, product_id=None, text=None) != OrderFilter():
        found.append((_of_customer_and_states(OrderQuery(order_filter)),))
    return found


def _of_customer_and_states(query: OrderQuery) -> Ranges:
    if query.filter.customer_id is None:
        return _OF_STATES if _by_state(query) else _ALL
    return _OF_STATES_AND_CUSTOMER if _by_state(query) else _OF_CUSTOMER


def _by_state(query: OrderQuery) -> bool:
    # By its id an order is found among all and among a customer's; every other key comes after a state.
    return query.filter.states != STATES or query.sort.key is not SortKey.CREATED_AT


def entries(ranges: Sequence[Ranges], part: Slice) -> str:
    """A query for the keys that ranges have in a slice, of each as many as are skipped and read."""
    return " UNION ALL ".join(_entries(each, part) for each in ranges)


def _entries(ranges: Ranges, part: Slice) -> str:
    return f"""
    SELECT entry.* FROM {", ".join((*ranges.sources, "LATERAL"))} (
        SELECT {", ".join((*part.key[:-1], ranges.order_id))} AS id {selection(ranges, part)}
        LIMIT {part.limit} + {part.offset}
    ) AS entry"""


def selection(ranges: Ranges, part: Slice) -> str:
    """What follows SELECT and a list of columns, to read the rows that a slice of the ranges is about, in its order."""
    columns = (*ranges.columns, *part.key[:-1], ranges.order_id)
    return f"""FROM {ranges.table}
        WHERE ({", ".join(columns)}) > ({", ".join((*ranges.values, *part.above))})
          AND ({", ".join(columns)}) < ({", ".join((*ranges.values, *part.below))})
          AND {ranges.condition}
        ORDER BY {", ".join(f"{column} {part.direction}" for column in columns)}"""
