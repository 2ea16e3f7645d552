"""Price an order: its lines at the inventory's prices, else at their own where that is allowed, and its adjustments."""

from collections.abc import Iterable, Mapping, Sequence

from orders.domain import money
from orders.domain.details import Adjustment, adjusted
from orders.domain.errors import DownstreamUnavailable, PriceChanged, PriceUnknown, ValidationFailed
from orders.domain.order import Line, subtotal
from orders.domain.stock import Price
from orders.schemas.fields import MAX_QUANTITY
from orders.schemas.problems import PriceChange
from orders.schemas.requests import NewAdjustment, NewLine

_UNSTATED = Price()


def price_order(
    lines: Sequence[NewLine],
    prices: Mapping[str, Price],
    *,
    currency: str | None,
    default_currency: str,
    may_price: bool,
) -> tuple[str, tuple[Line, ...]]:
    """Return the currency of an order, and its lines as in `price_lines`.

    Args:
        lines: the lines of the request or the cart.
        prices: the inventory's prices, by product.
        currency: the requested currency; None for that of the inventory's prices.
        default_currency: that of prices that the inventory states without one, and of an order without any currency.
        may_price: whether the lines may price what the inventory does not.

    Raises:
        OrderServiceError: as in `order_currency` and `price_lines`.
    """
    stated = {product: _with_currency(price, default_currency) for product, price in prices.items()}
    currency = order_currency(currency, stated, default_currency)
    return currency, price_lines(lines, stated, currency, may_price=may_price)


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


def price_lines(
    lines: Sequence[NewLine], prices: Mapping[str, Price], currency: str, *, may_price: bool
) -> tuple[Line, ...]:
    """Return the lines with their prices; lines of the same product at the same price are merged.

    Every stated price has a currency. Of merged lines, the first name is kept.

    Raises:
        ValidationFailed: a price has too many decimals, or merged quantities exceed the maximum of a line.
        PriceUnknown: the inventory states no price, and the line has none or may not have one.
        PriceChanged: the inventory's price or its currency differs from the line's.
        DownstreamUnavailable: the inventory states an invalid price.
    """
    quantities: dict[tuple[str, int], int] = {}
    names: dict[tuple[str, int], str | None] = {}
    unpriced: list[str] = []
    changed: list[PriceChange] = []
    for index, line in enumerate(lines):
        stated = prices.get(line.product_id, _UNSTATED)
        requested = _requested_price(index, line, currency)
        current = _current_price(line, stated, currency)
        price = requested if current is None and may_price else current
        if price is None:
            unpriced.append(line.product_id)
        elif current is not None and (requested not in (None, current) or stated.currency != currency):
            changed.append(_change(line.product_id, requested, current, currency, stated.currency or currency))
        else:
            key = (line.product_id, price)
            quantities[key] = quantities.get(key, 0) + line.quantity
            names[key] = names.get(key) or line.name
    if unpriced:
        raise _unknown(unpriced, may_price=may_price)
    if changed:
        raise PriceChanged("Some prices differ from the inventory's; nothing was ordered.", prices=changed)
    for (product_id, _), quantity in quantities.items():
        if quantity > MAX_QUANTITY:
            message = f"the quantities of {product_id} add up to {quantity}; the maximum is {MAX_QUANTITY}"
            raise invalid(message, "items")
    return tuple(
        Line(product_id, quantity, price, names[product_id, price])
        for (product_id, price), quantity in quantities.items()
    )


def price_adjustments(
    adjustments: Sequence[NewAdjustment] | None, currency: str, lines: Iterable[Line]
) -> list[Adjustment] | None:
    """Return the adjustments of an order with these lines, in minor units; None if there are none.

    Raises:
        ValidationFailed: an amount has too many decimals or is too large, or the total would be negative.
    """
    priced = [_priced(index, each, currency) for index, each in enumerate(adjustments or ())]
    total = subtotal(lines) + adjusted(priced)
    if total < 0:
        message = f"the total would be {money.to_decimal(total, currency)} {currency}; it must be 0 or more"
        raise invalid(message, "adjustments")
    return priced or None


def invalid(message: str, *where: str | int) -> ValidationFailed:
    """Make the error for a field that violates a rule beyond its schema."""
    return ValidationFailed([{"loc": list(where), "msg": message, "type": "value_error"}])


def _priced(index: int, adjustment: NewAdjustment, currency: str) -> Adjustment:
    try:
        amount = money.to_signed_minor(adjustment.amount, currency)
    except ValueError as error:
        raise invalid(str(error), "adjustments", index, "amount") from error
    return {"kind": adjustment.kind, "amount": amount, "description": adjustment.description}


def _with_currency(price: Price, default: str) -> Price:
    """Return a price with its currency: a price that is stated without one is in the default."""
    return price if price.unit_price is None or price.currency else Price(price.unit_price, default)


def _unknown(product_ids: list[str], *, may_price: bool) -> PriceUnknown:
    if may_price:
        message = f"Neither the request nor the inventory states a price for {product_ids[0]}."
    else:
        message = f"The inventory states no price for {product_ids[0]}; only the scope orders:create may set one."
    return PriceUnknown(message, product_ids=product_ids)


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


def _change(product_id: str, requested: int | None, current: int, currency: str, stated_in: str) -> PriceChange:
    return {
        "product_id": product_id,
        "requested": None if requested is None else money.to_decimal(requested, currency),
        "requested_currency": currency,
        "current": money.to_decimal(current, stated_in),
        "current_currency": stated_in,
    }
