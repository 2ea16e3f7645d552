"""Erase personal data: a customer's, on request, and that of orders that ended long ago.

An order can be erased once it has ended and has no pending task; nothing else needs its addresses and names then. Of
orders that are live, the request waits in `erasures`, and the relay continues with it.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple, TypedDict

from orders.domain.lifecycle import STATES, Event, transition
from orders.domain.order import TaskId
from orders.postgres import publishing
from orders.postgres.connection import Database

MAX_COUNT = 10_000
"""How far the orders that are left are counted."""
SETTLED = timedelta(minutes=5)
"""How long after a request an order that was placed before it may still be stored."""
RECHECK_INTERVAL = timedelta(minutes=10)
"""How often the relay looks whether the live orders of an erasure have ended."""

_ERASE_CUSTOMER = """
SELECT erased, remaining, live
FROM erase_customer_2(
    %(customer_id)s, %(actor)s, %(at)s, %(limit)s, %(count_limit)s, %(statuses)s::text[], %(payment_statuses)s::text[],
    %(shipping_statuses)s::text[], %(task_kind)s)
"""
_CONTINUE = """
SELECT continue_erasures_2(
    %(at)s, %(settled)s, %(next_at)s, %(limit)s, %(limit)s, %(statuses)s::text[], %(payment_statuses)s::text[],
    %(shipping_statuses)s::text[], %(task_kind)s) AS erased
"""
_ERASE_ENDED = "SELECT erase_orders_2(NULL, %(before)s, %(limit)s, %(actor)s, %(at)s, %(task_kind)s) AS erased"


type _Erased = list[tuple[str, int]]
"""Erased orders: the id, and the version after it."""


class Erasure(TypedDict):
    """What an erasure has done, and how many orders are left: those that have ended, and those that are live."""

    erased: int
    remaining: int
    live: int


class Erased(NamedTuple):
    """How many orders were erased, and the tasks that this enqueued; to be sent now that they are committed."""

    orders: int
    tasks: tuple[TaskId, ...]


class _ErasedRow(TypedDict):
    erased: _Erased


class _ErasureRow(_ErasedRow):
    remaining: int
    live: int


def erase_customer(
    database: Database, customer_id: str, *, actor: str, at: datetime, limit: int
) -> tuple[Erasure, tuple[TaskId, ...]]:
    """Erase the personal data of at most `limit` ended orders of a customer; the relay does the rest.

    Orders that are placed later keep theirs. Run again, it erases the next ones. What is left is counted up to
    `MAX_COUNT`.

    Returns:
        The erasure, and the tasks that it enqueued; to be sent now that they are committed.
    """
    parameters = {"customer_id": customer_id, "actor": actor, "at": at, "limit": limit, "count_limit": MAX_COUNT}
    [row] = database.fetch(
        _ErasureRow, _ERASE_CUSTOMER, {**parameters, **_live_states(), "task_kind": publishing.kind(database)}
    )
    erasure: Erasure = {"erased": len(row["erased"]), "remaining": row["remaining"], "live": row["live"]}
    return erasure, publishing.tasks(database, row["erased"])


def continue_erasures(database: Database, at: datetime, limit: int) -> Erased:
    """Continue with at most `limit` requests and as many orders."""
    parameters = {"at": at, "settled": at - SETTLED, "next_at": at + RECHECK_INTERVAL, "limit": limit}
    return _erase(database, _CONTINUE, {**parameters, **_live_states()})


def erase_ended(database: Database, *, before: datetime, actor: str, at: datetime, limit: int) -> Erased:
    """Erase the personal data of at most `limit` ended orders that last changed before a time."""
    return _erase(database, _ERASE_ENDED, {"before": before, "actor": actor, "at": at, "limit": limit})


def _erase(database: Database, statement: str, parameters: dict[str, object]) -> Erased:
    [row] = database.fetch(_ErasedRow, statement, {**parameters, "task_kind": publishing.kind(database)})
    return Erased(len(row["erased"]), publishing.tasks(database, row["erased"]))


@cache
def _live_states() -> dict[str, list[str]]:
    """Return the states of orders that cannot be erased yet, as parallel lists of statuses."""
    live = [state for state in STATES if transition(Event.ERASED, state) is None]
    return {
        "statuses": [state.status.value for state in live],
        "payment_statuses": [state.payment_status.value for state in live],
        "shipping_statuses": [state.shipping_status.value for state in live],
    }
