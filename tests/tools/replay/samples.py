"""Sample invoices and outcomes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from checks.evidence import Fate
from tools.replay.invoices import Invoice, Line
from tools.replay.orders import Outcome

CUSTOMER = "17850"


def invoice(
    number: str,
    *lines: tuple[str, int, str],
    customer: str = CUSTOMER,
    postage: Sequence[tuple[str, int, str]] = (),
) -> Invoice:
    """An invoice; its lines are product, quantity and price, one of product A by default."""
    chosen = lines or (("A", 1, "1.00"),)
    return Invoice(
        number, customer, datetime(2010, 12, 1, tzinfo=UTC), tuple(map(_line, chosen)), tuple(map(_line, postage))
    )


def _line(content: tuple[str, int, str]) -> Line:
    product, quantity, price = content
    return Line(product, quantity, Decimal(price))


def accepted(sent: Invoice, order_id: str, seconds: float = 0.0) -> Outcome:
    """An invoice that was accepted."""
    return Outcome(sent, Fate.ACCEPTED, order_id, seconds=seconds)
