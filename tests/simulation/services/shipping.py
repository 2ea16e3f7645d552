"""The shipping service: parcels, which can be called back until they have left."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.simulation.services.service import Answer, BadCall, Once, Refusal, Request


@dataclass(slots=True)
class Shipment:
    """A parcel."""

    id: str
    order_id: str
    status: Literal["ready", "dispatched", "cancelled"] = "ready"


@dataclass(slots=True)
class Shipping:
    """The service; `shipments` are its books. Where it `refuses`, parcels leave at the moment they are cancelled."""

    refuses: bool = False
    shipments: dict[str, Shipment] = field(default_factory=dict)
    _created: Once = field(default_factory=Once)

    def handle(self, request: Request) -> Answer:
        match (request.method, *request.path):
            case ("POST", "shipments"):
                return self._create(request.key, request.body)
            case ("POST", "shipments", name, "cancel"):
                return self._cancel(name)
        raise BadCall(request)

    def dispatch(self, order_id: str | None) -> bool:
        """Let the parcels of an order leave; tells whether there is any that has left."""
        parcels = [each for each in self.shipments.values() if each.order_id == order_id and each.status != "cancelled"]
        for shipment in parcels:
            shipment.status = "dispatched"
        return bool(parcels)

    def _create(self, key: str | None, body: Any) -> Answer:
        def create() -> str:
            name = f"shp_{len(self.shipments) + 1}"
            self.shipments[name] = Shipment(name, body["order_id"])
            return name

        name, is_new = self._created.do(key, body, create)
        return Answer(201 if is_new else 200, {"id": name, "tracking_number": f"TRK{name}"})

    def _cancel(self, name: str) -> Answer:
        shipment = self.shipments.get(name)
        if shipment is None:
            raise Refusal(404, "unknown_shipment")
        if shipment.status == "ready":
            shipment.status = "dispatched" if self.refuses else "cancelled"
        if shipment.status == "dispatched":
            raise Refusal(409, "already_left")
        return Answer(200, {"id": name})
