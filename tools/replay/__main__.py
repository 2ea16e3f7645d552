"""The command line: `python -m tools.replay --csv FILE`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
from rich.console import Console

from checks.evidence import Fate
from checks.violations import violations
from local.interrupts import exit_code
from local.layout import ROOT
from local.options import add_stack_options, count
from local.stack import Stack
from orders.domain.caller import CREATE
from tools.replay import check, invoices, report, stock
from tools.replay.check import Verdict
from tools.replay.invoices import Invoice, InvoiceFile
from tools.replay.orders import Orders, Outcome
from tools.replay.sending import send
from tools.support import progress, tables
from tools.support.api import Api
from tools.support.fakes_client import TIMEOUT_SECONDS, CallLog, FakesClient
from tools.support.published import read_feed
from tools.support.session import FUNCTION_SECONDS, connect, require_running
from tools.support.settling import settle
from tools.support.store import Store
from tools.support.warming import warm_up

CLIENTS = 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay a file and check the outcome.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code: 0 if the database holds what was sent, and everything holds.
    """
    options = _parser().parse_args(arguments)
    interrupted = "Stopped; what has been sent stays, unchecked."
    return exit_code(lambda: _run(options.csv, Stack(ROOT, options.state, options.port), options.clients), interrupted)


def _run(csv: Path, stack: Stack, clients: int) -> int:
    file = invoices.read(csv)
    require_running(stack)
    return 0 if _replay(Console(highlight=False), file, stack, clients) else 1


def _replay(console: Console, file: InvoiceFile, stack: Stack, clients: int) -> bool:
    """Return whether everything holds."""
    with httpx.Client(base_url=stack.services_url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        fakes = FakesClient(http)
        at_start = stock.fill(fakes, file.invoices)
        console.print(f"Stocked the inventory with {len(at_start):,} products, without prices")
        store = Store(stack.database, {invoice.customer_id for invoice in file.invoices}, datetime.now(UTC))
        log = CallLog(fakes)
        with log.collecting():
            verdict = _check_sent(console, file, stack, clients, store)
            settle(console, store.task_states)
        evidence = replace(store.collect(fakes, at_start, log.reserved), publishes_events=True, feed=read_feed(stack))
    found = violations(evidence)
    tables.show_states(console, evidence.orders)
    tables.show_violations(console, len(evidence.orders), found)
    return not verdict.mismatches and not found


def _check_sent(console: Console, file: InvoiceFile, stack: Stack, clients: int, store: Store) -> Verdict:
    """Send the invoices and compare them with what is stored."""
    outcomes, seconds = asyncio.run(_send(console, file.invoices, stack, clients))
    report.show_fates(console, file, outcomes)
    report.show_speed(console, outcomes, seconds)
    if any(outcome.fate is Fate.UNKNOWN for outcome in outcomes):
        console.print(f"Waiting {FUNCTION_SECONDS:.0f} s: requests without an answer may still be under way")
        time.sleep(FUNCTION_SECONDS)
    verdict = check.compare(outcomes, store.orders())
    report.show_verdict(console, verdict)
    return verdict


async def _send(
    console: Console, invoices: Sequence[Invoice], stack: Stack, clients: int
) -> tuple[list[Outcome], float]:
    """Return the outcomes, and how many seconds sending took."""

    def token(customer: str) -> str:
        """Sign a token that may set prices, because the inventory states none."""
        return stack.token(customer, CREATE)

    async with connect(stack, clients) as http:
        begun = time.perf_counter()
        await warm_up(http, stack.token, clients)
        console.print(f"Warmed the API up for {clients} clients in {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        with progress.shown(console, len(invoices)) as advance:
            outcomes = await send(invoices, Orders(Api(http, cache(token))), clients, advance)
        return outcomes, time.perf_counter() - begun


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.replay", description="Send real invoices to a running stack."
    )
    parser.add_argument("--csv", type=Path, required=True, help="a CSV file of the Online Retail data set (CSV)")
    parser.add_argument("--clients", type=count, default=CLIENTS, help=f"how many at once, {CLIENTS} by default")
    add_stack_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
