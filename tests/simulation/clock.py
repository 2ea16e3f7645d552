"""Time that passes when the simulation says so."""

from datetime import UTC, datetime, timedelta
from random import Random

from orders.domain.clock import Clock, unix_milliseconds, uuid7


class SimulatedClock(Clock):
    """A clock of its own, and ids from a seeded randomness."""

    def __init__(self, random: Random) -> None:
        self._at = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self._random = random

    def now(self) -> datetime:
        return self._at

    def new_order_id(self, at: datetime) -> str:
        return str(uuid7(unix_milliseconds(at), self._random.randbytes(10)))

    def pass_time(self, **duration: float) -> None:
        self._at += timedelta(**duration)

    def pass_until(self, at: datetime) -> None:
        """Advance to a time, unless it is past."""
        self._at = max(self._at, at)
