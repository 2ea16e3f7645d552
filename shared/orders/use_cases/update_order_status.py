"""Take reports of what has happened to an order: paid, shipped, delivered, returned and so on."""

from collections.abc import Collection
from dataclasses import dataclass

from orders.domain import lifecycle
from orders.domain.caller import SHIP, Caller, scope_to_report
from orders.domain.clock import Clock
from orders.domain.errors import Forbidden, InvalidTransition
from orders.domain.order import OrderDetails, state_of
from orders.domain.states import State
from orders.postgres import orders
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
            VersionMismatch: the order has changed since the caller read it.
        """
        field, value = update.target()
        self._check_may_report(caller, order_id, update)
        event = lifecycle.reported_event(field, value)
        if event is None:
            return self._confirm(order_id, field, value, expected_versions)
        result = orders.apply_event(
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
        if not is_applied_or_already_holds(result, expected_versions):
            raise _invalid_transition(result.state, field, value)
        publish(result, self.queue)
        return result.row

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


def _invalid_transition(state: State, field: str, value: str) -> InvalidTransition:
    return InvalidTransition(
        f"The order cannot go to {field} {value} from {'/'.join(state)} (order/payment/shipping).",
        current=state._asdict(),
        allowed=lifecycle.reportable(state),
    )
