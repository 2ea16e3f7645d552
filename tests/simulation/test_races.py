"""Two threads race at the critical moment; whichever is first, all invariants hold in the end."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from threading import Barrier, BrokenBarrierError

import pytest

from checks.violations import violations
from fakes.cart import CartSettings
from fakes.payment import ChargeStatus
from orders.domain.caller import Caller
from orders.domain.errors import OrderServiceError
from orders.domain.lifecycle import TaskKind
from orders.domain.order import TaskId
from orders.schemas.requests import NewOrder, OrderUpdate, StatusUpdate
from tests.simulation.effects import Effect, Fault
from tests.simulation.evidence import collect
from tests.simulation.schedules import INVENTORY_APIS
from tests.simulation.stage import Stage
from tests.simulation.use_cases import UseCases
from tests.simulation.world import STAFF, World

ROUNDS = 10
"""How often each race is run, times the effort."""
ANN, BOB = Caller("ann"), Caller("bob")

type Action = Callable[[UseCases], object]


@dataclass(slots=True)
class Meet:
    """A plan in which nothing goes wrong, but one effect waits for the other thread to come to its own."""

    barrier: Barrier
    where: str
    is_over: bool = False

    def fault(self, effect: Effect) -> Fault | None:
        if self.where in effect.name and not self.is_over:
            self.is_over = True
            with suppress(BrokenBarrierError):
                self.barrier.wait()
        return None


@pytest.fixture(params=INVENTORY_APIS)
def worlds(request: pytest.FixtureRequest, stages: list[Stage], effort: int) -> Callable[[], Iterator[World]]:
    """A new world for each round; each is left in order."""

    def worlds() -> Iterator[World]:
        for seed in range(ROUNDS * effort):
            world = World(stages[0], request.param, Random(seed))
            yield world
            world.drain()
            assert violations(collect(world)) == []

    return worlds


type Worlds = Callable[[], Iterator[World]]


@pytest.mark.parametrize("where", ["order_changes.apply_event", "payment POST /charges"])
def test_given_a_charge_when_the_order_is_cancelled_then_it_ends_cancelled(worlds: Worlds, where: str) -> None:
    for world in worlds():
        order = _placed(world)
        task = _waiting(world, TaskKind.CHARGE_PAYMENT)
        _race(world, _work(task, where), _cancel(order))
        world.drain()
        assert _status(world) == "cancelled"


@pytest.mark.parametrize("outcome", ["succeeded", "declined"])
@pytest.mark.parametrize("reported", ["paid", "failed"])
@pytest.mark.parametrize("where", ["order_changes.apply_event", "payment POST /charges"])
def test_given_a_charge_when_its_end_is_reported_rightly_or_not_then_money_agrees(
    worlds: Worlds, where: str, reported: str, outcome: ChargeStatus
) -> None:
    for world in worlds():
        world.services.payment.outcome = outcome
        order = _placed(world)
        task = _waiting(world, TaskKind.CHARGE_PAYMENT)
        _race(world, _work(task, where), _report(order, payment_status=reported))


@pytest.mark.parametrize("where", ["task_claims.claim", "shipping POST /shipments", "order_changes.apply_event"])
def test_given_a_shipment_when_the_order_is_cancelled_then_it_ends_cancelled(worlds: Worlds, where: str) -> None:
    for world in worlds():
        order = _placed(world)
        world.process(TaskKind.CHARGE_PAYMENT, TaskKind.COMMIT_STOCK)
        task = _waiting(world, TaskKind.CREATE_SHIPMENT)
        _race(world, _work(task, where), _cancel(order))
        world.drain()
        assert _status(world) == "cancelled"


@pytest.mark.parametrize("where", ["task_claims.claim", "shipping POST /shipments", "order_changes.apply_event"])
def test_given_a_shipment_when_the_address_changes_then_the_parcel_has_the_orders(worlds: Worlds, where: str) -> None:
    for world in worlds():
        order = _placed(world)
        world.process(TaskKind.CHARGE_PAYMENT, TaskKind.COMMIT_STOCK)
        _race(world, _work(_waiting(world, TaskKind.CREATE_SHIPMENT), where), _move(order))


@pytest.mark.parametrize("kind", [TaskKind.CHARGE_PAYMENT, TaskKind.COMMIT_STOCK])
def test_given_a_task_before_the_parcel_when_the_address_changes_then_both_apply(
    worlds: Worlds, kind: TaskKind
) -> None:
    for world in worlds():
        _bring_about(world, kind)
        [row] = world.look("SELECT id::text AS id FROM orders")
        assert len(_race(world, _work(_waiting(world, kind), "order_changes.apply_event"), _move(row["id"]))) == 2


def test_given_an_order_when_moved_and_cancelled_at_once_then_it_ends_cancelled(worlds: Worlds) -> None:
    for world in worlds():
        order = _placed(world)
        _race(world, _cancel(order), _move(order))
        world.drain()
        assert _status(world) == "cancelled"


@pytest.mark.parametrize(
    "where", ["task_claims.claim", "payment POST /charges/ch_1/refunds", "order_changes.apply_event"]
)
@pytest.mark.parametrize("report", [{"status": "returned"}, {"payment_status": "refunded"}])
def test_given_a_refund_when_a_return_or_it_is_reported_then_refunded_once(
    worlds: Worlds, where: str, report: dict[str, str]
) -> None:
    for world in worlds():
        order = _shipped(world)
        assert world.report(order, status="returned")
        task = _waiting(world, TaskKind.REFUND_PAYMENT)
        _race(world, _work(task, where), _report(order, **report))
        world.drain()
        assert world.services.payment.charges["ch_1"].refunded_amount == 20_000


def test_given_a_dispatched_parcel_when_the_order_is_cancelled_then_it_ends_shipped(worlds: Worlds) -> None:
    for world in worlds():
        order = _placed(world)
        world.settle()
        world.services.dispatch(order)
        _race(world, _report(order, status="shipped"), _cancel(order))
        world.drain()
        assert _status(world) == "shipped"


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        (TaskKind.CHARGE_PAYMENT, "task_claims.claim"),
        (TaskKind.CHARGE_PAYMENT, "payment POST"),
        (TaskKind.COMMIT_STOCK, "task_claims.claim"),
        (TaskKind.CREATE_SHIPMENT, "task_claims.claim"),
        (TaskKind.CREATE_SHIPMENT, "shipping POST"),
        (TaskKind.CANCEL_SHIPMENT, "shipping POST"),
        (TaskKind.REFUND_PAYMENT, "task_claims.claim"),
        (TaskKind.REFUND_PAYMENT, "payment POST"),
        (TaskKind.RELEASE_STOCK, "task_claims.claim"),
        (TaskKind.RELEASE_STOCK, "inventory"),
        (TaskKind.SEND_NOTIFICATION, "notification POST"),
    ],
)
def test_given_one_task_when_delivered_twice_at_once_then_it_is_done_once(
    worlds: Worlds, kind: TaskKind, where: str
) -> None:
    for world in worlds():
        _bring_about(world, kind)
        task = _waiting(world, kind)
        dispositions = _race(world, _work(task, where), _work(task))
        assert len(dispositions) == 2


def test_given_the_last_piece_when_two_order_it_at_once_then_one_gets_it(worlds: Worlds) -> None:
    request = NewOrder.model_validate({"items": [{"product_id": "chair", "quantity": 1}]})
    for world in worlds():
        where = "stock_holds.lock_products" if world.inventory_api == "catalog" else "inventory PUT"
        placed = _race(
            world,
            (where, lambda uses: uses.place.from_items(ANN, request)),
            (where, lambda uses: uses.place.from_items(BOB, request)),
        )
        assert len(placed) == 1


@pytest.mark.parametrize("has_versions", [True, False])
def test_given_a_cart_when_it_is_ordered_twice_at_once_then_there_is_one_order(
    worlds: Worlds, *, has_versions: bool
) -> None:
    for world in worlds():
        world.services.carts.set_settings(CartSettings(has_versions=has_versions))
        world.services.fill_cart("ann", desk=1)
        placed = _race(world, *[("new_orders.place", lambda uses: uses.place.from_cart(ANN, "ann"))] * 2)
        assert len(placed) == 1


@pytest.mark.parametrize("has_versions", [True, False])
def test_given_an_ended_order_when_its_cart_is_ordered_twice_at_once_then_one_more(
    worlds: Worlds, *, has_versions: bool
) -> None:
    for world in worlds():
        world.services.carts.set_settings(CartSettings(has_versions=has_versions))
        world.services.fill_cart("ann", desk=1)
        assert world.cancel(world.place_cart("ann"), "ann")
        world.clock.pass_time(seconds=1)
        placed = _race(world, *[("new_orders.place", lambda uses: uses.place.from_cart(ANN, "ann"))] * 2)
        assert len(placed) == 1


def test_given_no_version_when_the_mark_meets_the_next_order_then_one_is_live(worlds: Worlds) -> None:
    for world in worlds():
        world.services.carts.set_settings(CartSettings(has_versions=False))
        world.services.fill_cart("ann", desk=1)
        assert world.place_cart("ann")
        world.clock.pass_time(seconds=1)
        mark = _waiting(world, TaskKind.MARK_CART_ORDERED)
        _race(world, _work(mark, "outbox.finish"), ("new_orders.place", lambda uses: uses.place.from_cart(ANN, "ann")))
        assert world.look("SELECT count(*) AS n FROM orders") == [{"n": 1}]


def test_given_a_key_when_its_request_is_sent_twice_at_once_then_there_is_one_order(worlds: Worlds) -> None:
    request = NewOrder.model_validate({"items": [{"product_id": "desk", "quantity": 1}]})
    for world in worlds():
        placed = _race(world, *[("new_orders.place", lambda uses: uses.place.from_items(ANN, request, key="key"))] * 2)
        again = world.use_cases.place.from_items(ANN, request, key="key")
        assert placed
        assert [row["id"] for row in world.look("SELECT id::text AS id FROM orders")] == [again.row["id"]]


def _race(world: World, *sides: tuple[str, Action]) -> list[object]:
    """Let both act, one side in a thread of its own, and meet where they say; returns what was not refused."""
    barrier = Barrier(len(sides), timeout=1)
    (here, one), (there, other) = sides
    world.effects.plan = Meet(barrier, here)
    world.other_effects.plan = Meet(barrier, there)
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(_unless_refused, other, world.others)
        outcomes = [_unless_refused(one, world.use_cases), others.result()]
    return [outcome for outcome in outcomes if outcome is not None]


def _unless_refused(action: Action, uses: UseCases) -> object | None:
    try:
        return action(uses)
    except OrderServiceError:
        return None


def _cancel(order: str) -> tuple[str, Action]:
    return "order_changes.apply_event", lambda uses: uses.cancel.cancel(ANN, order, None, None)


def _move(order: str) -> tuple[str, Action]:
    address = {"line1": "1 New Street", "city": "Springfield", "country": "US"}
    update = OrderUpdate.model_validate({"shipping_address": address})
    return "orders.update", lambda uses: uses.change.update(ANN, order, update, None)


def _report(order: str, **report: str) -> tuple[str, Action]:
    update = StatusUpdate.model_validate(report)
    return "order_changes.apply_event", lambda uses: uses.update.update(STAFF, order, update, None)


def _work(task: TaskId, where: str = "task_claims.claim") -> tuple[str, Action]:
    return where, lambda uses: uses.work.process(uses.work.claim([task])[task])


def _placed(world: World) -> str:
    order = world.place("ann", {"desk": 2})
    assert order
    return order


def _shipped(world: World) -> str:
    order = _placed(world)
    world.settle()
    world.services.dispatch(order)
    assert world.report(order, status="shipped")
    world.settle()
    return order


def _bring_about(world: World, kind: TaskKind) -> None:
    """Place an order, and let happen to it what promises a task of that kind."""
    match kind:
        case TaskKind.COMMIT_STOCK:
            _placed(world)
            world.process(TaskKind.CHARGE_PAYMENT)
        case TaskKind.CREATE_SHIPMENT:
            _placed(world)
            world.process(TaskKind.CHARGE_PAYMENT, TaskKind.COMMIT_STOCK)
        case TaskKind.REFUND_PAYMENT | TaskKind.RELEASE_STOCK:
            assert world.report(_shipped(world), status="returned")
        case TaskKind.CANCEL_SHIPMENT:
            order = _placed(world)
            world.settle()
            assert world.cancel(order, "ann")
        case _:
            _placed(world)


def _waiting(world: World, kind: TaskKind) -> TaskId:
    """The task of that kind that waits; its message stays on the queue."""
    return next(message.task for message in world.mailbox.waiting if message.task.kind == kind)


def _status(world: World) -> str:
    return str(world.look("SELECT status FROM orders")[0]["status"])
