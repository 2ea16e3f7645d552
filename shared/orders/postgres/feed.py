"""The feed: all events of all orders in an order that never changes. Each function is one statement."""

from typing import TypedDict

from orders.domain.events import EventPage, EventQuery, EventRow
from orders.postgres.connection import Database

SEQUENCED = 10_000
"""How many events are given a position at once."""
MAX_LINES = 2_000
"""How many lines its orders may have on a page, after the first event: it must stay below Lambda's limit of 6 MB."""
_SCANNED = 10_000
"""How many positions are read at most to find events of some types."""

_LIST = """
SELECT next_position, last_position, events
FROM list_events_1(
    %(after)s, %(types)s::text[], %(order_id)s, %(limit)s, %(max_lines)s, %(scanned)s, %(sequenced)s)
"""
_SEQUENCE = "SELECT sequence_events_1(%(limit)s) AS sequenced"


class _PageRow(TypedDict):
    next_position: int
    last_position: int
    events: list[tuple[int, EventRow]] | None


class _SequencedRow(TypedDict):
    sequenced: int


def list_events(database: Database, query: EventQuery) -> EventPage | None:
    """List events of the feed; None if it ends before the query's position."""
    parameters = {
        "after": query.after,
        "types": query.types and [type_.value for type_ in query.types],
        "order_id": query.order_id,
        "limit": query.limit,
        "max_lines": MAX_LINES,
        "scanned": _SCANNED,
        "sequenced": SEQUENCED,
    }
    [row] = database.fetch(_PageRow, _LIST, parameters)
    if query.after > row["last_position"]:
        return None
    return EventPage(row["events"] or [], row["next_position"])


def sequence(database: Database) -> int:
    """Give positions to at most `SEQUENCED` events that have none, whether or not anybody reads; return how many."""
    [row] = database.fetch(_SequencedRow, _SEQUENCE, {"limit": SEQUENCED})
    return row["sequenced"]
