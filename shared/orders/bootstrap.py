"""Build each use case from the environment: the only place that knows which parts belong together.

Imports are inside the functions, so that a Lambda function loads only the parts of its own use case.
"""

from typing import TYPE_CHECKING

from orders.domain.clock import Clock

if TYPE_CHECKING:
    from orders.aws.refreshed import Refreshed
    from orders.aws.task_queue import SqsTaskQueue
    from orders.clients.http import Session
    from orders.config import InventorySettings, ServiceAddress
    from orders.domain.stock import Inventory
    from orders.postgres.connection import Database
    from orders.use_cases.cancel_order import CancelOrder
    from orders.use_cases.erase_customer import EraseCustomer
    from orders.use_cases.get_order import GetOrder
    from orders.use_cases.health import CheckHealth
    from orders.use_cases.list_events import ListEvents
    from orders.use_cases.list_orders import ListOrders
    from orders.use_cases.metrics import ReadMetrics
    from orders.use_cases.place_order import PlaceOrder
    from orders.use_cases.process_task import ProcessTask
    from orders.use_cases.publish_events import PublishEvents
    from orders.use_cases.relay_outbox import RelayOutbox
    from orders.use_cases.retries import Retries
    from orders.use_cases.update_order import UpdateOrder
    from orders.use_cases.update_order_status import UpdateOrderStatus


def place_order() -> "PlaceOrder":
    """Build what places orders."""
    from orders.clients.cart import CartClient
    from orders.clients.http import Session
    from orders.config import PlacingSettings
    from orders.use_cases.place_order import PlaceOrder

    settings = PlacingSettings.from_environment()
    session = Session()
    connection = database()
    return PlaceOrder(
        database=connection,
        queue=task_queue(),
        inventory=inventory(settings.inventory, session, connection, Clock()),
        carts=CartClient(session, *service("cart", settings.cart)),
        clock=Clock(),
        default_currency=settings.default_currency,
        caller_prices=settings.caller_prices,
        max_unpaid_orders=settings.max_unpaid_orders or None,
        requires_address=settings.requires_address,
    )


def cancel_order() -> "CancelOrder":
    """Build what cancels orders."""
    from orders.use_cases.cancel_order import CancelOrder

    return CancelOrder(database(), task_queue(), Clock())


def update_order() -> "UpdateOrder":
    """Build what changes addresses, references, notes and metadata of orders."""
    from orders.config import requires_shipping_address
    from orders.use_cases.update_order import UpdateOrder

    return UpdateOrder(database(), event_queue(), Clock(), requires_address=requires_shipping_address())


def update_order_status() -> "UpdateOrderStatus":
    """Build what takes reports of statuses."""
    from orders.use_cases.update_order_status import UpdateOrderStatus

    return UpdateOrderStatus(database(), task_queue(), Clock())


def get_order() -> "GetOrder":
    """Build what reads an order."""
    from orders.use_cases.get_order import GetOrder

    return GetOrder(database())


def list_orders() -> "ListOrders":
    """Build what lists orders."""
    from orders.use_cases.list_orders import ListOrders

    return ListOrders(database())


def list_events() -> "ListEvents":
    """Build what reads the feed."""
    from orders.use_cases.list_events import ListEvents

    return ListEvents(database())


def erase_customer() -> "EraseCustomer":
    """Build what erases and exports personal data."""
    from orders.use_cases.erase_customer import EraseCustomer

    return EraseCustomer(database(), event_queue(), Clock())


