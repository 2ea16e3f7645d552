"""The keys that verify tokens, kept in memory: they rotate while functions run, and their source may be down."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from orders.telemetry import logger

_MAX_AGE_SECONDS = 300
"""For so long keys are used before they are read again, and so how soon a withdrawn one is no longer accepted."""
_PAUSE_SECONDS = 60
"""For so long nothing is read again, whatever key ids tokens name: forged ones must not flood the source."""
_LAST_KNOWN_SECONDS = 86_400
"""For so long the last known keys go on when they cannot be read again: longer than outages last, and yet not for ever,
as one of them may have been withdrawn meanwhile."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key for one algorithm; without a `kid` it may be the key of any token."""

    kid: str | None
    algorithm: str
    material: Any


class KeysUnavailable(Exception):
    """The keys cannot be read, or what was read is no good; the message says which, and holds nothing of a key."""


class KeyCache:
    """Reads keys when they are needed, and again when they are old or a token names one that is not among them.

    While they cannot be read again, the last ones known go on, for a day.
    """

    def __init__(self, fetch: Callable[[], Sequence[Key]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Sequence[Key] = ()
        self._read_at = -math.inf
        self._tried_at = -math.inf
        self._lock = Lock()

    def find(self, kid: str | None) -> list[Key]:
        """The keys that can have signed a token with this key id; all of them for a token without one.

        Raises:
            KeysUnavailable: there are none, and none can be read.
        """
        with self._lock:
            if self._clock() - self._read_at >= _MAX_AGE_SECONDS:
                self._refresh()
            if not self._matching(kid):
                self._refresh()
            return self._matching(kid)

    def _matching(self, kid: str | None) -> list[Key]:
        return [key for key in self._keys if kid is None or key.kid in (None, kid)]

    def _refresh(self) -> None:
        """Read the keys, unless there are some to go on with and reading was tried just now."""
        now = self._clock()
        can_go_on = now - self._read_at < _LAST_KNOWN_SECONDS
        if can_go_on and now - self._tried_at < _PAUSE_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = self._fetch()
            self._read_at = now
        except KeysUnavailable as error:
            if not can_go_on:
                raise
            logger.warning("keys not read again, the last ones go on", reason=str(error))
