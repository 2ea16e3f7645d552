"""Place an order: reserve its stock, settle its prices, store it with all that it promises."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from orders import telemetry
from orders.aws.task_queue import SqsTaskQueue, TaskQueue
from orders.clients.cart import CartClient
from orders.clients.catalog_inventory import Inventory, new_inventory
from orders.clients.http import Session
from orders.config import DatabaseSettings, PlacingSettings, QueueSettings
from orders.domain import money
from orders.domain.caller import Caller
from orders.domain.clock import Clock
from orders.domain.errors import (
    CartAlreadyOrdered,
    CartEmpty,
    DatabaseUnavailable,
    DownstreamUnavailable,
    Forbidden,
    OrderNotFound,
    OrderServiceError,
    Unavailable,
)
from orders.domain.lifecycle import Event, placing_tasks
from orders.domain.order import Order, Outcome, as_placed
from orders.postgres import idempotency
from orders.postgres import orders as store
from orders.postgres.connection import Database
from orders.postgres.idempotency import Attempt
from orders.schemas.requests import MAX_LINES, NewLine, NewOrder
from orders.telemetry import logger
from orders.use_cases.pricing import invalid, order_currency, price_lines
from orders.use_cases.publish import publish


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be ordered, wherever it was named."""

    customer_id: str
    customer_name: str | None
    customer_email: str | None
    currency: str | None
    lines: Sequence[NewLine]
    cart_version: str | None = None
    from_cart: bool = False


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Places orders, from named items or from a customer's cart."""

    database: Database
    queue: TaskQueue
    inventory: Inventory
    carts: CartClient
    clock: Clock
    default_currency: str

    @classmethod
    def from_environment(cls) -> Self:
        """With the services that the environment names."""
        settings = PlacingSettings.from_environment()
        database = Database(DatabaseSettings.from_environment())
        session = Session()
        clock = Clock()
        inventory = new_inventory(settings.inventory, session, database, clock)
        queue = SqsTaskQueue(QueueSettings.from_environment())
        return cls(database, queue, inventory, CartClient(session, settings.cart_url), clock, settings.default_currency)

    def prepare(self) -> None:
        """Connect to the database."""
        self.database.connect()

    def from_items(
        self, caller: Caller, request: NewOrder, customer_id: str | None = None, *, key: str | None = None
    ) -> Outcome:
        """Place an order for named items.

        Args:
            caller: whoever sends the request.
            request: the items, and for whom.
            customer_id: for whom, where the address of the request says so as well.
            key: the caller's name for this request; sent again under it, the request is answered as before.

        Raises:
            Forbidden: the caller may not order for that customer.
            OrderServiceError: as in `_once`.
        """
        if customer_id and request.customer_id not in (None, customer_id):
            message = f"{request.customer_id!r} is not the customer of this address, {customer_id!r}"
            raise invalid(message, "customer_id")
        customer_id = customer_id or request.customer_id or caller.customer_id
        _check_may_create(caller, customer_id)
        wanted = _Wanted(customer_id, request.customer_name, request.customer_email, request.currency, request.items)
        content = f"items of {customer_id}: {request.model_dump_json(exclude={'customer_id'})}" if key else ""
        return self._once(caller, key, content, lambda: wanted)

    def from_cart(self, caller: Caller, customer_id: str, *, key: str | None = None) -> Outcome:
        """Place an order for what is in the customer's cart.

        Args:
            caller: whoever sends the request.
            customer_id: whose cart it is.
            key: as in `from_items`.

        Raises:
            Forbidden: the caller may not order for that customer.
            CartNotFound: the customer has no cart.
            CartEmpty: there is nothing in it.
            CartAlreadyOrdered: it has become an order already.
            OrderServiceError: as in `_once`.
        """
        _check_may_create(caller, customer_id)
        return self._once(caller, key, f"cart of {customer_id}", lambda: self._in_cart(customer_id))

    def _in_cart(self, customer_id: str) -> _Wanted:
        cart = self.carts.get(customer_id)
        if cart.is_ordered:
            raise CartAlreadyOrdered(f"The cart of the customer {customer_id!r} has been ordered already.")
        if not cart.items:
            raise CartEmpty(f"The cart of the customer {customer_id!r} is empty.")
        if len(cart.items) > MAX_LINES:
            message = f"the cart has {len(cart.items)} lines; an order has at most {MAX_LINES}"
            raise invalid(message, "items")
        return _Wanted(
            customer_id,
            cart.customer_name,
            cart.customer_email,
            cart.currency,
            cart.items,
            cart_version=cart.version,
            from_cart=True,
        )

    def _once(self, caller: Caller, key: str | None, content: str, wanted: Callable[[], _Wanted]) -> Outcome:
        """Place an order, unless a request under the same key has placed it already.

        Raises:
            IdempotencyKeyReused: the key stands for another request.
            RequestInProgress: a request under the same key may still be at work.
            OrderServiceError: as in `_place`.
        """
        at = self.clock.now()
        order_id = self.clock.new_order_id(at)
        if key is None:
            return self._place(order_id, at, wanted())
        attempt = Attempt(caller.customer_id, key, content, order_id)
        claim = idempotency.claim(self.database, attempt, at)
        if claim.is_answered:
            return self._answered(claim.order_id)
        try:
            if claim.order_id != order_id:
                # An attempt that broke off may have left stock behind.
                self.inventory.release(claim.order_id)
                idempotency.start_afresh(self.database, attempt)
            return self._place(order_id, at, wanted(), attempt)
        except OrderServiceError as error:
            # If the database is away as well, the attempt's lease runs out by itself.
            with suppress(DatabaseUnavailable):
                end = idempotency.let_go if isinstance(error, Unavailable) else idempotency.forget
                end(self.database, attempt)
            raise

    def _answered(self, order_id: str) -> Outcome:
        """What the request that placed the order was answered."""
        row = store.get_order(self.database, order_id, owner=None)
        if row is None:
            raise OrderNotFound(f"There is no order {order_id!r} any more.")
        return Outcome(Event.PLACED, as_placed(row), (), applied=False, repeated=True)

    def _place(self, order_id: str, at: datetime, wanted: _Wanted, attempt: Attempt | None = None) -> Outcome:
        """Reserve, price and store; what was reserved is given back when there is no order in the end.

        Raises:
            InsufficientStock: too little is there of some product.
            UnknownProduct: the inventory does not know some product.
            PriceChanged: the inventory states another price.
            PriceUnknown: nobody states a price.
            ValidationFailed: a price or quantity cannot be.
            CartAlreadyOrdered: a live order for this version of the cart exists.
            RequestInProgress: another attempt has taken over.
            DownstreamUnavailable: a service does not answer.
            DatabaseUnavailable: the database does not answer.
        """
        prices = self.inventory.reserve(order_id, _quantities(wanted.lines))
        try:
            currency = order_currency(wanted.currency, prices, self.default_currency)
            order = Order(
                id=order_id,
                customer_id=wanted.customer_id,
                customer_name=wanted.customer_name,
                customer_email=wanted.customer_email,
                currency=currency,
                lines=price_lines(wanted.lines, prices, currency),
                cart_version=wanted.cart_version,
                created_at=at,
            )
            placed = store.insert_order(self.database, order, placing_tasks(from_cart=wanted.from_cart), attempt)
        except DatabaseUnavailable:
            # Whether the order stands is not known, so its stock stays reserved.
            raise
        except OrderServiceError:
            self._give_back(order_id)
            raise
        publish(placed, self.queue)
        telemetry.amount("Revenue", float(money.to_decimal(order.total, currency)), currency=currency)
        return placed

    def _give_back(self, order_id: str) -> None:
        try:
            self.inventory.release(order_id)
        except (DownstreamUnavailable, DatabaseUnavailable):
            logger.warning("stock of a refused order was not given back", order_id=order_id, exc_info=True)


def _check_may_create(caller: Caller, customer_id: str) -> None:
    if not caller.may_create_for(customer_id):
        raise Forbidden("You may order for yourself only; to order for others takes the scope orders:write.")


def _quantities(lines: Sequence[NewLine]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    return quantities
