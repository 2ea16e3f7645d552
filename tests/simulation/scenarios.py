"""What customers, staff and services do: every path through the table of events."""

from collections.abc import Callable, Mapping

from fakes.cart import CartSettings
from orders.domain.lifecycle import TaskKind
from orders.postgres.erasures import RECHECK_INTERVAL
from orders.postgres.task_claims import MAX_ATTEMPTS
from tests.simulation.crowd import crowd, deliver, several, ship
from tests.simulation.world import OVERDUE_MINUTES, World

type Scenario = Callable[[World], None]

DESKS = {"desk": 2}
RECHECK_MINUTES = RECHECK_INTERVAL.total_seconds() / 60 + 1
"""After so many minutes the relay looks for orders of an erasure that have ended."""
HOLD_MINUTES = 16
"""After so many minutes a reservation has expired."""
CHARGE, COMMIT, SHIP = TaskKind.CHARGE_PAYMENT, TaskKind.COMMIT_STOCK, TaskKind.CREATE_SHIPMENT


def paid(world: World) -> None:
    world.place("ann", DESKS)


def paid_without_a_key(world: World) -> None:
    world.place("ann", DESKS, has_key=False)


def cart_without_a_key(world: World) -> None:
    world.services.fill_cart("ann", desk=1)
    world.place_cart("ann", has_key=False)
    world.settle()
    world.place_cart("ann", has_key=False)


def delivered(world: World) -> None:
    order = world.place("ann", {"desk": 1, "lamp": 2})
    world.settle()
    ship(world, order)
    deliver(world, order)


def from_the_cart(world: World) -> None:
    world.services.fill_cart("ann", desk=1)
    world.place_cart("ann")
    world.settle()
    world.place_cart("ann")


def cart_ordered_again(world: World) -> None:
    """A cart is ordered twice at once; then the first order is cancelled and the cart is ordered anew."""
    world.services.fill_cart("ann", desk=1)
    order = world.place_cart("ann")
    world.place_cart("ann")
    world.cancel(order, "ann")
    world.place_cart("ann")


def cart_changed(world: World) -> None:
    """A cart is filled anew before it is marked as ordered."""
    world.services.fill_cart("ann", desk=1)
    world.place_cart("ann")
    world.services.fill_cart("ann", lamp=1)
    world.settle()
    world.place_cart("ann")


def cart_without_version(world: World) -> None:
    """A cart without a version is ordered twice at once, and again after it is filled with the same products."""
    world.services.carts.set_settings(CartSettings(has_versions=False))
    world.services.fill_cart("ann", desk=1)
    world.place_cart("ann", has_key=False)
    world.place_cart("ann", has_key=False)
    world.settle()
    world.services.fill_cart("ann", desk=1)
    world.place_cart("ann")
    world.place_cart("ann", has_key=False)


def cart_without_version_declined(world: World) -> None:
    """A cart without a version is ordered again after a declined card, and filled anew before it is marked."""
    world.services.carts.set_settings(CartSettings(has_versions=False))
    cart_declined(world)
    world.services.fill_cart("ann", lamp=1)
    world.settle()
    world.place_cart("ann", has_key=False)


def cart_declined(world: World) -> None:
    """A cart is ordered again after a declined card."""
    world.services.fill_cart("ann", desk=1)
    world.services.payment.outcome = "declined"
    world.place_cart("ann")
    world.settle()
    world.services.payment.outcome = "succeeded"
    world.place_cart("ann")


def declined(world: World) -> None:
    world.services.payment.outcome = "declined"
    world.place("ann", DESKS)


def paid_later(world: World) -> None:
    world.services.payment.outcome = "processing"
    order = world.place("ann", DESKS)
    world.settle()
    world.services.settle_charges("succeeded")
    world.report_records()
    world.settle()
    world.cancel(order, "ann")


def declined_later(world: World) -> None:
    world.services.payment.outcome = "processing"
    world.place("ann", DESKS)
    world.settle()
    world.services.settle_charges("declined")
    world.report_records()


def cancelled_before_the_charge(world: World) -> None:
    world.cancel(world.place("ann", DESKS), "ann")


def cancelled_during_the_charge(world: World) -> None:
    world.services.payment.outcome = "processing"
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.cancel(order, "ann")
    world.settle()
    world.services.settle_charges("declined")
    world.report_records()


def money_after_the_cancel(world: World) -> None:
    world.services.payment.outcome = "processing"
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.cancel(order, "ann")
    world.settle()
    world.services.settle_charges("succeeded")
    world.report_records()


