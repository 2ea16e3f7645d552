"""A client of the fakes: their records, their log of calls, and whatever else they can be told."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from fakes.inventory import Reservation
from fakes.notification import Notification, Notifications
from fakes.payment import Charge, Charges
from fakes.server.injection import Call
from fakes.shipping import Shipment, Shipments
from fakes.values import timestamp
from local.background import repeated
from local.errors import LocalError

TIMEOUT_SECONDS = 60.0
PAGE = 1000
PAUSE_SECONDS = 10.0
"""The log keeps 10,000 calls, many times as many as arrive between two reads."""
RESERVE = "PUT", "/inventory/reservations/"
_CALLS = TypeAdapter(list[Call])


class FakesClient:
    """Calls the fakes.

    Args:
        http: A client with their address.

    Raises:
        LocalError: From each method: they do not answer, or refuse.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def free(self, products: Iterable[str]) -> dict[str, int]:
        """Return how many units of each product are free."""
        wanted = set(products)
        free: dict[str, int] = {}
        after = ""
        while page := self.call("GET", f"/inventory/products?limit={PAGE}&after={quote(after)}")["products"]:
            free |= {row["product_id"]: row["quantity"] for row in page if row["product_id"] in wanted}
            after = page[-1]["product_id"]
        return free

    def reservations(self, ids: Iterable[str]) -> list[Reservation]:
        """Return the reservations with these ids, where there are any."""
        rows = (self.call("GET", f"/inventory/reservations/{each}", missing=HTTPStatus.NOT_FOUND) for each in ids)
        return [Reservation.model_validate(row) for row in rows if row]

    def charges(self) -> list[Charge]:
        """Return all charges."""
        return Charges.model_validate(self.call("GET", "/payment/charges")).charges

    def shipments(self) -> list[Shipment]:
        """Return all shipments."""
        return Shipments.model_validate(self.call("GET", "/shipping/shipments")).shipments

    def notifications(self) -> list[Notification]:
        """Return all messages that were sent."""
        return Notifications.model_validate(self.call("GET", "/notification/notifications")).notifications

    def calls(self) -> list[Call]:
        """Return the calls in the log."""
        return _CALLS.validate_python(self.call("GET", "/control/calls")["calls"])

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, missing: HTTPStatus | None = None
    ) -> Any:  # noqa: ANN401 - JSON of any kind
        """Send a request and return the JSON of its answer; None if the answer has the status `missing`."""
        try:
            answer = self._http.request(method, path, json=body)
            if answer.status_code == missing:
                return None
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise LocalError(f"The fakes failed; `make status` shows what runs: {error}") from error
        return answer.json() if answer.content else None


class CallLog:
    """Collects the calls that arrive at the fakes before their log drops them.

    Args:
        fakes: The fakes.
        pause_seconds: How long to wait between two reads of the log.
    """

    def __init__(self, fakes: FakesClient, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._fakes = fakes
        self._pause_seconds = pause_seconds
        self._calls: dict[tuple[str, str, str], Call] = {}
        self._since = ""

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect calls while the body of the `with` runs."""
        self._since = timestamp(datetime.now(UTC))
        with repeated(self._read_meanwhile, lambda: self._pause_seconds):
            yield
        self._read()

    @property
    def calls(self) -> list[Call]:
        """All calls so far, in the order of time."""
        return sorted(self._calls.values(), key=lambda call: call.at)

    @property
    def reserved(self) -> set[str]:
        """The ids under which calls have reserved stock, or tried to."""
        method, prefix = RESERVE
        return {
            call.path.removeprefix(prefix)
            for call in self._calls.values()
            if call.method == method and call.path.startswith(prefix)
        }

    def _read_meanwhile(self) -> None:
        # Whoever uses the fakes at this moment gets the same error and reports it.
        with contextlib.suppress(LocalError):
            self._read()

    def _read(self) -> None:
        for call in self._fakes.calls():
            if call.at >= self._since:
                self._calls[call.at, call.method, call.path] = call
