"""Place an order: reserve its stock, price its lines, and store it with its tasks.

A request with an idempotency key claims nothing first. Its attempts, concurrent or later, reserve stock under the same
id, and the database stores one order for the key; docs/architecture.md describes the protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from orders import telemetry
from orders.clients.cart import CartClient
from orders.domain import money
from orders.domain.caller import Caller
from orders.domain.clock import Clock
from orders.domain.details import Adjustment
from orders.domain.errors import (
    DatabaseUnavailable,
    DownstreamUnavailable,
    OrderNotFound,
    OrderServiceError,
    RequestInProgress,
)
from orders.domain.lifecycle import TERMINAL_STATUSES, Event, placing_tasks
from orders.domain.order import Line, Order, TransitionResult, as_placed
from orders.domain.stock import Inventory, Price, ReservationUnusable
from orders.postgres import idempotency, new_orders, orders
from orders.postgres.connection import Database
from orders.postgres.idempotency import Attempt, IdempotencyKey
from orders.postgres.new_orders import KeyConflict
from orders.schemas.requests import CustomerOrder, NewOrder
from orders.telemetry import logger
from orders.use_cases import drafts
from orders.use_cases.drafts import Draft
from orders.use_cases.pricing import invalid, price_adjustments, price_order
from orders.use_cases.publish import TaskQueue, publish

_MAX_GENERATIONS = 5
"""Reservations that one attempt tries, each after the one before could not be used."""


EMPTY = CustomerOrder()
"""A request that says nothing: what the cart says holds."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Place orders, for items in the request or for a customer's cart.

    Attributes:
        database: where orders are stored.
        queue: where their tasks are sent.
        inventory: reserves stock, and states prices.
        carts: the cart service.
        clock: the clock.
        default_currency: that of prices that are stated without one.
        caller_prices: whether any caller may price products that the inventory states no price of.
        max_unpaid_orders: how many unpaid orders a customer may have; None for any number.
        requires_address: whether an order must have a shipping address.
    """

    database: Database
    queue: TaskQueue
    inventory: Inventory
    carts: CartClient
    clock: Clock
    default_currency: str
    caller_prices: bool = False
    max_unpaid_orders: int | None = None
    requires_address: bool = False

    def from_items(
        self, caller: Caller, request: NewOrder, customer_id: str | None = None, *, key: str | None = None
    ) -> TransitionResult:
        """Place an order for the items in the request.

        Args:
            caller: the sender of the request.
            request: the items, and the customer.
            customer_id: the customer in the request's path, if it names one.
            key: the idempotency key.

        Raises:
            Forbidden: the caller may not create orders for that customer.
            OrderServiceError: as in `_place_with_key` and `_place`.
        """
        draft = drafts.of_request(caller, request, customer_id)
        if key is None:
            return self._place_without_key(draft, self.clock.now())
        content = f"items of {draft.customer_id}: {_content(request)}"
        return self._place_with_key(IdempotencyKey(caller.customer_id, key, content), draft, self.clock.now())

    def from_cart(
        self, caller: Caller, customer_id: str, request: CustomerOrder = EMPTY, *, key: str | None = None
    ) -> TransitionResult:
        """Place an order for what is in the customer's cart.

        Args:
            caller: the sender of the request.
            customer_id: the owner of the cart.
            request: what to order beside the cart's contents, or in place of what the cart says.
            key: the idempotency key.

        Raises:
            Forbidden: the caller may not create orders for that customer.
            ValidationFailed: the request says what the cart decides.
            CartNotFound: the customer has no cart.
            CartEmpty: the cart is empty.
            CartAlreadyOrdered: the cart has been ordered, and that order has not ended.
            OrderServiceError: as in `_place_with_key` and `_place`.
        """
        drafts.check_cart_request(caller, request, customer_id)
        # Before the cart is read: whatever is ordered from then on may be what is read.
        at = self.clock.now()
        if key is None:
            return self._place_without_key(self._read_cart(caller, customer_id, request), at)
        attempt = IdempotencyKey(caller.customer_id, key, f"cart of {customer_id}: {_content(request)}")
        # A cart that was ordered with the key is empty or ordered by now.
        known = idempotency.find(self.database, attempt, at)
        if known and known.order_id:
            return self._replay(known.order_id)
        return self._place_with_key(attempt, self._read_cart(caller, customer_id, request), at)

    def _read_cart(self, caller: Caller, customer_id: str, request: CustomerOrder) -> Draft:
        cart = self.carts.get(customer_id)
        # The cart of an order that has ended can be ordered again, and stays marked as ordered at the cart service.
        if cart.is_ordered and (
            new_orders.latest_of_cart(self.database, customer_id, cart.version) not in TERMINAL_STATUSES
        ):
            raise new_orders.cart_already_ordered(customer_id)
        return drafts.of_cart(caller, customer_id, cart, request)

    def _place_without_key(self, draft: Draft, at: datetime) -> TransitionResult:
        order_id = self.clock.new_order_id(at)
        try:
            return self._place(order_id, order_id, at, draft)
        except ReservationUnusable as error:
            message = "The inventory has released the reservation of the order; retry."
            raise DownstreamUnavailable(message, service="inventory") from error

    def _place_with_key(self, key: IdempotencyKey, draft: Draft, at: datetime) -> TransitionResult:
        """Place an order, unless a request with the same key has placed it already.

        Raises:
            IdempotencyKeyReused: the key was used with another request.
            RequestInProgress: other attempts at the request keep taking its reservations; sending it again helps.
            OrderServiceError: as in `_place`.
        """
        generation = 0
        for _ in range(_MAX_GENERATIONS):
            attempt = Attempt(key, generation)
            reservation_id = key.reservation_id(draft.quantities, generation)
            try:
                return self._place(self.clock.new_order_id(at), reservation_id, at, draft, attempt)
            except ReservationUnusable as error:
                known = idempotency.find(self.database, key, at)
                unusable = max(generation, error.generation, known.generation if known else 0)
            except DatabaseUnavailable:
                raise
            except OrderServiceError:
                # The refusal may follow from an earlier attempt that placed the order.
                known = idempotency.find(self.database, key, at)
                if known is None or known.order_id is None:
                    raise
            if known and known.order_id:
                if known.reservation_id != reservation_id:
                    self._release_stock(reservation_id)
                return self._replay(known.order_id)
            generation = unusable + 1
        raise RequestInProgress("A request with this Idempotency-Key is in progress; retry in a moment.")

    def _replay(self, order_id: str) -> TransitionResult:
        """Return the result of the request that placed the order."""
        row = orders.get_order(self.database, order_id, owner=None)
        if row is None:
            raise OrderNotFound(f"The order {order_id!r} no longer exists.")
        return TransitionResult(Event.PLACED, as_placed(row), (), applied=False, repeated=True)

    def _place(
        self, order_id: str, reservation_id: str, at: datetime, draft: Draft, attempt: Attempt | None = None
    ) -> TransitionResult:
        """Reserve stock, price the lines and store the order; release the stock again if no order was stored.

        Raises:
            ReservationUnusable: the reservation cannot be used for this order.
            InsufficientStock: less is available of some product.
            UnknownProduct: the inventory does not know some product.
            PriceChanged: the inventory states another price.
            PriceUnknown: the inventory states no price, and the request has none or may not have one.
            ValidationFailed: a price or quantity is invalid.
            CartAlreadyOrdered: a live order of this cart exists.
            TooManyUnpaidOrders: the customer has as many as they may have.
            IdempotencyKeyReused: the key was used with another request.
            DownstreamUnavailable: a service does not answer.
            DatabaseUnavailable: the database does not answer.
        """
        if self.requires_address and not draft.details["shipping_address"]:
            raise invalid("is required", "shipping_address")
        quantities = draft.quantities
        try:
            # Prices that the inventory knows before it reserves are compared before stock is touched.
            prices = self.inventory.reserve(reservation_id, quantities, partial(self._price, draft))
        except DownstreamUnavailable:
            # The stock may have been reserved, and the answer was lost.
            self._give_back_stock(reservation_id, at, attempt)
            raise
        holds = len(quantities) if self.inventory.holds_in_database else 0
        try:
            currency, lines, adjustments = self._price(draft, prices)
            order = Order(
                id=order_id,
                customer_id=draft.customer_id,
                customer_name=draft.customer_name,
                customer_email=draft.customer_email,
                currency=currency,
                lines=lines,
                cart_version=draft.cart_version,
                reservation_id=reservation_id,
                created_at=at,
                external_reference=draft.external_reference,
                details={**draft.details, "adjustments": adjustments},
            )
            tasks = placing_tasks(from_cart=draft.from_cart)
            result = new_orders.place_order(
                self.database,
                order,
                tasks,
                attempt,
                actor=draft.actor,
                holds=holds,
                max_unpaid=None if draft.is_trusted else self.max_unpaid_orders,
            )
        except DatabaseUnavailable:
            # The order may have been stored, so its stock stays reserved.
            raise
        except OrderServiceError:
            self._give_back_stock(reservation_id, at, attempt)
            raise
        if isinstance(result, KeyConflict):
            return self._resolve(result, reservation_id)
        publish(result, self.queue)
        telemetry.amount("Revenue", float(money.to_decimal(order.total, currency)), currency=currency)
        return result

    def _price(
        self, draft: Draft, prices: Mapping[str, Price]
    ) -> tuple[str, tuple[Line, ...], list[Adjustment] | None]:
        """Return the currency, lines and adjustments of an order; see `price_order` and `price_adjustments`."""
        currency, lines = price_order(
            draft.lines,
            prices,
            currency=draft.currency,
            default_currency=self.default_currency,
            # A cart's prices are the shop's own.
            may_price=draft.is_trusted or draft.from_cart or self.caller_prices,
        )
        return currency, lines, price_adjustments(draft.adjustments, currency, lines)

    def _resolve(self, conflict: KeyConflict, reservation_id: str) -> TransitionResult:
        """Release a reservation that no order will be stored on; replay the order that was placed with the key."""
        if conflict.state == "ended" or reservation_id != conflict.reservation_id:
            self._release_stock(reservation_id)
        match conflict.state:
            case "refused" | "taken":
                raise ReservationUnusable(conflict.generation)
            case "reused":
                raise idempotency.reused()
            case "live" | "ended":
                return self._replay(conflict.order_id)

    def _give_back_stock(self, reservation_id: str, at: datetime, attempt: Attempt | None) -> None:
        """Release a reservation. Attempts share it: none of them may store an order on it once it is being released."""
        if attempt is None or idempotency.refuse(self.database, attempt, at):
            self._release_stock(reservation_id)

    def _release_stock(self, reservation_id: str) -> None:
        try:
            self.inventory.release(reservation_id)
        except (DownstreamUnavailable, DatabaseUnavailable):
            logger.warning("stock of a refused order not released", reservation_id=reservation_id, exc_info=True)


def _content(request: CustomerOrder) -> str:
    """Return what a request asks for. Fields that it does not have are missing, so that new ones change nothing."""
    return request.model_dump_json(exclude={"customer_id"}, exclude_none=True)