def cancelled_before_the_shipment(world: World) -> None:
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.cancel(order, "ann")


def cancelled_when_ready(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    world.cancel(order, "ann")
    world.settle()
    world.cancel(order, "ann")


def recall_refused(world: World) -> None:
    world.services.shipping.refuses_cancel = True
    order = world.place("ann", DESKS)
    world.settle()
    world.cancel(order, "ann")
    world.settle()
    deliver(world, order)


def shipped_while_recalled(world: World) -> None:
    """The parcel leaves between the cancel and the recall."""
    order = world.place("ann", DESKS)
    world.settle()
    world.cancel(order, "ann")
    ship(world, order)


def shipment_after_the_cancel(world: World) -> None:
    """The shipment is made, but before anybody knows the order is cancelled."""
    order = world.place("ann", DESKS)
    world.process(CHARGE, COMMIT)
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.cancel(order, "ann")


def cancelled_when_reported_ready(world: World) -> None:
    """The carrier reports the shipment before its answer has been seen; then the order is cancelled."""
    order = world.place("ann", DESKS)
    world.process(CHARGE, COMMIT)
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.report_records()
    world.cancel(order, "ann")


def shipped_by_hand(world: World) -> None:
    """The goods leave before a shipment is made of them, or by chance together with it."""
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.report(order, status="shipped")
    world.services.dispatch(order)


def returned(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    ship(world, order)
    deliver(world, order)
    world.settle()
    world.report(order, status="returned")


def returned_undelivered(world: World) -> None:
    order = world.place("ann", {"desk": 1, "lamp": 1})
    world.settle()
    ship(world, order)
    world.report(order, status="returned")


def erased(world: World) -> None:
    """The personal data of a customer is erased, and then the parcel comes back."""
    order = world.place("ann", DESKS)
    world.settle()
    ship(world, order)
    deliver(world, order)
    world.settle()
    world.erase("ann")
    world.report(order, status="returned")


def erased_when_ended(world: World) -> None:
    """The personal data of a customer is to be erased while an order is charged and another one is shipped."""
    shipped = world.place("ann", {"lamp": 1})
    world.settle()
    world.place("ann", {"desk": 1})
    world.erase("ann")
    world.settle()
    ship(world, shipped)
    deliver(world, shipped)
    world.settle()
    world.clock.pass_time(minutes=RECHECK_MINUTES)
    world.run_relay()


def expired(world: World) -> None:
    """The charge never starts: its message is lost, and the relay is away."""
    world.place("ann", DESKS)
    world.mailbox.waiting.clear()
    world.clock.pass_time(minutes=OVERDUE_MINUTES)


def reported_before_the_answer(world: World) -> None:
    """The bank reports a payment before its answer to the charge has been seen."""
    order = world.place("ann", DESKS)
    world.services.lose_answer("payment")
    world.process(CHARGE)
    world.report_records()
    world.settle()
    world.cancel(order, "ann")


def cancelled_before_the_answer(world: World) -> None:
    """The bank reports a payment and the customer cancels, before the answer to the charge has been seen."""
    order = world.place("ann", DESKS)
    world.services.lose_answer("payment")
    world.process(CHARGE)
    world.report_records()
    world.cancel(order, "ann")


def reported_again_and_again(world: World) -> None:
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.report_records()
    world.settle()
    world.report_records()
    deliver(world, order)
    ship(world, order)
    world.report_records()
    world.report(order, status="shipped", event_id="left")
    world.report(order, status="delivered", event_id="arrived")
    world.report(order, status="shipped", event_id="left")
    world.report(order, status="delivered", event_id="arrived")


def settled_in_silence(world: World) -> None:
    """Two charges settle at the payment service, and nobody reports them; one order was cancelled meanwhile."""
    world.services.payment.outcome = "processing"
    world.place("ann", DESKS)
    cancelled = world.place("bob", {"lamp": 1})
    world.settle()
    world.cancel(cancelled, "bob")
    world.services.settle_charges("succeeded")


def never_settled(world: World) -> None:
    """The charges stay processing until they are cancelled."""
    world.services.payment.outcome = "processing"
    world.place("ann", DESKS)
    world.cancel(world.place("bob", {"lamp": 1}), "bob")


def paid_after_failed(world: World) -> None:
    """A payment succeeds after its failure was reported."""
    world.services.payment.outcome = "processing"
    order = world.place("ann", DESKS)
    world.settle()
    world.report(order, payment_status="failed", event_id="wrong")
    world.services.settle_charges("succeeded")
    world.report_records()


def paid_after_voided(world: World) -> None:
    """A payment succeeds after the order was cancelled and its failure was reported."""
    world.services.payment.outcome = "processing"
    order = world.place("ann", DESKS)
    world.settle()
    world.cancel(order, "ann")
    world.report(order, payment_status="failed", event_id="wrong")
    world.services.settle_charges("succeeded")


def failed_before_the_answer(world: World) -> None:
    """The failure of a payment is reported while its charge succeeds."""
    order = world.place("ann", DESKS)
    world.services.lose_answer("payment")
    world.process(CHARGE)
    world.report(order, payment_status="failed")


def paid_by_mistake(world: World) -> None:
    """A payment is reported as paid while its charge is declined."""
    world.services.payment.outcome = "declined"
    order = world.place("ann", DESKS)
    world.services.lose_answer("payment")
    world.process(CHARGE)
    world.report(order, payment_status="paid")


def refunded_before_settled(world: World) -> None:
    """An order that was reported as paid is cancelled while its charge is processing, and the charge succeeds later."""
    world.services.payment.outcome = "processing"
    order = world.place("ann", DESKS)
    world.settle()
    world.report(order, payment_status="paid")
    world.settle()
    world.cancel(order, "ann")
    world.process(TaskKind.CANCEL_SHIPMENT, TaskKind.REFUND_PAYMENT)
    world.services.settle_charges("succeeded")


def failed_by_mistake(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    world.report(order, payment_status="failed")


def reversed_when_ready(world: World) -> None:
    """The bank takes the money back before the parcel leaves, and says so until it gets an answer."""
    order = world.place("ann", DESKS)
    world.settle()
    world.services.reverse_charges(order)
    world.report_records()


def sold_while_unpaid(world: World) -> None:
    """The hold expires and its stock is sold before the payment succeeds."""
    world.services.payment.outcome = "processing"
    world.place("ann", {"chair": 1})
    world.settle()
    world.clock.pass_time(minutes=HOLD_MINUTES)
    world.services.payment.outcome = "succeeded"
    world.place("bob", {"chair": 1})
    world.settle()
    world.services.settle_charges("succeeded")
    world.report_records()


def expired_but_free(world: World) -> None:
    """The hold expires before the payment succeeds, and its stock can be reserved again."""
    world.services.payment.outcome = "processing"
    world.place("ann", DESKS)
    world.settle()
    world.clock.pass_time(minutes=HOLD_MINUTES)
    world.services.settle_charges("succeeded")


def keys_forgotten(world: World) -> None:
    """The services forget idempotency keys before they are asked what became of calls without an answer."""
    order = world.place("ann", DESKS)
    for kind, service in ((CHARGE, "payment"), (COMMIT, "inventory"), (SHIP, "shipping")):
        world.services.lose_answer(service)
        world.process(kind)
        world.services.forget_keys()
        world.process(kind)
    world.cancel(order, "ann")
    world.process(TaskKind.CANCEL_SHIPMENT)
    world.services.lose_answer("payment")
    world.process(TaskKind.REFUND_PAYMENT)
    world.services.forget_keys()


def given_up_and_cancelled(world: World) -> None:
    """A shipment is given up after lost answers; then the order is cancelled, and somebody redrives."""
    order = world.place("ann", DESKS)
    world.process(CHARGE, COMMIT)
    for _ in range(MAX_ATTEMPTS):
        world.services.lose_answer("shipping")
        world.process(SHIP)
    world.cancel(order, "ann")
    world.settle()
    world.redrive()


def shipped_twice(world: World) -> None:
    """The goods leave by hand while a shipment of them is made, whose answer is lost."""
    order = world.place("ann", DESKS)
    world.process(CHARGE, COMMIT)
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.report(order, status="shipped", tracking_number="by-hand")


def another_parcel_shipped(world: World) -> None:
    """Another parcel leaves than the one that is ready."""
    order = world.place("ann", DESKS)
    world.settle()
    world.report(order, status="shipped", tracking_number="by-hand")


def another_parcel_after_a_report(world: World) -> None:
    """The shipment is reported without its number before its answer has been seen; then another parcel leaves."""
    order = world.place("ann", DESKS)
    world.process(CHARGE, COMMIT)
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.report(order, shipping_status="ready")
    world.settle()
    world.report(order, status="shipped", tracking_number="by-hand")


def another_parcel_delivered(world: World) -> None:
    """Another parcel arrives than the one that is ready."""
    order = world.place("ann", DESKS)
    world.settle()
    world.report(order, status="delivered", tracking_number="by-hand")


def renumbered_by_the_carrier(world: World) -> None:
    """The parcel has left, and its departure is reported with another number."""
    order = world.place("ann", DESKS)
    world.settle()
    world.services.dispatch(order)
    world.report(order, status="shipped", tracking_number="by-carrier")


def tracking_changed(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    ship(world, order)
    world.report(order, status="shipped", tracking_number="second", event_id="second")
    world.report(order, status="shipped", tracking_number="second", event_id="second")


def delivered_first(world: World) -> None:
    """The delivery is reported before the departure."""
    order = world.place("ann", DESKS)
    world.settle()
    deliver(world, order)
    world.report(order, status="shipped")


def refunded_at_the_provider(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    ship(world, order)
    world.services.refund_charges(order)
    world.report_records()
    world.settle()
    world.report(order, status="returned")


def refunded_before_the_cancel(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    world.services.refund_charges(order)
    world.report_records()
    world.cancel(order, "ann")


def moved(world: World) -> None:
    """A customer changes the address again and again, while the parcel is made."""
    order = world.place("ann", DESKS)
    world.move(order, "ann")
    world.process(CHARGE)
    world.move(order, "ann")
    world.process(COMMIT)
    world.move(order, "ann")
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.move(order, "ann")
    world.settle()
    world.move(order, "ann")


def moved_from_the_cart(world: World) -> None:
    """An order has the address of its cart until the customer changes it; then it is cancelled."""
    world.services.fill_cart("ann", desk=1)
    order = world.place_cart("ann")
    world.process(CHARGE, COMMIT)
    world.move(order, "ann")
    world.process(SHIP)
    world.move(order, "ann")
    world.cancel(order, "ann")
    world.move(order, "ann")


def shortage(world: World) -> None:
    world.place("ann", {"desk": 1, "chair": 2})
    world.place("ann", {"chair": 1})


def unknown_product(world: World) -> None:
    world.place("ann", {"desk": 1, "nothing": 1})


def price_changed(world: World) -> None:
    world.place("ann", {"desk": 1, "lamp": 1}, price="1.00")


def last_piece(world: World) -> None:
    """Two customers want the last piece; the one who has it cancels, and the other one tries again."""
    first = world.place("ann", {"chair": 1})
    world.place("bob", {"chair": 1})
    world.cancel(first, "ann")
    world.settle()
    world.place("bob", {"chair": 1})


def somebody_elses(world: World) -> None:
    order = world.place("ann", DESKS)
    for _ in range(2):
        if world.cancel(order, "eve") or world.move(order, "eve"):
            raise AssertionError("somebody else's order was changed")
        world.settle()


SCENARIOS: Mapping[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        paid,
        paid_without_a_key,
        delivered,
        from_the_cart,
        cart_without_a_key,
        cart_ordered_again,
        cart_changed,
        cart_without_version,
        cart_without_version_declined,
        cart_declined,
        declined,
        paid_later,
        declined_later,
        cancelled_before_the_charge,
        cancelled_during_the_charge,
        money_after_the_cancel,
        cancelled_before_the_shipment,
        cancelled_when_ready,
        recall_refused,
        shipped_while_recalled,
        shipment_after_the_cancel,
        cancelled_when_reported_ready,
        shipped_by_hand,
        returned,
        returned_undelivered,
        erased,
        erased_when_ended,
        expired,
        reported_before_the_answer,
        cancelled_before_the_answer,
        reported_again_and_again,
        settled_in_silence,
        never_settled,
        paid_after_failed,
        paid_after_voided,
        failed_before_the_answer,
        paid_by_mistake,
        refunded_before_settled,
        failed_by_mistake,
        reversed_when_ready,
        sold_while_unpaid,
        expired_but_free,
        keys_forgotten,
        given_up_and_cancelled,
        shipped_twice,
        another_parcel_shipped,
        another_parcel_after_a_report,
        another_parcel_delivered,
        renumbered_by_the_carrier,
        tracking_changed,
        delivered_first,
        refunded_at_the_provider,
        refunded_before_the_cancel,
        moved,
        moved_from_the_cart,
        shortage,
        unknown_product,
        price_changed,
        last_piece,
        several,
        somebody_elses,
        crowd,
    )
}
