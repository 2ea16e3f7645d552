"""Cursors: the position where a page ended, with a checksum that ties it to its list."""

import base64
import hashlib
import struct
import uuid
from dataclasses import dataclass

from orders.domain.errors import InvalidCursor

_POSITION = struct.Struct(">q16s")
_CHECKSUM_BYTES = 9  # With the position a multiple of three: base64 without padding.


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a sorted list: after the order with this sort value and id.

    Attributes:
        value: the sort value, as a whole number; 0 if the list is sorted by id.
        id: the order's id, the tie-breaker between equal values.
    """

    value: int
    id: str


def write(position: Position, scope: bytes) -> str:
    """Encode a position in the list of this scope as a cursor: opaque and URL-safe."""
    packed = _POSITION.pack(position.value, uuid.UUID(position.id).bytes)
    checksum = hashlib.sha256(packed + scope).digest()[:_CHECKSUM_BYTES]
    return base64.urlsafe_b64encode(packed + checksum).decode()


def read(cursor: str, scope: bytes, largest: int) -> Position:
    """Decode a cursor whose sort value is at most `largest`.

    Raises:
        InvalidCursor: it was changed, or belongs to a list of another scope.
    """
    position = _decode(cursor)
    # Compared as text: base64 has several encodings of the same bytes.
    if position is None or write(position, scope) != cursor or not 0 <= position.value <= largest:
        raise InvalidCursor(
            "The cursor is invalid or belongs to a list with another filter or sort; start again without a cursor."
        )
    return position


def _decode(cursor: str) -> Position | None:
    try:
        value, order_id = _POSITION.unpack_from(base64.urlsafe_b64decode(cursor))
    except (ValueError, struct.error):
        return None
    return Position(value, str(uuid.UUID(bytes=order_id)))
