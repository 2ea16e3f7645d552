"""What is printed about a run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from checks import stock
from checks.evidence import DONE, FAILED, PENDING, Evidence, Fate, Task
from fakes.server.injection import Call
from tools.chaos.clients import Act, Attempt
from tools.support.tables import new_table, show_counts, show_states

LOST = "lost"
FAILED_STATUS = 500


@dataclass(frozen=True, slots=True)
class Run:
    """What happened in a run.

    Attributes:
        attempts: To place an order.
        acts: What customers and staff did to the orders.
        evidence: What was stored in the end.
        calls: What the services were asked while there was chaos.
        killed: How many workers of each function were killed.
        redriven: How many tasks had failed and were sent back once.
    """

    attempts: Sequence[Attempt]
    acts: Sequence[Act]
    evidence: Evidence
    calls: Sequence[Call]
    killed: Counter[str]
    redriven: int

    @property
    def tasks(self) -> list[Task]:
        """The tasks of all orders."""
        return [task for order in self.evidence.orders for task in order.tasks]

    @property
    def found_afterwards(self) -> int:
        """How many orders were placed although their answer was lost."""
        stored = {order.key for order in self.evidence.orders}
        return sum(request.fate is Fate.UNKNOWN and request.key in stored for request in self.evidence.requests)


def show_failed(console: Console, title: str, tasks: Iterable[Task]) -> None:
    """Print which tasks have failed, and why; nothing if none has."""
    counts = Counter((task.kind, task.error or "") for task in tasks if task.state == FAILED)
    if not counts:
        return
    table = new_table(title, "Tasks")
    for (kind, reason), count in sorted(counts.items()):
        table.add_row(f"{kind}: {reason}", f"{count:,}")
    console.print(table)


def show_run(console: Console, run: Run) -> None:
    """Print what happened to orders, tasks, functions, services and stock."""
    show_counts(console, "Placing orders", Counter(_named(each.fate, each.code) for each in run.attempts))
    console.print(f"Of the orders of unknown fate, {run.found_afterwards:,} were found in the database.")
    show_counts(
        console,
        "What customers and staff did then",
        Counter(_named(f"{each.name} {each.fate}", each.code) for each in run.acts),
    )
    show_states(console, run.evidence.orders)
    _show_tasks(console, run)
    show_counts(console, "Workers killed", run.killed)
    _show_calls(console, run)
    _show_stock(console, run)
    _show_events(console, run)


def _show_tasks(console: Console, run: Run) -> None:
    states = Counter((task.kind, task.state) for task in run.tasks)
    table = new_table("Tasks", "Done", "Failed", "Pending")
    for kind in sorted({kind for kind, _ in states}):
        table.add_row(kind, *(f"{states[kind, state]:,}" for state in (DONE, FAILED, PENDING)))
    table.add_section()
    table.add_row("Sent back after they had failed", f"{run.redriven:,}", "", "")
    console.print(table)
    show_failed(console, "Failed in the end", run.tasks)


def _show_calls(console: Console, run: Run) -> None:
    calls = Counter(call.service for call in run.calls)
    failed = Counter(
        call.service for call in run.calls if isinstance(call.status, int) and call.status >= FAILED_STATUS
    )
    lost = Counter(call.service for call in run.calls if call.status == LOST)
    table = new_table("Service", "Calls", "Failed", "Answers lost")
    for service in sorted(calls):
        table.add_row(service, f"{calls[service]:,}", f"{failed[service]:,}", f"{lost[service]:,}")
    table.add_section()
    table.add_row("Total", f"{calls.total():,}", f"{failed.total():,}", f"{lost.total():,}")
    console.print(table)


def _show_stock(console: Console, run: Run) -> None:
    table = new_table("Stock", "At start", "Free", "Held", "Of no order", "Missing")
    for shelf in stock.shelves(run.evidence):
        numbers = (shelf.at_start, shelf.free, shelf.held, shelf.stray, shelf.missing)
        table.add_row(shelf.product_id, *(f"{number:,}" for number in numbers))
    console.print(table)


def _show_events(console: Console, run: Run) -> None:
    table = new_table("Events", "In all", "Of these orders", "Repeated")
    ids = {order.id for order in run.evidence.orders}
    for source, events in (("Feed", run.evidence.feed), ("Event bus", run.evidence.bus)):
        own = [event["id"] for event in events or () if event["order_id"] in ids]
        table.add_row(source, *(f"{count:,}" for count in (len(events or ()), len(own), len(own) - len(set(own)))))
    console.print(table)


def _named(name: str, code: str) -> str:
    return f"{name}: {code}" if code else name
