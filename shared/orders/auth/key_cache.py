"""Cache the keys that verify tokens, through key rotation and outages of their source."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from orders.telemetry import logger

_CACHE_TTL_SECONDS = 300
"""After this time keys are fetched again; also how long a revoked key is still accepted."""
_MIN_REFRESH_INTERVAL_SECONDS = 60
"""Minimum interval between refreshes, so that forged key ids cannot flood the source."""
_MAX_STALE_SECONDS = 86_400
"""How long stale keys are used while the source is down: longer than most outages, but limited, because one of the keys
may have been revoked meanwhile."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key for one algorithm; one without a `kid` is tried for every token."""

    kid: str | None
    algorithm: str
    material: Any


class KeysUnavailable(Exception):
    """The keys cannot be fetched or are invalid. The message says why and contains no key material."""


class KeyCache:
    """Fetch keys at first use, when they are older than the TTL, and when a token names an unknown key id.

    While they cannot be fetched, stale keys are used for up to a day.
    """

    def __init__(self, fetch: Callable[[], Sequence[Key]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Sequence[Key] = ()
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._lock = Lock()

    def find(self, kid: str | None) -> list[Key]:
        """Return the keys that may verify a token with this key id; all keys for a token without one.

        Raises:
            KeysUnavailable: there are no keys, and they cannot be fetched.
        """
        with self._lock:
            if self._clock() - self._fetched_at >= _CACHE_TTL_SECONDS:
                self._refresh()
            if not self._matching(kid):
                self._refresh()
            return self._matching(kid)

    def _matching(self, kid: str | None) -> list[Key]:
        return [key for key in self._keys if kid is None or key.kid in (None, kid)]

    def _refresh(self) -> None:
        """Fetch the keys, unless usable ones are cached and the last attempt is too recent."""
        now = self._clock()
        is_usable = now - self._fetched_at < _MAX_STALE_SECONDS
        if is_usable and now - self._tried_at < _MIN_REFRESH_INTERVAL_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = self._fetch()
            self._fetched_at = now
        except KeysUnavailable as error:
            if not is_usable:
                raise
            logger.warning("keys not refreshed, using stale keys", reason=str(error))
