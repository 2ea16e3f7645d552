"""The real use cases and clients over the simulated database, queue and network."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from orders import bootstrap
from orders.clients.cart import CartClient
from orders.clients.notification import NotificationClient
from orders.clients.payment import PaymentClient
from orders.clients.shipping import ShippingClient
from orders.config import InventoryApi, InventorySettings, ServiceAddress
from orders.domain.clock import Clock
from orders.use_cases.cancel_order import CancelOrder
from orders.use_cases.erase_customer import EraseCustomer
from orders.use_cases.list_events import ListEvents
from orders.use_cases.place_order import PlaceOrder
from orders.use_cases.process_task import ProcessTask
from orders.use_cases.publish_events import PublishEvents
from orders.use_cases.relay_outbox import RelayOutbox
from orders.use_cases.retries import Retries
from orders.use_cases.update_order import UpdateOrder
from orders.use_cases.update_order_status import UpdateOrderStatus
from tests.simulation.bus import Bus, SimulatedBus
from tests.simulation.database import SimulatedDatabase
from tests.simulation.messages import Mailbox, SimulatedQueue
from tests.simulation.network import Network
from tests.simulation.services import Services

_TASK_CONCURRENCY = 2
"""So low that services are busy now and then."""


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything that functions can call."""

    place: PlaceOrder
    cancel: CancelOrder
    change: UpdateOrder
    update: UpdateOrderStatus
    erase: EraseCustomer
    work: ProcessTask
    publishing: PublishEvents
    feed: ListEvents
    relay: RelayOutbox


def use_cases(
    database: SimulatedDatabase,
    mailbox: Mailbox,
    services: Services,
    bus: Bus,
    clock: Clock,
    random: Random,
    inventory_api: InventoryApi,
) -> UseCases:
    """The real use cases and clients, over a simulated queue and network."""
    queue = SimulatedQueue(mailbox, database.effects, clock)
    session = Network(services, database.effects, clock, random)
    inventory = bootstrap.inventory(
        InventorySettings(inventory_api, ServiceAddress("http://inventory")), session, database, clock
    )
    carts = CartClient(session, "http://cart")
    retries = Retries(database, queue, clock, random)
    return UseCases(
        place=PlaceOrder(database, queue, inventory, carts, clock, "USD"),
        cancel=CancelOrder(database, queue, clock),
        change=UpdateOrder(database, queue, clock),
        update=UpdateOrderStatus(database, queue, clock),
        erase=EraseCustomer(database, queue, clock),
        work=ProcessTask(
            database=database,
            queue=queue,
            inventory=inventory,
            carts=carts,
            payments=PaymentClient(session, "http://payment"),
            shipping=ShippingClient(session, "http://shipping"),
            notifications=NotificationClient(session, "http://notification"),
            retries=retries,
            concurrency=_TASK_CONCURRENCY,
            payment_timeout=timedelta(hours=24),
            clock=clock,
        ),
        publishing=PublishEvents(
            database, SimulatedBus(bus, database.effects, random), retries, _TASK_CONCURRENCY, clock
        ),
        feed=ListEvents(database),
        relay=RelayOutbox(database, queue, inventory, clock),
    )
