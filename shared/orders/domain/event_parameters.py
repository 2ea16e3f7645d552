"""Parse the query parameters of the feed."""

from collections.abc import Mapping

from orders.domain.errors import InvalidCursor, InvalidParameter
from orders.domain.events import EventQuery
from orders.domain.ids import is_order_id
from orders.domain.lifecycle import Event
from orders.domain.query_parameters import check_known, is_number, number
from orders.domain.quoting import quoted

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_WAIT_SECONDS = 20
_PARAMETERS = ("after", "limit", "type", "order_id", "wait")
_MAX_DIGITS = 18  # as many as fit a bigint


def parse(parameters: Mapping[str, str]) -> EventQuery:
    """Parse the query parameters of the feed.

    Raises:
        InvalidParameter: a parameter is unknown or has an invalid value.
        InvalidCursor: the cursor is no position.
    """
    for name in parameters:
        check_known(name, _PARAMETERS)
    return EventQuery(
        after=_position(parameters.get("after", "0")),
        limit=number(parameters, "limit", DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT),
        types=_types(parameters.get("type")),
        order_id=_order(parameters.get("order_id")),
        wait_seconds=number(parameters, "wait", 0, minimum=0, maximum=MAX_WAIT_SECONDS),
    )


def _position(text: str) -> int:
    if is_number(text, _MAX_DIGITS):
        return int(text)
    raise InvalidCursor(f"after is {quoted(text)}; it must be the next_cursor of a page, or 0 for the first page.")


def _types(text: str | None) -> tuple[Event, ...] | None:
    if text is None:
        return None
    values = [value.strip() for value in text.split(",")]
    for value in values:
        if value not in frozenset(Event):
            raise InvalidParameter(
                "type", f"is {quoted(value)}; it must be one or more of {', '.join(Event)}, separated by commas."
            )
    return tuple(Event(value) for value in dict.fromkeys(values))


def _order(text: str | None) -> str | None:
    if text is None or is_order_id(text):
        return text and text.lower()
    raise InvalidParameter("order_id", f"is {quoted(text)}; it must be an order's id, which is a UUID.")
