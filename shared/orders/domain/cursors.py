"""Cursors: where a page ended, sealed so that it is followed in the same list only."""

import base64
import hashlib
import struct
import uuid
from dataclasses import dataclass

from orders.domain.errors import InvalidCursor

_PLACE = struct.Struct(">q16s")
_SEAL_BYTES = 9  # Together with the place a multiple of three: base64 without padding.


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a sorted list: right behind the order with this sort value and id.

    Attributes:
        value: what the list is sorted by, as a whole number; 0 where that is the id itself.
        id: the order's id, which decides between equal values.
    """

    value: int
    id: str


def write(position: Position, scope: bytes) -> str:
    """The cursor that leads to a position in the list of that scope; opaque, URL-safe."""
    place = _PLACE.pack(position.value, uuid.UUID(position.id).bytes)
    seal = hashlib.sha256(place + scope).digest()[:_SEAL_BYTES]
    return base64.urlsafe_b64encode(place + seal).decode()


def read(cursor: str, scope: bytes, largest: int) -> Position:
    """The position that a cursor leads to, at a sort value of up to the largest that there can be.

    Raises:
        InvalidCursor: it was changed, or made for a list of another scope.
    """
    position = _place(cursor)
    # Compared as text, the seal included: base64 has several spellings of the same bytes.
    if position is None or write(position, scope) != cursor or not 0 <= position.value <= largest:
        raise InvalidCursor(
            "The cursor was changed or belongs to another list; start again without it, and keep filter and sort."
        )
    return position


def _place(cursor: str) -> Position | None:
    try:
        value, order_id = _PLACE.unpack_from(base64.urlsafe_b64decode(cursor))
    except (ValueError, struct.error):
        return None
    return Position(value, str(uuid.UUID(bytes=order_id)))
