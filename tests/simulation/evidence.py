"""What the database and the services have stored about the orders of a world, once it has settled."""

from checks import stored
from checks.evidence import Evidence, holds_of
from orders.domain.events import EventPage
from orders.schemas.events import FeedEvent, event_page_view
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
        feed=_feed(world),
        bus=world.bus.documents,
    )


def _feed(world: World) -> list[FeedEvent]:
    """The feed as somebody has seen it who followed it all the time: it is the same for who reads it now."""
    world.follow()
    followed = list(world.followed)
    world.followed.clear()
    world.follow()
    assert world.followed == followed, "the feed has changed"
    return event_page_view(EventPage(followed, len(followed)))["events"]
