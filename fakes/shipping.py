"""The shipping service: parcels, which can be cancelled until they are dispatched."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, ClassVar, Literal, NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict, Field, with_config

from fakes.address import Address
from fakes.service import Answer, IdempotencyKey, Keys, Operation, Refusal, created, get_or_refuse, of_order
from fakes.values import Label, Record, ShippingMethod, StrictBody, Text, Units

type ShipmentStatus = Literal["ready", "dispatched", "cancelled"]


@with_config(ConfigDict(extra="forbid"))
class ShipmentLine(TypedDict):
    """How much of a product is in a parcel, with the name that the customer saw where it is known."""

    product_id: Text
    quantity: Units
    name: NotRequired[Label]


class NewShipment(StrictBody):
    """The contents of a parcel, its address, how to ship it, and its order, which is the reference."""

    reference: Text
    lines: Annotated[list[ShipmentLine], Field(min_length=1)]
    address: Address | None = None
    method: ShippingMethod | None = None


class Shipment(Record):
    """A parcel.

    Attributes:
        lines: As received.
        address: As received; null if the request had none.
        method: The same.
    """

    order_id: str
    lines: list[ShipmentLine]
    address: Address | None = None
    method: str | None = None
    id: str
    tracking_number: str
    status: ShipmentStatus


class Shipments(BaseModel):
    """Shipments in the order in which they were created."""

    shipments: list[Shipment]


@dataclass(slots=True)
class Shipping:
    """The service.

    Attributes:
        shipments: By id.
        keys: The idempotency keys that were used.
        new_id: Returns a new id with a prefix.
        refuses_cancel: Dispatch parcels at the moment when they are cancelled.
    """

    shipments: MutableMapping[str, Shipment]
    keys: Keys
    new_id: Callable[[str], str]
    refuses_cancel: bool = False

    def create_shipment(self, body: NewShipment, idempotency_key: IdempotencyKey = None) -> Answer[Shipment]:
        """Create a parcel that is ready. The same key again answers 200 with the same shipment as it is now."""

        def create() -> str:
            shipment_id = self.new_id("shp")
            self.shipments[shipment_id] = Shipment(
                id=shipment_id,
                tracking_number=f"TRK{shipment_id.removeprefix('shp_')[:16].upper()}",
                status="ready",
                order_id=body.reference,
                **body.model_dump(exclude={"reference"}),
            )
            return shipment_id

        shipment_id, is_new = self.keys.once("shipment", idempotency_key, body.model_dump(exclude_none=True), create)
        return created(self.shipments[shipment_id], is_new=is_new)

    def list_shipments(self, reference: str | None = None, order_id: str | None = None) -> Answer[Shipments]:
        """List shipments: an order's, or all. `reference` and `order_id` are names of the same."""
        return Answer(Shipments(shipments=of_order(self.shipments.values(), reference or order_id)))

    def get_shipment(self, shipment_id: str) -> Answer[Shipment]:
        """Return a shipment."""
        return Answer(self._get(shipment_id))

    def dispatch_shipment(self, shipment_id: str) -> Answer[Shipment]:
        """Dispatch a parcel."""
        if self._get(shipment_id).status == "cancelled":
            raise Refusal(
                HTTPStatus.CONFLICT, "shipment_cancelled", f"The shipment {shipment_id!r} has been cancelled."
            )
        return self._set_status(shipment_id, "dispatched")

    def cancel_shipment(self, shipment_id: str) -> Answer[Shipment]:
        """Cancel a parcel unless it is dispatched."""
        if self._get(shipment_id).status == "ready":
            self._set_status(shipment_id, "dispatched" if self.refuses_cancel else "cancelled")
        if self._get(shipment_id).status == "dispatched":
            raise Refusal(HTTPStatus.CONFLICT, "already_left", f"The shipment {shipment_id!r} has left already.")
        return self.get_shipment(shipment_id)

    def forget_keys(self) -> Answer[None]:
        """Forget all idempotency keys, as services do after a day."""
        self.keys.forget("shipment")
        return Answer(None, HTTPStatus.NO_CONTENT)

    def _get(self, shipment_id: str) -> Shipment:
        return get_or_refuse(self.shipments, shipment_id, "shipment")

    def _set_status(self, shipment_id: str, status: ShipmentStatus) -> Answer[Shipment]:
        self.shipments[shipment_id] = self._get(shipment_id).model_copy(update={"status": status})
        return self.get_shipment(shipment_id)

    OPERATIONS: ClassVar[tuple[Operation, ...]] = (
        Operation("POST", "/shipments", create_shipment, HTTPStatus.CREATED),
        Operation("GET", "/shipments", list_shipments),
        Operation("GET", "/shipments/{shipment_id}", get_shipment),
        Operation("POST", "/shipments/{shipment_id}/dispatch", dispatch_shipment),
        Operation("POST", "/shipments/{shipment_id}/cancel", cancel_shipment),
        Operation("DELETE", "/keys", forget_keys, HTTPStatus.NO_CONTENT),
    )
