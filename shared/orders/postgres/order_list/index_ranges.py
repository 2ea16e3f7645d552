"""The index ranges that contain the orders of a list in its sort order, as SQL.

A range is all entries of an index with the same leading values, sorted by the columns that follow. For example, the
orders of one state are a range sorted by total; a list of several states is merged from one range for each. A list that
admits all states is one range of another index, so that it does not get slower with the number of states.

The choice of the index does not depend on the planner's statistics. The SQL compares all columns of the index and sorts
by all of them, and the settings of the functions' roles rule out a sort where an index can be read in order. The
leading values come from a function, so the planner cannot estimate how frequent they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orders.domain.lifecycle import STATES
from orders.domain.order_query import OrderFilter, OrderQuery, SortKey


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of an index: one for each row of the sources.

    Attributes:
        table: the table of the index.
        columns: the leading columns of the index.
        values: their values, as expressions over the sources.
        sources: items of a FROM clause.
        order_id: the column with the order's id.
        condition: the condition of a partial index.
    """

    table: str = "orders"
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    order_id: str = "id"
    condition: str = "true"


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of each range to read: the keys between two bounds, in one direction, up to a limit.

    Attributes:
        key: the columns that the list is sorted by; the last one is the order's id.
        direction: ASC or DESC.
        above: the exclusive lower bound of the keys.
        below: the exclusive upper bound of the keys.
        limit: how many orders of the list to read.
        offset: how many orders of the list to skip first.
    """

    key: tuple[str, ...]
    direction: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    limit: str
    offset: str = "0"

    @property
    def columns(self) -> str:
        """The key's columns, for a SELECT clause."""
        return ", ".join(self.key)

    @property
    def condition(self) -> str:
        """The condition that a key is in the slice, for a WHERE clause."""
        return f"({self.columns}) > ({', '.join(self.above)}) AND ({self.columns}) < ({', '.join(self.below)})"

    def order(self, table: str) -> str:
        """Return the sort order of the list, for an ORDER BY clause."""
        return ", ".join(f"{table}.{column} {self.direction}" for column in self.key)


