"""Outbox: every task is done, or has failed for a known reason and is a dead letter; and has had its effect once."""

from collections import Counter
from collections.abc import Iterator

from checks.evidence import DONE, FAILED, Case, Evidence, Task
from orders.domain.lifecycle import TaskKind


def processed(case: Case, evidence: Evidence) -> Iterator[str]:
    """Each task is done, or has failed and is a dead letter.

    Two kinds may fail: to cancel a shipment that was dispatched, and to refund what the payment service does not know.
    """
    for task in case.order.tasks:
        is_failed = task.state == FAILED
        if task.state != DONE and not (is_failed and _may_fail(task, case)):
            yield f"its task {task.id} ({task.kind}) is {task.state}: {task.error}"
        if is_failed and evidence.dead_letters is not None and task.id not in evidence.dead_letters:
            yield f"its task {task.id} ({task.kind}) has failed, but is no dead letter"


def notified(case: Case) -> Iterator[str]:
    """The customer was sent each notification that a task says was sent, and once."""
    done = Counter(task.template for task in case.order.tasks if task.template and task.state == DONE)
    sent = Counter(notification.template for notification in case.notifications)
    for template in sorted(done.keys() | sent.keys()):
        if sent[template] != done[template]:
            yield f"the customer was told {template} {sent[template]} times, not {done[template]}"


def cart_marked(case: Case) -> Iterator[str]:
    """The cart that was ordered is marked as ordered, unless it has changed or the order has ended."""
    version = case.order.cart_version
    if version and case.order.is_live and case.cart and case.cart.version == version and case.cart.status != "Ordered":
        yield "its cart is not marked as ordered"


def _may_fail(task: Task, case: Case) -> bool:
    match task.kind:
        case TaskKind.CANCEL_SHIPMENT:
            return any(shipment.status == "dispatched" for shipment in case.shipments)
        case TaskKind.REFUND_PAYMENT:
            return not case.charges
    return False
