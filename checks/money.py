"""Money: an order's total adds up, is charged once and in full, and is given back when the order ends."""

from collections.abc import Iterator

from checks.evidence import Case
from orders.domain import money
from orders.domain.lifecycle import TaskKind
from orders.domain.states import PaymentStatus

_CHARGED = frozenset({PaymentStatus.PAID, PaymentStatus.REFUNDING, PaymentStatus.REFUNDED, PaymentStatus.CHARGED_BACK})


def total(case: Case) -> Iterator[str]:
    """The total is the sum of lines and adjustments, not below 0, and what the messages to the customer say."""
    order = case.order
    lines = sum(line.unit_price * line.quantity for line in order.lines)
    adjustments = sum(adjustment.amount for adjustment in order.adjustments)
    if order.total != lines + adjustments:
        yield f"has a total of {order.total}, but lines of {lines} and adjustments of {adjustments}"
    if order.total < 0:
        yield f"has a total of {order.total}"
    stated = money.to_decimal(order.total, order.currency)
    for sent in case.notifications:
        told = sent.order.get("total"), sent.order.get("currency")
        if told != (stated, order.currency):
            yield f"{sent.template} says {told[0]} {told[1]}, but the total is {stated} {order.currency}"


def charged_once(case: Case) -> Iterator[str]:
    """There is one charge at most, and one that succeeded unless the order failed, ended or waits for it.

    A failed task says so if an order was reported as paid that the payment service does not know.
    """
    order = case.order
    if len(case.charges) > 1:
        yield f"has {len(case.charges)} charges"
    is_waiting = order.state.payment_status is PaymentStatus.PROCESSING
    must_be_charged = order.state.payment_status in _CHARGED or (order.is_live and not is_waiting)
    is_reported = not case.charges and order.has_failed(TaskKind.REFUND_PAYMENT)
    if must_be_charged and not is_reported and not any(charge.status == "succeeded" for charge in case.charges):
        yield "was never charged"


def amounts(case: Case) -> Iterator[str]:
    """A charge is of the order's total. It is refunded in full when the order ends, and not at all before.

    After a chargeback the bank has the money, and a person decides.
    """
    order = case.order
    for charge in case.charges:
        if charge.status == "succeeded" and (charge.amount, charge.currency) != (order.total, order.currency):
            yield f"was charged {charge.amount} {charge.currency}, but its total is {order.total} {order.currency}"
        is_due = not order.is_live or order.state.payment_status is PaymentStatus.REFUNDED
        due = charge.captured if is_due else 0
        if charge.refunded_amount != due and order.state.payment_status is not PaymentStatus.CHARGED_BACK:
            yield f"{charge.refunded_amount} of {charge.captured} were refunded, not {due}"


def billed(case: Case) -> Iterator[str]:
    """A charge has the payment method and the billing address of the order, as long as the order has them."""
    wanted = case.order.directions.payment_method, case.order.directions.billing_address
    for charge in case.charges:
        if not case.order.is_erased and (charge.payment_method, charge.billing_address) != wanted:
            yield f"the charge {charge.id} has another payment method or billing address"
