"""The SQL for lists of orders: a page and a total, each in bounded time, whatever the number of orders.

Most lists are read from index ranges that contain exactly the list's orders. The others are *searches*: an order must
be read to tell whether it matches. There are two ways to search, each of which reads at most `EXAMINED` orders:

- *Gather.* If one part of the filter (product, text, or customer, states and dates) matches at most `EXAMINED` orders,
  read all of these and sort those that match the whole filter. Such a page is full.
- *Walk.* Otherwise read the first `EXAMINED` orders in sort order. If too few of them match, the page is returned
  short, and the next page starts after the last order that was read.

Both ways read orders one by one, by key.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NotRequired, TypedDict

from orders.domain.clock import EPOCH, uuid7
from orders.domain.cursors import Position
from orders.domain.ids import ORDER_NUMBER, SHORT_ID, is_order_id
from orders.domain.lifecycle import STATES
from orders.domain.order import OrderSummary
from orders.domain.order_query import OrderFilter, OrderQuery, Sort, SortKey, Total
from orders.domain.states import State
from orders.postgres.connection import Database
from orders.postgres.order_list import index_ranges
from orders.postgres.order_list.index_ranges import Slice

EXAMINED = 500
"""The maximum of orders that a search reads for a page."""
COUNTED = 5_000
"""The maximum of orders that a total counts, or in a search reads."""

_COLUMNS = """id, number, external_reference, customer_id, customer_name, customer_email, status, payment_status,
       shipping_status, currency, total, line_count, cart_version, cancel_reason, failure_reason, tracking_number,
       version, created_at, updated_at"""

_MICROSECOND = timedelta(microseconds=1)

# Not EXISTS: the planner might use a join and read all orders of the product, or all failed tasks. Conditions on the
# candidate alone are checked before its order is read.
_NEEDS_ATTENTION = (
    "(SELECT true FROM order_tasks WHERE order_id = candidate.id AND state = 'failed' LIMIT 1) IS NOT NULL"
)
_HAS_PRODUCT = (
    "(SELECT true FROM order_items WHERE order_id = candidate.id AND product_id = %({})s LIMIT 1) IS NOT NULL"
)
_MATCHES = f"""
        (%(customer_id)s IS NULL OR customer_id = %(customer_id)s)
        AND concat_ws('/', status, payment_status, shipping_status) = ANY (%(states)s::text[])
        AND id > %(created_above)s::uuid AND id < %(created_below)s::uuid
        AND (%(product_id)s IS NULL OR {_HAS_PRODUCT.format("product_id")})
        AND (%(text)s IS NULL OR id = %(text_id)s::uuid OR right(id::text, 8) = %(short_id)s
            OR number = %(text_number)s OR external_reference = %(text)s OR customer_id = %(text)s
            OR lower(customer_email) = lower(%(text)s) OR {_HAS_PRODUCT.format("text")})
        AND (%(number)s::bigint IS NULL OR number = %(number)s)
        AND (%(external_reference)s IS NULL OR external_reference = %(external_reference)s)
        AND (NOT %(needs_attention)s OR {_NEEDS_ATTENTION})"""
_STATES = "%(statuses)s::text[], %(payment_statuses)s::text[], %(shipping_statuses)s::text[]"


class _ListRow(OrderSummary):
    """An order of a list; the last row of a search may be without one, and all columns of it NULL.

    Attributes:
        is_last: whether the search has read as many orders as it may.
        end_id: the id of the last one; searches only.
        end_value: its sort value; searches only.
    """

    is_last: bool
    end_id: NotRequired[str]
    end_value: NotRequired[int | datetime]


class _TotalRow(TypedDict):
    matched: int
    is_cut: bool


class _CountedListRow(_ListRow, _TotalRow):
    """A row of a page with the total; all columns of the page are NULL if the page is empty."""


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of a list.

    Attributes:
        rows: its orders, without their lines.
        end: the position where it ends; None on the last page.
        total: the number of orders of the list; None if not requested.
    """

    rows: list[OrderSummary]
    end: Position | None
    total: Total | None


