"""Requests under a key: carried out once, however often they are sent.

What callers see is as in "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).

An attempt claims the key before it does anything, and has it for as long as a function can run. The order's own
statement notes that the key is answered, and stores nothing if another attempt has the key by then. So there is one
order for a key, and what a broken-off attempt may have left behind is known by its order id.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.domain.errors import IdempotencyKeyReused, RequestInProgress
from orders.postgres.connection import Database

LEASE = timedelta(seconds=30)
"""How long an attempt has a key to itself: longer than the function that makes it may run."""
LIFETIME = timedelta(hours=24)
"""How long a key is remembered."""

# Run again over a new connection, it finds the key claimed by the same attempt.
_CLAIM = """
WITH claimed AS (
    INSERT INTO idempotency_keys AS known
        (caller, key, request_hash, order_id, attempt, locked_until, expires_at)
    VALUES (
        %(caller)s, %(key)s, %(digest)s, %(attempt)s, %(attempt)s, %(at)s + %(lease)s, %(at)s + %(lifetime)s)
    ON CONFLICT (caller, key) DO UPDATE SET
        request_hash = excluded.request_hash,
        order_id = CASE WHEN known.is_answered THEN excluded.order_id ELSE known.order_id END,
        attempt = excluded.attempt,
        locked_until = excluded.locked_until,
        expires_at = excluded.expires_at,
        is_answered = false
    WHERE known.expires_at <= %(at)s
       OR known.request_hash = excluded.request_hash AND NOT known.is_answered
          AND (known.locked_until <= %(at)s OR known.attempt = excluded.attempt)
    RETURNING order_id
)
SELECT order_id, true AS is_claimed, true AS is_same, false AS is_answered FROM claimed
UNION ALL
SELECT order_id, false, request_hash = %(digest)s, is_answered FROM idempotency_keys
WHERE caller = %(caller)s AND key = %(key)s AND NOT EXISTS (SELECT FROM claimed)
"""

_START_AFRESH = """
UPDATE idempotency_keys SET order_id = attempt
WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s
"""

_LET_GO = """
UPDATE idempotency_keys SET locked_until = '-infinity'
WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s
"""

_FORGET = """
DELETE FROM idempotency_keys
WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s AND NOT is_answered
"""

_SWEEP = """
WITH expired AS (
    DELETE FROM idempotency_keys WHERE (caller, key) IN (
        SELECT caller, key FROM idempotency_keys
        WHERE expires_at <= %(at)s ORDER BY expires_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED)
    RETURNING key
)
SELECT count(*) AS keys FROM expired
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One of the times that a request is sent under its key.

    Attributes:
        caller: whose key it is; two callers' keys have nothing to do with each other.
        key: the caller's name for the request.
        content: what the request asks for; the same each time.
        order_id: the id that the order gets if it is this attempt that places it.
    """

    caller: str
    key: str
    content: str
    order_id: str

    def parameters(self) -> dict[str, str]:
        """What a statement needs to find the key, and to know it as this attempt's."""
        return {"caller": self.caller, "key": self.key, "attempt": self.order_id}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a key.

    Attributes:
        order_id: of the order that was placed under it; else the id under which an attempt may hold stock.
        is_answered: the order has been placed.
    """

    order_id: str
    is_answered: bool


def claim(database: Database, attempt: Attempt, at: datetime) -> Claim:
    """Take a key for `LEASE`, unless its request is answered or somebody is at it.

    Raises:
        IdempotencyKeyReused: the key stands for another request.
        RequestInProgress: an earlier attempt may still be at work.
    """
    row = database.fetch_one(
        _CLAIM,
        {
            **attempt.parameters(),
            "digest": hashlib.sha256(attempt.content.encode()).digest(),
            "at": at,
            "lease": LEASE,
            "lifetime": LIFETIME,
        },
    )
    if row and not row["is_same"]:
        raise IdempotencyKeyReused("This Idempotency-Key was sent with another request; give each request its own.")
    # No row: somebody has claimed the key since the statement began.
    if row is None or not (row["is_claimed"] or row["is_answered"]):
        raise RequestInProgress("A request under this Idempotency-Key is being carried out; send it again in a moment.")
    return Claim(row["order_id"], row["is_answered"])


def start_afresh(database: Database, attempt: Attempt) -> None:
    """Note that nothing is left of the attempts before this one."""
    database.fetch(_START_AFRESH, attempt.parameters())


def let_go(database: Database, attempt: Attempt) -> None:
    """Let the next attempt begin at once: this one has ended, and what has come of it is not known."""
    database.fetch(_LET_GO, attempt.parameters())


def forget(database: Database, attempt: Attempt) -> None:
    """Let the key be free: nothing has come of the request."""
    database.fetch(_FORGET, attempt.parameters())


def sweep(database: Database, at: datetime, limit: int) -> int:
    """Delete keys that have expired; returns how many."""
    return int(database.fetch(_SWEEP, {"at": at, "limit": limit})[0]["keys"])
