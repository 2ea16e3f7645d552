"""The ledger as a person reads it."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console

from local.chaos import ledger
from local.chaos.ledger import Evidence
from local.replay.books import DONE, FAILED, PENDING
from local.replay.report import new_table, show_counts, show_states
from local.replay.stored import StoredTask

LOST = "lost"
FAILED_STATUS = 500


def show_failed(console: Console, title: str, tasks: Iterable[StoredTask]) -> None:
    """Prints which tasks have failed, and why; nothing if none has."""
    counts = Counter((task.kind, task.last_error or "") for task in tasks if task.state == FAILED)
    if not counts:
        return
    table = new_table(title, "Tasks")
    for (kind, reason), count in sorted(counts.items()):
        table.add_row(f"{kind}: {reason}", f"{count:,}")
    console.print(table)


def show_ledger(console: Console, evidence: Evidence) -> None:
    """Prints what happened to orders, tasks, functions and services, and what became of the stock."""
    show_counts(console, "Placing orders", Counter(_named(each.fate, each.code) for each in evidence.attempts))
    found = ledger.found_afterwards(evidence)
    console.print(f"Of the orders of unknown fate, {found:,} were found in the database.")
    show_counts(
        console,
        "What customers and staff did then",
        Counter(_named(f"{each.name} {each.fate}", each.code) for each in evidence.acts),
    )
    show_states(console, evidence.orders)
    _show_tasks(console, evidence)
    show_counts(console, "Workers killed", evidence.killed)
    _show_calls(console, evidence)
    _show_stock(console, evidence)


def _show_tasks(console: Console, evidence: Evidence) -> None:
    states = Counter((task.kind, task.state) for task in evidence.tasks)
    table = new_table("Tasks", "Done", "Failed", "Pending")
    for kind in sorted({kind for kind, _ in states}):
        table.add_row(kind, *(f"{states[kind, state]:,}" for state in (DONE, FAILED, PENDING)))
    table.add_section()
    table.add_row("Sent back after they had failed", f"{evidence.redriven:,}", "", "")
    console.print(table)
    show_failed(console, "Failed in the end", evidence.tasks)


def _show_calls(console: Console, evidence: Evidence) -> None:
    calls = Counter(call.service for call in evidence.calls)
    failed = Counter(
        call.service for call in evidence.calls if isinstance(call.status, int) and call.status >= FAILED_STATUS
    )
    lost = Counter(call.service for call in evidence.calls if call.status == LOST)
    table = new_table("Service", "Calls", "Failed", "Answers lost")
    for service in sorted(calls):
        table.add_row(service, f"{calls[service]:,}", f"{failed[service]:,}", f"{lost[service]:,}")
    table.add_section()
    table.add_row("Total", f"{calls.total():,}", f"{failed.total():,}", f"{lost.total():,}")
    console.print(table)


def _show_stock(console: Console, evidence: Evidence) -> None:
    table = new_table("Stock", "At start", "Free", "Held", "Of no order", "Missing")
    for shelf in evidence.stock:
        numbers = (shelf.at_start, shelf.free, shelf.held, shelf.orphaned, shelf.missing)
        table.add_row(shelf.product_id, *(f"{number:,}" for number in numbers))
    console.print(table)


def _named(name: str, code: str) -> str:
    return f"{name}: {code}" if code else name
