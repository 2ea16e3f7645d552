"""What a function does before its first request: Lambda starts it at full speed, and before anybody waits if it can."""

import os
from collections.abc import Callable
from typing import Protocol

from orders.telemetry import logger

# Requests follow these kinds of start. What follows one for SnapStart is a snapshot, which outlives connections and is
# not to hold secrets.
_WITHOUT_SNAPSHOT = frozenset({"on-demand", "provisioned-concurrency"})


class Preparing(Protocol):
    """What can do in advance what its first use would wait for."""

    def prepare(self) -> None:
        """Do it, unless it is done."""


def warm_up(use_case: Callable[[], Preparing]) -> None:
    """Prepare for the first request, where Lambda is starting the function to answer requests.

    If it fails that is logged, and the first request finds out by itself whether it still does.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") not in _WITHOUT_SNAPSHOT:
        return
    try:
        use_case().prepare()
    except Exception:  # noqa: BLE001 - whatever it was, the function starts
        logger.warning("not prepared for the first request", exc_info=True)
