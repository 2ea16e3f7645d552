"""What to order, before it is priced: from a request or from a customer's cart."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders.clients.cart import Cart
from orders.domain.caller import Caller
from orders.domain.details import NO_DETAILS, Address, Details
from orders.domain.errors import CartEmpty, Forbidden
from orders.domain.stock import add_up
from orders.schemas.fields import MAX_LINES
from orders.schemas.requests import CustomerOrder, NewAdjustment, NewLine, NewOrder, PostalAddress
from orders.use_cases.pricing import invalid


@dataclass(frozen=True, slots=True)
class Draft:
    """What to order, and what its sender may decide.

    Attributes:
        actor: who orders it, for the timeline.
        customer_id: whose order it is.
        customer_name: for notifications.
        customer_email: for notifications.
        currency: that of the order; None for that of the prices.
        lines: the products.
        is_trusted: whether the caller has the scope `orders:create`.
        adjustments: the amounts beside the lines.
        details: addresses, methods, note and metadata.
        external_reference: the shop's own number.
        cart_version: that of the cart that it comes from; empty if the cart has none, None if it comes from no cart.
    """

    actor: str
    customer_id: str
    customer_name: str | None
    customer_email: str | None
    currency: str | None
    lines: Sequence[NewLine]
    is_trusted: bool
    adjustments: Sequence[NewAdjustment] | None
    details: Details
    external_reference: str | None
    cart_version: str | None = None

    @property
    def from_cart(self) -> bool:
        """Whether it comes from a cart."""
        return self.cart_version is not None

    @property
    def quantities(self) -> dict[str, int]:
        """The quantity of each product, over all lines."""
        return add_up((line.product_id, line.quantity) for line in self.lines)


def of_request(caller: Caller, request: NewOrder, customer_id: str | None) -> Draft:
    """Draft an order for the items in a request.

    Args:
        caller: the sender of the request.
        request: the items, and the customer.
        customer_id: the customer in the request's path, if it names one.

    Raises:
        Forbidden: the caller may not create orders for that customer, or not with adjustments.
        ValidationFailed: path and body name different customers, or token and body different e-mail addresses.
    """
    customer_id = _customer_id(caller, request, customer_id)
    if request.adjustments and not caller.may_create_for_all:
        raise Forbidden("Adjustments come from the cart; to state them, the scope orders:create is required.")
    return Draft(
        caller.actor,
        customer_id,
        request.customer_name,
        _email(caller, request.customer_email),
        request.currency,
        request.items,
        caller.may_create_for_all,
        request.adjustments,
        _details(request, Cart()),
        request.external_reference,
    )


def of_cart(caller: Caller, customer_id: str, cart: Cart, request: CustomerOrder) -> Draft:
    """Draft an order for what is in a customer's cart; what the request says replaces what the cart says.

    Raises:
        CartEmpty: the cart is empty.
        ValidationFailed: the cart has too many lines; or the errors of `check_cart_request`.
    """
    if not cart.items:
        raise CartEmpty(f"The cart of the customer {customer_id!r} is empty.")
    if len(cart.items) > MAX_LINES:
        raise invalid(f"the cart has {len(cart.items)} lines; an order has at most {MAX_LINES}", "items")
    email = _email(caller, request.customer_email)
    return Draft(
        caller.actor,
        customer_id,
        request.customer_name or cart.customer_name,
        email or cart.customer_email,
        cart.currency,
        cart.items,
        caller.may_create_for_all,
        cart.adjustments,
        _details(request, cart),
        request.external_reference,
        cart.version,
    )


def check_cart_request(caller: Caller, request: CustomerOrder, customer_id: str) -> None:
    """Check a request to order a customer's cart.

    Raises:
        Forbidden: the caller may not create orders for that customer.
        ValidationFailed: path and body name different customers, or the body says what the cart decides.
    """
    _customer_id(caller, request, customer_id)
    for name in ("currency", "adjustments"):
        if getattr(request, name) is not None:
            raise invalid("without items, the cart decides it; leave it out, or name the items", name)


def check_may_create(caller: Caller, customer_id: str) -> None:
    """Check that the caller may create orders for a customer.

    Raises:
        Forbidden: they may not.
    """
    if not caller.may_create_for(customer_id):
        raise Forbidden("You may create orders for yourself only; for others, the scope orders:create is required.")


def _customer_id(caller: Caller, request: CustomerOrder, customer_id: str | None) -> str:
    """Return whose order it is: the customer in the path, else in the body, else the caller."""
    if customer_id and request.customer_id not in (None, customer_id):
        message = f"{request.customer_id!r} is not the customer in the path, {customer_id!r}"
        raise invalid(message, "customer_id")
    customer_id = customer_id or request.customer_id or caller.customer_id
    check_may_create(caller, customer_id)
    return customer_id


def _email(caller: Caller, requested: str | None) -> str | None:
    """Return the customer's e-mail address: the requested one, else that of the caller's token.

    Raises:
        ValidationFailed: the token of a customer states another one.
    """
    if caller.may_create_for_all:
        return requested
    if requested and caller.email and requested.lower() != caller.email.lower():
        raise invalid("it is not the e-mail address of your token; leave it out, or send that one", "customer_email")
    return caller.email or requested


def _details(request: CustomerOrder, cart: Cart) -> Details:
    """Return what the request says, else what the cart says; adjustments follow when the order is priced."""
    return {
        **NO_DETAILS,
        "shipping_address": _address(request.shipping_address or cart.shipping_address),
        "billing_address": _address(request.billing_address or cart.billing_address),
        "shipping_method": request.shipping_method or cart.shipping_method,
        "payment_method": request.payment_method or cart.payment_method,
        "note": request.note,
        "metadata": request.metadata or None,
    }


def _address(address: PostalAddress | None) -> Address | None:
    return address.address if address else None
