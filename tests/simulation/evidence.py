"""What the database and the services have stored about the orders of a world, once it has settled."""

from checks import stored
from checks.evidence import Evidence, holds_of
from tests.simulation.world import PRODUCTS, World


def collect(world: World) -> Evidence:
    """The evidence of a world as it is now."""
    services = world.services
    has_reservations = world.inventory_api == "reservations"
    return Evidence(
        orders=stored.read_orders(world.look),
        requests=world.requests,
        counts=stored.read_counts(world.look),
        at_start={name: quantity for name, (_, quantity) in PRODUCTS.items()},
        free={name: product.quantity for name, product in services.inventory.products.items()},
        holds=holds_of(services.inventory.reservations.values())
        if has_reservations
        else stored.read_holds(world.look, PRODUCTS),
        charges=services.payment.charges.values(),
        shipments=services.shipping.shipments.values(),
        notifications=services.notifications.sent.values(),
        carts=services.carts.carts,
        dead_letters=set(map(str, world.mailbox.dead)),
        holds_expire=has_reservations,
        strays_have_expired=True,
        parcels_are_tracked=True,
        publishes_events=True,
    )
