"""The inventory service: products with their stock and, over the same stock, reservations."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field

from fakes.service import Answer, Operation, Refusal, created, get_or_refuse
from fakes.values import Currency, Price, Record, Stock, Units, timestamp


class ProductUpdate(Record):
    """The new stock of a product, and its new name and price. Fields that are left out keep their value."""

    product_id: str | None = None
    name: str | None = None
    quantity: Stock
    unit_price: Price | None = None
    currency: Currency | None = None


class Product(ProductUpdate):
    """A product and how many units are free. Price and currency are null where the service states no price."""

    product_id: str


class Products(BaseModel):
    """Some products, or updates of products."""

    products: list[Product]


class WantedLine(BaseModel):
    """How much of a product to reserve."""

    product_id: str
    quantity: Units


class WantedLines(BaseModel):
    """What to reserve. Lines of the same product add up."""

    lines: Annotated[list[WantedLine], Field(min_length=1, max_length=1000)]


class ReservationLine(Record):
    """The reserved quantity of a product, and its price at that time."""

    product_id: str
    quantity: Units
    unit_price: Price | None
    currency: Currency | None


class Reservation(Record):
    """Stock that is set aside under an id. One that was released before it was made has no lines.

    Attributes:
        expires_at: When a held reservation expires or expired; null once it is committed or released.
    """

    reservation_id: str
    status: Literal["held", "committed", "expired", "released"]
    expires_at: str | None = None
    lines: tuple[ReservationLine, ...] = ()

    @property
    def holds_stock(self) -> bool:
        """Whether the stock is set aside now."""
        return self.status in {"held", "committed"}

    @property
    def units(self) -> Counter[str]:
        """The units of each product, by product id."""
        return Counter({line.product_id: line.quantity for line in self.lines})


class Settings(Record):
    """Settings of the service.

    Attributes:
        reservation_seconds: How long a new reservation holds stock unless it is committed.
        default_currency: The currency of a price that is set without one; null to state such prices without one.
    """

    reservation_seconds: Annotated[float, Field(gt=0, le=10**9)] = 900
    default_currency: Currency | None = "USD"


class Inventory:
    """The service. Each operation first releases the stock of expired reservations.

    Args:
        products: By id.
        reservations: By id.
        settings: The settings under an empty key, where they are not the default ones.
        now: Returns the time.
    """

    def __init__(
        self,
        products: MutableMapping[str, Product],
        reservations: MutableMapping[str, Reservation],
        settings: MutableMapping[str, Settings],
        now: Callable[[], datetime],
    ) -> None:
        self.products = products
        self.reservations = reservations
        self._settings = settings
        self._now = now
        self._expiries = [(each.expires_at or "", each_id) for each_id, each in reservations.items()]
        heapq.heapify(self._expiries)

    def expire(self) -> None:
        """Release the stock of every reservation that has been held for too long."""
        now = timestamp(self._now())
        while self._expiries and self._expiries[0][0] <= now:
            expires_at, reservation_id = heapq.heappop(self._expiries)
            reservation = self.reservations.get(reservation_id)
            if reservation and reservation.status == "held" and reservation.expires_at == expires_at:
                self._give_back(reservation)
                self._store(reservation, status="expired")

    def list_products(self, after: str = "", limit: Annotated[int, Field(ge=1, le=1000)] = 100) -> Answer[Products]:
        """List products in the order of their ids; `after` is the last id of the page before."""
        self.expire()
        ids = heapq.nsmallest(limit, (product_id for product_id in self.products if product_id > after))
        return Answer(Products(products=[self.products[product_id] for product_id in ids]))

    def set_products(self, body: Products) -> Answer[Products]:
        """Set many products, or none if one of the updates is not valid."""
        self.expire()
        return Answer(Products(products=[self._set(update.product_id, update) for update in body.products]))

    def get_product(self, product_id: str) -> Answer[Product]:
        """Return a product."""
        self.expire()
        return Answer(get_or_refuse(self.products, product_id, "product"))

    def set_product(self, product_id: str, body: ProductUpdate) -> Answer[Product]:
        """Set a product's stock and, if they are named, its name and price. Answers 201 if the product is new."""
        if body.product_id not in {None, product_id}:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "product_id_mismatch",
                f"The path names {product_id!r}, the body {body.product_id!r}.",
            )
        self.expire()
        is_new = product_id not in self.products
        return created(self._set(product_id, body), is_new=is_new)

    def get_reservation(self, reservation_id: str) -> Answer[Reservation]:
        """Return a reservation."""
        self.expire()
        return Answer(self._get(reservation_id))

    def reserve(self, reservation_id: str, body: WantedLines) -> Answer[Reservation]:
        """Reserve all lines or none. Answers 201 if the reservation is new."""
        self.expire()
        wanted: Counter[str] = Counter()
        for line in body.lines:
            wanted[line.product_id] += line.quantity
        existing = self.reservations.get(reservation_id)
        if existing is not None:
            _refuse_released(existing)
            if existing.units != wanted:
                raise Refusal(
                    HTTPStatus.CONFLICT,
                    "reservation_mismatch",
                    f"The reservation {reservation_id!r} is for other lines.",
                )
        if existing is None or existing.status == "expired":
            self._hold(reservation_id, existing.units if existing else wanted)
        return created(self.reservations[reservation_id], is_new=existing is None)

    def commit(self, reservation_id: str) -> Answer[Reservation]:
        """Make a reservation permanent. One that has expired takes its stock again, if it is still there."""
        self.expire()
        reservation = self._get(reservation_id)
        _refuse_released(reservation)
        if reservation.status == "expired":
            self._take(reservation.units)
        self._store(reservation, status="committed", expires_at=None)
        return self.get_reservation(reservation_id)

    def release(self, reservation_id: str) -> Answer[None]:
        """Release what a reservation holds. A later reservation under the same id is refused."""
        self.expire()
        reservation = self.reservations.get(reservation_id) or Reservation(
            reservation_id=reservation_id, status="released"
        )
        if reservation.holds_stock:
            self._give_back(reservation)
        self._store(reservation, status="released", expires_at=None)
        return Answer(None, HTTPStatus.NO_CONTENT)

    def set_settings(self, body: Settings) -> Answer[Settings]:
        """Set how long new reservations last, and the currency of prices that are set without one."""
        self._settings[""] = body
        return Answer(body)

    @property
    def _current(self) -> Settings:
        return self._settings.get("", Settings())

    def _set(self, product_id: str, update: ProductUpdate) -> Product:
        existing = self.products.get(product_id)
        fields = (dict(existing) if existing else {}) | update.model_dump(exclude_unset=True)
        if fields.get("unit_price") is not None and fields.get("currency") is None:
            fields["currency"] = self._current.default_currency
        product = self.products[product_id] = Product.model_validate(fields | {"product_id": product_id})
        return product

    def _hold(self, reservation_id: str, wanted: Mapping[str, int]) -> None:
        lines = tuple(
            ReservationLine(
                product_id=product.product_id,
                quantity=wanted[product.product_id],
                unit_price=product.unit_price,
                currency=product.currency,
            )
            for product in self._take(wanted)
        )
        seconds = self._current.reservation_seconds
        expires_at = timestamp(self._now() + timedelta(seconds=seconds))
        self.reservations[reservation_id] = Reservation(
            reservation_id=reservation_id, status="held", expires_at=expires_at, lines=lines
        )
        heapq.heappush(self._expiries, (expires_at, reservation_id))

    def _take(self, wanted: Mapping[str, int]) -> list[Product]:
        """Take stock for all lines, or for none, and return the products as they were."""
        if unknown := [product_id for product_id in wanted if product_id not in self.products]:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "unknown_product",
                f"There is no product {', '.join(map(repr, unknown))}.",
                product_ids=unknown,
            )
        shortages = [
            {"product_id": product_id, "requested": quantity, "available": self.products[product_id].quantity}
            for product_id, quantity in wanted.items()
            if self.products[product_id].quantity < quantity
        ]
        if shortages:
            raise Refusal(
                HTTPStatus.CONFLICT,
                "insufficient_stock",
                f"There is too little of {len(shortages)} of {len(wanted)} products.",
                shortages=shortages,
            )
        products = [self.products[product_id] for product_id in wanted]
        for product_id, quantity in wanted.items():
            self._add(product_id, -quantity)
        return products

    def _give_back(self, reservation: Reservation) -> None:
        for line in reservation.lines:
            self._add(line.product_id, line.quantity)

    def _add(self, product_id: str, quantity: int) -> None:
        product = self.products[product_id]
        self.products[product_id] = product.model_copy(update={"quantity": product.quantity + quantity})

    def _get(self, reservation_id: str) -> Reservation:
        return get_or_refuse(self.reservations, reservation_id, "reservation")

    def _store(self, reservation: Reservation, **changes: str | None) -> None:
        self.reservations[reservation.reservation_id] = reservation.model_copy(update=changes)

    OPERATIONS: ClassVar[tuple[Operation, ...]] = (
        Operation("GET", "/products", list_products),
        Operation("PUT", "/products", set_products),
        Operation("GET", "/products/{product_id}", get_product),
        Operation("PUT", "/products/{product_id}", set_product),
        Operation("GET", "/reservations/{reservation_id}", get_reservation),
        Operation("PUT", "/reservations/{reservation_id}", reserve),
        Operation("POST", "/reservations/{reservation_id}/commit", commit),
        Operation("DELETE", "/reservations/{reservation_id}", release, HTTPStatus.NO_CONTENT),
        Operation("PUT", "/settings", set_settings),
    )


def _refuse_released(reservation: Reservation) -> None:
    if reservation.status == "released":
        raise Refusal(
            HTTPStatus.CONFLICT,
            "reservation_released",
            f"The reservation {reservation.reservation_id!r} has been released.",
        )
