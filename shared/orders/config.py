"""Settings from environment variables: read at first use, validated, typed. The template sets each of them."""

import os
import re
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args
from urllib.parse import urlsplit

InventoryApi = Literal["reservations", "catalog"]
DatabaseAuth = Literal["iam", "none"]

CATALOG_MAX_PRODUCTS = 250
"""The default of `InventorySettings.catalog_max_products`."""

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


class ConfigurationError(Exception):
    """A setting is missing or invalid."""


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        setter = "Lambda" if name.startswith("AWS_") else "template.yaml"
        raise ConfigurationError(f"the environment variable {name} is not set; {setter} sets it")
    return value


def number(name: str, value: str) -> int:
    """Return the value of a setting as a number.

    Raises:
        ConfigurationError: it is none, or negative.
    """
    if not value.isdecimal():
        raise ConfigurationError(f"{name} is {value!r}; it must be a number")
    return int(value)


def _choice(name: str, choices: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name) or default
    if value not in choices:
        raise ConfigurationError(f"{name} is {value!r}; it must be {' or '.join(choices)}")
    return value


def _stage() -> str:
    """Return ``STAGE``; without it, what is forbidden outside the stage dev is forbidden."""
    return os.environ.get("STAGE", "")


def check_service_url(name: str, url: str, stage: str) -> None:
    """Refuse the address of a service that is no URL, or that has no TLS outside the stage dev.

    Raises:
        ConfigurationError: it is not allowed. The message does not quote it, as it may have a password.
    """
    try:
        address = urlsplit(url)
        is_url = bool(address.hostname) and address.scheme in {"http", "https"} and address.port != 0
    except ValueError:  # such as a port that is no number
        is_url = False
    if not is_url or not _VISIBLE_ASCII.fullmatch(url):
        raise ConfigurationError(f"{name} is not a URL; it must be https://<host>/<path>")
    if address.scheme == "http" and stage != "dev":
        raise ConfigurationError(f"{name} begins with http://; outside the stage dev it must begin with https://")


def _flag(name: str) -> bool:
    return _choice(name, ("true", "false"), "false") == "true"


def has_event_bus() -> bool:
    """Return whether there is an event bus: ``EVENT_BUS_NAME``."""
    return bool(os.environ.get("EVENT_BUS_NAME"))


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The database's address, and how to log in: with an IAM token, or without a password to a local server.

    Attributes:
        publishes_events: whether each event of an order enqueues a task that publishes it.
    """

    host: str
    port: int
    name: str
    user: str
    auth: DatabaseAuth
    application: str
    publishes_events: bool = False

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``DATABASE_*`` and ``EVENT_BUS_NAME``."""
        auth = cast("DatabaseAuth", _choice("DATABASE_AUTH", get_args(DatabaseAuth), "iam"))
        if auth == "none" and _stage() != "dev":
            raise ConfigurationError(
                "DATABASE_AUTH is 'none'; outside the stage dev it must be 'iam', for verified TLS"
            )
        return cls(
            host=_required("DATABASE_HOST"),
            port=number("DATABASE_PORT", os.environ.get("DATABASE_PORT") or "5432"),
            name=_required("DATABASE_NAME"),
            user=_required("DATABASE_USER"),
            auth=auth,
            application=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "orders"),
            publishes_events=has_event_bus(),
        )


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a downstream service is.

    Attributes:
        url: its base URL.
        secret_arn: the ARN of the secret that it knows this service by; empty for none.
    """

    url: str
    secret_arn: str = ""

    @classmethod
    def from_environment(cls, name: str) -> Self:
        """Read ``…_URL`` and ``…_SECRET_ARN`` of a service, and ``STAGE``."""
        url = _required(f"{name}_URL")
        check_service_url(f"{name}_URL", url, _stage())
        return cls(url, os.environ.get(f"{name}_SECRET_ARN", ""))


@dataclass(frozen=True, slots=True)
class InventorySettings:
    """The inventory's API and address.

    Attributes:
        api: the kind of inventory.
        address: where it is.
        catalog_max_products: how many different products an order may have if the inventory is a catalog.
    """

    api: InventoryApi
    address: ServiceAddress
    catalog_max_products: int = CATALOG_MAX_PRODUCTS

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``INVENTORY_*`` and ``CATALOG_MAX_PRODUCTS``."""
        api = cast("InventoryApi", _choice("INVENTORY_API", get_args(InventoryApi), "reservations"))
        name = "CATALOG_MAX_PRODUCTS"
        max_products = number(name, os.environ.get(name) or str(CATALOG_MAX_PRODUCTS))
        return cls(api, ServiceAddress.from_environment("INVENTORY"), max_products)


