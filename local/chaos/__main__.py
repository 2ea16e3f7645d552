"""The command line: `python -m local.chaos --orders 1000 --seed 1`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from random import Random

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.chaos import knobs, ledger, plan, report
from local.chaos.clients import STAFF, Crowd
from local.chaos.killer import Killer
from local.chaos.ledger import Evidence
from local.chaos.plan import Plan
from local.chaos.relay import Relay
from local.chaos.scene import Scene
from local.errors import LocalError
from local.interrupts import heed_termination
from local.layout import ROOT
from local.replay import books, progress
from local.replay.api import Api
from local.replay.calls import CallLog, reserved
from local.replay.report import show_books
from local.replay.session import FUNCTION_SECONDS, INTERRUPTED, add_stack_options, connect, require_running
from local.replay.settling import settle
from local.replay.standins import TIMEOUT_SECONDS, StandIns
from local.replay.stocktaking import take_stock
from local.replay.stored import Store
from local.replay.warming import warm_up
from local.stack import Stack

ORDERS = 1000
SEED = 1
CLIENTS = 16
CONNECTIONS = 3 * CLIENTS
"""Cancellations and reports go on beside the orders."""
STAFF_SCOPE = "orders:read orders:write"


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes chaos and checks the books afterwards.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code: 0 if the books balance.
    """
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        stack = Stack(ROOT, options.state, options.port)
        require_running(stack)
        with httpx.Client(base_url=stack.services_url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
            evidence = _Run(console, stack, StandIns(http), options.seed).go(options.orders)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"MiniStack did not do as asked, `make status` tells what runs: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the knobs are off, and what was ordered stays, unchecked.", file=sys.stderr)
        return INTERRUPTED
    report.show_ledger(console, evidence)
    found = ledger.discrepancies(evidence)
    show_books(console, evidence.orders, found)
    return 1 if found else 0


class _Run:
    """One run against a stack: chaos, then peace, then the evidence of both."""

    def __init__(self, console: Console, stack: Stack, services: StandIns, seed: int) -> None:
        self._console = console
        self._stack = stack
        self._services = services
        self._seed = seed
        self._relay = Relay(stack.layout)
        since = datetime.now(UTC)
        self._since = since
        self._scene = Scene(f"chaos-{since:%m%d%H%M%S}")

    def go(self, orders: int) -> Evidence:
        """Places so many orders amid chaos; returns what can be known when all is quiet again."""
        plans = plan.draw(orders, self._seed)
        stock = plan.stock(orders)
        self._scene.set(self._services, stock, plans)
        store = Store(self._stack.database, {self._scene.customer(each) for each in plans}, self._since)
        killer = Killer(self._stack.layout, Random(self._seed))
        asyncio.run(self._warm_up())
        log = CallLog(self._services)
        with log.collecting():
            begun = time.monotonic()
            with knobs.turned(self._services, self._seed), killer.at_work():
                crowd = asyncio.run(self._crowd(plans))
            self._console.print(
                f"Chaos for {time.monotonic() - begun:,.0f} s: {killer.killed.total():,} workers killed; now peace"
            )
            time.sleep(FUNCTION_SECONDS)  # a request without an answer may still be under way
            redriven = self._settle(store)
        found = store.orders()
        at_start = {self._scene.product(name): units for name, units in stock.items()}
        counted = take_stock(self._services, store, at_start, found, reserved(log.calls))
        return Evidence(
            attempts=crowd.attempts,
            emails={each.number: self._scene.email(each) for each in plans},
            acts=crowd.acts,
            orders=found,
            tasks=store.tasks(),
            charges=self._services.charges(),
            shipments=self._services.shipments(),
            notifications=self._services.notifications(),
            reservations=counted.reservations,
            stock=counted.shelves,
            calls=log.calls,
            killed=killer.killed,
            redriven=redriven,
        )

    async def _warm_up(self) -> None:
        async with connect(self._stack, CONNECTIONS) as http:
            await warm_up(http, self._token, CLIENTS)

    async def _crowd(self, plans: Sequence[Plan]) -> Crowd:
        async with connect(self._stack, CONNECTIONS) as http:
            crowd = Crowd(Api(http, cache(self._token)), self._scene)
            with progress.shown(self._console, len(plans), "orders") as advance:
                await crowd.carry_out(plans, CLIENTS, advance)
            return crowd

    def _token(self, customer: str) -> str:
        return self._stack.token(customer, STAFF_SCOPE if customer == STAFF else "")

    def _settle(self, store: Store) -> int:
        """Waits until all is carried out; sends back what has failed, once; returns how many tasks that were."""
        settle(self._console, store.task_states, nudge=self._relay.run)
        report.show_failed(self._console, "Failed, and sent back", store.tasks())
        if not store.task_states()[books.FAILED]:
            return 0
        redriven = self._relay.redrive()
        settle(self._console, store.task_states, nudge=self._relay.run)
        return redriven


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description="Make chaos on a running stack.")
    parser.add_argument("--orders", type=_count, default=ORDERS, help=f"how many, {ORDERS} by default (ORDERS)")
    parser.add_argument("--seed", type=int, default=SEED, help="repeats a run's choices (SEED)")
    add_stack_options(parser)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of orders")
    return int(text)


if __name__ == "__main__":
    heed_termination()
    sys.exit(main())