def find_orders(database: Database, query: OrderQuery) -> ListedPage:
    """Read a page of the orders that match a query, and their total if requested."""
    rows = database.fetch(_CountedListRow, _statement(query), _parameters(query))
    matching = [row for row in rows if row["id"] is not None]
    shown: list[OrderSummary] = [*matching[: query.page.size]]
    end = None
    if len(matching) > query.page.size:
        end = _position(query.sort, shown[-1])
    elif rows and rows[-1]["is_last"]:
        end = Position(_cursor_value(rows[-1]["end_value"]), rows[-1]["end_id"])
    return ListedPage(shown, end, _total_of(rows[0]) if query.page.with_total else None)


def _total_of(row: _TotalRow) -> Total:
    return Total(min(row["matched"], COUNTED), is_exact=row["matched"] <= COUNTED and not row["is_cut"])


def _position(sort: Sort, row: OrderSummary) -> Position:
    match sort.key:
        case SortKey.CREATED_AT:
            value: int | datetime = 0
        case SortKey.UPDATED_AT:
            value = row["updated_at"]
        case SortKey.TOTAL:
            value = row["total"]
    return Position(_cursor_value(value), row["id"])


def _cursor_value(value: int | datetime) -> int:
    return (value - EPOCH) // _MICROSECOND if isinstance(value, datetime) else value


def _after_value(sort: Sort, position: Position) -> object:
    return EPOCH + position.value * _MICROSECOND if sort.key is SortKey.UPDATED_AT else position.value


def _parameters(query: OrderQuery) -> dict[str, Any]:
    order_filter, text, page = query.filter, query.filter.text, query.page
    created_above, created_below = _ids_between(order_filter)
    number = ORDER_NUMBER.fullmatch(text.removeprefix("#")) if text is not None else None
    return {
        "customer_id": order_filter.customer_id,
        **_states(order_filter.states),
        "product_id": order_filter.product_id,
        "text": text,
        "short_id": text.lower() if text is not None and SHORT_ID.fullmatch(text) else None,
        "text_number": number and int(number[0]),
        "number": order_filter.number,
        "external_reference": order_filter.external_reference,
        "needs_attention": order_filter.needs_attention,
        "text_id": text if text is not None and is_order_id(text) else None,
        "created_above": created_above,
        "created_below": created_below,
        "after_id": page.after and page.after.id,
        "after_value": page.after and _after_value(query.sort, page.after),
        "size": page.size,
        "offset": page.offset,
        # Read one more than is shown or counted, to tell whether there are more.
        "examined": EXAMINED if query.searches else page.size + 1,
        "counted": COUNTED + 1,
    }


@lru_cache(maxsize=256)
def _states(states: tuple[State, ...]) -> dict[str, list[str]]:
    return {
        "states": ["/".join(state) for state in states],
        "statuses": [state.status for state in states],
        "payment_statuses": [state.payment_status for state in states],
        "shipping_statuses": [state.shipping_status for state in states],
    }


def _ids_between(order_filter: OrderFilter) -> tuple[str, str]:
    """Return exclusive bounds of the ids of orders that were created within the filter's dates."""
    since, until = order_filter.created_from, order_filter.created_to
    above = 0 if since is None else uuid7(since, bytes(10)).int - 1
    below = 2**128 - 1 if until is None else uuid7(until, bytes(10)).int
    return str(uuid.UUID(int=above)), str(uuid.UUID(int=below))


def _statement(query: OrderQuery) -> str:
    part = index_ranges.page_slice(query, limit="%(examined)s")
    page = _page(query, part)
    if not query.page.with_total:
        return page
    direction = part.direction
    order = f"page.end_value {direction}, page.end_id {direction}" if _examines(query) else part.order("page")
    # LEFT JOIN, because an empty page has a total, too. The total is the same for every sort, and cheapest by id.
    return f"""
SELECT * FROM ({_total(replace(query, sort=Sort()))}) AS total LEFT JOIN ({page}) AS page ON true
ORDER BY {order}"""


def _examines(query: OrderQuery) -> bool:
    """Tell whether orders of a page are read to see whether they match."""
    return query.searches and not index_ranges.are_listed_by_function(query)


