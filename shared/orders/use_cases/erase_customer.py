"""Erase and export the personal data of a customer."""

import json
from dataclasses import dataclass

from orders.domain import cursors
from orders.domain.caller import ERASE, Caller
from orders.domain.clock import Clock
from orders.domain.cursors import Position
from orders.domain.errors import Forbidden
from orders.postgres import erasures, orders
from orders.postgres.connection import Database
from orders.postgres.erasures import Erasure
from orders.schemas.responses import order_view
from orders.use_cases.publish import TaskQueue

MAX_ERASED = 500
"""How many orders one request erases."""
_MAX_ORDERS = 20
_MAX_LINES = 2_000
_MAX_BYTES = 1_000_000
"""Where a page of an export ends, at least one order later. With one more order of a thousand lines it stays far below
the 6 MB that Lambda answers with, where the text is quoted as JSON once more."""


@dataclass(frozen=True, slots=True)
class ExportPage:
    """A page of an export: orders as JSON, one a line, and the cursor of the next page if there is one."""

    lines: list[str]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class EraseCustomer:
    """Erase and export the personal data of customers, for callers with the scope `orders:erase`.

    Attributes:
        database: where the orders are.
        queue: where the tasks that publish their events are sent; None without an event bus.
        clock: the clock.
    """

    database: Database
    queue: TaskQueue | None
    clock: Clock

    def erase(self, caller: Caller, customer_id: str) -> Erasure:
        """Erase a customer's ended orders, `MAX_ERASED` at most, and have the relay erase the others when they end.

        Raises:
            Forbidden: the caller lacks the scope.
        """
        check_may_erase(caller)
        at = self.clock.now()
        erasure, tasks = erasures.erase_customer(
            self.database, customer_id, actor=caller.actor, at=at, limit=MAX_ERASED
        )
        if self.queue:
            self.queue.send(tasks)
        return erasure

    def export(self, caller: Caller, customer_id: str, cursor: str | None) -> ExportPage:
        """Return a page of all orders of a customer with their timelines, the oldest first.

        It names only the kinds of actors: an export is given to the customer.

        Raises:
            Forbidden: the caller lacks the scope.
            InvalidCursor: the cursor was changed, or belongs to another list.
        """
        check_may_erase(caller)
        scope = f"export of {customer_id}".encode()
        after = cursors.read(cursor, scope, largest=0).id if cursor is not None else None
        page = orders.export_orders(
            self.database, customer_id, after=after, max_orders=_MAX_ORDERS, max_lines=_MAX_LINES
        )
        lines: list[str] = []
        size = 0
        last = None
        for row in page.rows:
            if size >= _MAX_BYTES:
                break
            lines.append(json.dumps(order_view(row, for_reader=False), ensure_ascii=False, separators=(",", ":")))
            size += len(lines[-1].encode())
            last = row["id"]
        is_last = len(lines) == len(page.rows) and not page.has_more
        return ExportPage(lines, cursors.write(Position(0, last), scope) if last and not is_last else None)


def check_may_erase(caller: Caller) -> None:
    """Check that the caller may erase and export personal data.

    Raises:
        Forbidden: the caller lacks the scope `orders:erase`.
    """
    if not caller.may_erase:
        raise Forbidden(f"Erasing or exporting personal data requires the scope {ERASE}.")
