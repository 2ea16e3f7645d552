"""Carry out the work that orders promised: call the service, then let happen to the order what came of it."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random, SystemRandom
from time import perf_counter
from typing import Self

from orders import telemetry
from orders.aws.task_queue import SqsTaskQueue, TaskQueue
from orders.clients.cart import CartClient
from orders.clients.catalog_inventory import Inventory, new_inventory
from orders.clients.http import Session
from orders.clients.notification import NotificationClient
from orders.clients.payment import Charge, PaymentClient
from orders.clients.shipping import ShippingClient
from orders.config import DatabaseSettings, QueueSettings, ServiceSettings
from orders.domain import money
from orders.domain.clock import Clock
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable, Unavailable
from orders.domain.lifecycle import Event, PaymentStatus, Status, TaskKind
from orders.postgres import orders as store
from orders.postgres import outbox as tasks
from orders.postgres.connection import Database
from orders.postgres.outbox import MAX_ATTEMPTS, Task
from orders.telemetry import logger
from orders.use_cases.publish import publish

_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 600.0
_LEFT = frozenset({Status.SHIPPED, Status.DELIVERED, Status.RETURNED})


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a task.

    Attributes:
        event: what has happened to the order; None if nothing has.
        reference: the service's own name for what was done.
        reason: for the timeline.
        tracking_number: of a shipment.
    """

    event: Event | None = None
    reference: str | None = None
    reason: str | None = None
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of the message that named the task.

    Attributes:
        retry_seconds: it is to come back after so long; None if it is not to come back.
        failed: it is to end in the dead-letter queue.
    """

    retry_seconds: float | None = None
    failed: bool = False


DONE = Verdict()
FAILED = Verdict(retry_seconds=0, failed=True)


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Carries out tasks, each exactly once in effect: every call bears a key that a further attempt repeats."""

    database: Database
    queue: TaskQueue
    inventory: Inventory
    carts: CartClient
    payments: PaymentClient
    shipping: ShippingClient
    notifications: NotificationClient
    clock: Clock
    random: Random

    @classmethod
    def from_environment(cls) -> Self:
        """With the services and queues that the environment names."""
        settings = ServiceSettings.from_environment()
        database = Database(DatabaseSettings.from_environment())
        session = Session()
        clock = Clock()
        return cls(
            database=database,
            queue=SqsTaskQueue(QueueSettings.from_environment()),
            inventory=new_inventory(settings.inventory, session, Database(DatabaseSettings.from_environment()), clock),
            carts=CartClient(session, settings.cart_url),
            payments=PaymentClient(session, settings.payment_url),
            shipping=ShippingClient(session, settings.shipping_url),
            notifications=NotificationClient(session, settings.notification_url),
            clock=clock,
            # Functions that start from one snapshot would all have the same pauses from a generator in it.
            random=SystemRandom(),
        )

    def prepare(self) -> None:
        """Connect to the database."""
        self.database.connect()

    def carry_out(self, task_id: str) -> Verdict:
        """Do what a task says, unless it is done, somebody is at it, or its time has not come."""
        task = tasks.claim(self.database, task_id, self.clock.now())
        if task is None:
            logger.warning("no such task", task_id=task_id)
            return DONE
        logger.thread_safe_append_keys(task_id=task.id, order_id=task.order_id, kind=task.kind, attempt=task.attempts)
        if not task.claimed:
            return self._unclaimed(task)
        begun = perf_counter()
        try:
            report = self._call(task)
        except Unavailable as error:
            return self._put_off(task, error)
        self._settle(task, report)
        telemetry.time("TaskDuration", perf_counter() - begun, kind=task.kind)
        telemetry.count("Tasks", kind=task.kind, outcome="done")
        logger.info("task done", outcome=report.event)
        return DONE

    def _unclaimed(self, task: Task) -> Verdict:
        match task.state:
            case "done":
                return DONE
            case "failed":
                return FAILED
            case "pending":
                seconds = (task.available_at - self.clock.now()).total_seconds()
                return Verdict(retry_seconds=max(1.0, seconds))

    def _settle(self, task: Task, report: Report) -> None:
        """Write down what came of the task, and send what follows from it."""
        if report.event is None:
            tasks.finish(self.database, task.id, report.reference)
            return
        outcome = store.apply_event(
            self.database,
            report.event,
            task.order_id,
            at=self.clock.now(),
            reason=report.reason,
            tracking_number=report.tracking_number,
            task_id=task.id,
            reference=report.reference,
        )
        if outcome:
            publish(outcome, self.queue)

    def _put_off(self, task: Task, error: Unavailable) -> Verdict:
        """Let a task wait that could not be done; give it up when that is of no use, or was tried often enough."""
        final = isinstance(error, DownstreamRefused) or task.attempts >= MAX_ATTEMPTS
        pause = 0.0 if final else self._pause(task.attempts)
        # Ready a moment before its message comes back, so that it is not found too early.
        available_at = self.clock.now() + timedelta(seconds=max(0.0, pause - 1))
        tasks.put_off(self.database, task, error.detail, available_at, final=final)
        telemetry.count("Tasks", kind=task.kind, outcome="failed" if final else "put_off")
        logger.warning("task failed" if final else "task put off", cause=error.detail, retry_seconds=pause)
        return FAILED if final else Verdict(retry_seconds=pause)

    def _pause(self, attempts: int) -> float:
        """Seconds until the next attempt: twice as long each time, and anything down to half of it, by chance."""
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempts)
        return self.random.uniform(longest / 2, longest)

    def _call(self, task: Task) -> Report:
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

    def _charge_payment(self, task: Task) -> Report:
        """Charge the order, once it is sure that it cannot be cancelled unnoticed any more.

        An attempt that ended without an answer may have charged it. So a further one asks again under the same key,
        even if the order was cancelled meanwhile: what was or is charged then goes back.
        """
        started = store.apply_event(self.database, Event.PAYMENT_STARTED, task.order_id, at=self.clock.now())
        if started is None or started.state.payment_status is not PaymentStatus.PROCESSING:
            return Report()
        publish(started, self.queue)
        charge = self._charge(task.id, task)
        match charge.status:
            case "succeeded":
                return Report(Event.PAYMENT_SUCCEEDED, charge.id)
            case "declined":
                return Report(Event.PAYMENT_DECLINED, charge.id, reason=charge.decline_reason)
            case "processing":
                return Report(reference=charge.id)

    def _charge(self, key: str, task: Task) -> Charge:
        order = task.order
        return self.payments.charge(key, task.order_id, order["customer_id"], order["total"], order["currency"])

    def _refund_payment(self, task: Task) -> Report:
        """Give the money back; a charge whose answer was lost is found by asking for it again under its own key."""
        made = task.deeds.get(TaskKind.CHARGE_PAYMENT)
        if made is None or not made.may_have_acted:
            message = "The payment was not made here, so it cannot be given back here."
            raise DownstreamRefused(message, service=self.payments.service)
        charge_id = made.reference
        if charge_id is None:
            charge = self._charge(made.id, task)
            if charge.status != "succeeded":
                message = f"The charge is {charge.status}, so there is nothing to give back yet."
                raise DownstreamUnavailable(message, service=self.payments.service)
            charge_id = charge.id
        self.payments.refund(task.id, charge_id, task.order["total"])
        return Report(Event.PAYMENT_REFUNDED)

    def _commit_stock(self, task: Task) -> Report:
        self.inventory.commit(task.order_id)
        return Report()

    def _release_stock(self, task: Task) -> Report:
        self.inventory.release(task.order_id)
        return Report()

    def _create_shipment(self, task: Task) -> Report:
        """Make a shipment; an attempt without an answer may have made it, so a further one asks again.

        The parcel of an order that has left needs no other. One for an order that was cancelled is called back.
        """
        status = task.order_state.status
        if status in _LEFT or (task.is_first_attempt and status is not Status.CONFIRMED):
            return Report()
        shipment = self.shipping.create(task.id, task.order_id, task.lines)
        return Report(Event.SHIPMENT_CREATED, shipment.id, tracking_number=shipment.tracking_number)

    def _cancel_shipment(self, task: Task) -> Report:
        """Call the shipment back; if it was never made here, there is nothing that could leave."""
        made = task.deeds.get(TaskKind.CREATE_SHIPMENT)
        if made and made.reference is None and made.may_have_acted:
            message = "It is not known whether there is a shipment; the task that makes it has to end first."
            raise DownstreamUnavailable(message, service=self.shipping.service)
        recalled = made is None or made.reference is None or self.shipping.cancel(made.reference)
        if task.order_state.status is Status.CANCELLING:
            return Report(Event.SHIPMENT_RECALLED if recalled else Event.SHIPMENT_RECALL_REFUSED)
        if not recalled:
            message = "The parcel of a cancelled order has left and cannot be called back."
            raise DownstreamRefused(message, service=self.shipping.service)
        return Report()

    def _mark_cart_ordered(self, task: Task) -> Report:
        self.carts.mark_ordered(task.order["customer_id"], task.order["cart_version"])
        return Report()

    def _send_notification(self, task: Task) -> Report:
        # Only what never changes: under one key there is one message.
        order = {
            "id": task.order_id,
            "customer_id": task.order["customer_id"],
            "customer_name": task.order["customer_name"],
            "total": money.to_decimal(task.order["total"], task.order["currency"]),
            "currency": task.order["currency"],
        }
        self.notifications.send(task.id, task.template, order, task.order["customer_email"])
        return Report()
