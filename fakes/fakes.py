"""All five services."""

from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Protocol

from fakes.cart import Cart, Carts, CartSettings
from fakes.inventory import Inventory, Product, Reservation, Settings
from fakes.notification import Notification, NotificationService
from fakes.payment import Charge, Payment
from fakes.service import Fake, Keys, Service, UsedKey, random_id
from fakes.shipping import Shipment, Shipping
from fakes.values import Record


class Tables(Protocol):
    """Returns the mapping that keeps the records of one kind, by id."""

    def __call__[R: Record](self, kind: type[R], /) -> MutableMapping[str, R]:
        """Return the mapping."""


def in_memory[R: Record](_kind: type[R], /) -> MutableMapping[str, R]:
    """Keep records in a dictionary."""
    return {}


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Fakes:
    """The services, all empty or as their tables have them.

    Args:
        tables: Where the records are kept.
        now: Returns the time.
        new_id: Returns a new id with a prefix.

    Attributes:
        by_name: The services by the name with which their paths begin.
    """

    def __init__(
        self,
        tables: Tables = in_memory,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[str], str] = random_id,
    ) -> None:
        keys = Keys(tables(UsedKey))
        self.inventory = Inventory(tables(Product), tables(Reservation), tables(Settings), now)
        self.carts = Carts(tables(Cart), tables(CartSettings), new_id)
        self.payment = Payment(tables(Charge), keys, new_id)
        self.shipping = Shipping(tables(Shipment), keys, new_id)
        self.notifications = NotificationService(tables(Notification), keys, new_id, now)
        self.by_name: dict[Service, Fake] = {
            Service.INVENTORY: self.inventory,
            Service.CART: self.carts,
            Service.PAYMENT: self.payment,
            Service.SHIPPING: self.shipping,
            Service.NOTIFICATION: self.notifications,
        }

    @property
    def records_of_orders(self) -> dict[str, int]:
        """How many records of each kind the tasks of orders ask for later."""
        return {
            "reservations": len(self.inventory.reservations),
            "charges": len(self.payment.charges),
            "shipments": len(self.shipping.shipments),
        }
