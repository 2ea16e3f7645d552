"""Take reports of what has happened to an order: paid, shipped, delivered, returned and so on."""

from collections.abc import Collection
from dataclasses import dataclass

from orders.domain import reports
from orders.domain.caller import SHIP, Caller, scope_to_report
from orders.domain.clock import Clock
from orders.domain.errors import EventIdReused, Forbidden, InvalidTransition, ValidationFailed
from orders.domain.lifecycle import Event, already_holds
from orders.domain.order import OrderDetails, TransitionResult, state_of
from orders.domain.states import State
from orders.postgres import order_changes, orders
from orders.postgres.connection import Database
from orders.schemas.requests import StatusUpdate
from orders.use_cases.publish import TaskQueue, publish
from orders.use_cases.refusals import check_version, is_applied_or_already_holds, not_found, refusal


@dataclass(frozen=True, slots=True)
class UpdateOrderStatus:
    """Apply reported statuses to orders."""

    database: Database
    queue: TaskQueue
    clock: Clock

    def update(
        self, caller: Caller, order_id: str, update: StatusUpdate, expected_versions: Collection[int] | None
    ) -> OrderDetails:
        """Apply a reported status to an order; a status that already holds changes nothing.

        Raises:
            OrderNotFound: there is no such order, or the caller may not see it.
            Forbidden: the caller lacks the scope that the report requires.
            InvalidTransition: the order's state does not allow it.
            EventIdReused: another event of the order has this id.
            ValidationFailed: a tracking number comes with a status that is not a shipment's.
            VersionMismatch: the order has changed since the caller read it.
        """
        field, value = update.target()
        self._check_may_report(caller, order_id, update)
        event = reports.reported_event(field, value)
        if update.tracking_number and event not in reports.TRACKED:
            message = "a tracking number belongs to a shipment that is ready, shipped or delivered"
            raise ValidationFailed([{"loc": ["tracking_number"], "msg": message, "type": "value_error"}])
        if event is None:
            return self._confirm(order_id, field, value, expected_versions)
        result = self._apply(caller, order_id, event, update, expected_versions)
        if _brings_tracking_number(result, update):
            result = self._apply(caller, order_id, Event.SHIPMENT_UPDATED, update, expected_versions)
        _check_event_id(result, event, update)
        if not is_applied_or_already_holds(result, expected_versions):
            raise _invalid_transition(result.state, field, value)
        publish(result, self.queue)
        return result.row

    def _apply(
        self,
        caller: Caller,
        order_id: str,
        event: Event,
        update: StatusUpdate,
        expected_versions: Collection[int] | None,
    ) -> TransitionResult:
        result = order_changes.apply_requested_event(
            self.database,
            event,
            order_id,
            actor=caller.actor,
            at=self.clock.now(),
            expected_versions=expected_versions,
            event_id=update.event_id,
            reason=update.reason,
            tracking_number=update.tracking_number,
        )
        if result is None:
            raise not_found(order_id)
        return result

    def _check_may_report(self, caller: Caller, order_id: str, update: StatusUpdate) -> None:
        field, value = update.target()
        required = {scope_to_report(field, value), *([SHIP] if update.tracking_number else [])}
        missing = sorted(scope for scope in required if not caller.has(scope))
        if not missing:
            return
        if not caller.may_report:
            raise refusal(self.database, caller, order_id, missing[0])
        # The order is not looked up: the answer is the same whether or not it exists.
        what = f"{field} {value}{' with a tracking number' if update.tracking_number else ''}"
        raise Forbidden(f"Reporting {what} requires the scope {' and '.join(missing)}.")

    def _confirm(
        self, order_id: str, field: str, value: str, expected_versions: Collection[int] | None
    ) -> OrderDetails:
        """Accept the report of a value that no event leads to, if the order already has it."""
        row = orders.get_order(self.database, order_id, owner=None)
        if row is None:
            raise not_found(order_id)
        check_version(row, expected_versions)
        state = state_of(row)
        if state._asdict()[field] != value:
            raise _invalid_transition(state, field, value)
        return row


def _brings_tracking_number(result: TransitionResult, update: StatusUpdate) -> bool:
    """Whether a report changes nothing but the tracking number of a shipment."""
    number = update.tracking_number
    return (
        number not in {None, result.row["tracking_number"]}
        and not (result.applied or result.repeated)
        and (already_holds(result.event, result.state))
    )


def _check_event_id(result: TransitionResult, event: Event, update: StatusUpdate) -> None:
    """Check that an earlier event with the same id was the same report.

    Raises:
        EventIdReused: it was another one.
    """
    earlier = result.earlier
    if earlier and (
        earlier.event not in {event, Event.SHIPMENT_UPDATED} or earlier.tracking_number != update.tracking_number
    ):
        raise EventIdReused(
            f"The event_id was used for {earlier.event} of this order; nothing was changed. Use a new id."
        )


def _invalid_transition(state: State, field: str, value: str) -> InvalidTransition:
    return InvalidTransition(
        f"The order cannot go to {field} {value} from {'/'.join(state)} (order/payment/shipping).",
        current=state._asdict(),
        allowed=reports.reportable(state),
    )
