"""Wait until no task is pending."""

import time
from collections import Counter
from collections.abc import Callable

from rich.console import Console

LIMIT_SECONDS = 900.0
"""Long enough for a task that a killed function held twice: its queue and the relay each wait for minutes then."""
PAUSE_SECONDS = 2.0
REPORT_SECONDS = 15.0


def settle(
    console: Console,
    states: Callable[[], Counter[str]],
    *,
    limit_seconds: float = LIMIT_SECONDS,
    nudge: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until no task is pending, and print now and then how many are.

    Args:
        console: Where to print.
        states: Returns how many tasks are in each state.
        limit_seconds: How long to wait at most.
        nudge: Called after each print, to speed up pending tasks.
        clock: Returns seconds.
        sleep: Waits for some seconds.

    Returns:
        Whether no task is pending.
    """
    begun = told = clock()
    while (counts := states())["pending"]:
        if clock() - begun > limit_seconds:
            console.print(f"[red]Gave up waiting[/] after {limit_seconds:,.0f} s: {_pending(counts)}")
            return False
        if clock() - told > REPORT_SECONDS:
            told = clock()
            console.print(f"Waiting for {told - begun:,.0f} s: {_pending(counts)}")
            nudge()
        sleep(PAUSE_SECONDS)
    seconds = clock() - begun
    console.print(
        f"After {seconds:,.0f} s no task is pending: {counts['done']:,} are done, {counts['failed']:,} failed"
    )
    return True


def _pending(counts: Counter[str]) -> str:
    return f"{counts['pending']:,} of {counts.total():,} tasks are pending"
