"""Cache a key or a secret from a source that changes it, through rotation and outages of the source."""

import math
import time
from collections.abc import Callable
from threading import Lock

from orders.telemetry import count, logger

_TTL_SECONDS = 300
"""After this time a value is fetched again; also how long a revoked one is still used."""
_MIN_REFRESH_INTERVAL_SECONDS = 60
"""Minimum interval between refreshes, so that forged key ids or refused calls cannot flood the source."""
_MAX_STALE_SECONDS = 86_400
"""How long a stale value is used while the source is down: longer than most outages, but limited, because it may have
been revoked meanwhile."""


class SourceUnavailable(Exception):
    """The source does not answer, or its answer is unusable. The message says why and contains nothing secret."""


class Refreshed[Value]:
    """A value that is fetched at first use, when it is older than the TTL, and when it turns out to be outdated.

    While it cannot be fetched, the stale value is used for up to a day. Safe to share between threads: one fetches, and
    the others wait for its result.

    Args:
        what: what the value is, for the log.
        fetch: fetches it; raises `SourceUnavailable`.
        clock: returns seconds.
    """

    def __init__(self, what: str, fetch: Callable[[], Value], clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._fetch = fetch
        self._clock = clock
        self._value: Value
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._failure: SourceUnavailable | None = None
        self._attempts = 0
        self._lock = Lock()

    def get(self) -> Value:
        """Return the value.

        Raises:
            SourceUnavailable: there is none, and it cannot be fetched.
        """
        attempts = self._attempts
        with self._lock:
            if self._clock() - self._fetched_at >= _TTL_SECONDS:
                self._refresh(attempts)
            return self._value

    def newer_than(self, outdated: Value) -> Value:
        """Return a newer value than one of `get` that turned out to be outdated; the same if there is no newer one yet.

        Raises:
            SourceUnavailable: as for `get`.
        """
        attempts = self._attempts
        with self._lock:
            if self._value is outdated:
                self._refresh(attempts)
            return self._value

    def _refresh(self, attempts: int) -> None:
        """Fetch the value, unless a usable one is cached and the last attempt is too recent.

        Args:
            attempts: how many attempts there were before the caller waited for the lock. A caller that waited for an
                attempt which failed does not make another one: many would wait for each other.
        """
        now = self._clock()
        is_usable = now - self._fetched_at < _MAX_STALE_SECONDS
        if is_usable and now - self._tried_at < _MIN_REFRESH_INTERVAL_SECONDS:
            return
        if not is_usable and self._failure and self._attempts > attempts:
            raise self._failure
        self._tried_at = now
        self._failure = None
        try:
            self._value = self._fetch()
            self._fetched_at = now
        except SourceUnavailable as error:
            self._failure = error
            if not is_usable:
                raise
            logger.warning(f"{self._what} not refreshed, using stale {self._what}", reason=str(error))
            count("NotRefreshed", what=self._what)
        finally:
            self._attempts += 1
