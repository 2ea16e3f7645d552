"""What is measured, side by side: the service, what others would write, and as little as can be."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

ROOT = Path(__file__).parents[3]
OURS = "ours"
UNSENT = "ours, nothing sent"
IDIOMATIC = "idiomatic"
TUNED = "tuned"
FLOOR = "floor"
CONTENDERS = (OURS, TUNED, IDIOMATIC, FLOOR)

_SENDERS = frozenset({"create_order", "cancel_order", "update_order_status", "process_task", "relay_tasks"})
_FILES = {
    IDIOMATIC: Path(__file__).parent / "peer/idiomatic.py",
    TUNED: Path(__file__).parent / "peer/tuned.py",
    FLOOR: Path(__file__).parent / "floor.py",
}


def load(contender: str, function: str) -> Handler:
    """A contender's handler, loaded as Lambda would: the service has one for each function, the others one for all."""
    spec = importlib.util.spec_from_file_location(
        f"{contender}_{function}", _FILES.get(contender, ROOT / "functions" / function / "app.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if contender not in _FILES and function in _SENDERS:
        from tests.benchmarks import sending

        if contender == UNSENT:
            sending.leave_out()
        else:
            sending.measure()
    handler: Handler = module.handler
    return handler


def seconds_sending() -> float:
    """How long the service has handed tasks to SQS since this was last asked; 0 for everybody else."""
    if "tests.benchmarks.sending" not in sys.modules:
        return 0.0
    from tests.benchmarks import sending

    spent, sending.seconds = sending.seconds, 0.0
    return spent
