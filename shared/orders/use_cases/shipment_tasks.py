"""Create and cancel shipments. Later attempts first ask what became of a call without an answer."""

from dataclasses import dataclass

from orders.clients.shipping import ParcelLine, Shipment, ShippingClient
from orders.domain.clock import Clock
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable, NotSettled
from orders.domain.lifecycle import Event, TaskKind
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status
from orders.postgres.task_claims import ClaimedTask
from orders.use_cases.task_result import NOTHING, TaskResult, may_still_take_effect

_HAS_LEFT = frozenset({Status.SHIPPED, Status.DELIVERED, Status.RETURNED})


@dataclass(frozen=True, slots=True)
class ShipmentTasks:
    """Process the tasks that call the shipping service.

    Attributes:
        shipping: the shipping service.
        clock: the clock.
    """

    shipping: ShippingClient
    clock: Clock

    def create(self, task: ClaimedTask) -> TaskResult:
        """Create the shipment; a later attempt does so only if there is none, and the order still needs one."""
        is_wanted = _awaits_shipment(task.order_state)
        shipments = [] if task.is_first_attempt else self.shipping.find(task.order_id)
        if not shipments and is_wanted:
            shipments = [self._create(task)]
        for shipment in shipments:
            if shipment.status != "cancelled":
                return TaskResult(Event.SHIPMENT_CREATED, shipment.id, tracking_number=shipment.tracking_number)
        if is_wanted:
            message = "The shipping service has cancelled the shipment; the order needs another one, or a cancellation."
            raise DownstreamRefused(message, service=self.shipping.service)
        if not (shipments or task.is_first_attempt) and may_still_take_effect(task.order, self.clock.now()):
            message = "The shipping service knows no shipment, but one may still arrive."
            raise NotSettled(message, service=self.shipping.service)
        return NOTHING

    def cancel(self, task: ClaimedTask) -> TaskResult:
        """Cancel the shipments that the order does not need; if none was ever created, nothing can leave."""
        state = task.order_state
        shipments = self.shipping.find(task.order_id)
        if not shipments:
            self._check_none_exists(task)
        left = [each for each in shipments if not self._is_cancelled(each, task)]
        if state.status is Status.CANCELLING:
            return TaskResult(Event.SHIPMENT_RECALL_REFUSED if left else Event.SHIPMENT_RECALLED)
        if len(left) > (1 if state.status in _HAS_LEFT else 0):
            numbers = ", ".join(each.tracking_number or each.id for each in left)
            message = f"A parcel that the order does not need has left and cannot be recalled: {numbers}."
            raise DownstreamRefused(message, service=self.shipping.service)
        return NOTHING

    def _create(self, task: ClaimedTask) -> Shipment:
        lines = [_parcel_line(*line) for line in task.lines]
        address, method = task.details["shipping_address"], task.details["shipping_method"]
        return self.shipping.create(str(task.id), task.order_id, lines, address=address, method=method)

    def _check_none_exists(self, task: ClaimedTask) -> None:
        """Check that the service can know no shipment because none was created.

        Raises:
            NotSettled: one may still be created.
            DownstreamUnavailable: one was created.
        """
        prior = task.prior_calls.get(TaskKind.CREATE_SHIPMENT)
        if prior is None or prior.claims == 0:
            return
        if prior.reference:
            message = f"The shipping service does not know the shipment {prior.reference}."
            raise DownstreamUnavailable(message, service=self.shipping.service)
        may_come = prior.state == "failed" and may_still_take_effect(task.order, self.clock.now())
        if prior.state == "pending" or may_come:
            message = "It is unknown whether a shipment exists; the task that creates it must end first."
            raise NotSettled(message, service=self.shipping.service)

    def _is_cancelled(self, shipment: Shipment, task: ClaimedTask) -> bool:
        """Cancel a shipment, unless it is the one that was reported as shipped; return whether it is cancelled."""
        number = task.order["tracking_number"]
        is_the_shipped_one = task.order_state.status in _HAS_LEFT and number and number == shipment.tracking_number
        if is_the_shipped_one or shipment.status == "dispatched":
            return False
        return shipment.status == "cancelled" or self.shipping.cancel(shipment.id)


def _parcel_line(product_id: str, quantity: int, name: str | None) -> ParcelLine:
    line: ParcelLine = {"product_id": product_id, "quantity": quantity}
    return {**line, "name": name} if name else line


def _awaits_shipment(state: State) -> bool:
    return state == (Status.CONFIRMED, PaymentStatus.PAID, ShippingStatus.PENDING)
