"""The feed: all events of all orders under positions without a gap, in an order that never changes."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copy
from types import ModuleType

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class

from local.postgres import Postgres
from orders.config import DatabaseSettings
from orders.domain.events import EventQuery
from orders.postgres import feed
from orders.postgres.connection import Database
from tests.integration.conftest import Query
from tests.integration.world import World
from tests.support import NOT_DURABLE, Answer, call, load_function, wait_until
from tools.benchmarks.feed import run

type Load = Callable[[str], ModuleType]
type Read = Callable[..., Answer]

SERVICE = {"customer": "warehouse", "scope": "orders:events"}
APPEND = """
INSERT INTO order_events (order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
SELECT id, version + 1, 'payment.started', 'system:process_task', 'pending', 'processing', 'pending', now()
FROM orders WHERE id = %(id)s
"""


@pytest.fixture
def read(function: Load, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Read the feed as the role that only reads."""
    monkeypatch.setenv("DATABASE_USER", "orders_reader")
    list_events = function("list_events")
    # Builds the use case, and so connects with this role.
    list_events.events()
    monkeypatch.setenv("DATABASE_USER", "orders_app")

    def read(**query: object) -> Answer:
        parameters = {name: str(value) for name, value in query.items()}
        return call(list_events, "GET", "/v1/events", query=parameters, **SERVICE)

    return read


@pytest.fixture
def other(postgres: Postgres) -> Iterator[Connection]:
    """A session whose transactions stay open until they are committed."""
    with closing(
        psycopg2.connect(host=postgres.host, port=postgres.port, user="orders_app", dbname="orders")
    ) as connection:
        yield connection


def keys(answer: Answer) -> list[tuple[int, str, int]]:
    """Position, order and sequence of each event."""
    assert answer.status == 200, answer.text
    assert answer.json["count"] == len(answer.json["events"])
    return [(event["position"], event["order_id"], event["sequence"]) for event in answer.json["events"]]


def test_given_orders_when_their_events_are_read_then_each_comes_once_in_order(
    world: World, read: Read, query: Query
) -> None:
    for order in [world.place() for _ in range(3)]:
        world.cancel(order, "changed my mind")
    world.place()
    world.drain()
    found: list[tuple[int, str, int]] = []
    after = "0"
    while page := keys(answer := read(after=after, limit=4)):
        assert len(page) <= 4
        found += page
        after = answer.json["next_cursor"]
        assert answer.headers["link"] == f'</v1/events?limit=4&after={after}>; rel="next"'
    assert [position for position, _, _ in found] == list(range(1, len(found) + 1))
    stored = [(row["id"], row["version"]) for row in query("SELECT order_id AS id, version FROM order_events")]
    assert sorted(key[1:] for key in found) == sorted(stored)
    for order in {order for _, order, _ in found}:
        sequences = [sequence for _, each, sequence in found if each == order]
        assert sequences == list(range(1, len(sequences) + 1))


def test_given_an_event_when_read_then_it_has_the_order_and_nobodys_data(
    world: World, read: Read, query: Query
) -> None:
    order = world.place(("SKU123", 2), ("SKU456", 1), note="Leave it at the door.", customer_name="Alice Johnson")
    world.drain()
    [row] = query("SELECT number, total FROM orders")
    events = read().json["events"]
    placed, started = events[0], events[1]
    assert placed | {"occurred_at": "", "items": [], "subtotal": "", "total": ""} == {
        "position": 1,
        "id": f"{order}.1",
        "type": "order.placed",
        "order_id": order,
        "number": row["number"],
        "sequence": 1,
        "occurred_at": "",
        "actor": {"kind": "customer", "id": None},
        "changed_fields": None,
        "status": "pending",
        "payment_status": "pending",
        "shipping_status": "pending",
        "failure_reason": None,
        "currency": "USD",
        "subtotal": "",
        "total": "",
        "adjustments": [],
        "items": [],
    }
    assert [line["product_id"] for line in placed["items"]] == ["SKU123", "SKU456"]
    assert placed["subtotal"] == placed["total"] == f"{row['total'] / 100:.2f}"
    assert started["actor"] == {"kind": "system", "id": "process_task"}
    assert (started["type"], started["payment_status"]) == ("payment.started", "processing")
    assert events[-1]["shipping_status"] == "ready"
    assert not {"Alice", "alice@example.com", "door"} & set(json.dumps(events).replace('"', " ").split())


def test_given_a_failed_order_when_read_then_only_its_last_events_say_why(world: World, read: Read) -> None:
    world.place()
    world.queue.waiting.clear()
    world.clock.pass_time(minutes=31)
    world.run_relay()
    reasons = [(event["type"], event["failure_reason"]) for event in read().json["events"]]
    assert reasons == [("order.placed", None), ("order.expired", "expired")]


def test_given_a_transaction_that_commits_late_when_read_then_it_is_not_skipped(
    world: World, read: Read, other: Connection
) -> None:
    first, second = world.place(), world.place()
    with other.cursor() as cursor:
        cursor.execute(APPEND, {"id": first})
    world.cancel(second)
    early = read()
    assert [key[1:] for key in keys(early)] == [(first, 1), (second, 1), (second, 2)]
    other.commit()
    assert keys(read(after=early.json["next_cursor"])) == [(4, first, 2)]
    assert keys(read()) == [*keys(early), (4, first, 2)]


def test_given_a_transaction_that_is_undone_when_read_then_it_leaves_no_gap(
    world: World, read: Read, other: Connection
) -> None:
    order = world.place()
    with other.cursor() as cursor:
        cursor.execute(APPEND, {"id": order})
    other.rollback()
    world.cancel(order)
    assert keys(read()) == [(1, order, 1), (2, order, 2)]


def test_given_a_reader_at_work_when_another_reads_then_it_waits_and_sees_the_same(
    world: World, read: Read, other: Connection, query: Query
) -> None:
    order = world.place()
    with other.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("SELECT sequence_events_1(10)")
        reading = pool.submit(read)
        wait_until(lambda: bool(query("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")))
        other.commit()
        assert keys(reading.result()) == [(1, order, 1)]


def test_given_many_writers_when_followed_then_each_event_comes_once(
    query: Query, postgres: Postgres, effort: int
) -> None:
    del query  # The database is empty.
    settings = DatabaseSettings(postgres.host, postgres.port, "orders", "orders_app", "none", "race")
    race = run(settings, writers=50, seconds=2 * effort)
    assert list(race.violations()) == []
    assert len(race.seen) > 500 * effort
    assert race.erased > 0


def fill_feed(query: Query) -> str:
    """Make a feed of 50,000 events of 10,000 orders; return an order in its middle."""
    query(
        """
        SET session_replication_role = replica;
        INSERT INTO orders (id, customer_id, status, payment_status, shipping_status, currency, total, line_count,
            version, reservation_id, created_at, updated_at)
        SELECT lpad(n::text, 32, '0')::uuid, '5', 'pending', 'pending', 'pending', 'USD', 100, 1, 5,
            gen_random_uuid(), now(), now()
        FROM generate_series(1, 10000) AS n;
        INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
        SELECT id, 1, 'SKU123', 1, 100 FROM orders;
        INSERT INTO order_events (
            order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
        SELECT id, n, CASE n WHEN 1 THEN 'order.placed' ELSE 'payment.processing' END, 'system:process_task',
            'pending', 'pending', 'pending', now()
        FROM orders, generate_series(1, 5) AS n;
        INSERT INTO event_feed (position, order_id, version)
        SELECT row_number() OVER (ORDER BY version, order_id), order_id, version FROM order_events;
        SET session_replication_role = DEFAULT
        """
    )
    return "00000000-0000-0000-0000-000000005000"


@pytest.mark.parametrize(
    ("after", "filters", "most"),
    [
        (0, "NULL, NULL", 300),
        (25_000, "NULL, NULL", 300),
        (49_900, "NULL, NULL", 300),
        (50_000, "NULL, NULL", 10),
        (25_000, "'{order.placed}', NULL", 1200),
        (0, "NULL, %(order)s", 20),
        (0, "'{order.placed}', %(order)s", 20),
    ],
)
def test_given_a_large_feed_when_a_page_is_read_then_it_costs_the_same_anywhere(
    query: Query, other: Connection, after: int, filters: str, most: int
) -> None:
    statement = f"SELECT events FROM list_events_1(%(after)s, {filters}, 100, 2000, 1000, 1000)"  # noqa: S608 - ours
    with other.cursor() as cursor:
        # The session keeps the plans that it makes now.
        cursor.execute(statement, {"after": 0, "order": "00000000-0000-0000-0000-000000000000"})
        other.commit()
        cursor.execute(statement, {"after": after, "order": fill_feed(query)})
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables "
            "WHERE relname = 'event_feed'"
        )
        [[entries]] = cursor.fetchall()
        assert entries <= most


