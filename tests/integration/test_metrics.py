"""Metrics: scraped counts equal the stored rows at any moment, also during changes and roll-ups."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from threading import Event
from time import monotonic
from types import ModuleType

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from orders import bootstrap
from orders.config import DatabaseSettings
from orders.domain.caller import METRICS, Caller
from orders.domain.lifecycle import TaskKind
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.postgres.connection import Database, connect
from orders.postgres.counters import roll_up
from tests.integration.conftest import INSERT_ORDERS, Query
from tests.integration.world import ManualClock, World
from tests.support import ROOT, Answer, Context, call

type Load = Callable[[str], ModuleType]
type Samples = dict[tuple[str, ...], float]
"""Values by the name of the sample and the values of its labels."""

ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}
NOON = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)

COUNTED = """
SELECT 'orders_by_status' AS name, status AS label, count(*) AS value FROM orders GROUP BY 2
UNION ALL SELECT 'orders_by_payment_status', payment_status, count(*) FROM orders GROUP BY 2
UNION ALL SELECT 'orders_by_shipping_status', shipping_status, count(*) FROM orders GROUP BY 2
UNION ALL SELECT 'orders_placed_total', currency, count(*) FROM orders GROUP BY 2
UNION ALL SELECT 'orders_tasks_pending', kind, count(*) FROM order_tasks WHERE state = 'pending' GROUP BY 2
UNION ALL SELECT 'orders_tasks_failed', kind, count(*) FROM order_tasks WHERE state = 'failed' GROUP BY 2
"""


def scrape(function: ModuleType) -> Answer:
    return call(function, "GET", "/metrics", customer="prometheus", scope="orders:metrics")


def samples(text: str) -> Samples:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(query: Query) -> Samples:
    """The expected samples, by counting every row."""
    return {(row["name"], row["label"]): row["value"] for row in query(COUNTED)}


def scraped(function: ModuleType) -> Samples:
    """The scraped samples of the counted families."""
    names = set(re.findall(r"'(orders_\w+)'", COUNTED))
    return {key: value for key, value in samples(scrape(function).text).items() if key[0] in names and value}


def roll_up_all(query: Query, database: Database) -> None:
    roll_up(database, datetime.now(UTC), limit=1_000_000)
    assert query("SELECT * FROM count_deltas") == []


@pytest.fixture
def insert(query: Query) -> Callable[..., None]:
    """Store orders, some at once."""

    def insert(number: int = 1, at: datetime = NOON, currency: str = "USD", total: int = 100) -> None:
        query(INSERT_ORDERS, number=number, at=at, currency=currency, total=total)

    return insert


type Insert = Callable[..., None]


@contextmanager
def roll_up_is_blocked(query: Query) -> Iterator[Callable[..., int]]:
    """Block roll-ups on a lock; yield a function that waits until one is blocked and returns its backend's pid."""

    def waiting(*, other_than: int = 0) -> int:
        deadline = monotonic() + 30
        while monotonic() < deadline:
            blocked = query(
                """
                SELECT pid FROM pg_stat_activity
                WHERE query LIKE '%%rolled_up%%' AND wait_event_type = 'Lock' AND pid <> %(other_than)s
                """,
                other_than=other_than,
            )
            if blocked:
                return int(blocked[0]["pid"])
        raise AssertionError("no roll-up is waiting")

    with closing(connect(DatabaseSettings.from_environment())) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("SELECT FROM order_counts FOR UPDATE")
        yield waiting


@pytest.mark.parametrize("scope", ["", "orders:read orders:write"])
def test_given_a_caller_without_the_scope_when_scraped_then_403(function: Load, scope: str) -> None:
    answer = call(function("metrics"), "GET", "/metrics", scope=scope)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert "orders:metrics" in answer.json["detail"]


