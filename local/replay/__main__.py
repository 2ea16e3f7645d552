"""The command line: `python -m local.replay --csv FILE`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
from rich.console import Console

from local.errors import LocalError
from local.layout import ROOT
from local.replay import books, check, invoices, progress, report, stock
from local.replay.api import Api
from local.replay.calls import CallLog, reserved
from local.replay.check import Verdict
from local.replay.invoices import Invoice, InvoiceFile
from local.replay.orders import Orders
from local.replay.outcomes import Fate, Outcome
from local.replay.sending import send
from local.replay.session import (
    FUNCTION_SECONDS,
    INTERRUPTED,
    add_stack_options,
    connect,
    require_running,
)
from local.replay.settling import settle
from local.replay.standins import TIMEOUT_SECONDS, StandIns
from local.replay.stocktaking import take_stock
from local.replay.stored import Store, StoredOrder
from local.replay.warming import warm_up
from local.stack import Stack

CLIENTS = 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Replays a file and checks the outcome.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code: 0 if the database holds what it should, and the books balance.
    """
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        file = invoices.read(options.csv)
        stack = Stack(ROOT, options.state, options.port)
        require_running(stack)
        balanced = _replay(console, file, stack, options.clients)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; what has been sent stays, unchecked.", file=sys.stderr)
        return INTERRUPTED
    return 0 if balanced else 1


def _replay(console: Console, file: InvoiceFile, stack: Stack, clients: int) -> bool:
    """Returns whether everything is as it should be."""
    with httpx.Client(base_url=stack.services_url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        products = stock.fill(http, file.invoices)
        console.print(f"Stocked the stand-in inventory with {products:,} products, without prices")
        store = Store(stack.database, {invoice.customer_id for invoice in file.invoices}, datetime.now(UTC))
        services = StandIns(http)
        log = CallLog(services)
        with log.collecting():
            verdict = _check_sent(console, file, stack, clients, store)
            settle(console, store.task_states)
        orders = store.orders()
        mismatches = list(_mismatches(file, store, services, orders, reserved(log.calls)))
    report.show_states(console, orders)
    report.show_books(console, orders, mismatches)
    return not verdict.mismatches and not mismatches


def _check_sent(console: Console, file: InvoiceFile, stack: Stack, clients: int, store: Store) -> Verdict:
    """Sends the invoices and compares them with what is stored then."""
    outcomes, seconds = asyncio.run(_send(console, file.invoices, stack, clients))
    report.show_fates(console, file, outcomes)
    report.show_speed(console, outcomes, seconds)
    if any(outcome.fate is Fate.UNKNOWN for outcome in outcomes):
        console.print(f"Waiting {FUNCTION_SECONDS:.0f} s: requests without an answer may still be under way")
        time.sleep(FUNCTION_SECONDS)
    verdict = check.compare(outcomes, store.orders())
    report.show_verdict(console, verdict)
    return verdict


def _mismatches(
    file: InvoiceFile, store: Store, services: StandIns, orders: Sequence[StoredOrder], tried: Collection[str]
) -> Iterator[str]:
    """Yields a phrase about everything that was not carried out, and about money and stock that is elsewhere."""
    at_start = dict.fromkeys(stock.products(file.invoices), stock.UNITS)
    counted = take_stock(services, store, at_start, orders, tried)
    yield from books.unsettled(orders)
    yield from books.unfinished(store.tasks(), services.shipments())
    yield from books.stock_mismatches(counted.shelves, orders, counted.reservations)
    yield from books.money_mismatches(orders, services.charges())


async def _send(
    console: Console, invoices: Sequence[Invoice], stack: Stack, clients: int
) -> tuple[list[Outcome], float]:
    """Returns what became of the invoices, and how many seconds it took."""
    async with connect(stack, clients) as http:
        begun = time.perf_counter()
        await warm_up(http, stack.token, clients)
        console.print(f"Warmed the API up for {clients} clients in {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        with progress.shown(console, len(invoices)) as advance:
            outcomes = await send(invoices, Orders(Api(http, cache(stack.token))), clients, advance)
        return outcomes, time.perf_counter() - begun


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.replay", description="Send real invoices to a running stack."
    )
    parser.add_argument("--csv", type=Path, required=True, help="a CSV file of the Online Retail data set (CSV)")
    parser.add_argument("--clients", type=_clients, default=CLIENTS, help=f"how many at once, {CLIENTS} by default")
    add_stack_options(parser)
    return parser


def _clients(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of clients")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