def has_docs() -> bool:
    """Return whether the API's documentation is served: ``DOCS``; it is by default."""
    return _choice("DOCS", ("true", "false"), "true") == "true"


def requires_shipping_address() -> bool:
    """Return whether an order must have a shipping address: ``REQUIRE_SHIPPING_ADDRESS``."""
    return _flag("REQUIRE_SHIPPING_ADDRESS")


def task_concurrency() -> int:
    """Return how many tasks may call each downstream service at a time: ``TASK_CONCURRENCY``."""
    return number("TASK_CONCURRENCY", _required("TASK_CONCURRENCY"))


@dataclass(frozen=True, slots=True)
class PlacingSettings:
    """The services that are called to place an order, and the rules of the shop."""

    inventory: InventorySettings
    cart: ServiceAddress
    default_currency: str
    caller_prices: bool
    max_unpaid_orders: int
    """How many unpaid orders a customer may have; 0 for any number."""
    requires_address: bool
    """Whether an order must have a shipping address."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``INVENTORY_*``, ``CART_*``, ``DEFAULT_CURRENCY``, and the rules of the shop."""
        return cls(
            inventory=InventorySettings.from_environment(),
            cart=ServiceAddress.from_environment("CART"),
            default_currency=os.environ.get("DEFAULT_CURRENCY") or "USD",
            caller_prices=_flag("CALLER_PRICES"),
            requires_address=requires_shipping_address(),
            max_unpaid_orders=number("MAX_UNPAID_ORDERS", os.environ.get("MAX_UNPAID_ORDERS") or "0"),
        )


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The services that tasks call.

    Attributes:
        task_concurrency: how many tasks may call each of them at a time.
        payment_timeout_hours: how long a charge may be processing before it is cancelled.
    """

    inventory: InventorySettings
    cart: ServiceAddress
    payment: ServiceAddress
    shipping: ServiceAddress
    notification: ServiceAddress
    task_concurrency: int
    payment_timeout_hours: int

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``INVENTORY_*``, ``{CART,PAYMENT,SHIPPING,NOTIFICATION}_*``, and the limits of tasks."""
        return cls(
            inventory=InventorySettings.from_environment(),
            cart=ServiceAddress.from_environment("CART"),
            payment=ServiceAddress.from_environment("PAYMENT"),
            shipping=ServiceAddress.from_environment("SHIPPING"),
            notification=ServiceAddress.from_environment("NOTIFICATION"),
            task_concurrency=task_concurrency(),
            payment_timeout_hours=number("PAYMENT_TIMEOUT_HOURS", _required("PAYMENT_TIMEOUT_HOURS")),
        )


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """What the relay calls, and how long it keeps personal data.

    Attributes:
        inventory: the inventory.
        personal_data_days: how many days after an order has ended its personal data is erased; 0 to keep it.
    """

    inventory: InventorySettings
    personal_data_days: int

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``INVENTORY_*`` and ``PERSONAL_DATA_DAYS``."""
        name = "PERSONAL_DATA_DAYS"
        return cls(InventorySettings.from_environment(), number(name, os.environ.get(name) or "0"))


@dataclass(frozen=True, slots=True)
class EventBusSettings:
    """The event bus, and the source of events on it."""

    name: str
    source: str

    @classmethod
    def from_environment(cls) -> Self | None:
        """Read ``EVENT_BUS_NAME`` and ``EVENT_SOURCE``; None if there is no bus."""
        return cls(_required("EVENT_BUS_NAME"), _required("EVENT_SOURCE")) if has_event_bus() else None


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The URL of the task queue."""

    url: str

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``TASK_QUEUE_URL``."""
        return cls(_required("TASK_QUEUE_URL"))


def aws_region() -> str:
    """Return the region that the function runs in: ``AWS_REGION``."""
    return _required("AWS_REGION")


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """The region and the endpoint of an AWS service."""

    region: str
    endpoint: str

    @classmethod
    def from_environment(cls, service: str, setting: str) -> Self:
        """Read ``AWS_REGION`` and, if set, the endpoint from ``AWS_ENDPOINT_URL_…`` or ``AWS_ENDPOINT_URL``.

        Args:
            service: the service's name in host names.
            setting: its name in ``AWS_ENDPOINT_URL_…``.
        """
        region = aws_region()
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return cls(
            region=region,
            endpoint=os.environ.get(f"AWS_ENDPOINT_URL_{setting}")
            or os.environ.get("AWS_ENDPOINT_URL")
            or f"https://{service}.{region}.{domain}",
        )
