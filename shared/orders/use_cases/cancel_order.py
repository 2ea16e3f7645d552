"""Cancel an order, as long as its parcel has not left."""

from collections.abc import Collection

from orders.domain.caller import Caller
from orders.domain.errors import OrderNotCancellable
from orders.domain.lifecycle import Event
from orders.postgres import orders as store
from orders.postgres.connection import Row
from orders.use_cases.publish import publish
from orders.use_cases.update_order_status import MoveOrder, settled


class CancelOrder(MoveOrder):
    """Cancels orders: a customer's own, or anybody's for a caller with the scope to write."""

    def cancel(
        self, caller: Caller, order_id: str, reason: str | None, expected_versions: Collection[int] | None
    ) -> Row:
        """Cancel an order; to cancel it again changes nothing.

        Raises:
            OrderNotFound: no such order, or not one that the caller may see.
            Forbidden: the caller may see the order, but not cancel it.
            OrderNotCancellable: it is too late.
            VersionMismatch: the order has changed since the caller read it.
        """
        outcome = store.apply_event(
            self.database,
            Event.CANCELLED,
            order_id,
            at=self.clock.now(),
            owner=caller.writable_owner,
            expected_versions=expected_versions,
            reason=reason,
        )
        if outcome is None:
            raise self.refusal(caller, order_id)
        if not settled(outcome, Event.CANCELLED, expected_versions):
            raise OrderNotCancellable(
                f"The order is {outcome.state.status} and can no longer be cancelled.", current=outcome.state._asdict()
            )
        publish(outcome, self.queue)
        return outcome.row
