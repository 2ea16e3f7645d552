"""Store new orders: one call of a database function, once for each request and each cart.

Every call is safe to run twice, because a lost connection makes it run twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict

import psycopg2
from psycopg2 import errorcodes

from orders.domain.errors import CartAlreadyOrdered, TooManyUnpaidOrders
from orders.domain.lifecycle import Event, TaskSpec
from orders.domain.order import Order, TaskId, TransitionResult
from orders.domain.stock import ReservationUnusable
from orders.postgres import publishing
from orders.postgres.connection import Database
from orders.postgres.idempotency import LIFETIME, Attempt

_PLACE = """
SELECT place_order_2(
    %(caller)s, %(key)s, %(request_hash)s, %(generation)s, %(expires_at)s, %(reservation_id)s, %(holds)s, %(id)s,
    %(customer_id)s, %(customer_name)s, %(customer_email)s, %(currency)s, %(total)s, %(cart_version)s,
    %(external_reference)s, %(details)s, %(actor)s, %(created_at)s, %(products)s::text[], %(names)s::text[],
    %(quantities)s::integer[], %(unit_prices)s::bigint[], %(kinds)s::text[], %(templates)s::text[], %(max_unpaid)s)
AS answer
"""
_LATEST_OF_CART = """
SELECT status FROM orders WHERE customer_id = %(customer_id)s AND cart_version = %(cart_version)s
ORDER BY id DESC LIMIT 1
"""

_NO_KEY = {"caller": None, "key": None, "request_hash": None, "generation": None, "expires_at": None}


class _StatusRow(TypedDict):
    status: str


class _PlaceRow(TypedDict):
    answer: str


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """What an idempotency key stands for, where an order was not stored because of it.

    Attributes:
        state: `live` and `ended` are those of the order placed with the key; `reused` is another request; `refused`
            says that the reservation is being released, `taken` that the key has expired and its order may have the
            reservation.
        order_id: the order placed with the key.
        reservation_id: that of the order.
        generation: the latest generation that cannot be used.
    """

    state: Literal["live", "ended", "reused", "refused", "taken"]
    order_id: str = ""
    reservation_id: str = ""
    generation: int = 0


def place_order(
    database: Database,
    order: Order,
    tasks: Sequence[TaskSpec],
    attempt: Attempt | None = None,
    *,
    actor: str,
    holds: int = 0,
    max_unpaid: int | None = None,
) -> TransitionResult | KeyConflict:
    """Store an order with its lines, the start of its timeline, and its tasks; complete the idempotency key.

    Args:
        database: where to store it.
        order: the order.
        tasks: the tasks to enqueue; the one that publishes the event comes with them.
        attempt: the attempt that places it, where the request has an idempotency key.
        actor: who places it.
        holds: how many rows of `stock_holds` the reservation has.
        max_unpaid: how many unpaid orders the customer may have, this one included; None for any number.

    Returns:
        The result, or what the key stands for instead.

    Raises:
        CartAlreadyOrdered: the customer has a live order of this cart.
        TooManyUnpaidOrders: the customer would have more than `max_unpaid`.
        ReservationUnusable: the stock holds were released meanwhile.
    """
    tasks = (*tasks, *publishing.specs(database))
    parameters = {
        "id": order.id,
        "customer_id": order.customer_id,
        "customer_name": order.customer_name,
        "customer_email": order.customer_email,
        "currency": order.currency,
        "total": order.total,
        "cart_version": order.cart_version,
        "external_reference": order.external_reference,
        "reservation_id": order.reservation_id,
        "created_at": order.created_at,
        "details": json.dumps(order.details, ensure_ascii=False) if any(order.details.values()) else None,
        **(_key_parameters(attempt, order.created_at) if attempt else _NO_KEY),
        "actor": actor,
        "holds": holds,
        "max_unpaid": max_unpaid,
        "products": [line.product_id for line in order.lines],
        "names": [line.name for line in order.lines],
        "quantities": [line.quantity for line in order.lines],
        "unit_prices": [line.unit_price for line in order.lines],
        "kinds": [task.kind.value for task in tasks],
        "templates": [task.template for task in tasks],
    }
    try:
        [row] = database.fetch(_PlaceRow, _PLACE, parameters)
    except psycopg2.Error as error:
        if refusal := _refusal(order, error.pgcode, max_unpaid):
            raise refusal from error
        raise
    state, *numbers = row["answer"].split(" ")
    if state != "placed":
        return _key_conflict(state, numbers)
    messages = tuple(TaskId(order.id, 1, task.kind) for task in tasks)
    return TransitionResult(Event.PLACED, order.row(int(numbers[0])), messages, applied=True)


def cart_already_ordered(customer_id: str) -> CartAlreadyOrdered:
    """Make the error for a cart that a live order is for."""
    return CartAlreadyOrdered(f"The cart of the customer {customer_id!r} has been ordered already.")


def latest_of_cart(database: Database, customer_id: str, cart_version: str) -> str | None:
    """Return the status of the latest order of a version of a customer's cart; None if there is none."""
    row = database.fetch_one(_StatusRow, _LATEST_OF_CART, {"customer_id": customer_id, "cart_version": cart_version})
    return row and row["status"]


def _refusal(order: Order, sqlstate: str | None, max_unpaid: int | None) -> Exception | None:
    """Return what an error of `place_order_2` means; None for an unexpected one."""
    match sqlstate:
        case "OR001":
            return ReservationUnusable()
        case "OR002" | errorcodes.UNIQUE_VIOLATION:
            return cart_already_ordered(order.customer_id)
        case "OR003":
            return TooManyUnpaidOrders(
                f"The customer {order.customer_id!r} has {max_unpaid} unpaid orders, the maximum; pay or cancel one."
            )
    return None


def _key_parameters(attempt: Attempt, at: datetime) -> dict[str, Any]:
    return {
        "caller": attempt.key.caller,
        "key": attempt.key.key,
        "request_hash": attempt.key.request_hash,
        "generation": attempt.generation,
        "expires_at": at + LIFETIME,
    }


def _key_conflict(state: str, details: Sequence[str]) -> KeyConflict:
    """Read the answer of `place_order_2`; the head of its file lists the forms."""
    match state, details:
        case "live" | "ended", [order_id, reservation_id]:
            return KeyConflict(state, order_id, reservation_id)
        case "refused", [generation]:
            return KeyConflict(state, generation=int(generation))
        case "taken", [generation, reservation_id]:
            return KeyConflict(state, reservation_id=reservation_id, generation=int(generation))
        case _:
            return KeyConflict("reused")
