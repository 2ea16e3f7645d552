"""Charge, check and refund payments. Later attempts first ask what became of a call without an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from orders.clients.payment import Charge, PaymentClient
from orders.domain.clock import Clock
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable, NotSettled
from orders.domain.lifecycle import Event, TaskKind
from orders.domain.states import PaymentStatus, State, Status
from orders.postgres.task_claims import ClaimedTask
from orders.use_cases.task_result import NOTHING, TaskResult, may_still_take_effect

_UNDECIDED = frozenset({PaymentStatus.PROCESSING, PaymentStatus.FAILED, PaymentStatus.VOIDED})


@dataclass(frozen=True, slots=True)
class PaymentTasks:
    """Process the tasks that call the payment service.

    Attributes:
        payments: the payment service.
        timeout: how long a charge may be processing before it is cancelled.
        clock: the clock.
    """

    payments: PaymentClient
    timeout: timedelta
    clock: Clock

    def charge(self, task: ClaimedTask, state: State) -> TaskResult:
        """Charge the order; a later attempt charges only if the service knows no charge, and the order still needs one.

        Args:
            task: the task.
            state: the order's state, after the payment has been started.
        """
        is_wanted = _awaits_payment(state)
        charges = [] if task.is_first_attempt else self._find(task)
        if not charges and is_wanted:
            charges = [self._create(task)]
        elif task.is_first_attempt:
            # No charge was made, and none will be. If the payment has been started, the order was cancelled since then.
            is_started = state.payment_status is PaymentStatus.PROCESSING
            return TaskResult(Event.PAYMENT_DECLINED) if is_started else NOTHING
        processing = next((charge for charge in charges if charge.status == "processing"), None)
        if processing and self._captured(charges) is None:
            return TaskResult(Event.PAYMENT_PROCESSING, processing.id)
        return self._settle(task, state, charges)

    def check(self, task: ClaimedTask) -> TaskResult:
        """Ask what became of the charge; cancel one that has been processing for too long."""
        charges = self._find(task)
        processing = [charge for charge in charges if charge.status == "processing"]
        if processing and task.enqueued_at and self.clock.now() >= task.enqueued_at + self.timeout:
            for charge in processing:
                self.payments.cancel(charge.id)
            charges = self._find(task)
        return self._settle(task, task.order_state, charges)

    def refund(self, task: ClaimedTask) -> TaskResult:
        """Refund the charge, unless it was refunded by somebody else or by an attempt without an answer.

        That a refund was reported is no proof; only after a chargeback a person decides.
        """
        if task.order_state.payment_status is PaymentStatus.CHARGED_BACK:
            return NOTHING
        charges = self._find(task)
        charge = self._captured(charges)
        if charge is None:
            prior = task.prior_calls.get(TaskKind.CHARGE_PAYMENT)
            if any(each.status == "processing" for each in charges) or (prior and prior.is_in_progress):
                raise self._not_settled("The charge is not settled, so there is nothing to refund yet.")
            if charges:
                return TaskResult(Event.PAYMENT_REVERSED, reason=charges[-1].status)
            raise self._refused(
                "The payment service knows no charge of the order; refund what was paid in another way."
            )
        if charge.refunded_amount == charge.amount:
            return TaskResult(Event.PAYMENT_REFUNDED, charge.id)
        self._check_not_partial(charge)
        self.payments.refund(str(task.id), charge.id, charge.amount)
        return TaskResult(Event.PAYMENT_REFUNDED, charge.id)

    def _settle(self, task: ClaimedTask, state: State, charges: Sequence[Charge]) -> TaskResult:
        """Tell which event makes the order say what the payment service says.

        Raises:
            NotSettled: the service has not decided yet.
            DownstreamRefused: order and service contradict each other, and a person has to decide.
        """
        captured = self._captured(charges)
        if captured is None:
            if any(charge.status == "processing" for charge in charges):
                raise self._not_settled("The charge is still processing.")
            return self._without_money(task, state, charges)
        if state.payment_status in _UNDECIDED:
            return TaskResult(Event.PAYMENT_SUCCEEDED, captured.id)
        is_refunded = captured.refunded_amount == captured.amount and captured.amount > 0
        match state.payment_status:
            case PaymentStatus.PAID if is_refunded:
                return TaskResult(Event.PAYMENT_REFUNDED, captured.id)
            case PaymentStatus.PAID:
                self._check_not_partial(captured)
            case PaymentStatus.REFUNDED if not is_refunded and captured.amount:
                raise self._refused(f"Reported as refunded, but {captured.refunded_amount} of {captured.amount} were.")
        return NOTHING

    def _without_money(self, task: ClaimedTask, state: State, charges: Sequence[Charge]) -> TaskResult:
        """Tell which event follows from the fact that no charge of the order has succeeded, or will."""
        if not charges:
            if _awaits_payment(state):
                message = "The payment service does not know the charge that it was processing."
                raise DownstreamUnavailable(message, service=self.payments.service)
            if may_still_take_effect(task.order, self.clock.now()):
                raise self._not_settled("The payment service knows no charge, but one may still arrive.")
        reason = charges[-1].decline_reason if charges else None
        match state.payment_status:
            case PaymentStatus.PROCESSING:
                is_cancelled = bool(charges) and charges[-1].status == "cancelled"
                return TaskResult(Event.PAYMENT_EXPIRED if is_cancelled else Event.PAYMENT_DECLINED, reason=reason)
            case PaymentStatus.PAID if state.status is Status.CONFIRMED:
                return TaskResult(Event.PAYMENT_REVERSED, reason=reason)
            case PaymentStatus.PAID if state.status is Status.CANCELLING:
                raise self._not_settled("The payment service has taken no money; the shipment is being cancelled.")
            case PaymentStatus.PAID:
                raise self._refused(
                    "Reported as paid, but the payment service has taken no money; the parcel has left."
                )
        return NOTHING

    def _create(self, task: ClaimedTask) -> Charge:
        order = task.order
        charge = self.payments.charge(
            str(task.id),
            task.order_id,
            order["customer_id"],
            order["total"],
            order["currency"],
            payment_method=task.details["payment_method"],
            billing_address=task.details["billing_address"],
        )
        self._check_amount(task, charge)
        return charge

    def _find(self, task: ClaimedTask) -> list[Charge]:
        charges = self.payments.find(task.order_id)
        for charge in charges:
            self._check_amount(task, charge)
        return charges

    def _check_amount(self, task: ClaimedTask, charge: Charge) -> None:
        total, currency = task.order["total"], task.order["currency"]
        if (charge.amount, charge.currency) != (total, currency):
            raise self._refused(
                f"The charge {charge.id} is of {charge.amount} {charge.currency}, not {total} {currency}."
            )

    def _captured(self, charges: Sequence[Charge]) -> Charge | None:
        """Return the charge that has succeeded.

        Raises:
            DownstreamRefused: there are several.
        """
        captured = [charge for charge in charges if charge.status == "succeeded"]
        if len(captured) > 1:
            raise self._refused(
                f"The order was charged {len(captured)} times: {', '.join(each.id for each in captured)}."
            )
        return captured[0] if captured else None

    def _check_not_partial(self, charge: Charge) -> None:
        if charge.refunded_amount:
            raise self._refused(f"{charge.refunded_amount} of {charge.amount} were refunded at the payment service.")

    def _refused(self, message: str) -> DownstreamRefused:
        return DownstreamRefused(message, service=self.payments.service)

    def _not_settled(self, message: str) -> NotSettled:
        return NotSettled(message, service=self.payments.service)


def _awaits_payment(state: State) -> bool:
    return state.status is Status.PENDING and state.payment_status is PaymentStatus.PROCESSING
