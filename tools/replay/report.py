"""What is printed at the end of a replay."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from checks.evidence import Fate
from local.percentiles import percentile
from tools.replay.check import Verdict
from tools.replay.invoices import InvoiceFile
from tools.replay.orders import Outcome
from tools.support.tables import new_table, show_first

PERCENTILES = (50, 99)
FATES = list(Fate)


def show_fates(console: Console, file: InvoiceFile, outcomes: Sequence[Outcome]) -> None:
    """Print the fate of every invoice and every line of the file."""
    invoices: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for outcome in sorted(outcomes, key=_rank):
        invoices[_fate(outcome)] += 1
        lines[_fate(outcome)] += outcome.invoice.line_count
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
    """Print how fast the API answered to what it accepted.

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
    """Print whether the database holds what was sent, and the first mismatches."""
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
    show_first(console, verdict.mismatches)


def _rank(outcome: Outcome) -> tuple[bool, int, str]:
    return outcome.invoice.is_cancellation, FATES.index(outcome.fate), outcome.code


def _fate(outcome: Outcome) -> str:
    kind = "Cancellation" if outcome.invoice.is_cancellation else "Order"
    return f"{kind} {outcome.fate}" + (f": {outcome.code}" if outcome.code else "")
