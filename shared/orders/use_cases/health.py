"""Check the service's health: whether it can take orders, and whether tasks are processed in time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from orders import telemetry
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable
from orders.postgres import outbox
from orders.postgres.connection import Database
from orders.schemas.responses import HealthView
from orders.telemetry import logger

DELAYED = timedelta(minutes=5)
"""How long a task may be available before tasks count as delayed: the relay should have sent it again long before."""
CACHE_TTL = timedelta(seconds=1)
"""How long a result is reused: callers need no token, and must not be able to load the database."""
QUERY_TIMEOUT = timedelta(seconds=2)
"""How long the database may take to answer."""

OK: HealthView = {"status": "ok", "database": "ok", "tasks": "ok"}
DEGRADED: HealthView = {"status": "degraded", "database": "ok", "tasks": "delayed"}
UNAVAILABLE: HealthView = {"status": "unavailable", "database": "unavailable", "tasks": "unknown"}


class CheckHealth:
    """Check the service's health, and cache the result for `CACHE_TTL`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # The check can stop waiting for this thread; it could not stop waiting for the database itself.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._cached: HealthView | None = None
        self._cached_until = clock.now()

    def check(self) -> HealthView:
        """Return the health now, or from the cache."""
        at = self._clock.now()
        if self._cached is None or at >= self._cached_until:
            self._cached = self._query(at)
            self._cached_until = self._clock.now() + CACHE_TTL
        return self._cached

    def _query(self, at: datetime) -> HealthView:
        lag = self._thread.submit(outbox.lag_seconds, self._database, at)
        try:
            return DEGRADED if lag.result(QUERY_TIMEOUT.total_seconds()) > DELAYED.total_seconds() else OK
        except (DatabaseUnavailable, TimeoutError) as error:
            lag.cancel()
            logger.warning("the database does not answer", causes=telemetry.cause_of(error.__cause__ or error))
            return UNAVAILABLE
