"""HTTP without sockets: a session that hands each request to the fake of the service that it is for."""

import json as json_format
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPMessage
from random import Random
from typing import override
from urllib.parse import parse_qsl, unquote, urlsplit

from fakes.service import Service
from orders.aws import connections
from orders.clients.http import NoResponse, Session
from orders.domain.clock import Clock
from tests.simulation.effects import Effects, Fault, Kind
from tests.simulation.services import Request, Response, Services

_LATEST_SECONDS = 1200.0


class Network(Session):
    """Carries the calls of one process, each of which is an effect."""

    def __init__(self, services: Services, effects: Effects, clock: Clock, random: Random) -> None:
        super().__init__()
        self._services = services
        self._effects = effects
        self._clock = clock
        self._random = random

    @override
    def request(
        self, method: str, url: str, *, json: object, headers: Mapping[str, str], read_timeout_seconds: float
    ) -> connections.Response:
        address = urlsplit(url)
        call = Request(
            service=Service(str(address.hostname)),
            method=method,
            path=unquote(address.path),
            body=json_format.dumps(json),
            key=headers.get("Idempotency-Key"),
            query=dict(parse_qsl(address.query)),
        )
        self._services.arrive()
        fault = self._effects.meet(_kind(call), f"{call.service} {call}")
        match fault:
            case Fault.UNAVAILABLE:
                return _http(Response(503, b'{"code": "unavailable"}'))
            case Fault.LATE:
                self._repeat_later(call)
                raise NoResponse
        response = self._services.handle(call)
        if self._services.loses_answer(call.service):
            raise NoResponse
        match fault:
            case Fault.CRASH_AFTER:
                self._effects.crash()
            case Fault.LOST_ANSWER:
                raise NoResponse
            case Fault.DUPLICATE:
                self._repeat_later(call)
                raise NoResponse
        return _http(response)

    def _repeat_later(self, call: Request) -> None:
        at = self._clock.now() + timedelta(seconds=self._random.uniform(0, _LATEST_SECONDS))
        self._services.late.append((at, call))


def _kind(call: Request) -> Kind:
    is_write = call.method == "PUT" and call.path.startswith("/products/")
    return Kind.WRITE_CATALOG if is_write else Kind.CALL


def _http(response: Response) -> connections.Response:
    return connections.Response(response.status, HTTPMessage(), response.body)
