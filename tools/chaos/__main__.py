"""The command line: `python -m tools.chaos --orders 1000 --seed 1`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from random import Random

import httpx
from rich.console import Console

from checks.evidence import FAILED, Request
from checks.violations import violations
from local import emulator
from local.interrupts import exit_code, heed_termination
from local.layout import ROOT
from local.options import add_stack_options, count
from local.stack import Stack
from orders.use_cases.task_result import LATE_EFFECT
from tools.chaos import faults, plan, report
from tools.chaos.clients import STAFF, Crowd
from tools.chaos.killer import Killer
from tools.chaos.plan import Plan
from tools.chaos.providers import Providers
from tools.chaos.report import Run
from tools.chaos.scene import Scene
from tools.support import progress
from tools.support.api import Api
from tools.support.fakes_client import TIMEOUT_SECONDS, CallLog, FakesClient
from tools.support.published import BusLog, disordered, read_feed
from tools.support.session import FUNCTION_SECONDS, connect, require_running
from tools.support.settling import settle
from tools.support.store import Store
from tools.support.tables import show_violations
from tools.support.warming import warm_up

ORDERS = 1000
SEED = 1
CLIENTS = 16
CONNECTIONS = 3 * CLIENTS
"""Cancellations and reports go on beside the orders."""
STAFF_SCOPE = "orders:read orders:write"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run chaos, then check what must hold.

    Args:
        arguments: The command line; the process's own by default.

    Returns:
        The exit code: 0 if everything holds.
    """
    options = _parser().parse_args(arguments)
    interrupted = "Stopped; the faults are cleared, and what was ordered stays, unchecked."
    return exit_code(lambda: _run(Stack(ROOT, options.state, options.port), options.orders, options.seed), interrupted)


def _run(stack: Stack, orders: int, seed: int) -> int:
    console = Console(highlight=False)
    require_running(stack)
    with httpx.Client(base_url=stack.services_url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        run = _Chaos(console, stack, FakesClient(http), seed).run(orders)
    report.show_run(console, run)
    found = violations(run.evidence)
    show_violations(console, len(run.evidence.orders), found)
    return 1 if found else 0


class _Chaos:
    """One run on a stack."""

    def __init__(self, console: Console, stack: Stack, fakes: FakesClient, seed: int) -> None:
        self._console = console
        self._stack = stack
        self._fakes = fakes
        self._seed = seed
        since = datetime.now(UTC)
        self._since = since
        self._scene = Scene(f"chaos-{since:%m%d%H%M%S}")
        self._providers = Providers(fakes, Random(seed))

    def run(self, orders: int) -> Run:
        """Place so many orders while faults are injected; return what happened once everything is settled."""
        plans = plan.draw(orders, self._seed)
        stock = plan.stock(orders)
        self._scene.set(self._fakes, stock, plans)
        store = Store(self._stack.database, {self._scene.customer(each) for each in plans}, self._since)
        killer = Killer(self._stack.layout, Random(self._seed))
        asyncio.run(self._warm_up())
        log = CallLog(self._fakes)
        bus = BusLog(emulator.client("sqs", self._stack.layout.emulator_url))
        with log.collecting(), bus.collecting():
            begun = time.monotonic()
            with self._providers.at_work(), faults.injected(self._fakes, self._seed), killer.at_work():
                crowd = asyncio.run(self._crowd(plans))
            self._console.print(
                f"Chaos for {time.monotonic() - begun:,.0f} s: {killer.killed.total():,} workers killed, "
                f"{self._providers.settled:,} charges settled late; faults cleared"
            )
            self._providers.settle_all()
            time.sleep(FUNCTION_SECONDS)  # a request without an answer may still be under way
            redriven = self._settle(store)
        at_start = {self._scene.product(name): units for name, units in stock.items()}
        requests = [Request(self._scene.email(each.plan), each.fate, each.order_id) for each in crowd.attempts]
        evidence = replace(
            store.collect(self._fakes, at_start, log.reserved, requests),
            publishes_events=True,
            feed=read_feed(self._stack),
            bus=disordered(bus.events, Random(self._seed)),
        )
        return Run(
            attempts=crowd.attempts,
            acts=crowd.acts,
            evidence=evidence,
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
                await crowd.run(plans, CLIENTS, advance)
            return crowd

    def _token(self, customer: str) -> str:
        return self._stack.token(customer, STAFF_SCOPE if customer == STAFF else "")

    def _settle(self, store: Store) -> int:
        """Wait until no task is pending; redrive failed tasks once; return how many."""

        def relay() -> None:
            """Settle late charges, let tasks ask that wait for a service to decide, and send them as the schedule does.

            By now, no call is on its way to a service. What it does not know does not exist, and need not be awaited.
            """
            self._providers.settle_all()
            store.let_time_pass(LATE_EFFECT)
            self._stack.call("relay_outbox", {})

        settle(self._console, store.task_states, nudge=relay)
        tasks = [task for order in store.orders() for task in order.tasks]
        report.show_failed(self._console, "Failed, and sent back", tasks)
        if not store.task_states()[FAILED]:
            return 0
        redriven: int = self._stack.call("relay_outbox", {"failed": "redrive"})["redriven"]
        settle(self._console, store.task_states, nudge=relay)
        return redriven


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description="Inject faults into a running stack.")
    parser.add_argument("--orders", type=count, default=ORDERS, help=f"how many, {ORDERS} by default (ORDERS)")
    parser.add_argument("--seed", type=int, default=SEED, help="repeats a run's choices (SEED)")
    add_stack_options(parser)
    return parser


if __name__ == "__main__":
    heed_termination()
    sys.exit(main())
