"""What the services do of themselves while there is chaos: settle charges late, forget keys, expire reservations."""

import contextlib
from collections.abc import Iterator
from random import Random

from local.background import repeated
from local.errors import LocalError
from tools.support.fakes_client import FakesClient

PAUSE_SECONDS = 3.0
SETTLE_SHARE = 0.2
"""How many of the charges that are processing are settled each time."""
DECLINE_SHARE = 0.2
"""How many of these are declined."""
FORGET_SHARE = 0.2
"""How often the idempotency keys are forgotten."""
RESERVATION_SECONDS = 20
"""Reservations expire before some of the payments have succeeded."""


class Providers:
    """Acts on the services, and tells the order service nothing: it has to ask.

    Args:
        fakes: The services.
        random: Chooses what happens.

    Attributes:
        settled: How many charges were settled late.
    """

    def __init__(self, fakes: FakesClient, random: Random) -> None:
        self._fakes = fakes
        self._random = random
        self.settled = 0

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Act while the body of the `with` runs; then settle all charges, and let reservations last again."""
        self._fakes.call("PUT", "/inventory/settings", {"reservation_seconds": RESERVATION_SECONDS})
        try:
            with repeated(self._act, lambda: PAUSE_SECONDS):
                yield
        finally:
            self._fakes.call("PUT", "/inventory/settings", {})

    def settle_all(self) -> None:
        """Settle the charges that are still processing; without faults, none of these calls fails."""
        self._settle(share=1.0)

    def _act(self) -> None:
        # The services fail these calls too; the next time is soon.
        with contextlib.suppress(LocalError):
            self._settle(SETTLE_SHARE)
            if self._random.random() < FORGET_SHARE:
                self._fakes.call("DELETE", "/payment/keys")
                self._fakes.call("DELETE", "/shipping/keys")

    def _settle(self, share: float) -> None:
        for charge in self._fakes.charges():
            if charge.status == "processing" and self._random.random() < share:
                status = "declined" if self._random.random() < DECLINE_SHARE else "succeeded"
                self._fakes.call("POST", f"/payment/charges/{charge.id}/settle", {"status": status})
                self.settled += 1
