"""What the lines of an order cost: the inventory's price where it states one, else the caller's."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orders import money
from orders.clients.inventory import Price
from orders.errors import DownstreamUnavailable, PriceChanged, PriceUnknown, ValidationFailed
from orders.models import MAX_QUANTITY, NewLine
from orders.store import Line

_UNSTATED = Price()


def order_currency(wanted: str | None, prices: Mapping[str, Price], default: str) -> str:
    """The currency of an order: as wanted, else that of the stated prices, else the default.

    Raises:
        ValidationFailed: the products are priced in several.
    """
    if wanted:
        return wanted
    stated = sorted({price.currency for price in prices.values() if price.currency})
    if len(stated) > 1:
        raise invalid(f"the products are priced in {' and '.join(stated)}; an order has one currency", "items")
    return stated[0] if stated else default


def price_lines(lines: Sequence[NewLine], prices: Mapping[str, Price], currency: str) -> tuple[Line, ...]:
    """The lines with their prices; those of one product at one price are added up.

    Raises:
        ValidationFailed: a price has too many decimals, or quantities add up to more than an order line holds.
        PriceUnknown: neither the caller nor the inventory states a price.
        PriceChanged: they state different ones.
        DownstreamUnavailable: the inventory states a price that cannot be.
    """
    unpriced = [line.product_id for line in lines if line.unit_price is None and _stated(line, prices) is None]
    if unpriced:
        raise PriceUnknown(f"Neither you nor the inventory states a price for {unpriced[0]}.", product_ids=unpriced)
    requested = [_requested_price(index, line, currency) for index, line in enumerate(lines)]
    current = [_current_price(line, prices, currency) for line in lines]
    changed = [
        _change(line, prices[line.product_id], currency)
        for line, asked, stated in zip(lines, requested, current, strict=True)
        if stated is not None
        and (asked not in (None, stated) or prices[line.product_id].currency not in (None, currency))
    ]
    if changed:
        raise PriceChanged("Some prices are not what you expect; nothing was ordered.", prices=changed)
    quantities: dict[tuple[str, int], int] = {}
    for index, (line, asked, stated) in enumerate(zip(lines, requested, current, strict=True)):
        price = stated if stated is not None else asked
        assert price is not None  # noqa: S101 - a line that nobody prices was refused above
        key = line.product_id, price
        quantities[key] = quantities.get(key, 0) + line.quantity
        if quantities[key] > MAX_QUANTITY:
            message = f"the lines of {line.product_id} add up to {quantities[key]}; a line has at most {MAX_QUANTITY}"
            raise invalid(message, "items", index, "quantity")
    return tuple(Line(product_id, quantity, price) for (product_id, price), quantity in quantities.items())


def invalid(message: str, *where: str | int) -> ValidationFailed:
    """The error for a field that only a rule of this service finds wrong."""
    return ValidationFailed([{"loc": list(where), "msg": message, "type": "value_error"}])


def _stated(line: NewLine, prices: Mapping[str, Price]) -> Decimal | None:
    return prices.get(line.product_id, _UNSTATED).unit_price


def _requested_price(index: int, line: NewLine, currency: str) -> int | None:
    if line.unit_price is None:
        return None
    try:
        return money.to_minor(line.unit_price, currency)
    except ValueError as error:
        raise invalid(str(error), "items", index, "unit_price") from error


def _current_price(line: NewLine, prices: Mapping[str, Price], currency: str) -> int | None:
    stated = _stated(line, prices)
    if stated is None:
        return None
    try:
        return money.to_minor(stated, prices[line.product_id].currency or currency)
    except ValueError as error:
        message = f"The inventory service states a price for {line.product_id} that cannot be."
        raise DownstreamUnavailable(message, service="inventory") from error


def _change(line: NewLine, price: Price, currency: str) -> dict[str, Any]:
    assert price.unit_price is not None  # noqa: S101 - only stated prices change
    stated_in = price.currency or currency
    return {
        "product_id": line.product_id,
        "requested": None if line.unit_price is None else f"{line.unit_price:f}",
        "requested_currency": currency,
        "current": money.to_decimal(money.to_minor(price.unit_price, stated_in), stated_in),
        "current_currency": stated_in,
    }
