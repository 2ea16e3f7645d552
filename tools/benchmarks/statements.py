"""The time spent on statements of the database, as the function waits for them, and their number."""

from functools import partial
from time import perf_counter
from typing import Any, override

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's name for its class

number = 0
seconds = 0.0
"""Statements, and time spent on them, since these were set to 0."""


def measure() -> None:
    """Measure each statement of the connections made from now on, for a function that commits each statement."""
    setattr(psycopg2, "connect", partial(psycopg2.connect, cursor_factory=_MeasuredCursor))  # noqa: B010


class _MeasuredCursor(Cursor):
    @override
    def execute(self, query: Any, vars: Any = None) -> None:
        global number, seconds  # noqa: PLW0603 - one environment handles one request at a time
        begun = perf_counter()
        try:
            super().execute(query, vars)
        finally:
            number += 1
            seconds += perf_counter() - begun
