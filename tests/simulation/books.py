"""What everybody has in their books about the orders, once nothing moves any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orders.config import InventoryApi
from orders.domain.lifecycle import TERMINAL_STATUSES
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status
from tests.simulation.network import Services
from tests.simulation.world import World

_ORDERS = """
SELECT id::text AS id, customer_id, customer_name AS key, cart_version,
    status, payment_status, shipping_status, version, total,
    (SELECT json_object_agg(product_id, quantity)
        FROM (SELECT product_id, sum(quantity) AS quantity FROM order_items WHERE order_id = orders.id
              GROUP BY product_id) AS items) AS quantities,
    (SELECT json_agg(json_build_object('version', version, 'event', event, 'state',
            json_build_array(status, payment_status, shipping_status)) ORDER BY version)
        FROM order_events WHERE order_id = orders.id) AS timeline,
    (SELECT json_agg(json_build_object('id', id, 'version', version, 'kind', kind, 'state', state,
            'template', payload ->> 'template', 'error', last_error))
        FROM order_tasks WHERE order_id = orders.id) AS tasks
FROM orders ORDER BY id
"""

_COUNTED = """
SELECT status, payment_status, shipping_status, sum(orders)::integer AS orders
FROM (SELECT status, payment_status, shipping_status, orders FROM order_counts
      UNION ALL
      SELECT status, payment_status, shipping_status, orders FROM count_deltas) AS counted
GROUP BY 1, 2, 3 HAVING sum(orders) <> 0
"""

_HOLDS = "SELECT order_id::text AS order_id, product_id, quantity, state FROM stock_holds"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an order's timeline: an event and the state it led to."""

    version: int
    event: str
    state: State


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task of an order."""

    id: str
    version: int
    kind: str
    state: str
    template: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class OrderBook:
    """An order with all that belongs to it; `key` is what the customer sent with the request, if that had one."""

    id: str
    customer_id: str
    key: str | None
    cart_version: str | None
    state: State
    version: int
    total: int
    quantities: dict[str, int]
    timeline: tuple[Step, ...]
    tasks: tuple[TaskRow, ...]

    @property
    def is_live(self) -> bool:
        """Whether the order has not ended, and so holds its stock."""
        return self.state.status not in TERMINAL_STATUSES

    def failed(self, kind: str) -> bool:
        """Whether a task of the order was given up."""
        return any(task.kind == kind and task.state == "failed" for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Books:
    """The books of the order service, its queues, and the downstream services."""

    orders: Sequence[OrderBook]
    counted: Mapping[State, int]
    holds: Sequence[dict[str, Any]]
    services: Services
    dead_letters: frozenset[str]
    placed: Sequence[str]
    inventory_api: InventoryApi

    @classmethod
    def of(cls, world: World) -> "Books":
        """The books of a world as they are now."""
        return cls(
            orders=[_order(row) for row in world.look(_ORDERS)],
            counted={_state(list(row.values())[:3]): row["orders"] for row in world.look(_COUNTED)},
            holds=world.look(_HOLDS),
            services=world.services,
            dead_letters=frozenset(world.mailbox.dead),
            placed=world.placed,
            inventory_api=world.inventory_api,
        )

    def held(self) -> dict[str, dict[str, int]]:
        """Stock by the order that it is held for, and product."""
        held: dict[str, dict[str, int]] = {}
        if self.inventory_api == "catalog":
            for hold in self.holds:
                held.setdefault(hold["order_id"], {})[hold["product_id"]] = hold["quantity"]
        else:
            for order_id, reservation in self.services.inventory.reservations.items():
                if reservation.has_stock:
                    held[order_id] = dict(reservation.lines)
        return held

    def sold(self) -> set[str]:
        """The orders whose stock does not go back by itself."""
        if self.inventory_api == "catalog":
            return {hold["order_id"] for hold in self.holds if hold["state"] == "sold"}
        reservations = self.services.inventory.reservations
        return {order_id for order_id, each in reservations.items() if each.status == "committed"}


def _order(row: dict[str, Any]) -> OrderBook:
    return OrderBook(
        id=row["id"],
        customer_id=row["customer_id"],
        key=row["key"],
        cart_version=row["cart_version"],
        state=_state([row["status"], row["payment_status"], row["shipping_status"]]),
        version=row["version"],
        total=row["total"],
        quantities=row["quantities"],
        timeline=tuple(Step(step["version"], step["event"], _state(step["state"])) for step in row["timeline"]),
        tasks=tuple(TaskRow(**task) for task in row["tasks"] or ()),
    )


def _state(names: list[str]) -> State:
    status, payment, shipping = names
    return State(Status(status), PaymentStatus(payment), ShippingStatus(shipping))
