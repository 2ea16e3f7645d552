"""Move an order along: report what has happened to it, as its state allows."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from orders.aws.task_queue import SqsTaskQueue, TaskQueue
from orders.config import DatabaseSettings, QueueSettings
from orders.domain import lifecycle
from orders.domain.caller import Caller
from orders.domain.clock import Clock
from orders.domain.errors import Forbidden, InvalidTransition, OrderNotFound, VersionMismatch
from orders.domain.lifecycle import Event, State
from orders.domain.order import Outcome, state_of
from orders.postgres import orders as store
from orders.postgres.connection import Database, Row
from orders.schemas.requests import StatusUpdate
from orders.use_cases.publish import publish


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """Base of the use cases that let an event happen to an order."""

    database: Database
    queue: TaskQueue
    clock: Clock

    @classmethod
    def from_environment(cls) -> Self:
        """With the database and the queues that the environment names."""
        database = Database(DatabaseSettings.from_environment())
        return cls(database, SqsTaskQueue(QueueSettings.from_environment()), Clock())

    def prepare(self) -> None:
        """Connect to the database."""
        self.database.connect()

    def refusal(self, caller: Caller, order_id: str) -> Forbidden | OrderNotFound:
        """Why a caller may not change an order: they see it and lack the scope, or it is not there for them."""
        if store.get_order(self.database, order_id, owner=caller.readable_owner):
            return Forbidden("To change this order takes the scope orders:write.")
        return not_found(order_id)


class UpdateStatus(MoveOrder):
    """Takes reports of what has happened to an order: paid, shipped, delivered, returned and so on."""

    def update(
        self, caller: Caller, order_id: str, update: StatusUpdate, expected_versions: Collection[int] | None
    ) -> Row:
        """Report what has happened to an order; what it says already, it may be told again.

        Raises:
            OrderNotFound: no such order, or not one that the caller may see.
            Forbidden: the caller may see the order, but lacks the scope to change it.
            InvalidTransition: it cannot happen to the order as it is.
            VersionMismatch: the order has changed since the caller read it.
        """
        if not caller.may_write:
            raise self.refusal(caller, order_id)
        field, value = update.target()
        event = lifecycle.reported_event(field, value)
        if event is None:
            return self._confirm(order_id, field, value, expected_versions)
        outcome = store.apply_event(
            self.database,
            event,
            order_id,
            at=self.clock.now(),
            expected_versions=expected_versions,
            event_id=update.event_id,
            reason=update.reason,
            tracking_number=update.tracking_number,
        )
        if outcome is None:
            raise not_found(order_id)
        if not settled(outcome, event, expected_versions):
            raise _invalid_transition(outcome.state, field, value)
        publish(outcome, self.queue)
        return outcome.row

    def _confirm(self, order_id: str, field: str, value: str, expected_versions: Collection[int] | None) -> Row:
        """Take the report of a value that no event leads to: it is right only if the order has it already."""
        row = store.get_order(self.database, order_id, owner=None)
        if row is None:
            raise not_found(order_id)
        check_version(row, expected_versions)
        state = state_of(row)
        if state._asdict()[field] != value:
            raise _invalid_transition(state, field, value)
        return row


def settled(outcome: Outcome, event: Event, expected_versions: Collection[int] | None) -> bool:
    """Whether the order is where the event leads: moved there now, by the same event before, or there already.

    Raises:
        VersionMismatch: it was not moved, for it has changed since the caller read it.
    """
    if outcome.applied or outcome.repeated:
        return True
    check_version(outcome.row, expected_versions)
    return lifecycle.already_holds(event, outcome.state)


def check_version(row: Row, expected_versions: Collection[int] | None) -> None:
    """Refuse a change to an order that the caller has not seen as it is.

    Raises:
        VersionMismatch: it has another version.
    """
    if expected_versions is not None and row["version"] not in expected_versions:
        raise VersionMismatch(
            f"The order is at version {row['version']}, and at none that you expected; read it again.",
            current_version=row["version"],
        )


def not_found(order_id: str) -> OrderNotFound:
    """The error for an order that is not there, or not there for this caller."""
    return OrderNotFound(f"There is no order {order_id!r}.")


def _invalid_transition(state: State, field: str, value: str) -> InvalidTransition:
    return InvalidTransition(
        f"The order cannot go to {field} {value} from {'/'.join(state)} (order/payment/shipping).",
        current=state._asdict(),
        allowed=lifecycle.reportable(state),
    )