def _page(query: OrderQuery, part: Slice) -> str:
    """Select the orders of a page and one more; in a search also the last order that was read, even without a match."""
    if index_ranges.are_listed_by_function(query):
        # A function of the database keeps its plan, and planning takes longer than reading.
        columns, function = (
            ("(listed).*, needs_attention", "list_orders_with_attention_1")
            if query.shows_attention
            else ("*, false AS needs_attention", "list_orders_1")
        )
        return f"""
SELECT {columns}, false AS is_last FROM {function}(
    %(customer_id)s, %(product_id)s, {_STATES if query.filter.states != STATES else "NULL, NULL, NULL"},
    {part.above[0]}, {part.below[0]}, {part.direction == "DESC"}, %(size)s + 1, %(offset)s)"""
    order = part.order("candidate")
    if not _examines(query):
        return f"""
SELECT listed.*, false AS is_last
FROM ({_first_entries(query, part)}) AS candidate CROSS JOIN {_read_candidate(_columns(query))} ORDER BY {order}"""
    end_value = "0" if query.sort.key is SortKey.CREATED_AT else f"candidate.{query.sort.key.value}"
    return f"""
WITH {_candidates(query, part)}
SELECT listed.*, candidate.id AS end_id, {end_value} AS end_value, place = {part.limit} AS is_last
FROM (SELECT * FROM candidate ORDER BY {order}) AS candidate
LEFT JOIN {_read_candidate(_columns(query), _MATCHES)} ON true
WHERE listed.id IS NOT NULL OR place = {part.limit}
ORDER BY {order} LIMIT %(size)s + 1"""


def _total(query: OrderQuery) -> str:
    """Count the orders that match, and tell whether there may be more than the limit."""
    part = index_ranges.newest(limit="%(counted)s")
    if not query.searches:
        entries = index_ranges.entries(index_ranges.walk_ranges(query), part)
        return f"""
SELECT count(*) AS matched, false AS is_cut FROM (SELECT FROM ({entries}) AS entry LIMIT {part.limit}) AS counted"""
    return f"""
WITH {_candidates(query, part)}
SELECT count(*) AS matched, EXISTS (SELECT FROM candidate WHERE place = {part.limit}) AS is_cut
FROM candidate CROSS JOIN {_read_candidate("id", _MATCHES)}"""


def _columns(query: OrderQuery) -> str:
    return f"{_COLUMNS}, {_NEEDS_ATTENTION if query.shows_attention else 'false'} AS needs_attention"


def _read_candidate(columns: str, condition: str = "true") -> str:
    return f"""LATERAL (
    SELECT {columns} FROM orders WHERE id = candidate.id AND {condition} LIMIT 1
) AS listed"""


def _candidates(query: OrderQuery, part: Slice) -> str:
    """Select the orders of a search's slice, with others; `place` numbers the orders of a walk."""
    return f"""gathered AS MATERIALIZED (
    SELECT ids FROM ({_selections(query, part)}) AS selection WHERE cardinality(ids) <= {part.limit} LIMIT 1
), candidate AS (
    SELECT DISTINCT {part.columns}, NULL::bigint AS place
    FROM gathered CROSS JOIN unnest(ids) AS selected (order_id)
    CROSS JOIN LATERAL (SELECT {part.columns} FROM orders WHERE id = order_id LIMIT 1) AS match
    WHERE {part.condition}
    UNION ALL
    SELECT * FROM ({_walk(query, part)}) AS walked WHERE NOT EXISTS (SELECT FROM gathered)
)"""


def _selections(query: OrderQuery, part: Slice) -> str:
    """Select, for each part of the filter, the orders that match it, up to one more than the limit."""
    newest = index_ranges.newest(limit=f"{part.limit} + 1")
    return " UNION ALL ".join(
        f"SELECT ARRAY(SELECT id FROM ({index_ranges.entries(each, newest)}) AS entry LIMIT {newest.limit}) AS ids"
        for each in index_ranges.gather_ranges(query.filter)
    )


def _walk(query: OrderQuery, part: Slice) -> str:
    """Select the first orders of a slice, numbered."""
    walk = f"""
    SELECT {part.columns}, row_number() OVER (ORDER BY {part.order("entry")}) AS place
    FROM ({_first_entries(query, part)}) AS entry"""
    if not index_ranges.may_repeat(index_ranges.walk_ranges(query)):
        return walk
    # The last place of an order that occurs twice tells where the walk ended.
    return f"SELECT {part.columns}, max(place) AS place FROM ({walk}) AS entry GROUP BY {part.columns}"


def _first_entries(query: OrderQuery, part: Slice) -> str:
    """Select the first entries of a slice, merged from its ranges."""
    return f"""
    SELECT * FROM ({index_ranges.entries(index_ranges.walk_ranges(query), part)}) AS entry
    ORDER BY {part.order("entry")} LIMIT {part.limit} OFFSET {part.offset}"""
