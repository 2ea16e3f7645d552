"""Process outbox tasks: call the downstream service and apply the resulting event to the order."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from orders import telemetry
from orders.clients.cart import CartClient
from orders.clients.notification import NotificationClient
from orders.clients.payment import PaymentClient
from orders.clients.shipping import ShippingClient
from orders.domain import money
from orders.domain.clock import Clock
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable, NotSettled, Unavailable
from orders.domain.lifecycle import SERVICES, TERMINAL_STATUSES, Event, TaskKind
from orders.domain.order import TaskId
from orders.domain.stock import Inventory
from orders.postgres import order_changes, outbox, task_claims
from orders.postgres.connection import Database
from orders.postgres.task_claims import ClaimedTask
from orders.telemetry import logger
from orders.use_cases.payment_tasks import PaymentTasks
from orders.use_cases.publish import TaskQueue, publish
from orders.use_cases.retries import DONE, MessageDisposition, Retries
from orders.use_cases.shipment_tasks import ShipmentTasks
from orders.use_cases.task_result import NOTHING, TaskResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACTOR = "system:process_task"
"""Who processes tasks in the timeline of an order."""


@dataclass(frozen=True, slots=True)
class ProcessTask:
    """Process tasks, each with one effect: calls have idempotency keys, and later attempts ask before they call again.

    At most `concurrency` tasks call the same downstream service at a time, over all workers.
    """

    database: Database
    queue: TaskQueue
    inventory: Inventory
    carts: CartClient
    payments: PaymentClient
    shipping: ShippingClient
    notifications: NotificationClient
    retries: Retries
    concurrency: int
    payment_timeout: timedelta
    clock: Clock

    def claim(self, task_ids: "Sequence[TaskId]") -> dict[TaskId, ClaimedTask]:
        """Claim tasks, unless they have ended, are leased or not yet available, or their service is busy.

        Returns:
            The tasks, claimed or not; those that do not exist are missing.
        """
        claimed = task_claims.claim(self.database, task_ids, self.clock.now(), self.concurrency)
        for unknown in set(task_ids) - claimed.keys():
            logger.warning("no such task", task_id=str(unknown))
        return claimed

    def process(self, task: ClaimedTask) -> MessageDisposition:
        """Process a task that `claim` has returned, if it was claimed.

        Whatever goes wrong counts as an attempt, and the task fails after the last one.
        """
        logger.thread_safe_append_keys(
            task_id=str(task.id), order_id=task.order_id, kind=task.kind, attempt=task.attempts
        )
        if not task.claimed:
            return self.retries.unclaimed(task)
        return self._process(task)

    def _process(self, task: ClaimedTask) -> MessageDisposition:
        begun = perf_counter()
        try:
            if task.is_exhausted:
                return self.retries.exhausted(task)
            result = self._call(task)
            self._apply(task, result)
        except NotSettled as error:
            return self.retries.poll(task, error.detail)
        except DownstreamRefused as error:
            return self.retries.fail(task, error.detail)
        except Unavailable as error:
            return self.retries.retry(task, error.detail, telemetry.reasons(error))
        except Exception as error:  # noqa: BLE001 - what nobody expects must not be retried for ever
            logger.exception("unexpected error")
            return self.retries.retry(task, f"Unexpected {type(error).__name__}; the log says more.")
        telemetry.time("TaskDuration", perf_counter() - begun, kind=task.kind)
        telemetry.count("Tasks", kind=task.kind, outcome="done")
        logger.info("task done", outcome=result.event)
        return DONE

    def _apply(self, task: ClaimedTask, result: TaskResult) -> None:
        """Mark the task as done, apply its event to the order, and send the tasks which that enqueues.

        Raises:
            DownstreamUnavailable: the event neither applies to the order's state nor already holds. The next attempt
                sees the state as it is then.
        """
        if result.event is None:
            outbox.finish(self.database, task.id, self.clock.now())
            return
        transition = order_changes.apply_event(
            self.database,
            result.event,
            task.order_id,
            actor=ACTOR,
            at=self.clock.now(),
            reason=result.reason,
            tracking_number=result.tracking_number,
            task=task.id,
            reference=result.reference,
        )
        if transition is None:
            return
        if not transition.is_applied_or_already_holds:
            state = "/".join(transition.state)
            raise DownstreamUnavailable(
                f"{result.event} contradicts the order, which is {state}.", service=SERVICES[task.kind]
            )
        publish(transition, self.queue)

    def _call(self, task: ClaimedTask) -> TaskResult:
        payments = PaymentTasks(self.payments, self.payment_timeout, self.clock)
        shipments = ShipmentTasks(self.shipping, self.clock)
        calls: dict[TaskKind, Callable[[ClaimedTask], TaskResult]] = {
            TaskKind.CHARGE_PAYMENT: partial(self._charge_payment, payments),
            TaskKind.CHECK_PAYMENT: payments.check,
            TaskKind.REFUND_PAYMENT: payments.refund,
            TaskKind.COMMIT_STOCK: self._commit_stock,
            TaskKind.RELEASE_STOCK: self._release_stock,
            TaskKind.CREATE_SHIPMENT: shipments.create,
            TaskKind.CANCEL_SHIPMENT: shipments.cancel,
            TaskKind.MARK_CART_ORDERED: self._mark_cart_ordered,
            TaskKind.SEND_NOTIFICATION: self._send_notification,
        }
        return calls[task.kind](task)

    def _charge_payment(self, payments: PaymentTasks, task: ClaimedTask) -> TaskResult:
        """Start the payment, so that a cancellation can no longer go unnoticed, and charge the order."""
        started = order_changes.apply_event(
            self.database, Event.PAYMENT_STARTED, task.order_id, actor=ACTOR, at=self.clock.now()
        )
        if started is None:
            return NOTHING
        publish(started, self.queue)
        return payments.charge(task, started.state)

    def _commit_stock(self, task: ClaimedTask) -> TaskResult:
        """Commit the stock; if its reservation has expired, reserve it again for an order that still needs it."""
        is_needed = task.order_state.status not in TERMINAL_STATUSES
        quantities = task.quantities if is_needed else None
        committed = self.inventory.commit(task.order["reservation_id"], quantities)
        return TaskResult(Event.STOCK_COMMITTED if committed else Event.STOCK_LOST)

    def _release_stock(self, task: ClaimedTask) -> TaskResult:
        self.inventory.release(task.order["reservation_id"])
        return NOTHING

    def _mark_cart_ordered(self, task: ClaimedTask) -> TaskResult:
        """Mark the cart as ordered; that of an order which has ended can be ordered again."""
        if task.order_state.status not in TERMINAL_STATUSES:
            version = task.order["cart_version"] or ""
            self.carts.mark_ordered(task.order["customer_id"], version, task.quantities)
        return NOTHING

    def _send_notification(self, task: ClaimedTask) -> TaskResult:
        # Only fields that change at most by erasure: a later attempt with the same key must send the same message.
        order: dict[str, str | int | None] = {
            "id": task.order_id,
            "number": task.order["number"],
            "customer_id": task.order["customer_id"],
            "customer_name": task.order["customer_name"],
            "total": money.to_decimal(task.order["total"], task.order["currency"]),
            "currency": task.order["currency"],
        }
        self.notifications.send(str(task.id), task.template, order, task.order["customer_email"])
        return NOTHING
