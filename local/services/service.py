"""The five services that are stood in for."""

from enum import StrEnum
from typing import Self


class Service(StrEnum):
    """A service; its name is the first part of its paths."""

    INVENTORY = "inventory"
    CART = "cart"
    PAYMENT = "payment"
    SHIPPING = "shipping"
    NOTIFICATION = "notification"

    @classmethod
    def of_path(cls, path: str) -> Self | None:
        """The service that a path such as `/cart/carts/5` belongs to, if it is one's."""
        prefix = path.removeprefix("/").partition("/")[0]
        return cls(prefix) if prefix in cls else None
