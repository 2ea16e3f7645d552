"""A list reads a bounded number of entries, however many there are: measured on the statements themselves."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from itertools import product
from random import Random
from typing import Any, override

import pytest

from local.postgres import Postgres
from orders.config import DatabaseSettings
from orders.domain import list_parameters
from orders.domain.clock import uuid7
from orders.domain.cursors import Position
from orders.domain.lifecycle import STATES
from orders.domain.order_query import OrderQuery, SortKey
from orders.postgres.connection import Database, connect
from orders.postgres.order_list.query import EXAMINED, find_orders
from tests.support import load_function

ORDERS = 200_000
BEGIN = datetime(2020, 11, 20, tzinfo=UTC)

# A second lies between two orders. One customer has a fifth of all orders, the others have ten each. Most orders are
# delivered and the last ones pending; each other state has a few. One product is on half of the orders, some are on one
# in hundreds, and one is on ten. A thousand orders have two failed tasks each. The server does not check
# the foreign keys of lines and tasks, which takes seconds.
_LOAD = """
INSERT INTO orders (id, customer_id, customer_email, status, payment_status, shipping_status, currency, total,
    line_count, failure_reason, reservation_id, version, created_at, updated_at)
SELECT (lpad(to_hex(milliseconds), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
    customer, CASE WHEN n %% 3 <> 0 THEN customer || '@Example.com' END, state[1], state[2], state[3],
    (ARRAY['USD', 'EUR', 'JPY'])[1 + n %% 3], n * 7919 %% 50000, 2, CASE state[1] WHEN 'failed' THEN 'expired' END,
    gen_random_uuid(), 1,
    to_timestamp(milliseconds / 1000.0), to_timestamp(milliseconds / 1000.0 + n * 7919 %% 864000)
FROM (
    SELECT n, md5(n::text) AS hash, (extract(epoch FROM %(begin)s) * 1000)::bigint + n * 1000 AS milliseconds,
        CASE WHEN n %% 5 = 0 THEN 'big' ELSE 'c' || n * 7919 %% 20011 END AS customer,
        string_to_array(CASE
            WHEN n > %(orders)s - 2000 THEN 'pending/pending/pending'
            WHEN n %% 100 = 0 THEN (%(states)s)[1 + n / 100 %% cardinality(%(states)s)]
            WHEN n %% 10 = 7 THEN 'shipped/paid/shipped'
            WHEN n %% 20 = 4 THEN 'cancelled/refunded/cancelled'
            ELSE 'delivered/paid/delivered' END, '/') AS state
    FROM generate_series(1::bigint, %(orders)s) AS n
) AS made;
SET session_replication_role = replica;
INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
SELECT id, 1, CASE WHEN n %% 2 = 0 THEN 'POPULAR' ELSE 'P' || n %% 97 END, 1, 100
FROM (SELECT id, extract(epoch FROM created_at - %(begin)s)::bigint AS n FROM orders) AS numbered
UNION ALL
SELECT id, 2, CASE WHEN n %% 20000 = 0 THEN 'RARE' ELSE 'Q' || n * 31 %% 5003 END, 1, 100
FROM (SELECT id, extract(epoch FROM created_at - %(begin)s)::bigint AS n FROM orders) AS numbered;
INSERT INTO order_tasks (order_id, version, kind, state, available_at)
SELECT id, 1, kind, CASE WHEN n %% 200 = 0 THEN 'failed' ELSE 'done' END, created_at
FROM (SELECT *, extract(epoch FROM created_at - %(begin)s)::bigint AS n FROM orders) AS numbered,
    unnest('{charge_payment,send_notification}'::text[]) AS kind
WHERE n %% 5 = 0;
"""

_TABLES = ["orders", "order_items", "order_tasks"]

SIZE = 20
MIDDLE = BEGIN + timedelta(seconds=ORDERS // 2)
FIRST_HALF = {"created_to": MIDDLE.isoformat()}
MINUTES = {"created_from": MIDDLE.isoformat(), "created_to": (MIDDLE + timedelta(minutes=10)).isoformat()}

SHORT_ID = md5(str(ORDERS // 2).encode(), usedforsecurity=False).hexdigest()[10:18]
"""The end of the id of the order in the middle."""

# The first of each kind is not asked for, the second is the one with most orders.
CUSTOMERS: tuple[dict[str, str], ...] = ({}, {"customer_id": "big"}, {"customer_id": "c17"})
STATUSES: tuple[dict[str, str], ...] = (
    {},
    {"status": "delivered"},
    {"status": "cancelling"},
    {"status": "pending,shipped,cancelled"},
)
PRODUCTS: tuple[dict[str, str], ...] = ({}, {"product_id": "POPULAR"}, {"product_id": "P5"}, {"product_id": "RARE"})
DATES: tuple[dict[str, str], ...] = ({}, FIRST_HALF, MINUTES)
TEXTS: tuple[dict[str, str], ...] = ({}, {"q": "BIG@example.com"}, {"q": "POPULAR"}, {"q": "nobody"}, {"q": SHORT_ID})
ATTENTION: tuple[dict[str, str], ...] = ({}, {"needs_attention": "true"})
KINDS = (CUSTOMERS, STATUSES, PRODUCTS, DATES, TEXTS, ATTENTION)

SAMPLE = 120
"""How many lists each test asks for, times the effort, if there are more."""

SORTS = tuple(product(SortKey, ("asc", "desc"), ("first", "next")))

INDEX_SCANS = {"Index Scan", "Index Only Scan"}
BLOCKS_PER_ENTRY = 5
"""The depth of an index, and the row."""


@dataclass(frozen=True)
class Plan:
    """The plan of a statement, by EXPLAIN."""

    root: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            yield node

    @property
    def scans(self) -> set[str]:
        """The ways in which tables were read."""
        return {node["Node Type"] for node in self.nodes() if "Relation Name" in node}

    @property
    def entries(self) -> float:
        """How many entries of tables or their indexes were read."""
        read = (node for node in self.nodes() if "Relation Name" in node)
        return sum(
            float(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))) for node in read
        )

    @property
    def blocks(self) -> int:
        """How many blocks were read, from memory or not."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])


class ExplainingDatabase(Database):
    """Explains every statement before running it."""

    last: Plan

    @override
    def fetch[Row](
        self, row: type[Row], statement: str, parameters: Mapping[str, Any] | None = None, *, rerun: bool = True
    ) -> list[Row]:
        explained = super().fetch(dict, f"EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT JSON) {statement}", parameters)
        self.last = Plan(explained[0]["QUERY PLAN"][0]["Plan"])
        return super().fetch(row, statement, parameters, rerun=rerun)

    def explain(self, query: OrderQuery) -> Plan:
        """The plan of a list's statement."""
        find_orders(self, query)
        return self.last


@pytest.fixture(scope="module")
def crowded(postgres: Postgres) -> Iterator[DatabaseSettings]:
    """A database of its own with all the orders, in the state in which the server's own upkeep leaves it."""
    postgres.create_database("crowded")
    owner = replace(DatabaseSettings.from_environment(), user=postgres.user)
    settings = replace(owner, name="crowded")
    load_function("migrate_database").migrate(settings)
    with closing(connect(settings)) as connection, connection.cursor() as cursor:
        states = ["/".join(state) for state in STATES]
        cursor.execute(_LOAD, {"orders": ORDERS, "begin": BEGIN, "states": states})
        cursor.execute("VACUUM ANALYZE")
    yield settings
    with closing(connect(owner)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE crowded WITH (FORCE)")


@pytest.fixture
def database(crowded: DatabaseSettings) -> Iterator[ExplainingDatabase]:
    database = ExplainingDatabase(replace(crowded, user="orders_reader"))
    yield database
    database.close()


@pytest.fixture(params=["vacuumed", "never vacuumed", "never analyzed"])
def any_statistics(request: pytest.FixtureRequest, crowded: DatabaseSettings) -> Iterator[None]:
    """What the planner knows: all, not that indexes can be read without their tables, or only the tables' size."""
    with closing(connect(crowded)) as connection, connection.cursor() as cursor:
        if request.param != "vacuumed":
            cursor.execute("UPDATE pg_class SET relallvisible = 0 WHERE relname = ANY (%s)", [_TABLES])
        if request.param == "never analyzed":
            cursor.execute("DELETE FROM pg_statistic WHERE starelid = ANY (%s::regclass[])", [_TABLES])
            cursor.execute("UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE relname = ANY (%s)", [_TABLES])
        yield
        cursor.execute("VACUUM ANALYZE orders, order_items, order_tasks")


def query(parameters: Mapping[str, str], sort: SortKey, direction: str, page: str, **others: str) -> OrderQuery:
    """The query of a list; the next page begins in the middle of all orders."""
    asked = list_parameters.parse({**parameters, "sort_by": sort, "sort_order": direction, **others}, owner=None)
    asked = replace(asked, shows_attention=True)
    if page == "first":
        return asked
    values = {SortKey.CREATED_AT: 0, SortKey.UPDATED_AT: int(MIDDLE.timestamp()) * 1_000_000, SortKey.TOTAL: 25_000}
    middle = str(uuid7(int(MIDDLE.timestamp()) * 1000, bytes(10)))
    return replace(asked, page=replace(asked.page, after=Position(values[sort], middle)))


def sampled[Case](cases: Iterable[Case], number: int) -> list[Case]:
    """Choose so many of the cases, or take all if there are no more; the same ones each time."""
    every = list(cases)
    return Random(1).sample(every, min(number, len(every)))


def merged(filters: tuple[dict[str, str], ...]) -> dict[str, str]:
    return {name: value for each in filters for name, value in each.items()}


@pytest.mark.usefixtures("any_statistics")
def test_given_any_filters_when_a_page_is_read_in_any_order_then_within_bounds(
    database: ExplainingDatabase, effort: int
) -> None:
    for filters, sort in sampled(product(product(*(kind[:2] for kind in KINDS)), SORTS), SAMPLE * effort):
        assert_bounded(database, query(merged(filters), *sort))


def test_given_filters_of_any_selectivity_when_a_page_is_read_then_within_bounds(
    database: ExplainingDatabase, effort: int
) -> None:
    for filters, sort in sampled(product(product(*KINDS), SORTS), SAMPLE * effort):
        assert_bounded(database, query(merged(filters), *sort))


def test_given_any_filters_when_their_orders_are_counted_then_within_bounds(
    database: ExplainingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.postgres.order_list.query.COUNTED", EXAMINED)
    for filters in product(*KINDS):
        asked = query(merged(filters), SortKey.CREATED_AT, "desc", "first", include_total="true")
        plan = database.explain(asked)
        assert plan.scans <= INDEX_SCANS, asked
        counted = read_at_most(asked) if asked.searches else EXAMINED + 1
        assert plan.entries <= read_at_most(asked) + counted, asked


def assert_bounded(database: ExplainingDatabase, asked: OrderQuery) -> None:
    plan = database.explain(asked)
    assert plan.scans <= INDEX_SCANS, asked
    assert plan.entries <= read_at_most(asked), asked
    assert plan.blocks <= BLOCKS_PER_ENTRY * read_at_most(asked), asked


def read_at_most(asked: OrderQuery) -> int:
    """The maximum of entries that a list may read; states count only if they are filtered, or sorted by customer."""
    of_customer, by_id = asked.filter.customer_id is not None, asked.sort.key is SortKey.CREATED_AT
    is_merged = asked.filter.states != STATES or (of_customer and not by_id)
    ranges = len(asked.filter.states) if is_merged else 1
    if not asked.searches:
        # Each range's share of a page, and the orders of the page, each with a failed task.
        return (ranges + 2) * (SIZE + 1)
    if by_id:
        # The ranges of a product or of failed tasks, or of the five fields that a text is compared with.
        ranges = 1 if asked.filter.text is None else 5
    # Each range's share of a walk; four selectors; the orders gathered and looked at, and two products and two failed
    # tasks of each.
    return (ranges + 10) * (EXAMINED + 1)
