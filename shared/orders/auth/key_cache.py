"""Find the keys that may verify a token, through key rotation and outages of their source."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orders.aws.refreshed import Refreshed, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Key:
    """A key for one algorithm; one without a `kid` is tried for every token."""

    kid: str | None
    algorithm: str
    material: Any


class KeysUnavailable(SourceUnavailable):
    """The keys cannot be fetched or are invalid. The message says why and contains no key material."""


class KeyCache:
    """The keys, refreshed as `Refreshed` says, and when a token names an unknown key id."""

    def __init__(self, fetch: Callable[[], Sequence[Key]], clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = Refreshed("keys", fetch, clock)

    def find(self, kid: str | None) -> list[Key]:
        """Return the keys that may verify a token with this key id; all keys for a token without one.

        Raises:
            KeysUnavailable: there are no keys, and they cannot be fetched.
        """
        keys = self._keys.get()
        return _matching(keys, kid) or _matching(self._keys.newer_than(keys), kid)


def _matching(keys: Sequence[Key], kid: str | None) -> list[Key]:
    return [key for key in keys if kid is None or key.kid in (None, kid)]
