"""Idempotency keys: a request under a key takes effect once, however often it is sent.

Callers see the behaviour of "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).

Nothing is claimed before the work. All attempts at a request reserve the same stock, because the id of the reservation
is computed from the request, and the first one that stores an order completes the key in the same statement
(functions/place_order_2.sql). An attempt that is refused after it has reserved stock first records that no order may be
stored on this reservation, and then releases it; later attempts use the reservation of the next generation.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from orders.domain.errors import IdempotencyKeyReused
from orders.postgres.connection import Database
from orders.postgres.statements import statement

LIFETIME = timedelta(hours=24)
"""How long a key is kept; that of an order whose payment is pending is kept longer."""

_DELETE_EXPIRED = statement("delete_expired_keys")
_REFUSE = statement("refuse_reservation")
_FIND = """
SELECT order_id, generation, request_hash, reservation_id
FROM idempotency_keys LEFT JOIN orders ON orders.id = order_id
WHERE caller = %(caller)s AND key = %(key)s AND (expires_at > %(at)s OR orders.status = 'pending')
"""


class _KeyRow(TypedDict):
    order_id: str | None
    generation: int
    request_hash: bytes
    reservation_id: str | None


class _RefusedRow(TypedDict):
    generation: int


class _CountRow(TypedDict):
    keys: int


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request with an idempotency key.

    Attributes:
        caller: the owner of the key; keys of different callers are independent.
        key: the caller's name for the request.
        content: what the request asks for; the same in each attempt.
    """

    caller: str
    key: str
    content: str

    @property
    def request_hash(self) -> bytes:
        """The fingerprint by which an attempt is recognised as the same request."""
        return hashlib.sha256(self.content.encode()).digest()

    def reservation_id(self, quantities: Mapping[str, int], generation: int) -> str:
        """Return the id of the reservation for some products: a UUID version 8 (RFC 9562, section 5.8)."""
        lines = [f"{product}\0{quantity}" for product, quantity in sorted(quantities.items())]
        text = "\0".join((self.caller, self.key, self.content, str(generation), *lines))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
        return str(uuid.UUID(int=number & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a request with an idempotency key, under the reservation of a generation."""

    key: IdempotencyKey
    generation: int


@dataclass(frozen=True, slots=True)
class KnownKey:
    """The state of a key.

    Attributes:
        order_id: the order that was placed; None if the request was refused.
        reservation_id: that of the order.
        generation: that of the order's reservation, or of the latest one that was refused.
    """

    order_id: str | None
    reservation_id: str | None
    generation: int


def find(database: Database, key: IdempotencyKey, at: datetime) -> KnownKey | None:
    """Find a key that was used before.

    Raises:
        IdempotencyKeyReused: an order was placed with the key by another request.
    """
    row = database.fetch_one(_KeyRow, _FIND, {"caller": key.caller, "key": key.key, "at": at})
    if row is None:
        return None
    if row["order_id"] and bytes(row["request_hash"]) != key.request_hash:
        raise reused()
    return KnownKey(row["order_id"], row["reservation_id"], row["generation"])


def refuse(database: Database, attempt: Attempt, at: datetime) -> bool:
    """Record that no order may be stored on the attempt's reservation; False if one has been stored with the key."""
    parameters = {
        "caller": attempt.key.caller,
        "key": attempt.key.key,
        "request_hash": attempt.key.request_hash,
        "generation": attempt.generation,
        "at": at,
        "expires_at": at + LIFETIME,
    }
    return database.fetch_one(_RefusedRow, _REFUSE, parameters) is not None


def delete_expired(database: Database, at: datetime, limit: int) -> int:
    """Delete expired keys; return how many, `limit` at most."""
    [row] = database.fetch(_CountRow, _DELETE_EXPIRED, {"at": at, "limit": limit})
    return row["keys"]


def reused() -> IdempotencyKeyReused:
    """Make the error for a key that was used with another request."""
    return IdempotencyKeyReused("This Idempotency-Key was sent with another request; use a new key for each request.")