_ALL = Ranges()
_OF_CUSTOMER = Ranges(
    columns=("customer_id",), values=("customer.id",), sources=("unnest(ARRAY[%(customer_id)s]) AS customer (id)",)
)
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
_NEEDING_ATTENTION = Ranges(table="order_tasks", order_id="order_id", condition="state = 'failed'")
_OF_NUMBER = Ranges(
    columns=("number",), values=("sought.number",), sources=("unnest(ARRAY[%(number)s]::bigint[]) AS sought (number)",)
)
_OF_REFERENCE = Ranges(
    columns=("external_reference",),
    values=("sought.reference",),
    sources=("unnest(ARRAY[%(external_reference)s]) AS sought (reference)",),
    condition="external_reference IS NOT NULL",
)
_TEXT = ("unnest(ARRAY[%(text)s]) AS text (value)",)
_OF_TEXT = (
    Ranges(columns=("id",), values=("text.id",), sources=("unnest(ARRAY[%(text_id)s]::uuid[]) AS text (id)",)),
    Ranges(
        table="order_items",
        columns=("right(order_id::text, 8)",),
        values=("text.short_id",),
        sources=("unnest(ARRAY[%(short_id)s]) AS text (short_id)",),
        order_id="order_id",
        condition="line_no = 1",
    ),
    replace(
        _OF_NUMBER,
        values=("text.number",),
        sources=("unnest(ARRAY[%(text_number)s]::bigint[]) AS text (number)",),
    ),
    replace(_OF_REFERENCE, values=("text.value",), sources=_TEXT),
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
"""The SQL type of a sort key, with its lower and upper bound. created_at needs none, because ids start with it."""


def newest(limit: str) -> Slice:
    """Return the slice of the filter's dates, newest first."""
    return Slice(("id",), "DESC", ("%(created_above)s::uuid",), ("%(created_below)s::uuid",), limit)


def page_slice(query: OrderQuery, limit: str) -> Slice:
    """Return the slice of the list that starts with a page."""
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


def walk_ranges(query: OrderQuery) -> Sequence[Ranges]:
    """Return ranges in the list's sort order that contain all its orders; in a search, they also contain others."""
    if query.sort.key is SortKey.CREATED_AT:
        if query.filter.needs_attention:
            return (_NEEDING_ATTENTION,)
        if query.filter.number is not None:
            return (_OF_NUMBER,)
        if query.filter.external_reference is not None:
            return (_OF_REFERENCE,)
        if query.filter.product_id is not None:
            return (_OF_PRODUCT,)
        if query.filter.text is not None:
            return _OF_TEXT
    return (_of_customer_and_states(query),)


def are_listed_by_function(query: OrderQuery) -> bool:
    """Tell whether `list_orders_1` lists the orders: by id, all or those of a product, or of a customer and states."""
    if query.filter.seeks or query.sort.key is not SortKey.CREATED_AT:
        return False
    return query.filter.product_id is None or (query.filter.customer_id is None and query.filter.states == STATES)


def may_repeat(ranges: Sequence[Ranges]) -> bool:
    """Tell whether an order can be in the ranges more than once, such as with two lines of the same product."""
    return len(ranges) > 1 or ranges[0].table != "orders"


def gather_ranges(order_filter: OrderFilter) -> Sequence[Sequence[Ranges]]:
    """Return, for each part of a filter, the ranges that contain exactly the orders which match it, newest first."""
    parts: list[Sequence[Ranges]] = []
    if order_filter.product_id is not None:
        parts.append((_OF_PRODUCT,))
    if order_filter.number is not None:
        parts.append((_OF_NUMBER,))
    if order_filter.external_reference is not None:
        parts.append((_OF_REFERENCE,))
    if order_filter.text is not None:
        parts.append(_OF_TEXT)
    if order_filter.needs_attention:
        parts.append((_NEEDING_ATTENTION,))
    others = replace(
        order_filter, product_id=None, number=None, external_reference=None, text=None, needs_attention=False
    )
    if others != OrderFilter():
        parts.append((_of_customer_and_states(OrderQuery(order_filter)),))
    return parts


def _of_customer_and_states(query: OrderQuery) -> Ranges:
    if query.filter.customer_id is None:
        return _OF_STATES if _by_state(query) else _ALL
    return _OF_STATES_AND_CUSTOMER if _by_state(query) else _OF_CUSTOMER


def _by_state(query: OrderQuery) -> bool:
    # Of a customer's orders in all states, there is an index by id only.
    sorted_of_customer = query.filter.customer_id is not None and query.sort.key is not SortKey.CREATED_AT
    return query.filter.states != STATES or sorted_of_customer


def entries(ranges: Sequence[Ranges], part: Slice) -> str:
    """Return a query for the keys of the slice in all ranges; it reads limit plus offset keys from each."""
    return " UNION ALL ".join(_entries(each, part) for each in ranges)


def _entries(ranges: Ranges, part: Slice) -> str:
    return f"""
    SELECT entry.* FROM {", ".join((*ranges.sources, "LATERAL"))} (
        SELECT {", ".join((*part.key[:-1], ranges.order_id))} AS id {selection(ranges, part)}
        LIMIT {part.limit} + {part.offset}
    ) AS entry"""


def selection(ranges: Ranges, part: Slice) -> str:
    """Return the clauses after SELECT and its columns that read the slice of the ranges in sort order."""
    columns = (*ranges.columns, *part.key[:-1], ranges.order_id)
    return f"""FROM {ranges.table}
        WHERE ({", ".join(columns)}) > ({", ".join((*ranges.values, *part.above))})
          AND ({", ".join(columns)}) < ({", ".join((*ranges.values, *part.below))})
          AND {ranges.condition}
        ORDER BY {", ".join(f"{column} {part.direction}" for column in columns)}"""
