"""How the service is: whether it can take orders, and whether their tasks are carried out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Self

from orders.config import DatabaseSettings
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable
from orders.postgres import outbox as tasks
from orders.postgres.connection import Database
from orders.schemas.responses import HealthView
from orders.telemetry import logger

DELAYED = timedelta(minutes=5)
"""After so long a task that nobody has claimed is delayed: even the relay, which sends it again, was of no use."""
BELIEVED = timedelta(seconds=1)
"""For so long the database is not asked again: who calls needs no token, and must not keep it busy."""
PATIENCE = timedelta(seconds=2)
"""A database that takes longer to answer is as good as none."""

OK: HealthView = {"status": "ok", "database": "ok", "tasks": "ok"}
DEGRADED: HealthView = {"status": "degraded", "database": "ok", "tasks": "delayed"}
UNAVAILABLE: HealthView = {"status": "unavailable", "database": "unavailable", "tasks": "unknown"}


class CheckHealth:
    """Checks how the service is, and believes what it found for a moment."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # Whoever asks can stop waiting for this thread, but not for the database itself.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._found: HealthView | None = None
        self._believed_until = clock.now()

    @classmethod
    def from_environment(cls) -> Self:
        """With the database that the environment names."""
        return cls(Database(DatabaseSettings.from_environment()), Clock())

    def check(self) -> HealthView:
        """How the service is now, or was a moment ago."""
        at = self._clock.now()
        if self._found is None or at >= self._believed_until:
            self._found = self._ask(at)
            self._believed_until = self._clock.now() + BELIEVED
        return self._found

    def _ask(self, at: datetime) -> HealthView:
        lag = self._thread.submit(tasks.lag_seconds, self._database, at)
        try:
            return DEGRADED if lag.result(PATIENCE.total_seconds()) > DELAYED.total_seconds() else OK
        except (DatabaseUnavailable, TimeoutError) as error:
            lag.cancel()
            logger.warning("the database does not answer", cause=repr(error.__cause__ or error))
            return UNAVAILABLE
