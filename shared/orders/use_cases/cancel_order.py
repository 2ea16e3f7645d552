"""Cancel an order, until its parcel has left."""

from collections.abc import Collection
from dataclasses import dataclass

from orders.domain.caller import CANCEL, Caller
from orders.domain.clock import Clock
from orders.domain.errors import OrderNotCancellable
from orders.domain.lifecycle import Event
from orders.domain.order import OrderDetails
from orders.postgres import order_changes
from orders.postgres.connection import Database
from orders.use_cases.publish import TaskQueue, publish
from orders.use_cases.refusals import is_applied_or_already_holds, refusal


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel orders: a customer's own, or anybody's with the scope `orders:cancel`."""

    database: Database
    queue: TaskQueue
    clock: Clock

    def cancel(
        self, caller: Caller, order_id: str, reason: str | None, expected_versions: Collection[int] | None
    ) -> OrderDetails:
        """Cancel an order; a second time changes nothing.

        Raises:
            OrderNotFound: there is no such order, or the caller may not see it.
            Forbidden: the caller may see the order, but not cancel it.
            OrderNotCancellable: it is too late.
            VersionMismatch: the order has changed since the caller read it.
        """
        result = order_changes.apply_requested_event(
            self.database,
            Event.CANCELLED,
            order_id,
            actor=caller.actor,
            at=self.clock.now(),
            owner=caller.cancellable_owner,
            expected_versions=expected_versions,
            reason=reason,
        )
        if result is None:
            raise refusal(self.database, caller, order_id, CANCEL)
        if not is_applied_or_already_holds(result, expected_versions):
            raise OrderNotCancellable(
                f"The order is {result.state.status} and can no longer be cancelled.", current=result.state._asdict()
            )
        publish(result, self.queue)
        return result.row
