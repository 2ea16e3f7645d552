"""What a person reads at the end of a replay."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from local.replay import books
from local.replay.check import Verdict
from local.replay.invoices import InvoiceFile
from local.replay.outcomes import Fate, Outcome
from local.replay.stored import StoredOrder

MISMATCHES_SHOWN = 10
PERCENTILES = (50, 99)
FATES = list(Fate)


def show_fates(console: Console, file: InvoiceFile, outcomes: Sequence[Outcome]) -> None:
    """Prints what became of every invoice and every line of the file."""
    invoices: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for outcome in sorted(outcomes, key=_rank):
        invoices[_fate(outcome)] += 1
        lines[_fate(outcome)] += len(outcome.invoice.lines)
    table = new_table("Outcome", "Invoices", "Lines")
    for fate, count in invoices.items():
        table.add_row(fate, f"{count:,}", f"{lines[fate]:,}")
    table.add_section()
    for reason, count in file.skipped.most_common():
        table.add_row(f"Not sent: {reason}", "", f"{count:,}")
    table.add_row("Not sent: no line left to send", f"{file.empty:,}", "")
    table.add_section()
    table.add_row("Total", f"{invoices.total() + file.empty:,}", f"{lines.total() + file.skipped.total():,}")
    console.print(table)


def show_speed(console: Console, outcomes: Sequence[Outcome], seconds: float) -> None:
    """Prints how fast the API answered to what it accepted.

    Args:
        console: Where to print.
        outcomes: What became of the invoices.
        seconds: How long it took to send them all.
    """
    table = new_table("Accepted", "Requests", "Per second", *(f"p{percent}" for percent in PERCENTILES))
    for name, is_cancellation in (("Orders", False), ("Cancellations", True)):
        latencies = [
            outcome.seconds
            for outcome in outcomes
            if outcome.fate is Fate.ACCEPTED and outcome.invoice.is_cancellation is is_cancellation
        ]
        shown = [f"{percentile(latencies, percent) * 1000:,.0f} ms" for percent in PERCENTILES if latencies]
        table.add_row(name, f"{len(latencies):,}", f"{len(latencies) / seconds:,.1f}", *shown)
    console.print(table)


def show_verdict(console: Console, verdict: Verdict) -> None:
    """Prints whether the database holds what it should, and the first things that it should not."""
    if verdict.took_effect or verdict.had_no_effect:
        effects = f"{verdict.took_effect:,} took effect and {verdict.had_no_effect:,} did not"
        console.print(f"Of the requests of unknown fate, {effects}.")
    if not verdict.mismatches:
        console.print(
            f"[green]Check passed:[/] {verdict.orders:,} orders are in the database, each once and as invoiced, "
            f"{verdict.cancelled:,} of them cancelled, and nothing else."
        )
        return
    console.print(f"[red]Check failed:[/] {len(verdict.mismatches):,} mismatches between database and invoices.")
    _show_first(console, verdict.mismatches)


def show_states(console: Console, orders: Iterable[StoredOrder]) -> None:
    """Prints in which states orders have ended."""
    show_counts(console, "Orders: status/payment/shipping", books.states(orders))


def show_books(console: Console, orders: Sequence[StoredOrder], mismatches: Sequence[str]) -> None:
    """Prints whether money, stock and all that was promised are where they belong; if not, what is not."""
    if not mismatches:
        console.print(f"[green]The books balance:[/] all that {len(orders):,} orders promised is where it belongs.")
        return
    console.print(f"[red]The books do not balance:[/] {len(mismatches):,} discrepancies.")
    _show_first(console, mismatches)


def show_counts(console: Console, title: str, counts: Counter[str]) -> None:
    """Prints how often there was what, and how much that is in all."""
    table = new_table(title, "Count")
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row("Total", f"{counts.total():,}")
    console.print(table)


def percentile(values: Sequence[float], percent: int) -> float:
    """Returns the smallest of some values that so many percent of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def new_table(title: str, *columns: str) -> Table:
    """Returns a table whose first column is text, and whose others are numbers."""
    table = Table(title)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _show_first(console: Console, phrases: Sequence[str]) -> None:
    for phrase in phrases[:MISMATCHES_SHOWN]:
        console.print(f"  {phrase}", markup=False, soft_wrap=True)
    if len(phrases) > MISMATCHES_SHOWN:
        console.print(f"  … and {len(phrases) - MISMATCHES_SHOWN:,} more")


def _rank(outcome: Outcome) -> tuple[bool, int, str]:
    return outcome.invoice.is_cancellation, FATES.index(outcome.fate), outcome.code


def _fate(outcome: Outcome) -> str:
    kind = "Cancellation" if outcome.invoice.is_cancellation else "Order"
    return f"{kind} {outcome.fate}" + (f": {outcome.code}" if outcome.code else "")
