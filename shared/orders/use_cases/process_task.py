"""Process outbox tasks: call the downstream service and apply the resulting event to the order."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from time import perf_counter

from orders import telemetry
from orders.clients.cart import CartClient
from orders.clients.notification import NotificationClient
from orders.clients.payment import Charge, PaymentClient
from orders.clients.shipping import ShippingClient
from orders.domain import money
from orders.domain.clock import Clock
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable, Unavailable
from orders.domain.lifecycle import Event, TaskKind
from orders.domain.order import TaskId
from orders.domain.states import PaymentStatus, Status
from orders.domain.stock import Inventory
from orders.postgres import orders, outbox
from orders.postgres.connection import Database
from orders.postgres.outbox import BUSY_DELAY, MAX_ATTEMPTS, ClaimedTask
from orders.telemetry import logger
from orders.use_cases.publish import TaskQueue, publish

ACTOR = "system:process_task"
"""Who processes tasks in the timeline of an order."""
_FIRST_DELAY_SECONDS = 2.0
_MAX_DELAY_SECONDS = 600.0
_HAS_LEFT = frozenset({Status.SHIPPED, Status.DELIVERED, Status.RETURNED})


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of a task.

    Attributes:
        event: the event to apply to the order; None for none.
        reference: the downstream service's id for what was made.
        reason: for the timeline.
        tracking_number: that of a shipment.
    """

    event: Event | None = None
    reference: str | None = None
    reason: str | None = None
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class MessageDisposition:
    """What to do with the message that named the task.

    Attributes:
        retry_seconds: the delay until it is received again; None to delete it.
        failed: whether it goes to the dead-letter queue.
    """

    retry_seconds: float | None = None
    failed: bool = False


DONE = MessageDisposition()
FAILED = MessageDisposition(retry_seconds=0, failed=True)


