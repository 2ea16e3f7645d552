"""A plain model of orders, stock and money: what is known of them, and what each event does."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from fakes.payment import ChargeStatus
from tests.simulation.world import PRODUCTS

RESERVED_FOR = timedelta(minutes=15)
UNPAID_FOR = timedelta(minutes=30)
PROCESSING_FOR = timedelta(hours=24)

CHARGE, CHECK, REFUND = "charge_payment", "check_payment", "refund_payment"
COMMIT, RELEASE = "commit_stock", "release_stock"
CREATE, RECALL = "create_shipment", "cancel_shipment"
NOTIFY = "send_notification"


@dataclass(slots=True)
class Order:
    """What is known of an order: all that matters, and no more."""

    product: str
    quantity: int
    placed_at: datetime
    state: str = "pending/pending/pending"
    todo: Counter[str] = field(default_factory=lambda: Counter([CHARGE, NOTIFY]))
    charge: ChargeStatus | None = None
    charged_at: datetime | None = None
    refunded: bool = False
    holds: Literal["reserved", "sold", "expired", "released"] = "reserved"
    parcel: Literal["ready", "dispatched", "cancelled"] | None = None

    def go(self, state: str, *todo: str) -> None:
        self.state = state
        self.todo.update(todo)


@dataclass(slots=True)
class Shop:
    """The model: orders, what is free of each product, and how the services behave."""

    reservations_expire: bool
    free: dict[str, int] = field(default_factory=lambda: {name: many for name, (_, many) in PRODUCTS.items()})
    orders: dict[str, Order] = field(default_factory=dict)
    charge_outcome: ChargeStatus = "succeeded"

    def can_place(self, product: str, quantity: int) -> bool:
        return self.free[product] >= quantity

    def place(self, name: str, order: Order) -> None:
        self.orders[name] = order
        self.free[order.product] -= order.quantity

    def cancel(self, order: Order) -> bool:
        match order.state:
            case "pending/pending/pending":
                order.go("cancelled/voided/cancelled", RELEASE, NOTIFY)
            case "pending/processing/pending":
                order.go("cancelled/processing/cancelled", RELEASE, NOTIFY)
            case "confirmed/paid/pending":
                order.go("cancelled/refunding/cancelled", REFUND, RELEASE, RECALL, NOTIFY)
            case "confirmed/paid/ready":
                order.go("cancelling/paid/ready", RECALL)
            case _:
                return order.state.startswith("cancel")
        return True

    def ship(self, order: Order) -> bool:
        if order.state in {"confirmed/paid/ready", "cancelling/paid/ready"}:
            order.go("shipped/paid/shipped", NOTIFY)
            return True
        return order.state == "shipped/paid/shipped"

    def deliver(self, order: Order) -> bool:
        if order.state in {"confirmed/paid/ready", "cancelling/paid/ready", "shipped/paid/shipped"}:
            order.go("delivered/paid/delivered", NOTIFY)
            return True
        return order.state == "delivered/paid/delivered"

    def take_back(self, order: Order) -> bool:
        if order.state in {"shipped/paid/shipped", "delivered/paid/delivered"}:
            order.go("returned/refunding/returned", REFUND, RELEASE, NOTIFY)
            return True
        return order.state.startswith("returned")

    def learn_of_charge(self, order: Order) -> None:
        """The order gets the result of its charge."""
        match order.state, order.charge:
            case "pending/processing/pending", "succeeded":
                order.go("confirmed/paid/pending", COMMIT)
            case "cancelled/processing/cancelled", "succeeded":
                order.go("cancelled/refunding/cancelled", REFUND)
            case "pending/processing/pending", "declined":
                order.go("failed/failed/cancelled", RELEASE, NOTIFY)
            case "pending/processing/pending", "cancelled":
                order.go("failed/voided/cancelled", RELEASE, NOTIFY)
            case "cancelled/processing/cancelled", "declined" | "cancelled":
                order.go("cancelled/voided/cancelled")

    def process(self, order: Order, kind: str, now: datetime) -> None:
        """Process one of the order's tasks."""
        order.todo -= Counter([kind])
        match kind:
            case "charge_payment" if order.state == "pending/pending/pending":
                order.go("pending/processing/pending")
                order.charge = self.charge_outcome
                if order.charge == "processing":
                    order.charged_at = now
                    order.todo.update([CHECK])
                self.learn_of_charge(order)
            case "check_payment":
                self._check_payment(order, now)
            case "refund_payment":
                order.refunded = True
                order.go(order.state.replace("refunding", "refunded"), NOTIFY)
            case "commit_stock":
                self._commit_stock(order)
            case "release_stock":
                self._give_back(order, "released")
            case "create_shipment" if order.state == "confirmed/paid/pending":
                order.parcel = "ready"
                order.go("confirmed/paid/ready")
            case "cancel_shipment" if order.state == "cancelling/paid/ready" and order.parcel == "dispatched":
                order.go("shipped/paid/shipped", NOTIFY)
            case "cancel_shipment" if order.state == "cancelling/paid/ready":
                order.parcel = "cancelled"
                order.go("cancelled/refunding/cancelled", REFUND, RELEASE, NOTIFY)

    def _check_payment(self, order: Order, now: datetime) -> None:
        if order.charge == "processing" and order.charged_at and order.charged_at + PROCESSING_FOR > now:
            order.todo.update([CHECK])
            return
        if order.charge == "processing":
            order.charge = "cancelled"
        self.learn_of_charge(order)

    def _commit_stock(self, order: Order) -> None:
        is_live = order.state == "confirmed/paid/pending"
        if order.holds == "reserved":
            order.holds = "sold"
        elif order.holds == "expired" and self.can_place(order.product, order.quantity):
            # Of an order that is over, too: the inventory takes the stock of an expired reservation again.
            self.free[order.product] -= order.quantity
            order.holds = "sold"
        match order.holds:
            case "sold" if is_live:
                order.todo.update([CREATE, NOTIFY])
            case "sold":
                order.todo.update([RELEASE])
            case _ if is_live:
                order.go("failed/refunding/cancelled", REFUND, NOTIFY)

    def expire_orders(self, now: datetime) -> None:
        for order in self.orders.values():
            if order.state == "pending/pending/pending" and order.placed_at + UNPAID_FOR < now:
                order.go("failed/voided/cancelled", RELEASE, NOTIFY)

    def expire_reservations(self, now: datetime) -> None:
        for order in self.orders.values():
            if self.reservations_expire and order.holds == "reserved" and order.placed_at + RESERVED_FOR <= now:
                self._give_back(order, "expired")

    def _give_back(self, order: Order, holds: Literal["expired", "released"]) -> None:
        if order.holds in {"reserved", "sold"}:
            self.free[order.product] += order.quantity
        order.holds = holds
