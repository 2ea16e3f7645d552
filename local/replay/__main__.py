"""The command line: `python -m local.replay --csv FILE`."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
from rich.console import Console

from local.errors import LocalError
from local.layout import DEFAULT_STATE, ROOT
from local.replay import check, invoices, progress, report, stock, stored
from local.replay.check import Verdict
from local.replay.invoices import Invoice, InvoiceFile
from local.replay.orders import Orders
from local.replay.outcomes import Fate, Outcome
from local.replay.sending import send
from local.replay.warming import warm_up
from local.stack import Stack

CLIENTS = 16
ANSWER_SECONDS = 60.0
"""Longer than the gateway waits for a function."""
FUNCTION_SECONDS = 20.0
"""The longest that a function runs: what it has not stored by then, it never will."""
IDLE_SECONDS = 2.0
"""An idle connection is given up before the gateway closes it, which would look like a lost answer."""
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Replays a file and checks the outcome.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code: 0 if the database holds what it should.
    """
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        file = invoices.read(options.csv)
        stack = Stack(ROOT, options.state, options.port)
        _require_running(stack)
        verdict = _replay(console, file, stack, options.clients)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; what has been sent stays, unchecked.", file=sys.stderr)
        return INTERRUPTED
    return 1 if verdict.mismatches else 0


def _replay(console: Console, file: InvoiceFile, stack: Stack, clients: int) -> Verdict:
    with httpx.Client(base_url=stack.services_url, timeout=ANSWER_SECONDS, trust_env=False) as services:
        products = stock.fill(services, file.invoices)
    console.print(f"Stocked the stand-in inventory with {products:,} products, without prices")
    since = datetime.now(UTC)
    outcomes, seconds = asyncio.run(_send(console, file.invoices, stack, clients))
    report.show_fates(console, file, outcomes)
    report.show_speed(console, outcomes, seconds)
    if any(outcome.fate is Fate.UNKNOWN for outcome in outcomes):
        console.print(f"Waiting {FUNCTION_SECONDS:.0f} s: requests without an answer may still be under way")
        time.sleep(FUNCTION_SECONDS)
    customers = {invoice.customer_id for invoice in file.invoices}
    verdict = check.compare(outcomes, stored.read(stack.database, customers, since))
    report.show_verdict(console, verdict)
    return verdict


async def _send(
    console: Console, invoices: Sequence[Invoice], stack: Stack, clients: int
) -> tuple[list[Outcome], float]:
    """Returns what became of the invoices, and how many seconds it took."""
    limits = httpx.Limits(max_connections=clients, keepalive_expiry=IDLE_SECONDS)
    async with httpx.AsyncClient(base_url=stack.url, timeout=ANSWER_SECONDS, limits=limits, trust_env=False) as http:
        begun = time.perf_counter()
        await warm_up(http, stack.token, clients)
        console.print(f"Warmed the API up for {clients} clients in {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        with progress.shown(console, len(invoices)) as advance:
            outcomes = await send(invoices, Orders(http, cache(stack.token)), clients, advance)
        return outcomes, time.perf_counter() - begun


def _require_running(stack: Stack) -> None:
    if missing := [name for name, runs in stack.status().items() if not runs]:
        raise LocalError(f"Not running: {', '.join(missing)}. `make up` first.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.replay", description="Send real invoices to a running stack."
    )
    parser.add_argument("--csv", type=Path, required=True, help="a CSV file of the Online Retail data set (CSV)")
    parser.add_argument("--clients", type=_clients, default=CLIENTS, help=f"how many at once, {CLIENTS} by default")
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(os.environ.get("STATE") or DEFAULT_STATE),
        help="folder of the stack (STATE)",
    )
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or None, help="TCP port of its API (PORT)")
    return parser


def _clients(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of clients")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
