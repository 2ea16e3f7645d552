"""Idempotency keys: a request under a key takes effect once, however often it is sent.

Callers see the behaviour of "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).

An attempt claims the key before it does anything, for longer than a function can run. The statement that stores the
order completes the key, and stores nothing if another attempt holds the key by then. So a key has one order, and the
key's order id tells under which id an interrupted attempt may hold stock.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from orders.domain.errors import IdempotencyKeyReused, RequestInProgress
from orders.postgres.connection import Database
from orders.postgres.statements import statement

LEASE = timedelta(seconds=30)
"""How long a claim holds: longer than the time-out of the function that makes the attempt."""
LIFETIME = timedelta(hours=24)
"""How long a key is kept."""

_CLAIM = statement("claim_idempotency_key")
_DELETE_EXPIRED = statement("delete_expired_keys")
_RESET = """
UPDATE idempotency_keys SET order_id = attempt
WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s
"""
_RELEASE = """
UPDATE idempotency_keys SET locked_until = '-infinity'
WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s
"""
_DELETE = """
DELETE FROM idempotency_keys
WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s AND NOT is_completed
"""


class _ClaimRow(TypedDict):
    order_id: str
    is_claimed: bool
    is_same: bool
    is_completed: bool


class _CountRow(TypedDict):
    keys: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a request with an idempotency key.

    Attributes:
        caller: the owner of the key; keys of different callers are independent.
        key: the caller's name for the request.
        content: what the request asks for; the same in each attempt.
        order_id: the id of the order if this attempt places it.
    """

    caller: str
    key: str
    content: str
    order_id: str

    def parameters(self) -> dict[str, str]:
        """Return the parameters by which a statement finds the key and recognises this attempt."""
        return {"caller": self.caller, "key": self.key, "attempt": self.order_id}


@dataclass(frozen=True, slots=True)
class Claim:
    """The state of a key.

    Attributes:
        order_id: the id of the order that was placed; else the id under which an attempt may hold stock.
        is_completed: whether the order has been placed.
    """

    order_id: str
    is_completed: bool


def claim(database: Database, attempt: Attempt, at: datetime) -> Claim:
    """Claim a key for `LEASE`, unless its request is completed or in progress.

    Raises:
        IdempotencyKeyReused: the key was used with another request.
        RequestInProgress: an earlier attempt may still be running.
    """
    row = database.fetch_one(
        _ClaimRow,
        _CLAIM,
        {
            **attempt.parameters(),
            "request_hash": hashlib.sha256(attempt.content.encode()).digest(),
            "at": at,
            "lease": LEASE,
            "lifetime": LIFETIME,
        },
    )
    if row and not row["is_same"]:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was sent with another request; use a new key for each request."
        )
    # No row: another attempt has claimed the key since the statement began.
    if row is None or not (row["is_claimed"] or row["is_completed"]):
        raise RequestInProgress("A request with this Idempotency-Key is in progress; retry in a moment.")
    return Claim(row["order_id"], row["is_completed"])


def reset(database: Database, attempt: Attempt) -> None:
    """Record that earlier attempts left nothing behind."""
    database.execute(_RESET, attempt.parameters())


def release(database: Database, attempt: Attempt) -> None:
    """End the lease of an attempt whose result is unknown, so that the next attempt can begin at once."""
    database.execute(_RELEASE, attempt.parameters())


def delete(database: Database, attempt: Attempt) -> None:
    """Delete the key of an attempt that had no effect."""
    database.execute(_DELETE, attempt.parameters())


def delete_expired(database: Database, at: datetime, limit: int) -> int:
    """Delete expired keys; return how many, `limit` at most."""
    [row] = database.fetch(_CountRow, _DELETE_EXPIRED, {"at": at, "limit": limit})
    return row["keys"]
