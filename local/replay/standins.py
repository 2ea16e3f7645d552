"""What the stand-in services know: stock, reservations, charges, parcels, messages, and the calls that came in."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from local.errors import LocalError

TIMEOUT_SECONDS = 60.0
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that was asked of a customer, in minor units; it was taken if the charge has succeeded."""

    order_id: str
    status: str
    amount: int
    currency: str
    refunded_amount: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel: ready, dispatched or cancelled."""

    order_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that was sent."""

    order_id: str
    template: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """Stock that was set aside under an id.

    Attributes:
        status: held, committed, expired or released.
        units: Of each product.
    """

    id: str
    status: str
    units: Counter[str]

    @property
    def holds_stock(self) -> bool:
        """Whether the stock is set aside now."""
        return self.status in {"held", "committed"}


class StandIns:
    """Asks the stand-in services, and tells them what to do.

    Args:
        http: Knows their address.

    Raises:
        LocalError: From each method: they do not answer as they should.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def free(self, products: Iterable[str]) -> dict[str, int]:
        """Returns how many units of each product are free."""
        wanted = set(products)
        free: dict[str, int] = {}
        after = ""
        while page := self.call("GET", f"/inventory/products?limit={PAGE}&after={quote(after)}")["products"]:
            free |= {row["product_id"]: row["quantity"] for row in page if row["product_id"] in wanted}
            after = page[-1]["product_id"]
        return free

    def reservations(self, ids: Iterable[str]) -> list[Reservation]:
        """Returns the reservations of these ids, as far as there are any."""
        found = []
        for reservation_id in ids:
            path = f"/inventory/reservations/{reservation_id}"
            if row := self.call("GET", path, missing=HTTPStatus.NOT_FOUND):
                units = Counter({line["product_id"]: line["quantity"] for line in row["lines"]})
                found.append(Reservation(reservation_id, row["status"], units))
        return found

    def charges(self) -> list[Charge]:
        """Returns all charges."""
        rows = self.call("GET", "/payment/charges")["charges"]
        return [
            Charge(row["order_id"], row["status"], row["amount"], row["currency"], row["refunded_amount"])
            for row in rows
        ]

    def shipments(self) -> list[Shipment]:
        """Returns all parcels."""
        return [
            Shipment(row["order_id"], row["status"]) for row in self.call("GET", "/shipping/shipments")["shipments"]
        ]

    def notifications(self) -> list[Notification]:
        """Returns all messages that were sent."""
        rows = self.call("GET", "/notification/notifications")["notifications"]
        return [Notification(row["order_id"], row["template"]) for row in rows]

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, missing: HTTPStatus | None = None
    ) -> Any:  # noqa: ANN401 - JSON of any kind
        """Sends a request and returns the JSON of its answer.

        Args:
            method: Of HTTP.
            path: Of the stand-in services.
            body: What to send as JSON.
            missing: The status that says that there is nothing; None is returned then.
        """
        try:
            answer = self._http.request(method, path, json=body)
            if answer.status_code == missing:
                return None
            answer.raise_for_status()
        except httpx.HTTPError as error:
            message = f"The stand-in services do not do as asked, `make status` tells what runs: {error}"
            raise LocalError(message) from error
        return answer.json() if answer.content else None
