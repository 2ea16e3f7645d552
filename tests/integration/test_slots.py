"""Each downstream service has a number of slots: no more of its tasks are claimed at a time."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import httpx
import pytest

from orders.config import DatabaseSettings
from orders.domain.lifecycle import Event, TaskKind
from orders.domain.order import TaskId
from orders.postgres import order_changes, outbox, task_claims
from orders.postgres.connection import Database
from orders.postgres.task_claims import BUSY_DELAY, LEASE, ClaimedTask
from orders.use_cases import relay_outbox
from orders.use_cases.retries import DONE
from tests.integration.conftest import Query
from tests.integration.world import World

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SLOTS = 3
WORKERS = 12

type Enqueue = Callable[..., list[TaskId]]


@pytest.fixture
def enqueue(query: Query) -> Enqueue:
    """Enqueue a task of each of some kinds, each for an order of its own."""

    def enqueue(*kinds: TaskKind) -> list[TaskId]:
        tasks = [TaskId(str(uuid.uuid4()), 1, kind) for kind in kinds]
        for task in tasks:
            query(
                """
                INSERT INTO orders (id, customer_id, status, payment_status, shipping_status, currency, total,
                    line_count, version, reservation_id, created_at, updated_at)
                VALUES (%(id)s, '5', 'pending', 'pending', 'pending', 'USD', 1, 1, 1, gen_random_uuid(),
                    %(at)s, %(at)s);
                INSERT INTO order_events (
                    order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
                VALUES (%(id)s, 1, 'order.placed', 'customer:5', 'pending', 'pending', 'pending', %(at)s);
                INSERT INTO order_tasks (order_id, version, kind, available_at) VALUES (%(id)s, 1, %(kind)s, %(at)s)
                """,
                id=task.order_id,
                kind=task.kind.value,
                at=NOW,
            )
        return tasks

    return enqueue


@pytest.fixture
def workers(query: Query) -> Iterator[list[Database]]:
    """A connection for each of several workers."""
    databases = [Database(DatabaseSettings.from_environment()) for _ in range(WORKERS)]
    yield databases
    for database in databases:
        database.close()


def claim(database: Database, task: TaskId, at: datetime = NOW) -> ClaimedTask:
    return task_claims.claim(database, [task], at, SLOTS)[task]


def test_given_concurrent_workers_when_they_claim_then_never_more_than_the_slots(
    workers: list[Database], enqueue: Enqueue, query: Query
) -> None:
    kinds = (TaskKind.CHARGE_PAYMENT, TaskKind.REFUND_PAYMENT)
    for attempt in range(20):
        tasks = enqueue(*kinds * (WORKERS // 2))
        barrier = Barrier(WORKERS)

        def work(database: Database, task: TaskId, barrier: Barrier = barrier) -> ClaimedTask:
            barrier.wait()
            return claim(database, task)

        with ThreadPoolExecutor(WORKERS) as pool:
            claims = list(pool.map(work, workers, tasks))
        assert sum(task.claimed for task in claims) == SLOTS, attempt
        assert sum(task.busy for task in claims) == WORKERS - SLOTS, attempt
        slots = query("SELECT slot FROM order_tasks WHERE slot IS NOT NULL ORDER BY slot")
        assert [row["slot"] for row in slots] == list(range(1, SLOTS + 1)), attempt
        query("UPDATE order_tasks SET state = 'done', slot = NULL")


def test_given_concurrent_workers_when_they_claim_one_task_then_one_has_it(
    workers: list[Database], enqueue: Enqueue
) -> None:
    [task] = enqueue(TaskKind.CHARGE_PAYMENT)
    with ThreadPoolExecutor(WORKERS) as pool:
        claims = list(pool.map(lambda database: claim(database, task), workers))
    assert sum(each.claimed for each in claims) == 1
    assert not any(each.busy for each in claims)


def test_given_batches_when_claimed_at_once_then_never_more_than_the_slots(
    workers: list[Database], enqueue: Enqueue, query: Query
) -> None:
    services = (TaskKind.CHARGE_PAYMENT, TaskKind.CREATE_SHIPMENT, TaskKind.SEND_NOTIFICATION)
    for attempt in range(20):
        tasks = enqueue(*services * 4)
        batches = [tasks[number:] + tasks[:number] for number in range(WORKERS)]
        barrier = Barrier(WORKERS)

        def work(database: Database, batch: list[TaskId], barrier: Barrier = barrier) -> list[ClaimedTask]:
            barrier.wait()
            return list(task_claims.claim(database, batch, NOW, SLOTS).values())

        with ThreadPoolExecutor(WORKERS) as pool:
            claims = [each for batch in pool.map(work, workers, batches) for each in batch]
        assert len(claims) == WORKERS * len(tasks), attempt
        assert Counter(each.kind for each in claims if each.claimed) == dict.fromkeys(services, SLOTS), attempt
        slots = query("SELECT kind, array_agg(slot ORDER BY slot) AS slots FROM order_tasks WHERE slot > 0 GROUP BY 1")
        assert [row["slots"] for row in slots] == [list(range(1, SLOTS + 1))] * len(services), attempt
        query("UPDATE order_tasks SET state = 'done', slot = NULL")


def test_given_a_task_being_changed_when_claimed_then_others_do_not_wait(database: Database, enqueue: Enqueue) -> None:
    first, changed, last = enqueue(*[TaskKind.CHARGE_PAYMENT] * 3)
    other = Database(DatabaseSettings.from_environment())
    other.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
    other.execute("SELECT FROM order_tasks WHERE order_id = %(id)s FOR UPDATE", {"id": changed.order_id})
    claims = task_claims.claim(database, [first, changed, last], NOW, SLOTS)
    assert [(claims[task].claimed, claims[task].busy) for task in (first, changed, last)] == [
        (True, False),
        (False, False),
        (True, False),
    ]
    assert claims[changed].state == "pending"
    other.execute("COMMIT")
    assert claim(database, changed).claimed
    other.close()


def test_given_a_busy_service_when_others_tasks_are_claimed_then_they_have_slots(
    database: Database, enqueue: Enqueue
) -> None:
    for task in enqueue(*[TaskKind.CHARGE_PAYMENT] * SLOTS):
        assert claim(database, task).claimed
    refund, shipment = enqueue(TaskKind.REFUND_PAYMENT, TaskKind.CREATE_SHIPMENT)
    assert (claim(database, refund).claimed, claim(database, shipment).claimed) == (False, True)


@pytest.mark.parametrize("way", ["finish", "event", "reschedule", "fail", "lease ends"])
def test_given_a_full_service_when_a_task_ends_then_its_slot_is_free(
    database: Database, enqueue: Enqueue, way: str
) -> None:
    *claimed, waiting = enqueue(*[TaskKind.CHARGE_PAYMENT] * (SLOTS + 1))
    first, *_ = [claim(database, task) for task in claimed]
    assert claim(database, waiting).busy
    at = NOW
    match way:
        case "finish":
            outbox.finish(database, first.id, NOW)
        case "event":
            order_changes.apply_event(
                database, Event.PAYMENT_PROCESSING, first.order_id, actor="system:test", at=NOW, task=first.id
            )
        case "reschedule" | "fail":
            outbox.reschedule(database, first, "no answer", NOW + timedelta(minutes=5), final=way == "fail")
        case "lease ends":
            assert claim(database, waiting, NOW + LEASE - timedelta(seconds=1)).busy
            at = NOW + LEASE
    assert claim(database, waiting, at).claimed


def test_given_a_worker_that_crashed_when_its_task_is_claimed_then_in_one_slot(
    database: Database, enqueue: Enqueue, query: Query
) -> None:
    [task] = enqueue(TaskKind.CHARGE_PAYMENT)
    assert claim(database, task).claimed
    assert claim(database, task, NOW + LEASE).attempts == 2
    assert query("SELECT count(slot) AS slots FROM order_tasks") == [{"slots": 1}]


@pytest.fixture
def world(services: httpx.Client, query: Query, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("TASK_CONCURRENCY", "1")
    return World()


def test_given_a_busy_service_when_a_task_arrives_then_it_is_sent_again_later(
    world: World, database: Database, query: Query
) -> None:
    first, second = (world.place() for _ in range(2))
    [charge, _, waiting, _] = world.queue.waiting
    assert (charge.order_id, waiting.order_id) == (first, second)
    assert task_claims.claim(database, [charge], world.clock.now(), 1)[charge]
    world.queue.waiting.clear()
    for waited in (0, 10, 80, 3600):
        world.clock.pass_time(seconds=waited - (world.clock.now() - placed_at(query, second)).total_seconds())
        query("UPDATE order_tasks SET available_at = %(end)s WHERE slot = 1", end=world.clock.now() + LEASE)
        assert world.process(waiting) == DONE
        longest = min(max(2, waited), BUSY_DELAY.total_seconds())
        assert longest / 2 <= world.queue.delays[-1] <= longest
    assert world.queue.waiting == [waiting] * 4
    [row] = query("SELECT attempts, state FROM order_tasks WHERE order_id = %(id)s AND slot IS NULL LIMIT 1", id=second)
    assert row == {"attempts": 0, "state": "pending"}
    outbox.finish(database, charge, world.clock.now())
    assert world.process(waiting) == DONE
    assert query("SELECT payment_status FROM orders WHERE id = %(id)s", id=second) == [{"payment_status": "paid"}]


def placed_at(query: Query, order: str) -> datetime:
    [row] = query("SELECT created_at FROM orders WHERE id = %(id)s", id=order)
    placed: datetime = row["created_at"]
    return placed


def test_given_a_busy_task_when_delayed_then_the_relay_sends_no_other_message(world: World, database: Database) -> None:
    world.place()
    world.place()
    charge, first_notification, waiting, second_notification = world.queue.waiting
    assert task_claims.claim(database, [charge], world.clock.now(), 1)[charge]
    for task in (first_notification, second_notification):
        assert world.process(task) == DONE
    world.clock.pass_time(seconds=80)
    assert world.process(waiting) == DONE
    summary = world.run_relay()
    assert (summary.tasks, summary.lag_seconds) == (0, 80), "the lag shows what waits"
    # The message of the waiting task is due after 80 seconds, and the lease of the other has ended since.
    world.queue.waiting.clear()
    world.clock.pass_time(seconds=80)
    world.clock.pass_time(seconds=relay_outbox.RESEND_INTERVAL.total_seconds() - 1)
    world.run_relay()
    assert world.queue.waiting == [charge]
    world.clock.pass_time(seconds=2)
    world.run_relay()
    assert world.queue.waiting == [charge, waiting]
