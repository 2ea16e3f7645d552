"""Several customers at once."""

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
    for _ in range(_STEPS):
        customer = random.choice(["ann", "bob", "eve"])
        order = random.choice([None, *customers])
        world.services.payment.outcome = random.choice(["succeeded", "succeeded", "declined", "processing"])
        match random.randrange(9):
            case 0 | 1:
                placed = world.place(customer, {random.choice(["desk", "lamp", "chair"]): random.randint(1, 3)})
                if placed:
                    customers[placed] = customer
            case 2 if order:
                world.cancel(order, customers[order])
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


def ship(world: World, order: str | None) -> None:
    """The parcel leaves, and the carrier says so."""
    if world.services.dispatch(order):
        world.report(order, status="shipped")
    world.settle()


def deliver(world: World, order: str | None) -> None:
    """The parcel arrives, and the carrier says so, whether or not anybody has said that it left."""
    if world.services.dispatch(order):
        world.report(order, status="delivered")
