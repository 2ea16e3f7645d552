"""Erase personal data: a customer's, on request, and that of orders that ended long ago.

An order can be erased once it has ended and has no pending task; nothing else needs its addresses and names then. Of
orders that are live, the request waits in `erasures`, and the relay continues with it.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import TypedDict

from orders.domain.lifecycle import STATES, Event, transition
from orders.postgres.connection import Database

MAX_COUNT = 10_000
"""How far the orders that are left are counted."""
SETTLED = timedelta(minutes=5)
"""How long after a request an order that was placed before it may still be stored."""
RECHECK_INTERVAL = timedelta(minutes=10)
"""How often the relay looks whether the live orders of an erasure have ended."""

_ERASE_CUSTOMER = """
SELECT erased, remaining, live
FROM erase_customer_1(
    %(customer_id)s, %(actor)s, %(at)s, %(limit)s, %(count_limit)s, %(statuses)s::text[], %(payment_statuses)s::text[],
    %(shipping_statuses)s::text[])
"""
_CONTINUE = """
SELECT continue_erasures_1(
    %(at)s, %(settled)s, %(next_at)s, %(limit)s, %(limit)s, %(statuses)s::text[], %(payment_statuses)s::text[],
    %(shipping_statuses)s::text[]) AS erased
"""
_ERASE_ENDED = "SELECT erase_orders_1(NULL, %(before)s, %(limit)s, %(actor)s, %(at)s) AS erased"


class Erasure(TypedDict):
    """What an erasure has done, and how many orders are left: those that have ended, and those that are live."""

    erased: int
    remaining: int
    live: int


class _ErasedRow(TypedDict):
    erased: int


def erase_customer(database: Database, customer_id: str, *, actor: str, at: datetime, limit: int) -> Erasure:
    """Erase the personal data of at most `limit` ended orders of a customer; the relay does the rest.

    Orders that are placed later keep theirs. Run again, it erases the next ones. What is left is counted up to
    `MAX_COUNT`.
    """
    parameters = {"customer_id": customer_id, "actor": actor, "at": at, "limit": limit, "count_limit": MAX_COUNT}
    [row] = database.fetch(Erasure, _ERASE_CUSTOMER, {**parameters, **_live_states()})
    return row


def continue_erasures(database: Database, at: datetime, limit: int) -> int:
    """Continue with at most `limit` requests and as many orders; return how many orders were erased."""
    parameters = {"at": at, "settled": at - SETTLED, "next_at": at + RECHECK_INTERVAL, "limit": limit}
    [row] = database.fetch(_ErasedRow, _CONTINUE, {**parameters, **_live_states()})
    return row["erased"]


def erase_ended(database: Database, *, before: datetime, actor: str, at: datetime, limit: int) -> int:
    """Erase the personal data of at most `limit` ended orders that last changed before a time; return how many."""
    parameters = {"before": before, "actor": actor, "at": at, "limit": limit}
    [row] = database.fetch(_ErasedRow, _ERASE_ENDED, parameters)
    return row["erased"]


@cache
def _live_states() -> dict[str, list[str]]:
    """Return the states of orders that cannot be erased yet, as parallel lists of statuses."""
    live = [state for state in STATES if transition(Event.ERASED, state) is None]
    return {
        "statuses": [state.status.value for state in live],
        "payment_statuses": [state.payment_status.value for state in live],
        "shipping_statuses": [state.shipping_status.value for state in live],
    }
