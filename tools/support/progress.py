"""A progress bar."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

REPORTS = 10
"""How many lines there are in all where there is no terminal to draw a bar on."""


@contextlib.contextmanager
def shown(console: Console, total: int, things: str = "invoices") -> Iterator[Callable[[], None]]:
    """Yield a function to call after each thing: it draws a bar, or prints a line now and then."""
    if console.is_terminal:
        columns = (
            TextColumn("Sending"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(things),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("", total=total)
            yield lambda: bar.advance(task)
        return
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done * REPORTS // total > (done - 1) * REPORTS // total:
            console.print(f"Sent {done:,} of {total:,} {things}")

    yield advance