@dataclass(frozen=True, slots=True)
class ProcessTask:
    """Process tasks, each with one effect: every call has an idempotency key that later attempts repeat.

    At most `concurrency` tasks call the same downstream service at a time, over all workers.
    """

    database: Database
    queue: TaskQueue
    inventory: Inventory
    carts: CartClient
    payments: PaymentClient
    shipping: ShippingClient
    notifications: NotificationClient
    concurrency: int
    clock: Clock
    random: Random

    def process(self, task_id: TaskId) -> MessageDisposition:
        """Process a task, unless it has ended, is leased or not yet available, or its service is busy."""
        task = outbox.claim(self.database, task_id, self.clock.now(), self.concurrency)
        if task is None:
            logger.warning("no such task", task_id=str(task_id))
            return DONE
        logger.thread_safe_append_keys(
            task_id=str(task.id), order_id=task.order_id, kind=task.kind, attempt=task.attempts
        )
        if not task.claimed:
            return self._unclaimed(task)
        begun = perf_counter()
        try:
            result = self._call(task)
        except Unavailable as error:
            return self._reschedule(task, error)
        self._apply(task, result)
        telemetry.time("TaskDuration", perf_counter() - begun, kind=task.kind)
        telemetry.count("Tasks", kind=task.kind, outcome="done")
        logger.info("task done", outcome=result.event)
        return DONE

    def _unclaimed(self, task: ClaimedTask) -> MessageDisposition:
        if task.busy:
            return self._send_later(task)
        match task.state:
            case "done":
                return DONE
            case "failed":
                return FAILED
            case "pending":
                seconds = (task.available_at - self.clock.now()).total_seconds()
                return MessageDisposition(retry_seconds=max(1.0, seconds))

    def _send_later(self, task: ClaimedTask) -> MessageDisposition:
        """Send a task again, after about as long as it has been waiting for a free slot of its service.

        It is a new message: one that returned to the queue would be dead-lettered after too many receives.
        """
        waited = min(BUSY_DELAY, self.clock.now() - task.available_at).total_seconds()
        delay = self._jitter(max(_FIRST_DELAY_SECONDS, waited))
        self.queue.send([task.id], delay)
        telemetry.count("Tasks", kind=task.kind, outcome="busy")
        logger.info("service busy", retry_seconds=delay)
        return DONE

    def _apply(self, task: ClaimedTask, result: TaskResult) -> None:
        """Mark the task as done, apply its event to the order, and send the tasks which that enqueues."""
        if result.event is None:
            outbox.finish(self.database, task.id, result.reference)
            return
        transition = orders.apply_event(
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
        if transition:
            publish(transition, self.queue)

    def _reschedule(self, task: ClaimedTask, error: Unavailable) -> MessageDisposition:
        """Reschedule a task after a failed attempt; fail it when it was refused or has no attempts left."""
        final = isinstance(error, DownstreamRefused) or task.attempts >= MAX_ATTEMPTS
        delay = 0.0 if final else self._delay(task.attempts)
        # The task is available a moment before its message is, so that the message does not come too early.
        available_at = self.clock.now() + timedelta(seconds=max(0.0, delay - 1))
        outbox.reschedule(self.database, task, error.detail, available_at, final=final)
        telemetry.count("Tasks", kind=task.kind, outcome="failed" if final else "rescheduled")
        logger.warning("task failed" if final else "task rescheduled", cause=error.detail, retry_seconds=delay)
        return FAILED if final else MessageDisposition(retry_seconds=delay)

    def _delay(self, attempts: int) -> float:
        """Return the seconds until the next attempt: exponential backoff with jitter."""
        return self._jitter(min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**attempts))

    def _jitter(self, seconds: float) -> float:
        return self.random.uniform(seconds / 2, seconds)

    def _call(self, task: ClaimedTask) -> TaskResult:
        calls = {
            TaskKind.CHARGE_PAYMENT: self._charge_payment,
            TaskKind.REFUND_PAYMENT: self._refund_payment,
            TaskKind.COMMIT_STOCK: self._commit_stock,
            TaskKind.RELEASE_STOCK: self._release_stock,
            TaskKind.CREATE_SHIPMENT: self._create_shipment,
            TaskKind.CANCEL_SHIPMENT: self._cancel_shipment,
            TaskKind.MARK_CART_ORDERED: self._mark_cart_ordered,
            TaskKind.SEND_NOTIFICATION: self._send_notification,
        }
        return calls[task.kind](task)

    def _charge_payment(self, task: ClaimedTask) -> TaskResult:
        """Charge the order, once a cancellation can no longer go unnoticed.

        An attempt that ended without an answer may have charged the customer. So a later attempt repeats the call with
        the same key, even if the order was cancelled meanwhile: the money is then refunded.
        """
        started = orders.apply_event(
            self.database, Event.PAYMENT_STARTED, task.order_id, actor=ACTOR, at=self.clock.now()
        )
        if started is None or started.state.payment_status is not PaymentStatus.PROCESSING:
            return TaskResult()
        publish(started, self.queue)
        charge = self._charge(task.id, task)
        match charge.status:
            case "succeeded":
                return TaskResult(Event.PAYMENT_SUCCEEDED, charge.id)
            case "declined":
                return TaskResult(Event.PAYMENT_DECLINED, charge.id, reason=charge.decline_reason)
            case "processing":
                return TaskResult(reference=charge.id)

    def _charge(self, key: TaskId, task: ClaimedTask) -> Charge:
        order = task.order
        return self.payments.charge(str(key), task.order_id, order["customer_id"], order["total"], order["currency"])

    def _refund_payment(self, task: ClaimedTask) -> TaskResult:
        """Refund the charge; a charge whose answer was lost is found by repeating the call with its own key."""
        prior = task.prior_calls.get(TaskKind.CHARGE_PAYMENT)
        if prior is None or not prior.may_have_executed:
            message = "The payment was not charged by this service, so it cannot refund it."
            raise DownstreamRefused(message, service=self.payments.service)
        charge_id = prior.reference
        if charge_id is None:
            charge = self._charge(prior.id, task)
            if charge.status != "succeeded":
                message = f"The charge is {charge.status}, so there is nothing to refund yet."
                raise DownstreamUnavailable(message, service=self.payments.service)
            charge_id = charge.id
        self.payments.refund(str(task.id), charge_id, task.order["total"])
        return TaskResult(Event.PAYMENT_REFUNDED)

    def _commit_stock(self, task: ClaimedTask) -> TaskResult:
        self.inventory.commit(task.order["reservation_id"])
        return TaskResult()

    def _release_stock(self, task: ClaimedTask) -> TaskResult:
        self.inventory.release(task.order["reservation_id"])
        return TaskResult()

    def _create_shipment(self, task: ClaimedTask) -> TaskResult:
        """Create a shipment; a later attempt repeats the call, because one without an answer may have created it.

        An order whose parcel has left needs no other. The shipment of a cancelled order is cancelled afterwards.
        """
        status = task.order_state.status
        if status in _HAS_LEFT or (task.is_first_attempt and status is not Status.CONFIRMED):
            return TaskResult()
        shipment = self.shipping.create(str(task.id), task.order_id, task.lines)
        return TaskResult(Event.SHIPMENT_CREATED, shipment.id, tracking_number=shipment.tracking_number)

    def _cancel_shipment(self, task: ClaimedTask) -> TaskResult:
        """Cancel the shipment; if none was ever created, nothing can leave."""
        prior = task.prior_calls.get(TaskKind.CREATE_SHIPMENT)
        if prior and prior.reference is None and prior.may_have_executed:
            message = "It is unknown whether a shipment exists; the task that creates it must end first."
            raise DownstreamUnavailable(message, service=self.shipping.service)
        recalled = prior is None or prior.reference is None or self.shipping.cancel(prior.reference)
        if task.order_state.status is Status.CANCELLING:
            return TaskResult(Event.SHIPMENT_RECALLED if recalled else Event.SHIPMENT_RECALL_REFUSED)
        if not recalled:
            message = "The parcel of a cancelled order has left and cannot be recalled."
            raise DownstreamRefused(message, service=self.shipping.service)
        return TaskResult()

    def _mark_cart_ordered(self, task: ClaimedTask) -> TaskResult:
        self.carts.mark_ordered(task.order["customer_id"], task.order["cart_version"])
        return TaskResult()

    def _send_notification(self, task: ClaimedTask) -> TaskResult:
        # Only fields that never change: a later attempt with the same key must send the same message.
        order = {
            "id": task.order_id,
            "customer_id": task.order["customer_id"],
            "customer_name": task.order["customer_name"],
            "total": money.to_decimal(task.order["total"], task.order["currency"]),
            "currency": task.order["currency"],
        }
        self.notifications.send(str(task.id), task.template, order, task.order["customer_email"])
        return TaskResult()
