"""The printed report has a row for everything that was counted."""

import io
from collections import Counter
from dataclasses import replace

from rich.console import Console

from checks.evidence import Fate, Request
from fakes.server.injection import Call
from fakes.service import Service
from tests.checks.samples import EMAIL, cancelled, documents, feed
from tools.chaos import report
from tools.chaos.clients import Act, Attempt
from tools.chaos.plan import Plan
from tools.chaos.report import Run

CALLS = [Call(Service.PAYMENT, "POST", "/payment/charges", None, None, "1", status) for status in (201, 503, "lost")]
ATTEMPT = Attempt(Plan(1, 0, Counter(A=2), from_cart=False, cancels=True, reports=(), pause_seconds=0), Fate.UNKNOWN)


def test_given_a_run_when_shown_then_all_its_counts_are_shown() -> None:
    evidence = cancelled()
    (order,) = evidence.orders
    failed = [replace(task, state="failed", error="it would not") for task in order.tasks[-1:]]
    run = Run(
        attempts=[ATTEMPT],
        acts=[Act("cancel", Fate.ACCEPTED)],
        evidence=replace(
            evidence,
            orders=[replace(order, tasks=(*order.tasks[:-1], *failed))],
            requests=[Request(EMAIL, Fate.UNKNOWN), Request("another", Fate.UNKNOWN)],
            feed=feed([*documents(order), *documents(replace(order, id="of somebody else"))]),
            bus=documents(order) * 2,
        ),
        calls=CALLS,
        killed=Counter({"create-order": 7}),
        redriven=3,
    )
    console = Console(file=io.StringIO(), width=100)
    report.show_run(console, run)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed.splitlines() if line.startswith("│")]
    assert "Of the orders of unknown fate, 1 were found in the database." in printed
    for row in (
        ["of unknown fate", "1"],
        ["cancel accepted", "1"],
        ["cancelled/refunded/cancelled", "1"],
        ["charge_payment", "1", "0", "0"],
        ["send_notification", "3", "1", "0"],
        ["Sent back after they had failed", "3", "", ""],
        ["send_notification: it would not", "1"],
        ["create-order", "7"],
        ["payment", "3", "1", "1"],
        ["A", "10", "10", "0", "0", "0"],
        ["Feed", "16", "8", "0"],
        ["Event bus", "16", "16", "8"],
    ):
        assert row in rows
