"""Invoices and what became of them, without a file, an API, a database or a service behind them."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from local.replay.invoices import Invoice, Line
from local.replay.outcomes import Fate, Outcome
from local.replay.standins import Charge, Reservation
from local.replay.stored import StoredOrder, StoredTask

CUSTOMER = "17850"


def invoice(number: str, *lines: tuple[str, int, str], customer: str = CUSTOMER) -> Invoice:
    """An invoice; its lines are product, quantity and price, one of product A by default."""
    chosen = lines or (("A", 1, "1.00"),)
    return Invoice(
        number,
        customer,
        datetime(2010, 12, 1, tzinfo=UTC),
        tuple(Line(product, quantity, Decimal(price)) for product, quantity, price in chosen),
    )


def accepted(sent: Invoice, order_id: str, seconds: float = 0.0) -> Outcome:
    """An invoice that was accepted."""
    return Outcome(sent, Fate.ACCEPTED, order_id, seconds=seconds)


def order(
    order_id: str = "order-1",
    status: str = "confirmed",
    payment_status: str = "paid",
    *,
    units: Mapping[str, int] | None = None,
    reason: str | None = None,
    email: str | None = None,
) -> StoredOrder:
    """An order as it is stored, of two of product A at a pound each by default."""
    lines = tuple((product, Decimal(100), quantity) for product, quantity in (units or {"A": 2}).items())
    total = sum((price * quantity for _, price, quantity in lines), Decimal())
    return StoredOrder(order_id, CUSTOMER, status, "GBP", total, lines, payment_status, "ready", reason, email)


def charge(order_id: str = "order-1", amount: int = 200, refunded: int = 0, status: str = "succeeded") -> Charge:
    """Money that was taken, of an order for two at a pound each by default."""
    return Charge(order_id, status, amount, "GBP", refunded)


def reservation(order_id: str = "order-1", status: str = "committed", **units: int) -> Reservation:
    """Stock that is held for an order, of an order of two of product A by default."""
    return Reservation(order_id, status, Counter(units or {"A": 2}))


def task(
    kind: str = "charge_payment", state: str = "done", *, order_id: str = "order-1", template: str | None = None
) -> StoredTask:
    """A task; the words of its last error are those of one that is not done."""
    error = None if state == "done" else "it would not"
    return StoredTask(f"task of {order_id}", order_id, kind, template, state, error)
