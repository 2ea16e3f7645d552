"""What to order, before it is priced: from a request or from a customer's cart."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders.clients.cart import Cart
from orders.domain.caller import Caller
from orders.domain.errors import CartEmpty, Forbidden
from orders.domain.stock import add_up
from orders.schemas.requests import MAX_LINES, NewLine, NewOrder
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
        cart_version: that of the cart that it comes from; empty if the cart has none, None if it comes from no cart.
    """

    actor: str
    customer_id: str
    customer_name: str | None
    customer_email: str | None
    currency: str | None
    lines: Sequence[NewLine]
    is_trusted: bool
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
        Forbidden: the caller may not create orders for that customer.
        ValidationFailed: path and body name different customers, or token and body different e-mail addresses.
    """
    if customer_id and request.customer_id not in (None, customer_id):
        message = f"{request.customer_id!r} is not the customer in the path, {customer_id!r}"
        raise invalid(message, "customer_id")
    customer_id = customer_id or request.customer_id or caller.customer_id
    check_may_create(caller, customer_id)
    return Draft(
        caller.actor,
        customer_id,
        request.customer_name,
        _email(caller, request.customer_email),
        request.currency,
        request.items,
        is_trusted=caller.may_create_for_all,
    )


def of_cart(caller: Caller, customer_id: str, cart: Cart) -> Draft:
    """Draft an order for what is in a customer's cart.

    Raises:
        CartEmpty: the cart is empty.
        ValidationFailed: the cart has too many lines.
    """
    if not cart.items:
        raise CartEmpty(f"The cart of the customer {customer_id!r} is empty.")
    if len(cart.items) > MAX_LINES:
        raise invalid(f"the cart has {len(cart.items)} lines; an order has at most {MAX_LINES}", "items")
    return Draft(
        caller.actor,
        customer_id,
        cart.customer_name,
        cart.customer_email if caller.may_create_for_all else caller.email or cart.customer_email,
        cart.currency,
        cart.items,
        is_trusted=caller.may_create_for_all,
        cart_version=cart.version,
    )


def check_may_create(caller: Caller, customer_id: str) -> None:
    """Check that the caller may create orders for a customer.

    Raises:
        Forbidden: they may not.
    """
    if not caller.may_create_for(customer_id):
        raise Forbidden("You may create orders for yourself only; for others, the scope orders:create is required.")


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