def test_given_no_orders_when_scraped_then_every_status_and_kind_is_zero(function: Load) -> None:
    answer = scrape(function("metrics"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    values = samples(answer.text)
    zeros: Samples = {("orders_by_status", status): 0 for status in Status}
    zeros |= {("orders_by_payment_status", status): 0 for status in PaymentStatus}
    zeros |= {("orders_by_shipping_status", status): 0 for status in ShippingStatus}
    for name in ("orders_tasks_pending", "orders_tasks_failed", "orders_tasks_oldest_pending_seconds"):
        zeros |= {(name, kind): 0 for kind in TaskKind}
    assert values == zeros


def test_given_the_docs_when_scraped_then_there_are_exactly_the_documented_families(
    function: Load,
) -> None:
    section = (ROOT / "docs" / "api.md").read_text().partition("## Metrics")[2].partition("\n## ")[0]
    families = re.findall(r"^# TYPE (\w+)", scrape(function("metrics")).text, re.MULTILINE)
    assert sorted(families) == sorted(set(re.findall(r"`(orders_\w+)", section)))


def test_given_random_orders_when_changed_and_rolled_up_then_scraped_counts_match(function: Load, query: Query) -> None:
    names = ("create_order", "cancel_order", "update_order_status", "relay_outbox", "metrics")
    create, cancel, update, relay, metrics = map(function, names)
    random = Random(4)
    orders: list[str] = []
    reports = [
        {"payment_status": "processing"},
        {"payment_status": "paid"},
        {"payment_status": "failed"},
        {"shipping_status": "ready"},
        {"status": "shipped"},
        {"status": "delivered"},
        {"status": "returned"},
    ]
    for step in range(400):
        if step % 10 == 0:
            orders.append(call(create, "POST", "/v1/orders", ITEMS).json["id"])
        elif step % 10 == 1:
            call(cancel, "POST", f"/v1/orders/{random.choice(orders)}/cancel")
        else:
            path = f"/v1/orders/{random.choice(orders[-4:])}/status"
            call(update, "PUT", path, random.choice(reports), customer="shop", scope="orders:write")
        if random.random() < 0.1:
            relay.handler({}, Context())
        if random.random() < 0.2:
            assert scraped(metrics) == counted(query)
    relay.handler({}, Context())
    assert query("SELECT * FROM count_deltas") == []
    assert scraped(metrics) == counted(query)
    assert query("SELECT count(DISTINCT (status, payment_status, shipping_status)) AS n FROM orders")[0]["n"] > 5


def test_given_concurrent_orders_and_roll_ups_when_scraped_then_each_counts_once(function: Load, query: Query) -> None:
    over = Event()
    by_status = ("orders_by_status", "orders_by_payment_status", "orders_by_shipping_status")
    metrics = function("metrics")
    World().place()

    def order_and_cancel(world: World) -> None:
        for _ in range(25):
            world.cancel(world.place())

    def keep_rolling_up(limit: int) -> None:
        database = Database(DatabaseSettings.from_environment())
        while not over.is_set():
            roll_up(database, datetime.now(UTC), limit=limit)
        database.close()

    def keep_scraping() -> int:
        scrapes = 0
        while not over.is_set():
            before = query("SELECT count(*) AS n FROM orders")[0]["n"]
            values = samples(scrape(metrics).text)
            after = query("SELECT count(*) AS n FROM orders")[0]["n"]
            sums = {sum(value for key, value in values.items() if key[0] == name) for name in by_status}
            assert sums == {values["orders_placed_total", "USD"]}
            assert before <= sums.pop() <= after
            assert min(values.values()) >= 0
            scrapes += 1
        return scrapes

    with ThreadPoolExecutor(8) as pool:
        rolling_up = [pool.submit(keep_rolling_up, limit) for limit in (1, 7, 1000)]
        scraping = pool.submit(keep_scraping)
        try:
            assert list(pool.map(order_and_cancel, [World() for _ in range(4)])) == [None] * 4
        finally:
            over.set()
        assert scraping.result() > 10
        assert [each.result() for each in rolling_up] == [None] * 3
    assert scraped(metrics) == counted(query)
    assert counted(query)["orders_by_status", "cancelled"] == 100


def test_given_a_killed_roll_up_when_scraped_and_retried_then_nothing_is_lost(
    function: Load, query: Query, database: Database, insert: Insert
) -> None:
    metrics = function("metrics")
    insert(3)
    roll_up_all(query, database)
    insert(4)
    with ThreadPoolExecutor(1) as pool:
        with roll_up_is_blocked(query) as waiting:
            rolling_up = pool.submit(roll_up_all, query, database)
            killed = waiting()
            assert scraped(metrics) == counted(query)
            query("SELECT pg_terminate_backend(%(pid)s)", pid=killed)
            # The statement is run again over a new connection.
            waiting(other_than=killed)
            assert scraped(metrics) == counted(query)
        rolling_up.result()
    assert scraped(metrics) == counted(query)
    assert query("SELECT orders, revenue FROM order_counts") == [{"orders": 7, "revenue": 700}]


def test_given_two_relays_when_they_roll_up_then_each_delta_is_counted_once(
    query: Query, database: Database, insert: Insert
) -> None:
    insert(3)
    roll_up_all(query, database)
    insert(4)
    with ThreadPoolExecutor(1) as pool:
        with roll_up_is_blocked(query) as waiting:
            rolling_up = pool.submit(roll_up_all, query, database)
            waiting()
            other = Database(DatabaseSettings.from_environment())
            other.execute("SET lock_timeout = '5s'")
            # Rows locked by the first one are skipped.
            roll_up(other, datetime.now(UTC), limit=100)
            other.close()
        rolling_up.result()
    assert query("SELECT orders FROM order_counts") == [{"orders": 7}]


def test_given_orders_of_several_ages_when_scraped_then_each_is_in_its_windows(
    query: Query, database: Database, insert: Insert
) -> None:
    clock = ManualClock()
    clock.at = NOON
    metrics = replace(bootstrap.read_metrics(), clock=clock)

    def recent() -> dict[str, list[float]]:
        sales = metrics.read(Caller("prometheus", frozenset({METRICS}))).placed_recent.values()
        return {
            "orders_placed_recent": [placed.orders for placed in sales],
            "orders_revenue_recent": [float(placed.revenue) for placed in sales],
        }

    minute = NOON.replace(second=0)
    insert(1, at=minute, total=1)  # in the minute that is not over
    insert(2, at=minute - timedelta(seconds=1), total=10)
    insert(3, at=minute - timedelta(minutes=1), total=100)
    insert(4, at=minute - timedelta(minutes=1, microseconds=1), total=1_000)
    insert(5, at=minute - timedelta(hours=1, microseconds=1), total=10_000)
    insert(6, at=minute - timedelta(days=1), total=100_000)
    insert(7, at=minute - timedelta(days=1, microseconds=1), total=1_000_000)
    expected = {
        "orders_placed_recent": [5, 9, 20],
        "orders_revenue_recent": [3.2, 43.2, 6543.2],
    }
    assert recent() == expected
    roll_up(database, NOON, limit=3)
    assert recent() == expected
    roll_up(database, NOON, limit=1000)
    assert recent() == expected
    clock.pass_time(minutes=1)
    assert recent() == {"orders_placed_recent": [1, 10, 15], "orders_revenue_recent": [0.01, 43.21, 543.21]}


def test_given_minutes_outside_all_windows_when_rolled_up_then_they_are_deleted(
    function: Load, query: Query, database: Database, insert: Insert
) -> None:
    insert(3, at=NOON)
    roll_up(database, NOON, limit=100)
    assert query("SELECT orders FROM order_minutes") == [{"orders": 3}]
    later = NOON + timedelta(days=2, minutes=1)
    insert(2, at=NOON)
    roll_up(database, later, limit=100)
    assert query("SELECT * FROM order_minutes") == []
    assert scraped(function("metrics")) == counted(query)


def test_given_currencies_when_scraped_then_revenue_is_in_major_units_of_each(
    function: Load, services: httpx.Client
) -> None:
    services.put("/inventory/products", json={"products": [{"product_id": "TEA", "quantity": 10}]}).raise_for_status()
    create = function("create_order")
    for currency, price in (("USD", "79.99"), ("JPY", "300"), ("KWD", "1.125")):
        body = {"currency": currency, "items": [{"sku": "TEA", "quantity": 2, "unit_price": price}]}
        order = call(create, "POST", "/v1/orders", body, scope="orders:create")
        assert order.status == 201
    call(function("cancel_order"), "POST", f"/v1/orders/{order.json['id']}/cancel")
    values = samples(scrape(function("metrics")).text)
    assert {key: value for key, value in values.items() if key[0] == "orders_revenue_total"} == {
        ("orders_revenue_total", "USD"): 159.98,
        ("orders_revenue_total", "JPY"): 600,
        ("orders_revenue_total", "KWD"): 2.25,
    }


def test_given_totals_beyond_bigint_when_added_up_then_they_are_exact(
    function: Load, query: Query, database: Database, insert: Insert
) -> None:
    def revenue() -> Decimal:
        return bootstrap.read_metrics().read(Caller("prometheus", frozenset({METRICS}))).placed["USD"].revenue

    insert(100, total=10**18)
    metrics = function("metrics")
    assert revenue() == 10**18
    assert samples(scrape(metrics).text)["orders_revenue_total", "USD"] == 1e18
    roll_up_all(query, database)
    insert(1, total=1)
    # Prometheus itself keeps 64-bit floats, which cannot hold the last cent.
    assert revenue() == 10**18 + Decimal("0.01")
    assert samples(scrape(metrics).text)["orders_revenue_total", "USD"] == 1e18


def test_given_orders_that_are_changed_by_hand_when_scraped_then_they_are_counted(
    function: Load, query: Query, insert: Insert
) -> None:
    metrics = function("metrics")
    insert(10_000)
    assert query("SELECT sum(orders) AS orders FROM count_deltas") == [{"orders": 10_000}]
    query("UPDATE orders SET status = 'confirmed', payment_status = 'paid'")
    query("DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT 99)")
    assert scraped(metrics) == counted(query)
    assert counted(query)["orders_by_payment_status", "paid"] == 9901


def test_given_tasks_when_scraped_then_counts_and_oldest_age_are_by_kind(function: Load, query: Query) -> None:
    create = function("create_order")
    for _ in range(3):
        call(create, "POST", "/v1/orders", ITEMS)
    # All events become older, and those of one pending charge oldest.
    query("UPDATE order_events SET occurred_at = now() - interval '10 minutes'")
    charges = query("SELECT order_id FROM order_tasks WHERE kind = 'charge_payment'")
    query(
        "UPDATE order_events SET occurred_at = now() - interval '1 hour' WHERE order_id = %(id)s",
        id=charges[0]["order_id"],
    )
    query("UPDATE order_tasks SET available_at = now() + interval '1 minute'")
    query(
        "UPDATE order_tasks SET state = 'failed' WHERE kind = 'charge_payment' AND order_id = %(id)s",
        id=charges[1]["order_id"],
    )
    query("UPDATE order_tasks SET state = 'done' WHERE kind = 'send_notification'")
    values = samples(scrape(function("metrics")).text)
    assert values["orders_tasks_pending", "charge_payment"] == 2
    assert values["orders_tasks_failed", "charge_payment"] == 1
    assert values["orders_tasks_oldest_pending_seconds", "charge_payment"] == pytest.approx(3600, abs=60)
    assert values["orders_tasks_pending", "send_notification"] == 0
    assert values["orders_tasks_oldest_pending_seconds", "send_notification"] == 0
    # The clock of the function that placed an order may be ahead.
    query("UPDATE order_events SET occurred_at = now() + interval '1 minute'")
    ahead = samples(scrape(function("metrics")).text)
    assert ahead["orders_tasks_oldest_pending_seconds", "charge_payment"] == 0


def test_given_a_terminated_connection_when_scraped_then_the_samples_are_the_same(
    function: Load, query: Query, insert: Insert
) -> None:
    metrics = function("metrics")
    insert(2)
    before = scraped(metrics)
    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orders-test'")
    assert scraped(metrics) == before == counted(query)
