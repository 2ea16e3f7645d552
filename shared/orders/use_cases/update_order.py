"""Change an order's shipping address, reference, note and metadata, until its parcel is made."""

from collections.abc import Collection
from dataclasses import dataclass

from orders.domain.caller import SHIP, Caller
from orders.domain.clock import Clock
from orders.domain.errors import OrderNotUpdatable, ValidationFailed
from orders.domain.lifecycle import Event, transition
from orders.domain.order import OrderDetails, TransitionResult
from orders.domain.states import ShippingStatus
from orders.postgres import order_changes
from orders.postgres.connection import Database
from orders.schemas.requests import OrderUpdate
from orders.use_cases.publish import TaskQueue, publish
from orders.use_cases.refusals import is_applied_or_already_holds, refusal


@dataclass(frozen=True, slots=True)
class UpdateOrder:
    """Update orders: a customer's own, or anybody's with the scope `orders:ship`.

    Attributes:
        database: where the orders are.
        queue: where the tasks that publish their events are sent; None without an event bus.
        clock: the clock.
        requires_address: whether an order must have a shipping address.
    """

    database: Database
    queue: TaskQueue | None
    clock: Clock
    requires_address: bool = False

    def update(
        self, caller: Caller, order_id: str, update: OrderUpdate, expected_versions: Collection[int] | None
    ) -> OrderDetails:
        """Change the given fields of an order; values that hold already change nothing, whatever its version.

        Raises:
            ValidationFailed: the order must keep its shipping address.
            OrderNotFound: there is no such order, or the caller may not see it.
            Forbidden: the caller may see the order, but not change it.
            OrderNotUpdatable: its parcel is made, or it has ended.
            VersionMismatch: the order has changed since the caller read it.
        """
        changes = update.changes()
        if self.requires_address and changes.get("shipping_address", ...) is None:
            raise ValidationFailed([{"loc": ["shipping_address"], "msg": "is required", "type": "value_error"}])
        result = order_changes.update_order(
            self.database,
            order_id,
            changes,
            actor=caller.actor,
            at=self.clock.now(),
            owner=caller.updatable_owner,
            expected_versions=expected_versions,
        )
        if result is None:
            raise refusal(self.database, caller, order_id, SHIP)
        if not is_applied_or_already_holds(result, expected_versions):
            raise _not_updatable(result)
        publish(result, self.queue)
        return result.row


def _not_updatable(result: TransitionResult) -> OrderNotUpdatable:
    state = result.state
    if transition(Event.UPDATED, state):
        reason = "The order's parcel is being made"
    elif state.shipping_status is ShippingStatus.READY:
        reason = "The order's parcel is ready"
    else:
        reason = f"The order is {state.status}"
    return OrderNotUpdatable(f"{reason}; it can no longer be changed.", current=state._asdict())
