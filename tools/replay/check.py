"""Compare the database with the invoices that a replay has sent."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from checks.evidence import Fate, Order
from orders.domain.states import Status
from tools.replay.invoices import Invoice
from tools.replay.orders import CURRENCY, Outcome

PENCE = 100
CANCELLED = {Status.CANCELLED, Status.CANCELLING}
"""The statuses of a cancelled order; the parcel of one that is `cancelling` is still being called back."""


type _Line = tuple[str, Decimal | int, int]
"""Product, price of one in pence, quantity."""

type _Adjustment = tuple[str, Decimal | int]
"""Kind, amount in pence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the comparison.

    Attributes:
        orders: How many of the invoices' orders are stored.
        cancelled: How many of those are cancelled.
        took_effect: How many requests of unknown fate had an effect.
        had_no_effect: How many of them were not.
        mismatches: A phrase about each thing that is not as it should be.
    """

    orders: int
    cancelled: int
    took_effect: int
    had_no_effect: int
    mismatches: tuple[str, ...]


def compare(outcomes: Iterable[Outcome], stored: Iterable[Order]) -> Verdict:
    """Compare what was sent with what is stored.

    Args:
        outcomes: One for each invoice.
        stored: All orders of the invoices' customers since the first invoice was sent.
    """
    ledger = _Ledger(stored)
    for outcome in sorted(outcomes, key=_turn):
        match outcome.fate, outcome.invoice.is_cancellation:
            case Fate.ACCEPTED, False:
                ledger.expect_order(outcome)
            case Fate.UNKNOWN, False:
                ledger.look_for_order(outcome)
            case Fate.ACCEPTED, True:
                ledger.expect_cancelled(outcome)
            case Fate.UNKNOWN, True:
                ledger.look_for_cancelled(outcome)
    return ledger.verdict()


def _turn(outcome: Outcome) -> tuple[bool, bool]:
    """Sort orders before cancellations, and orders with an id before those found by their content."""
    return outcome.invoice.is_cancellation, outcome.fate is Fate.UNKNOWN


class _Ledger:
    """The stored orders, claimed one by one."""

    def __init__(self, stored: Iterable[Order]) -> None:
        self._unclaimed = {order.id: order for order in stored}
        self._claimed: dict[str, Order] = {}
        self._cancellations: set[str] = set()
        self._effects: Counter[bool] = Counter()
        self._mismatches: list[str] = []

    def expect_order(self, outcome: Outcome) -> None:
        """Claim the order that was accepted; it must be stored."""
        if order := self._unclaimed.get(outcome.order_id):
            self._claim(outcome.invoice, order)
        else:
            self._note(outcome.invoice, outcome.order_id, "was accepted, but is not stored")

    def look_for_order(self, outcome: Outcome) -> None:
        """Claim the order that an invoice may have placed; without an id, it is found by its content."""
        invoice = outcome.invoice
        wanted = invoice.customer_id, _lines(invoice), _adjustments(invoice)
        candidates = self._unclaimed.values()
        order = next((each for each in candidates if (each.customer_id, each.lines, each.adjustments) == wanted), None)
        self._effects[order is not None] += 1
        if order:
            self._claim(invoice, order)

    def expect_cancelled(self, outcome: Outcome) -> None:
        """Check that an order is cancelled."""
        self._cancellations.add(outcome.order_id)
        order = self._claimed.get(outcome.order_id)
        if order and order.state.status not in CANCELLED:
            self._note(outcome.invoice, order.id, f"has cancelled it, but its status is {order.state.status}")

    def look_for_cancelled(self, outcome: Outcome) -> None:
        """Count whether an order is cancelled; it may be."""
        self._cancellations.add(outcome.order_id)
        order = self._claimed.get(outcome.order_id)
        self._effects[order is not None and order.state.status in CANCELLED] += 1

    def verdict(self) -> Verdict:
        """Return the result; each order that was not claimed is a mismatch."""
        cancelled = {order.id for order in self._claimed.values() if order.state.status in CANCELLED}
        return Verdict(
            orders=len(self._claimed),
            cancelled=len(cancelled),
            took_effect=self._effects[True],
            had_no_effect=self._effects[False],
            mismatches=(
                *self._mismatches,
                *(
                    f"order {order_id} is cancelled, but by no invoice"
                    for order_id in sorted(cancelled - self._cancellations)
                ),
                *(
                    f"order {order.id} of customer {order.customer_id} is stored, but for no invoice"
                    for order in self._unclaimed.values()
                ),
            ),
        )

    def _claim(self, invoice: Invoice, order: Order) -> None:
        self._claimed[order.id] = self._unclaimed.pop(order.id)
        for difference in _differences(invoice, order):
            self._note(invoice, order.id, difference)

    def _note(self, invoice: Invoice, order_id: str, text: str) -> None:
        self._mismatches.append(f"invoice {invoice.number}, order {order_id}: {text}")


def _differences(invoice: Invoice, order: Order) -> Iterator[str]:
    total = sum((line.amount * PENCE for line in (*invoice.lines, *invoice.postage)), Decimal())
    for name, stored, expected in (
        ("customer", order.customer_id, invoice.customer_id),
        ("currency", order.currency, CURRENCY),
        ("total in pence", order.total, total),
    ):
        if stored != expected:
            yield f"its {name} is {stored}, not {expected}"
    wanted = _named(_lines(invoice), _adjustments(invoice))
    found = _named(order.lines, order.adjustments)
    for difference, only in (
        ("is invoiced, but not stored", wanted - found),
        ("is stored, but not invoiced", found - wanted),
    ):
        for name in only.elements():
            yield f"{name} {difference}"


def _named(lines: Iterable[_Line], adjustments: Iterable[_Adjustment]) -> Counter[str]:
    """Describe lines and adjustments, and count equal ones."""
    return Counter(
        [
            *(f"{quantity} of {product} at {_text(price)} pence" for product, price, quantity in lines),
            *(f"{kind} of {_text(amount)} pence" for kind, amount in adjustments),
        ]
    )


def _text(pence: Decimal | int) -> str:
    """Return equal text for equal amounts."""
    return f"{Decimal(pence).normalize():f}"


def _adjustments(invoice: Invoice) -> tuple[_Adjustment, ...]:
    """Return the adjustments as they must be stored: sorted."""
    return tuple(sorted(("shipping", line.amount * PENCE) for line in invoice.postage))


def _lines(invoice: Invoice) -> tuple[_Line, ...]:
    """Return the lines as they must be stored: sorted, equal products at equal prices added up."""
    quantities: Counter[tuple[str, Decimal]] = Counter()
    for line in invoice.lines:
        quantities[line.product_id, line.unit_price * PENCE] += line.quantity
    return tuple(sorted((product, price, quantity) for (product, price), quantity in quantities.items()))
