"""Customers and staff retry unanswered requests, and draw no conclusions from a lost answer."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable

import httpx

from checks.evidence import Fate
from tools.chaos.clients import Act, Crowd
from tools.chaos.plan import Plan
from tools.chaos.scene import Scene
from tools.support.api import Api

SCENE = Scene("run")


def plan(*, from_cart: bool = False, cancels: bool = False, reports: tuple[str, ...] = ()) -> Plan:
    return Plan(3, 0, Counter(lamp=2), from_cart, cancels, reports, 0.0)


def crowd(plans: list[Plan], answer: Callable[[httpx.Request], httpx.Response]) -> tuple[Crowd, list[str]]:
    """Execute plans against an API with these answers; return its requests too."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.headers['authorization'].removeprefix('Bearer ')} {request.method} {request.url.path}")
        return answer(request)

    async def at_once(_: float) -> None:
        pass

    async def run() -> Crowd:
        async with httpx.AsyncClient(base_url="http://api.invalid", transport=httpx.MockTransport(handle)) as http:
            crowd = Crowd(Api(http, "{}".format, at_once), SCENE, at_once)
            await crowd.run(plans, 2, lambda: None)
            return crowd

    return asyncio.run(run()), asked


def order(status: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, json={"id": "order-1", "status": status})


def test_given_a_plan_when_placed_then_the_order_carries_its_number() -> None:
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(201, json={"id": "order-1"})

    done, asked = crowd([plan()], answer)
    assert [(each.fate, each.order_id) for each in done.attempts] == [(Fate.ACCEPTED, "order-1")]
    assert asked == ["run-0 POST /v1/customers/run-0/orders"]
    assert bodies[0]["customer_email"] == SCENE.email(plan())
    assert bodies[0]["items"] == [{"product_id": "run-lamp", "quantity": 2, "unit_price": "34.50"}]


def test_given_a_cart_when_ordered_then_there_is_no_body() -> None:
    sizes = []

    def answer(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.content))
        return httpx.Response(201, json={"id": "order-1"})

    crowd([plan(from_cart=True)], answer)
    assert sizes == [0]


def test_given_a_lost_answer_when_placed_then_no_further_request_is_sent() -> None:
    done, asked = crowd([plan(cancels=True)], lambda _: httpx.Response(500))
    assert [(each.fate, each.code) for each in done.attempts] == [(Fate.UNKNOWN, "http_500")]
    assert set(asked) == {"run-0 POST /v1/customers/run-0/orders"}


def test_given_an_order_when_the_customer_changes_their_mind_then_they_cancel_it() -> None:
    done, asked = crowd([plan(cancels=True)], order("cancelled"))
    assert asked[1:] == ["run-0 POST /v1/orders/order-1/cancel"]
    assert done.acts == [Act("cancel", Fate.ACCEPTED)]


def test_given_a_paid_order_when_it_is_shipped_then_staff_reports_each_step() -> None:
    done, asked = crowd([plan(reports=("shipped", "delivered"))], order("confirmed"))
    assert asked[1:] == ["staff GET /v1/orders/order-1"] + ["staff PUT /v1/orders/order-1/status"] * 2
    assert done.acts == [Act("shipped", Fate.ACCEPTED), Act("delivered", Fate.ACCEPTED)]


def test_given_an_order_when_it_is_not_paid_then_staff_reports_nothing() -> None:
    for status in ("pending", "failed"):
        done, _ = crowd([plan(reports=("shipped",))], order(status))
        assert done.acts == []
