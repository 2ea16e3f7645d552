"""The measured implementations: this service, the same API in common frameworks, and a minimal handler."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

ROOT = Path(__file__).parents[3]
OURS = "ours"
UNSENT = "ours, no SQS"
"""This service without sending tasks to SQS."""
IDIOMATIC = "idiomatic"
TUNED = "tuned"
EQUAL_WORK = "tuned, equal work"
"""The tuned peer with what this service does beside storing an order; only creates orders."""
FLOOR = "floor"
CONTENDERS = (OURS, TUNED, IDIOMATIC, FLOOR)
CREATORS = (OURS, TUNED, EQUAL_WORK, IDIOMATIC, FLOOR)

CONTEXT = SimpleNamespace(
    function_name="orders-benchmark",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:orders-benchmark",
    aws_request_id="6bc28136-xmpl-4365-b021-0ce6b2e64ab0",
    log_stream_name="2026/11/20/[$LATEST]0",
)
"""The part of Lambda's context that functions use."""

_SENDERS = frozenset({"create_order", "cancel_order", "update_order_status", "process_task", "relay_outbox"})
_FILES = {
    IDIOMATIC: Path(__file__).parent / "peer/idiomatic.py",
    TUNED: Path(__file__).parent / "peer/tuned.py",
    EQUAL_WORK: Path(__file__).parent / "peer/equal_work.py",
    FLOOR: Path(__file__).parent / "floor.py",
}


def load(contender: str, function: str) -> Handler:
    """Load a handler as Lambda does.

    Args:
        contender: one of this module's names, or the folder of a checkout of this service.
        function: the function's name; the peers and the floor have one handler for all functions.
    """
    is_ours = contender in {OURS, UNSENT}
    folder = ROOT if is_ours else Path(contender)
    path = _FILES.get(contender, folder / "functions" / function / "app.py")
    spec = importlib.util.spec_from_file_location(f"contender_{function}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if is_ours and function in _SENDERS:
        from tools.benchmarks import sending

        if contender == UNSENT:
            sending.leave_out()
        else:
            sending.measure()
    handler: Handler = module.handler
    return handler


def seconds_sending() -> float:
    """Return the seconds spent on sending to SQS since the last call; 0 where sending is not measured."""
    if "tools.benchmarks.sending" not in sys.modules:
        return 0.0
    from tools.benchmarks import sending

    spent, sending.seconds = sending.seconds, 0.0
    return spent