def test_given_no_event_when_read_then_the_empty_page_keeps_its_cursor(world: World, read: Read) -> None:
    assert read().json == {"events": [], "count": 0, "next_cursor": "0"}
    world.place()
    assert read(after=0).json["next_cursor"] == "1"
    answer = read(after=1)
    assert answer.json == {"events": [], "count": 0, "next_cursor": "1"}
    assert answer.headers["link"] == '</v1/events?after=1>; rel="next"'


def test_given_a_long_poll_when_an_event_happens_then_it_is_answered_at_once(world: World, read: Read) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(read, wait=20)
        order = world.place()
        assert keys(waiting.result(timeout=10)) == [(1, order, 1)]


def test_given_a_caller_who_waits_when_nothing_happens_then_the_page_is_empty(read: Read) -> None:
    assert keys(read(wait=1)) == []


def test_given_filters_when_read_then_only_those_events_come(world: World, read: Read) -> None:
    first, second = world.place(), world.place()
    world.cancel(second)
    world.cancel(first)
    assert keys(read(type="order.cancelled")) == [(3, second, 2), (4, first, 2)]
    assert keys(read(type="order.cancelled,order.placed", limit=3)) == [
        (1, first, 1),
        (2, second, 1),
        (3, second, 2),
    ]
    assert keys(read(type="order.cancelled", after=3)) == [(4, first, 2)]
    assert keys(read(order_id=first)) == [(1, first, 1), (4, first, 2)]
    assert keys(read(order_id=first, type="order.cancelled", limit=1)) == [(4, first, 2)]
    assert read(order_id=first, limit=1).json["next_cursor"] == "1"
    empty = read(type="order.returned")
    assert (keys(empty), empty.json["next_cursor"]) == ([], "4")


