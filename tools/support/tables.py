"""The tables and sentences that the tools print."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from checks.evidence import Order

SHOWN = 10
"""How many phrases of a list are printed."""


def show_states(console: Console, orders: Iterable[Order]) -> None:
    """Print how many orders are in each state; of failed ones, why."""
    counts = Counter(
        "/".join(order.state) + (f" ({order.failure_reason})" if order.failure_reason else "") for order in orders
    )
    show_counts(console, "Orders: status/payment/shipping", counts)


def show_violations(console: Console, orders: int, violations: Sequence[str]) -> None:
    """Print whether everything that must hold of so many orders does; if not, what does not."""
    if not violations:
        console.print(f"[green]The books balance:[/] stock, money, outbox and events of {orders:,} orders agree.")
        return
    console.print(f"[red]The books do not balance:[/] {len(violations):,} discrepancies.")
    show_first(console, violations)


def show_counts(console: Console, title: str, counts: Counter[str]) -> None:
    """Print a table of counts, with their sum."""
    table = new_table(title, "Count")
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row("Total", f"{counts.total():,}")
    console.print(table)


def show_first(console: Console, phrases: Sequence[str]) -> None:
    """Print the first of some phrases, and how many more there are."""
    for phrase in phrases[:SHOWN]:
        console.print(f"  {phrase}", markup=False, soft_wrap=True)
    if len(phrases) > SHOWN:
        console.print(f"  … and {len(phrases) - SHOWN:,} more")


def new_table(title: str, *columns: str) -> Table:
    """Return a table whose first column is text, and whose others are numbers."""
    table = Table(title)
    for column in columns:
        table.add_column(column, justify="right")
    return table
