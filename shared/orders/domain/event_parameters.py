"""Parse the query parameters of the feed."""

from collections.abc import Mapping

from orders.domain.errors import InvalidCursor, InvalidParameter
from orders.domain.events import EventQuery
from orders.domain.ids import is_order_id
from orders.domain.lifecycle import Event
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
        if name not in _PARAMETERS:
            raise InvalidParameter(
                "parameter", f"{quoted(name)} is unknown; the parameters are {', '.join(_PARAMETERS)}."
            )
    return EventQuery(
        after=_position(parameters.get("after", "0")),
        limit=_number(parameters, "limit", DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT),
        types=_types(parameters.get("type")),
        order_id=_order(parameters.get("order_id")),
        wait_seconds=_number(parameters, "wait", 0, minimum=0, maximum=MAX_WAIT_SECONDS),
    )


def _position(text: str) -> int:
    if _is_number(text, _MAX_DIGITS):
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


def _number(parameters: Mapping[str, str], name: str, default: int, *, minimum: int, maximum: int) -> int:
    text = parameters.get(name, str(default))
    if _is_number(text, len(str(maximum))) and minimum <= int(text) <= maximum:
        return int(text)
    raise InvalidParameter(name, f"is {quoted(text)}; it must be a whole number from {minimum} to {maximum}.")


def _is_number(text: str, max_digits: int) -> bool:
    # isascii, because isdecimal accepts the digits of every script.
    return text.isascii() and text.isdecimal() and len(text) <= max_digits
