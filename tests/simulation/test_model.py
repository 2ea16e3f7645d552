"""Any interleaving of what can happen, against a plain model of orders, stock and money."""

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from checks.stored import read_orders
from checks.violations import violations
from fakes.payment import ChargeStatus
from orders.config import InventoryApi
from orders.domain.lifecycle import TaskKind
from tests.simulation.evidence import collect
from tests.simulation.messages import Message
from tests.simulation.model import NOTIFY, Order, Shop
from tests.simulation.schedules import INVENTORY_APIS
from tests.simulation.stage import Stage
from tests.simulation.world import PRODUCTS, World

if TYPE_CHECKING:
    from orders.domain.order import TaskId

EXAMPLES = 20
"""How many interleavings each test runs, times the effort."""
SETTINGS = settings(
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Interleavings(RuleBasedStateMachine):
    """Whatever happens in whichever order, service and model agree after each step, and all settles in the end."""

    stage: Stage
    inventory_api: InventoryApi

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.stage, self.inventory_api, Random(0))
        self.shop = Shop(reservations_expire=self.inventory_api == "reservations")
        self.done: set[TaskId] = set()

    @rule(product=st.sampled_from(sorted(PRODUCTS)), quantity=st.integers(1, 4))
    def place(self, product: str, quantity: int) -> None:
        name = self.world.place("ann", {product: quantity})
        assert (name is not None) == self.shop.can_place(product, quantity)
        if name:
            self.shop.place(name, Order(product, quantity, self.world.clock.now()))

    @rule(outcome=st.sampled_from(["succeeded", "declined", "processing"]))
    def decide_about_charges(self, outcome: ChargeStatus) -> None:
        self.shop.charge_outcome = self.world.services.payment.outcome = outcome

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name, order = self._any_order(data)
        assert self.world.cancel(name, "ann") == self.shop.cancel(order)

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def ship(self, data: st.DataObject) -> None:
        name, order = self._any_order(data)
        if order.parcel in {"ready", "dispatched"} and self.world.services.dispatch(name):
            order.parcel = "dispatched"
            assert self.world.report(name, status="shipped") == self.shop.ship(order)

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        name, order = self._any_order(data)
        if order.parcel in {"ready", "dispatched"} and self.world.services.dispatch(name):
            order.parcel = "dispatched"
            assert self.world.report(name, status="delivered") == self.shop.deliver(order)

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        name, order = self._any_order(data)
        assert self.world.report(name, status="returned") == self.shop.take_back(order)

    @rule(outcome=st.sampled_from(["succeeded", "declined"]))
    def settle_charges(self, outcome: Literal["succeeded", "declined"]) -> None:
        self.world.services.settle_charges(outcome)
        for order in self.shop.orders.values():
            if order.charge == "processing":
                order.charge = outcome

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def hear_of_charge(self, data: st.DataObject) -> None:
        name, order = self._any_order(data)
        if order.charge in {"succeeded", "declined"}:
            self.world.report(name, payment_status="paid" if order.charge == "succeeded" else "failed")
            self.shop.learn_of_charge(order)

    @precondition(lambda self: self.world.mailbox.waiting)
    @rule(data=st.data())
    def run_task(self, data: st.DataObject) -> None:
        self._run(self._any_message(data))

    @precondition(lambda self: self.world.mailbox.waiting)
    @rule(data=st.data())
    def run_task_twice(self, data: st.DataObject) -> None:
        message = self._any_message(data)
        self._run(message)
        self._run(message)

    @precondition(lambda self: self.world.mailbox.waiting)
    @rule(data=st.data())
    def lose_message(self, data: st.DataObject) -> None:
        self._any_message(data)

    @rule()
    def run_relay(self) -> None:
        self.world.run_relay()
        self.shop.expire_orders(self.world.clock.now())

    @rule(minutes=st.sampled_from([1, 2, 10, 40]))
    def pass_time(self, minutes: int) -> None:
        self.world.clock.pass_time(minutes=minutes)
        self._expire_reservations()

    @invariant()
    def agree(self) -> None:
        rows = read_orders(self.world.look)
        states = {name: order.state for name, order in self.shop.orders.items()}
        assert {row.id: "/".join(row.state) for row in rows} == states
        for row in rows:
            pending = [task.kind for task in row.tasks if task.state == "pending"]
            # Those that publish events change nothing that the model has.
            todo = Counter(kind for kind in pending if kind != TaskKind.PUBLISH_EVENT)
            assert todo == self.shop.orders[row.id].todo
        free = {name: product.quantity for name, product in self.world.services.inventory.products.items()}
        assert free == self.shop.free
        charges = {charge.order_id: charge for charge in self.world.services.payment.charges.values()}
        for name, order in self.shop.orders.items():
            charge = charges.get(name)
            assert order.charge == (charge.status if charge else None)
            assert order.refunded == bool(charge and charge.refunded_amount)

    def teardown(self) -> None:
        self.world.report_records()
        self.world.drain()
        assert violations(collect(self.world)) == []

    def _run(self, message: Message) -> None:
        self.world.clock.pass_until(message.due)
        self._expire_reservations()
        self.world.deliver(message)
        kind = message.task.kind
        if message.task in self.done or kind is TaskKind.PUBLISH_EVENT:
            return
        order = self.shop.orders[message.task.order_id]
        before = order.todo[kind]
        self.shop.process(order, kind, self.world.clock.now())
        # There may be another task of this kind.
        if order.todo[kind] < before or kind == NOTIFY:
            self.done.add(message.task)

    def _expire_reservations(self) -> None:
        self.world.services.inventory.expire()
        self.shop.expire_reservations(self.world.clock.now())

    def _any_order(self, data: st.DataObject) -> tuple[str, Order]:
        return data.draw(st.sampled_from(list(self.shop.orders.items())))

    def _any_message(self, data: st.DataObject) -> Message:
        """Take a message from its queue."""
        waiting = self.world.mailbox.waiting
        return waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))


@pytest.mark.parametrize("inventory_api", INVENTORY_APIS)
def test_given_any_interleaving_when_compared_then_it_matches_the_model(
    stages: list[Stage], effort: int, inventory_api: InventoryApi
) -> None:
    class Here(Interleavings):
        pass

    Here.stage, Here.inventory_api = stages[0], inventory_api
    run_state_machine_as_test(Here, settings=settings(SETTINGS, max_examples=EXAMPLES * effort))
