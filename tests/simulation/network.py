"""HTTP without sockets: a session that hands each request to the model of the service it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps, loads
from random import Random
from threading import Lock
from typing import Any, override
from urllib.parse import unquote, urlsplit

from urllib3 import BaseHTTPResponse, HTTPResponse
from urllib3.exceptions import HTTPError

from orders.clients.http import Session
from orders.domain.clock import Clock
from tests.simulation.effects import Effects, Fault, Kind
from tests.simulation.services.cart import Carts
from tests.simulation.services.inventory import Inventory, Product
from tests.simulation.services.notification import Notifications
from tests.simulation.services.payment import Payment
from tests.simulation.services.service import Answer, Refusal, Request, Service
from tests.simulation.services.shipping import Shipping

_LATEST_SECONDS = 1200.0


@dataclass(frozen=True, slots=True)
class _Late:
    """A call that is still on its way."""

    at: datetime
    host: str
    request: Request


@dataclass(slots=True)
class Services:
    """All downstream services, and the calls that are still on their way to them."""

    clock: Clock
    inventory: Inventory
    carts: Carts = field(default_factory=Carts)
    payment: Payment = field(default_factory=Payment)
    shipping: Shipping = field(default_factory=Shipping)
    notifications: Notifications = field(default_factory=Notifications)
    late: list[_Late] = field(default_factory=list)
    _losing: set[str] = field(default_factory=set)
    _one_at_a_time: Lock = field(default_factory=Lock)

    @classmethod
    def with_stock(cls, clock: Clock, products: Mapping[str, Product]) -> "Services":
        return cls(clock, Inventory(clock, dict(products)))

    def lose_answer(self, host: str) -> None:
        """Let the next answer of a service be lost."""
        self._losing.add(host)

    def loses_answer(self, host: str) -> bool:
        """Whether this answer of a service is the one to be lost."""
        is_lost = host in self._losing
        self._losing.discard(host)
        return is_lost

    def arrive(self) -> None:
        """Let the calls arrive whose time has come; nobody waits for their answers any more."""
        due = [late for late in self.late if late.at <= self.clock.now()]
        self.late = [late for late in self.late if late.at > self.clock.now()]
        for late in due:
            self.handle(late.host, late.request)

    def handle(self, host: str, request: Request) -> Answer:
        """A service's answer, refusals included."""
        with self._one_at_a_time:
            try:
                return self._at(host).handle(request)
            except Refusal as refusal:
                return refusal.answer

    def _at(self, host: str) -> Service:
        services: dict[str, Service] = {
            "inventory": self.inventory,
            "cart": self.carts,
            "payment": self.payment,
            "shipping": self.shipping,
            "notification": self.notifications,
        }
        return services[host]


class Network(Session):
    """Carries the calls of one process, each of which is an effect."""

    def __init__(self, services: Services, effects: Effects, random: Random) -> None:
        super().__init__()
        self._services = services
        self._effects = effects
        self._random = random

    @override
    def request(
        self, method: str, url: str, *_: object, json: Any = None, headers: Any = None, **__: object
    ) -> BaseHTTPResponse:
        address = urlsplit(url)
        host = str(address.hostname)
        call = Request(
            method=method,
            path=tuple(map(unquote, address.path.strip("/").split("/"))),
            body=loads(dumps(json)),
            key=headers.get("Idempotency-Key"),
        )
        self._services.arrive()
        fault = self._effects.meet(_kind(call), f"{host} {call}")
        match fault:
            case Fault.UNAVAILABLE:
                return _response(Answer(503, {"code": "unavailable"}))
            case Fault.LATE:
                self._repeat_later(host, call)
                raise HTTPError
        answer = self._services.handle(host, call)
        if self._services.loses_answer(host):
            raise HTTPError
        match fault:
            case Fault.CRASH_AFTER:
                self._effects.crash()
            case Fault.LOST_ANSWER:
                raise HTTPError
            case Fault.DUPLICATE:
                self._repeat_later(host, call)
                raise HTTPError
        return _response(answer)

    def _repeat_later(self, host: str, call: Request) -> None:
        at = self._services.clock.now() + timedelta(seconds=self._random.uniform(0, _LATEST_SECONDS))
        self._services.late.append(_Late(at, host, call))


def _kind(call: Request) -> Kind:
    is_write = call.method == "PUT" and call.path[0] == "products"
    return Kind.WRITE_CATALOG if is_write else Kind.CALL


def _response(answer: Answer) -> BaseHTTPResponse:
    return HTTPResponse(b"" if answer.body is None else dumps(answer.body).encode(), status=answer.status)
