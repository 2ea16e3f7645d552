"""Price the lines of an order: at the inventory's price if it states one, else at the caller's."""

from collections.abc import Mapping, Sequence

from orders.domain import money
from orders.domain.errors import DownstreamUnavailable, PriceChanged, PriceUnknown, ValidationFailed
from orders.domain.order import Line
from orders.domain.stock import Price
from orders.schemas.problems import PriceChange
from orders.schemas.requests import MAX_QUANTITY, NewLine

_UNSTATED = Price()


def order_currency(requested: str | None, prices: Mapping[str, Price], default: str) -> str:
    """Return the currency of an order: the requested one, else that of the inventory's prices, else the default.

    Raises:
        ValidationFailed: the inventory's prices have several currencies.
    """
    if requested:
        return requested
    stated = sorted({price.currency for price in prices.values() if price.currency})
    if len(stated) > 1:
        raise invalid(f"the products are priced in {' and '.join(stated)}; an order must have one currency", "items")
    return stated[0] if stated else default


def price_lines(lines: Sequence[NewLine], prices: Mapping[str, Price], currency: str) -> tuple[Line, ...]:
    """Return the lines with their prices; lines of the same product at the same price are merged.

    Raises:
        ValidationFailed: a price has too many decimals, or merged quantities exceed the maximum of a line.
        PriceUnknown: neither the caller nor the inventory states a price.
        PriceChanged: the inventory's price differs from the caller's.
        DownstreamUnavailable: the inventory states an invalid price.
    """
    quantities: dict[tuple[str, int], int] = {}
    unpriced: list[str] = []
    changed: list[PriceChange] = []
    for index, line in enumerate(lines):
        stated = prices.get(line.product_id, _UNSTATED)
        requested = _requested_price(index, line, currency)
        current = _current_price(line, stated, currency)
        price = requested if current is None else current
        if price is None:
            unpriced.append(line.product_id)
        elif current is not None and (requested not in (None, current) or stated.currency not in (None, currency)):
            changed.append(_change(line, current, currency, stated.currency or currency))
        else:
            quantities[line.product_id, price] = quantities.get((line.product_id, price), 0) + line.quantity
    if unpriced:
        raise PriceUnknown(
            f"Neither the request nor the inventory states a price for {unpriced[0]}.", product_ids=unpriced
        )
    if changed:
        raise PriceChanged("Some prices differ from the inventory's; nothing was ordered.", prices=changed)
    for (product_id, _), quantity in quantities.items():
        if quantity > MAX_QUANTITY:
            message = f"the quantities of {product_id} add up to {quantity}; the maximum is {MAX_QUANTITY}"
            raise invalid(message, "items")
    return tuple(Line(product_id, quantity, price) for (product_id, price), quantity in quantities.items())


def invalid(message: str, *where: str | int) -> ValidationFailed:
    """Make the error for a field that violates a rule beyond its schema."""
    return ValidationFailed([{"loc": list(where), "msg": message, "type": "value_error"}])


def _requested_price(index: int, line: NewLine, currency: str) -> int | None:
    if line.unit_price is None:
        return None
    try:
        return money.to_minor(line.unit_price, currency)
    except ValueError as error:
        raise invalid(str(error), "items", index, "unit_price") from error


def _current_price(line: NewLine, stated: Price, currency: str) -> int | None:
    if stated.unit_price is None:
        return None
    try:
        return money.to_minor(stated.unit_price, stated.currency or currency)
    except ValueError as error:
        message = f"The inventory service states an invalid price for {line.product_id}."
        raise DownstreamUnavailable(message, service="inventory") from error


def _change(line: NewLine, current: int, currency: str, stated_in: str) -> PriceChange:
    return {
        "product_id": line.product_id,
        "requested": None if line.unit_price is None else f"{line.unit_price:f}",
        "requested_currency": currency,
        "current": money.to_decimal(current, stated_in),
        "current_currency": stated_in,
    }