def process_task() -> "ProcessTask":
    """Build what processes tasks."""
    from datetime import timedelta

    from orders.clients.cart import CartClient
    from orders.clients.http import Session
    from orders.clients.notification import NotificationClient
    from orders.clients.payment import PaymentClient
    from orders.clients.shipping import ShippingClient
    from orders.config import ServiceSettings
    from orders.use_cases.process_task import ProcessTask

    settings = ServiceSettings.from_environment()
    session = Session()
    connection = database()
    return ProcessTask(
        database=connection,
        queue=task_queue(),
        # A catalog inventory holds locks in its session while other tasks of the batch use theirs.
        inventory=inventory(settings.inventory, session, database(), Clock()),
        carts=CartClient(session, *service("cart", settings.cart)),
        payments=PaymentClient(session, *service("payment", settings.payment)),
        shipping=ShippingClient(session, *service("shipping", settings.shipping)),
        notifications=NotificationClient(session, *service("notification", settings.notification)),
        retries=retries(connection),
        concurrency=settings.task_concurrency,
        payment_timeout=timedelta(hours=settings.payment_timeout_hours),
        clock=Clock(),
    )


def publish_events() -> "PublishEvents":
    """Build what publishes events on the event bus."""
    from orders.aws.event_bus import EventBridgeBus
    from orders.config import EventBusSettings, task_concurrency
    from orders.use_cases.publish_events import PublishEvents

    connection = database()
    settings = EventBusSettings.from_environment()
    bus = EventBridgeBus(settings) if settings else None
    return PublishEvents(connection, bus, retries(connection), task_concurrency(), Clock())


def retries(connection: "Database") -> "Retries":
    """Build what reschedules tasks.

    Args:
        connection: the session to use.
    """
    from random import SystemRandom

    from orders.use_cases.retries import Retries

    # Functions restored from one snapshot would share the state of a seeded generator, and so its delays.
    return Retries(connection, task_queue(), Clock(), SystemRandom())


def relay_outbox() -> "RelayOutbox":
    """Build the relay."""
    from orders.clients.http import Session
    from orders.config import RelaySettings
    from orders.use_cases.relay_outbox import RelayOutbox

    connection = database()
    settings = RelaySettings.from_environment()
    return RelayOutbox(
        database=connection,
        queue=task_queue(),
        inventory=inventory(settings.inventory, Session(), connection, Clock()),
        clock=Clock(),
        personal_data_days=settings.personal_data_days,
    )


def check_health() -> "CheckHealth":
    """Build what checks the service's health."""
    from orders.use_cases.health import CheckHealth

    return CheckHealth(database(), Clock())


def read_metrics() -> "ReadMetrics":
    """Build what reads the metrics."""
    from orders.use_cases.metrics import ReadMetrics

    return ReadMetrics(database(), Clock())


def database() -> "Database":
    """Build a connection to the database; it connects when it is first used."""
    from orders.config import DatabaseSettings
    from orders.postgres.connection import Database

    return Database(DatabaseSettings.from_environment())


def task_queue() -> "SqsTaskQueue":
    """Build the client of the task queue."""
    from orders.aws.task_queue import SqsTaskQueue
    from orders.config import QueueSettings

    return SqsTaskQueue(QueueSettings.from_environment())


def event_queue() -> "SqsTaskQueue | None":
    """Build the client of the task queue for a function whose only tasks publish events; None without an event bus."""
    from orders.config import has_event_bus

    return task_queue() if has_event_bus() else None


def inventory(settings: "InventorySettings", session: "Session", connection: "Database", clock: Clock) -> "Inventory":
    """Build the inventory of the configured kind.

    Args:
        settings: the kind, and the service's address.
        session: the HTTP session to use.
        connection: the session that a catalog inventory holds its locks in.
        clock: the clock.
    """
    address = service("inventory", settings.address)
    if settings.api == "catalog":
        from orders.clients.catalog import CatalogClient
        from orders.clients.catalog_inventory import CatalogInventory

        catalog = CatalogClient(session, *address)
        return CatalogInventory(connection, catalog, clock, settings.catalog_max_products)
    from orders.clients.inventory import InventoryClient

    return InventoryClient(session, *address)


def service(name: str, address: "ServiceAddress") -> "tuple[str, Refreshed[str] | None]":
    """Return the URL of a downstream service, and the secret that it knows this service by."""
    if not address.secret_arn:
        return address.url, None
    from orders.clients.bearer import bearer

    return address.url, bearer(name, address.secret_arn)
