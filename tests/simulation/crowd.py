"""Several customers at once."""

from fakes.cart import CartSettings
from tests.simulation.world import World

_STEPS = 25


def several(world: World) -> None:
    """Several orders at once, each going its own way."""
    orders = [world.place(customer, {"desk": 2, "lamp": 1}) for customer in ("ann", "bob", "eve")]
    world.deliver_any()
    world.cancel(orders[0], "ann")
    world.settle()
    ship(world, orders[1])
    world.report(orders[1], status="returned")
    world.cancel(orders[2], "eve")


def crowd(world: World) -> None:
    """Several customers act at random, while everything else goes on."""
    random = world.random
    customers: dict[str, str] = {}
    world.services.carts.set_settings(CartSettings(has_versions=random.random() < 1 / 3))
    for _ in range(_STEPS):
        customer = random.choice(["ann", "bob", "eve"])
        order = random.choice([None, *customers])
        world.services.payment.outcome = random.choice(["succeeded", "succeeded", "declined", "processing"])
        match random.randrange(12):
            case 0 | 1 | 8 | 9:
                placed = _place(world, customer)
                if placed:
                    customers[placed] = customer
            case 2 | 10 if order:
                _change(world, order, customers[order])
            case 3:
                ship(world, order)
            case 5:
                deliver(world, order)
            case 4:
                world.report(order, status="returned")
            case 6:
                world.services.settle_charges(random.choice(["succeeded", "declined"]))
                world.report_records()
            case 7:
                world.clock.pass_time(minutes=random.uniform(0, 20))
                world.run_relay()
            case _:
                world.deliver_any()
    world.services.settle_charges("succeeded")
    world.report_records()


def _place(world: World, customer: str) -> str | None:
    """A customer orders a product, fills the cart, or orders what is in it."""
    random = world.random
    match random.randrange(4):
        case 0 | 1:
            return world.place(customer, {random.choice(["desk", "lamp", "chair"]): random.randint(1, 3)})
        case 2:
            world.services.fill_cart(customer, desk=random.randint(1, 2))
            return None
        case _:
            return world.place_cart(customer)


def _change(world: World, order: str, customer: str) -> None:
    """A customer cancels an order, moves, or wants to be forgotten."""
    match world.random.randrange(3):
        case 0:
            world.cancel(order, customer)
        case 1:
            world.move(order, customer)
        case _:
            world.erase(customer)


def ship(world: World, order: str | None) -> None:
    """The parcel leaves, and the carrier says so."""
    if world.services.dispatch(order):
        world.report(order, status="shipped")
    world.settle()


def deliver(world: World, order: str | None) -> None:
    """The parcel arrives, and the carrier says so, whether or not anybody has said that it left."""
    if world.services.dispatch(order):
        world.report(order, status="delivered")
