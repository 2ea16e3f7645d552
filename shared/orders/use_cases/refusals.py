"""Why a change to an order is refused: shared by the use cases that change one."""

from collections.abc import Collection

from orders.domain.caller import Caller
from orders.domain.errors import Forbidden, OrderNotFound, VersionMismatch
from orders.domain.order import OrderRow, TransitionResult
from orders.postgres import orders
from orders.postgres.connection import Database


def is_applied_or_already_holds(result: TransitionResult, expected_versions: Collection[int] | None) -> bool:
    """Tell whether the order is where the event leads: moved now, moved by the same event before, or there already.

    Raises:
        VersionMismatch: the event was not applied, because the order has changed since the caller read it.
    """
    if not (result.applied or result.repeated):
        check_version(result.row, expected_versions)
    return result.is_applied_or_already_holds


def check_version(row: OrderRow, expected_versions: Collection[int] | None) -> None:
    """Check an order against the versions that the caller expects.

    Raises:
        VersionMismatch: the order has another version.
    """
    if expected_versions is not None and row["version"] not in expected_versions:
        raise VersionMismatch(
            f"The order is at version {row['version']}, which If-Match does not name; read the order again.",
            current_version=row["version"],
        )


def refusal(database: Database, caller: Caller, order_id: str, scope: str) -> Forbidden | OrderNotFound:
    """Make the error for an order that the caller may not change: they may see it, or it does not exist for them.

    Args:
        database: where the order is.
        caller: the sender of the request.
        order_id: the order.
        scope: the scope that the change requires.
    """
    if orders.get_order(database, order_id, owner=caller.readable_owner):
        return Forbidden(f"Changing this order requires the scope {scope}.")
    return not_found(order_id)


def not_found(order_id: str) -> OrderNotFound:
    """Make the error for an order that does not exist, or not for this caller."""
    return OrderNotFound(f"There is no order {order_id!r}.")
