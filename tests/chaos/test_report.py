"""The printed ledger has a row for everything that was counted."""

import io
from collections import Counter
from dataclasses import replace

from rich.console import Console

from local.chaos import report
from local.replay.calls import Call
from tests.chaos.test_ledger import FAILED_RECALL, WELL

CALLS = [Call("1", "payment", "POST", "/payment/charges", status) for status in (201, 503, "lost", None)]


def test_given_evidence_when_shown_then_all_of_it_is_counted() -> None:
    console = Console(file=io.StringIO(), width=100)
    evidence = replace(WELL, tasks=FAILED_RECALL, calls=CALLS, killed=Counter({"create-order": 7}), redriven=3)
    report.show_ledger(console, evidence)
    assert isinstance(console.file, io.StringIO)
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in console.file.getvalue().splitlines()
        if line.startswith("│")
    ]
    for row in (
        ["accepted", "1"],
        ["confirmed/paid/ready", "1"],
        ["send_notification", "1", "0", "0"],
        ["cancel_shipment", "0", "1", "0"],
        ["Sent back after they had failed", "3", "", ""],
        ["cancel_shipment: it would not", "1"],
        ["create-order", "7"],
        ["payment", "4", "1", "1"],
        ["A", "10", "8", "2", "0", "0"],
    ):
        assert row in rows
