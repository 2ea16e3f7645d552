"""Customers who place and cancel orders, and staff who report on parcels; many at once."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from checks.evidence import Fate
from tools.chaos.plan import Plan
from tools.chaos.scene import Scene
from tools.support.api import Answer, Api

STAFF = "staff"
LOOKS = 20
LOOK_PAUSE_SECONDS = 2.0
WAITS_FOR_PAYMENT = "pending"
CAN_SHIP = "confirmed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A plan and the result of placing its order.

    Attributes:
        order_id: Empty where no order was answered.
        code: Why it was refused, or why its fate is unknown.
    """

    plan: Plan
    fate: Fate
    order_id: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """An action on an order, `cancel` or the status that staff reported, and its result."""

    name: str
    fate: Fate
    code: str = ""


class Crowd:
    """Runs plans.

    Args:
        api: Sends the requests.
        scene: Names products and customers.
        sleep: Waits for some seconds.

    Attributes:
        attempts: One for each plan that was run.
        acts: What was done to their orders.
    """

    def __init__(self, api: Api, scene: Scene, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._api = api
        self._scene = scene
        self._sleep = sleep
        self.attempts: list[Attempt] = []
        self.acts: list[Act] = []

    async def run(self, plans: Sequence[Plan], clients: int, advance: Callable[[], None]) -> None:
        """Place the orders; cancellations and reports follow after their pauses.

        Args:
            plans: In the order in which they begin.
            clients: How many orders to place at once.
            advance: Is called after each order.
        """
        waiting = iter(plans)
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._work(waiting, group, advance))

    async def _work(self, plans: Iterator[Plan], group: asyncio.TaskGroup, advance: Callable[[], None]) -> None:
        """Place one order after another, as one client."""
        for plan in plans:
            attempt = await self._place(plan)
            self.attempts.append(attempt)
            advance()
            if attempt.fate is Fate.ACCEPTED:
                group.create_task(self._follow(attempt))

    async def _place(self, plan: Plan) -> Attempt:
        customer = self._scene.customer(plan)
        path = f"/v1/customers/{customer}/orders"
        body = None if plan.from_cart else self._scene.order(plan)
        answer = await self._api.send("POST", path, customer, body, key=str(uuid.uuid4()))
        return Attempt(plan, answer.fate, answer.order_id, answer.code)

    async def _follow(self, attempt: Attempt) -> None:
        plan = attempt.plan
        await self._sleep(plan.pause_seconds)
        if plan.cancels:
            body: dict[str, object] = {"reason": "changed my mind"}
            path = f"/v1/orders/{attempt.order_id}/cancel"
            answer = await self._api.send("POST", path, self._scene.customer(plan), body)
            self._note("cancel", answer)
        if plan.reports and await self._can_ship(attempt.order_id):
            for report in plan.reports:
                path = f"/v1/orders/{attempt.order_id}/status"
                answer = await self._api.send("PUT", path, STAFF, {"status": report})
                self._note(report, answer)

    async def _can_ship(self, order_id: str) -> bool:
        """Poll an order until it is paid; return whether it can ship."""
        for _ in range(LOOKS):
            answer = await self._api.send("GET", f"/v1/orders/{order_id}", STAFF)
            status = answer.order.get("status", WAITS_FOR_PAYMENT)
            if status != WAITS_FOR_PAYMENT:
                return status == CAN_SHIP
            await self._sleep(LOOK_PAUSE_SECONDS)
        return False

    def _note(self, name: str, answer: Answer) -> None:
        self.acts.append(Act(name, answer.fate, answer.code))
