"""Send invoices with many clients at once, and the invoices of one customer one after another."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from checks.evidence import Fate
from tools.replay.invoices import Invoice
from tools.replay.orders import Orders, Outcome


async def send(invoices: Iterable[Invoice], orders: Orders, clients: int, advance: Callable[[], None]) -> list[Outcome]:
    """Send invoices, each after all earlier ones of its customer.

    Args:
        invoices: In the order of time.
        orders: Where to send them.
        clients: How many of them to send at once.
        advance: Is called after each invoice.

    Returns:
        The outcomes, one for each invoice.
    """
    # The longest history goes first, so that it does not end up alone.
    histories = iter(sorted(_by_customer(invoices), key=len, reverse=True))
    outcomes: list[Outcome] = []

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        advance()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_work(histories, orders, done))
    return outcomes


def order_to_cancel(cancellation: Invoice, accepted: Sequence[Outcome]) -> Outcome | None:
    """Return the latest order with all products that come back, in at least their quantities.

    The invoice does not say which order it cancels. An order is cancelled as a whole even if only a part of it comes
    back, because the API knows no other cancellation.

    Args:
        cancellation: Names what comes back.
        accepted: The customer's orders that have not been cancelled, in the order of time.
    """
    return next((order for order in reversed(accepted) if cancellation.units <= order.invoice.units), None)


async def _work(histories: Iterator[list[Invoice]], orders: Orders, done: Callable[[Outcome], None]) -> None:
    """Send one customer's history after another, as one client."""
    for history in histories:
        accepted: list[Outcome] = []
        for invoice in history:
            if not invoice.is_cancellation:
                outcome = await orders.place(invoice)
                if outcome.fate is Fate.ACCEPTED:
                    accepted.append(outcome)
            elif order := order_to_cancel(invoice, accepted):
                outcome = await orders.cancel(invoice, order.order_id)
                if outcome.fate is Fate.ACCEPTED:
                    accepted.remove(order)
            else:
                outcome = Outcome(invoice, Fate.NO_ORDER)
            done(outcome)


def _by_customer(invoices: Iterable[Invoice]) -> list[list[Invoice]]:
    histories: dict[str, list[Invoice]] = {}
    for invoice in invoices:
        histories.setdefault(invoice.customer_id, []).append(invoice)
    return list(histories.values())
