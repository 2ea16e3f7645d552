"""What customers, staff and services do: every path through the table of events."""

from collections.abc import Callable, Mapping

from orders.domain.lifecycle import TaskKind
from tests.simulation.world import OVERDUE_MINUTES, World

type Scenario = Callable[[World], None]

DESKS = {"desk": 2}
_STEPS = 25
CHARGE, SHIP = TaskKind.CHARGE_PAYMENT, TaskKind.CREATE_SHIPMENT


def paid(world: World) -> None:
    world.place("ann", DESKS)


def paid_without_a_key(world: World) -> None:
    world.place("ann", DESKS, has_key=False)


def cart_without_a_key(world: World) -> None:
    world.services.carts.fill("ann", desk=1)
    world.place_cart("ann", has_key=False)
    world.settle()
    world.place_cart("ann", has_key=False)


def delivered(world: World) -> None:
    order = world.place("ann", {"desk": 1, "lamp": 2})
    world.settle()
    _ship(world, order)
    world.report(order, status="delivered")


def from_the_cart(world: World) -> None:
    world.services.carts.fill("ann", desk=1)
    world.place_cart("ann")
    world.settle()
    world.place_cart("ann")


def cart_ordered_again(world: World) -> None:
    """A cart is ordered twice at once; then the first order is cancelled and the cart is ordered anew."""
    world.services.carts.fill("ann", desk=1)
    order = world.place_cart("ann")
    world.place_cart("ann")
    world.cancel(order, "ann")
    world.place_cart("ann")


def cart_changed(world: World) -> None:
    """A cart is filled anew before it is marked as ordered."""
    world.services.carts.fill("ann", desk=1)
    world.place_cart("ann")
    world.services.carts.fill("ann", lamp=1)
    world.settle()
    world.place_cart("ann")


def declined(world: World) -> None:
    world.services.payment.verdict = "declined"
    world.place("ann", DESKS)


def paid_later(world: World) -> None:
    world.services.payment.verdict = "processing"
    order = world.place("ann", DESKS)
    world.settle()
    world.services.payment.settle("succeeded")
    world.report_books()
    world.settle()
    world.cancel(order, "ann")


def declined_later(world: World) -> None:
    world.services.payment.verdict = "processing"
    world.place("ann", DESKS)
    world.settle()
    world.services.payment.settle("declined")
    world.report_books()


def cancelled_before_the_charge(world: World) -> None:
    world.cancel(world.place("ann", DESKS), "ann")


def cancelled_during_the_charge(world: World) -> None:
    world.services.payment.verdict = "processing"
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.cancel(order, "ann")
    world.settle()
    world.services.payment.settle("declined")
    world.report_books()


def money_after_the_cancel(world: World) -> None:
    world.services.payment.verdict = "processing"
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.cancel(order, "ann")
    world.settle()
    world.services.payment.settle("succeeded")
    world.report_books()


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
    world.services.shipping.refuses = True
    order = world.place("ann", DESKS)
    world.settle()
    world.cancel(order, "ann")
    world.settle()
    world.report(order, status="delivered")


def shipped_while_recalled(world: World) -> None:
    """The parcel leaves between the cancel and the recall."""
    order = world.place("ann", DESKS)
    world.settle()
    world.cancel(order, "ann")
    _ship(world, order)


def shipment_after_the_cancel(world: World) -> None:
    """The shipment is made, but before anybody knows the order is cancelled."""
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.cancel(order, "ann")


def cancelled_when_reported_ready(world: World) -> None:
    """The carrier reports the shipment before its answer has been seen; then the order is cancelled."""
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.services.lose_answer("shipping")
    world.process(SHIP)
    world.report_books()
    world.cancel(order, "ann")


def shipped_by_hand(world: World) -> None:
    """The goods leave before a shipment is made of them, or by chance together with it."""
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.report(order, status="shipped")
    world.services.shipping.dispatch(order)


def returned(world: World) -> None:
    order = world.place("ann", DESKS)
    world.settle()
    _ship(world, order)
    world.report(order, status="delivered")
    world.settle()
    world.report(order, status="returned")


def returned_undelivered(world: World) -> None:
    order = world.place("ann", {"desk": 1, "lamp": 1})
    world.settle()
    _ship(world, order)
    world.report(order, status="returned")


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
    world.report_books()
    world.settle()
    world.cancel(order, "ann")


def cancelled_before_the_answer(world: World) -> None:
    """The bank reports a payment and the customer cancels, before the answer to the charge has been seen."""
    order = world.place("ann", DESKS)
    world.services.lose_answer("payment")
    world.process(CHARGE)
    world.report_books()
    world.cancel(order, "ann")


def reported_again_and_again(world: World) -> None:
    order = world.place("ann", DESKS)
    world.process(CHARGE)
    world.report_books()
    world.settle()
    world.report_books()
    world.report(order, status="delivered")
    _ship(world, order)
    world.report_books()
    world.report(order, status="shipped", event_id="left")
    world.report(order, status="delivered", event_id="arrived")
    world.report(order, status="shipped", event_id="left")
    world.report(order, status="delivered", event_id="arrived")


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


def several(world: World) -> None:
    """Several orders at once, each going its own way."""
    orders = [world.place(customer, {"desk": 2, "lamp": 1}) for customer in ("ann", "bob", "eve")]
    world.deliver_any()
    world.cancel(orders[0], "ann")
    world.settle()
    _ship(world, orders[1])
    world.report(orders[1], status="returned")
    world.cancel(orders[2], "eve")


def somebody_elses(world: World) -> None:
    order = world.place("ann", DESKS)
    if world.cancel(order, "eve"):
        raise AssertionError("somebody else's order was cancelled")
    world.settle()
    if world.cancel(order, "eve"):
        raise AssertionError("somebody else's order was cancelled")


def crowd(world: World) -> None:
    """Several customers do what comes to their minds, while everything else goes on."""
    random = world.random
    customers: dict[str, str] = {}
    for _ in range(_STEPS):
        customer = random.choice(["ann", "bob", "eve"])
        order = random.choice([None, *customers])
        world.services.payment.verdict = random.choice(["succeeded", "succeeded", "declined", "processing"])
        match random.randrange(8):
            case 0 | 1:
                placed = world.place(customer, {random.choice(["desk", "lamp", "chair"]): random.randint(1, 3)})
                if placed:
                    customers[placed] = customer
            case 2 if order:
                world.cancel(order, customers[order])
            case 3:
                _ship(world, order)
            case 4:
                world.report(order, status=random.choice(["delivered", "returned"]))
            case 5:
                world.services.payment.settle(random.choice(["succeeded", "declined"]))
                world.report_books()
            case 6:
                world.clock.pass_time(minutes=random.uniform(0, 20))
                world.run_relay()
            case _:
                world.deliver_any()
    world.services.payment.settle("succeeded")
    world.report_books()


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
        expired,
        reported_before_the_answer,
        cancelled_before_the_answer,
        reported_again_and_again,
        shortage,
        unknown_product,
        price_changed,
        last_piece,
        several,
        somebody_elses,
        crowd,
    )
}


def _ship(world: World, order: str | None) -> None:
    """The parcel leaves, and the carrier says so."""
    if world.services.shipping.dispatch(order):
        world.report(order, status="shipped")
    world.settle()
