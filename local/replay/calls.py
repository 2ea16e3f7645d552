"""The calls that the stand-in services receive, read from their log before it forgets them."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from local.background import repeated
from local.errors import LocalError
from local.replay.standins import StandIns
from local.services.clock import timestamp

PAUSE_SECONDS = 10.0
"""The log keeps 10,000 calls, many times as many as come in between two looks at it."""
RESERVE = "PUT", "/inventory/reservations/"


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Attributes:
        at: When it arrived.
        status: The HTTP status of its answer, "lost" if it got none on purpose, None as long as it is running.
    """

    at: str
    service: str
    method: str
    path: str
    status: int | str | None


class CallLog:
    """Collects the calls that arrive while it is collecting.

    Args:
        services: The stand-in services.
        pause_seconds: How long to wait between two looks at their log.
    """

    def __init__(self, services: StandIns, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._services = services
        self._pause_seconds = pause_seconds
        self._calls: dict[tuple[str, str, str], Call] = {}
        self._since = ""

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Collects calls while the body of the `with` runs."""
        self._since = timestamp()
        with repeated(self._look_meanwhile, lambda: self._pause_seconds):
            yield
        self._look()

    @property
    def calls(self) -> list[Call]:
        """All calls so far, in the order of time."""
        return sorted(self._calls.values(), key=lambda call: call.at)

    def _look_meanwhile(self) -> None:
        # The one who uses the services meets the same, and says so.
        with contextlib.suppress(LocalError):
            self._look()

    def _look(self) -> None:
        for row in self._services.call("GET", "/control/calls")["calls"]:
            if row["at"] >= self._since:
                self._calls[row["at"], row["method"], row["path"]] = _call(row)


def reserved(calls: Iterable[Call]) -> set[str]:
    """Returns the ids under which calls have reserved stock, or tried to."""
    method, prefix = RESERVE
    return {call.path.removeprefix(prefix) for call in calls if call.method == method and call.path.startswith(prefix)}


def _call(row: dict[str, Any]) -> Call:
    return Call(row["at"], row["service"], row["method"], row["path"], row["status"])