def test_given_more_events_than_are_searched_when_filtered_then_the_cursor_goes_on(
    world: World, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_SCANNED", 2)
    orders = [world.place() for _ in range(5)]
    world.cancel(orders[0])
    cursors = []
    answer = read(type="order.cancelled")
    while not keys(answer):
        cursors.append(answer.json["next_cursor"])
        answer = read(type="order.cancelled", after=cursors[-1])
    assert cursors == ["2", "4"]
    assert keys(answer) == keys(read(type="order.cancelled", wait=5)) == [(6, orders[0], 2)]


def test_given_orders_of_many_lines_when_read_then_a_page_has_fewer_events(
    world: World, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_LINES", 3)
    large = world.place(("SKU123", 1), ("SKU456", 1), ("PROD001", 1), ("PROD002", 1))
    small = world.place()
    world.cancel(small)
    assert keys(first := read()) == [(1, large, 1)]
    assert first.json["next_cursor"] == "1"
    assert keys(read(after=1)) == [(2, small, 1), (3, small, 2)]
    assert keys(read(type="order.placed")) == [(1, large, 1)]
    assert keys(read(order_id=large, limit=1)) == [(1, large, 1)]


@pytest.mark.parametrize(
    ("parameters", "code", "said"),
    [
        ({"after": "-1"}, "invalid_cursor", "after is '-1'; it must be the next_cursor of a page"),
        ({"after": "x"}, "invalid_cursor", "after is 'x'"),
        ({"after": "1" * 19}, "invalid_cursor", "after is '1111"),
        ({"after": "1"}, "invalid_cursor", "The feed ends before this cursor."),
        ({"limit": "0"}, "invalid_parameter", "limit is '0'; it must be a whole number from 1 to 1000."),
        ({"limit": "1001"}, "invalid_parameter", "limit is '1001'"),
        ({"wait": "21"}, "invalid_parameter", "wait is '21'; it must be a whole number from 0 to 20."),
        ({"type": "order.lost"}, "invalid_parameter", "type is 'order.lost'; it must be one or more of order.placed"),
        ({"type": ""}, "invalid_parameter", "type is ''"),
        ({"order_id": "5"}, "invalid_parameter", "order_id is '5'; it must be an order's id, which is a UUID."),
        ({"cursor": "1"}, "invalid_parameter", "'cursor' is unknown; the parameters are after, limit, type"),
    ],
)
def test_given_a_wrong_parameter_when_read_then_the_answer_says_what_is_right(
    read: Read, parameters: dict[str, str], code: str, said: str
) -> None:
    answer = read(**parameters)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert said in answer.json["detail"]


@pytest.mark.parametrize("scope", ["", "orders:read orders:write orders:metrics orders:erase"])
def test_given_a_caller_without_the_scope_when_they_read_then_it_is_forbidden(function: Load, scope: str) -> None:
    answer = call(function("list_events"), "GET", "/v1/events", customer="5", scope=scope)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert answer.json["detail"] == "Reading events requires the scope orders:events."


def test_given_an_erased_customer_when_read_then_nothing_of_them_is_there(world: World, read: Read) -> None:
    order = world.place(customer_name="Quill Zq7x", note="Zq7x is at home.", external_reference="R-1")
    world.cancel(order, "Zq7x has moved")
    world.drain()
    before = read().json["events"]
    assert world.erase()["erased"] == 1
    events = read().json["events"]
    # What was read before and what is read now are the same: consumers have nothing to erase.
    assert events[:-1] == before
    assert (events[-1]["type"], events[-1]["actor"]) == ("personal_data.erased", {"kind": "service", "id": "officer"})
    assert "zq7x" not in json.dumps(events).lower()
    assert "alice" not in json.dumps(events).lower()
    assert '"5"' not in json.dumps(events)


def test_given_nobody_who_reads_when_the_relay_runs_then_events_get_positions(world: World, query: Query) -> None:
    for _ in range(3):
        world.place()
    summary = world.run_relay()
    assert summary.sequenced == 3
    assert [row["position"] for row in query("SELECT position FROM event_feed ORDER BY position")] == [1, 2, 3]
    assert query("SELECT id FROM unsequenced_events") == []


def test_given_more_events_than_one_batch_when_read_then_each_call_sequences_a_part(
    world: World, read: Read, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    orders = [world.place() for _ in range(5)]
    monkeypatch.setattr(feed, "SEQUENCED", 2)
    assert [key[1] for key in keys(read())] == orders[:2]
    assert feed.sequence(database) == 2
    assert [key[1] for key in keys(read())] == orders


@contextmanager
def server(folder: Path) -> Iterator[Postgres]:
    postgres = Postgres(folder / "data", settings=NOT_DURABLE)
    postgres.start()
    try:
        postgres.create_database("orders")
        yield postgres
    finally:
        postgres.stop()


def test_given_events_before_the_feed_when_migrated_then_they_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = load_function("migrate_database")
    every = sorted(function.MIGRATIONS.glob("*.sql"))
    some = tmp_path / "migrations"
    some.mkdir()
    for path in every[:3]:
        copy(path, some)
    with server(tmp_path) as postgres:
        settings = DatabaseSettings(postgres.host, postgres.port, "orders", postgres.user, "none", "test")
        with monkeypatch.context() as patch:
            patch.setattr(function, "MIGRATIONS", some)
            patch.setattr(function, "FUNCTIONS", tmp_path)
            function.migrate(settings)
        with closing(Database(settings)) as owner:
            # The clock of the second order went back between its events.
            owner.execute(
                """
                INSERT INTO orders (id, customer_id, status, payment_status, shipping_status, currency, total,
                    line_count, version, reservation_id, created_at, updated_at)
                SELECT lpad(number::text, 32, '0')::uuid, '5', 'pending', 'processing', 'pending', 'USD', 1, 1, 2,
                    gen_random_uuid(), now(), now()
                FROM generate_series(1, 2) AS number;
                INSERT INTO order_events (
                    order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
                SELECT id, happened.version, 'order.placed', 'customer:5', 'pending', 'pending', 'pending',
                    at::timestamptz
                FROM orders JOIN (VALUES (1, 1, '2026-11-01 10:00'), (1, 2, '2026-11-01 13:00'),
                    (2, 1, '2026-11-01 12:00'), (2, 2, '2026-11-01 11:00')) AS happened (number, version, at)
                ON right(id::text, 1)::integer = happened.number
                """
            )
            assert function.migrate(settings) == [path.stem for path in every[3:]]
            page = feed.list_events(owner, EventQuery(0, 10))
        assert page
        assert [(position, row["order_id"][-1], row["version"]) for position, row in page.events] == [
            (1, "1", 1),
            (2, "2", 1),
            (3, "2", 2),
            (4, "1", 2),
        ]


def test_given_the_functions_roles_when_they_write_positions_then_they_are_refused(postgres: Postgres) -> None:
    for role in ("orders_app", "orders_reader"):
        settings = DatabaseSettings(postgres.host, postgres.port, "orders", role, "none", "test")
        with closing(Database(settings)) as database:
            for statement in (
                "INSERT INTO event_feed VALUES (1, gen_random_uuid(), 1)",
                "UPDATE event_feed SET position = 2",
                "DELETE FROM event_feed",
                "DELETE FROM unsequenced_events",
            ):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    database.execute(statement)
