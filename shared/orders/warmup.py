"""Preparation before a function's first request: Lambda runs it at full speed, and often before a caller waits."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from orders.telemetry import logger

if TYPE_CHECKING:
    from orders.postgres.connection import Database

# Requests follow these kinds of start. A start for SnapStart ends in a snapshot, which outlives connections and must
# not hold secrets.
_WITHOUT_SNAPSHOT = frozenset({"on-demand", "provisioned-concurrency"})


class UsesDatabase(Protocol):
    """A use case that reads or writes the database."""

    @property
    def database(self) -> "Database":
        """Its connection."""


def connect(use_case: UsesDatabase) -> None:
    """Connect to the database."""
    use_case.database.connect()


def warm_up[UseCase](build: Callable[[], UseCase], prepare: Callable[[UseCase], None] | None = None) -> None:
    """Build a use case while Lambda starts the function, and prepare it if requests follow.

    A failure is logged; the first request then tries again.

    Args:
        build: builds the use case, and imports what it needs; what it builds may become part of a snapshot.
        prepare: opens connections and reads keys; not called before a snapshot.
    """
    initialization = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE")
    if initialization is None:
        return
    try:
        use_case = build()
        if prepare and initialization in _WITHOUT_SNAPSHOT:
            prepare(use_case)
    except Exception:  # noqa: BLE001 - the function starts, whatever the failure was
        logger.warning("warm-up failed", exc_info=True)
