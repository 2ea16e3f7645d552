"""Small and large databases: each kind of list, its first page and a deep one, and background work."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from orders.domain import cursors, list_parameters
from orders.domain.cursors import Position
from tools.benchmarks import events
from tools.benchmarks.contenders import OURS
from tools.benchmarks.environments import Environment, environment
from tools.benchmarks.summary import Summary, summarize
from tools.benchmarks.testbed import TASK_ID, Testbed

DEEP = 5_000
"""The number of the deep page; of the last full page if there are fewer."""
CALLS = 10
"""Calls of one list before the next one's turn."""
RUNS = 3
"""Runs of the background work before the lists' next turn."""

FEW, MANY = "few", "many"
FIRST, DEEPEST = "first page", "deep page"
METRICS = "/metrics"
TASK = "process a task"
RELAY = "relay the outbox"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of list.

    Attributes:
        query: the query parameters.
        where: the same filter in SQL, over `orders`.
        value: the sort value in SQL, as cursors hold it.
        direction: of the sort, and of the ids.
    """

    query: dict[str, str]
    where: str = "true"
    value: str = "0"
    direction: str = "DESC"


_OF_PRODUCT = "id IN (SELECT order_id FROM order_items WHERE product_id = 'P0')"

KINDS = {
    "all, newest first": Kind({}),
    "oldest first": Kind({"sort_order": "asc"}, direction="ASC"),
    "by status": Kind({"status": "delivered"}, "status = 'delivered'"),
    "by several statuses": Kind({"status": "shipped,cancelled"}, "status IN ('shipped', 'cancelled')"),
    "of a customer": Kind({"customer_id": "c0"}, "customer_id = 'c0'"),
    "of a customer, by status": Kind(
        {"customer_id": "c0", "status": "delivered"}, "customer_id = 'c0' AND status = 'delivered'"
    ),
    "sorted by total": Kind({"sort_by": "-total"}, value="total"),
    "by status, sorted by total": Kind({"status": "shipped", "sort_by": "total"}, "status = 'shipped'", "total", "ASC"),
    "sorted by last change": Kind(
        {"sort_by": "-updated_at"}, value="(extract(epoch FROM updated_at) * 1000000)::bigint"
    ),
    "between dates": Kind({"created_from": "2000-01-01", "created_to": "2100-01-01"}),
    "with a product": Kind({"product_id": "P0"}, _OF_PRODUCT),
    "with a product, sorted by total": Kind({"product_id": "P0", "sort_by": "-total"}, _OF_PRODUCT, "total"),
    "text search": Kind({"q": "c0@example.com"}, "customer_id = 'c0'"),
    "with total count": Kind({"include_total": "true"}),
    "by status, with total count": Kind({"status": "delivered", "include_total": "true"}, "status = 'delivered'"),
}

FEED: dict[str, dict[str, str]] = {"the feed": {}, "the feed, by type": {"type": "order.placed"}}
"""Kinds of pages of the feed: the query parameters. The deep page is near the end of the feed."""
_TAIL = 5_000
"""How many events there are from the deep page on."""

# The same work for the relay at any size: unsent tasks, expired idempotency keys, count deltas to roll up.
_PREPARE_RELAY = """
UPDATE order_tasks SET available_at = now() - interval '2 minutes', sent_at = NULL WHERE state = 'pending';
INSERT INTO idempotency_keys (caller, key, request_hash, order_id, generation, expires_at)
SELECT 'c' || n, n, '', gen_random_uuid(), 0, now() FROM generate_series(1, 2000) AS n;
INSERT INTO count_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
SELECT date_trunc('minute', now()), 'USD', 'delivered', 'paid', 'delivered', 0, 0 FROM generate_series(1, 2000)
"""
# Some notifications that are done are made pending again, and processed.
_PREPARE_TASKS = f"""
UPDATE order_tasks SET state = 'pending', attempts = 0, available_at = now()
WHERE version = 1 AND kind = 'send_notification' AND order_id IN (
    SELECT order_id FROM order_tasks WHERE version = 1 AND kind = 'send_notification' AND state = 'done'
    LIMIT %(number)s)
RETURNING {TASK_ID}
"""


def measure(testbed: Testbed, rounds: int) -> dict[str, dict[str, dict[str, Summary]]]:
    """Measure each list by page and size, and the background work by size, as a first page."""
    times: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    sizes = {FEW: testbed.few, MANY: testbed.many}
    with ExitStack() as stack:
        environments = {
            size: stack.enter_context(environment(OURS, testbed.variables(orders), pinned=True))
            for size, orders in sizes.items()
        }
        pages = {
            (name, page, size): request
            for page in (FIRST, DEEPEST)
            for size, orders in sizes.items()
            for name, request in _requests(testbed, orders, page).items()
        }
        for turn in range(rounds + 1):
            for (name, page, size), (function, event) in pages.items():
                seconds = environments[size].call(function, [event] * CALLS).seconds
                if turn:
                    times[name][page][size] += seconds
            for size, orders in list(sizes.items()) * RUNS:
                found = _in_background(testbed, orders, environments[size])
                for name, measured in found.items() if turn else ():
                    times[name][FIRST][size] += measured
    return {
        name: {
            page: {size: summarize(seconds) for size, seconds in by_size.items()} for page, by_size in by_page.items()
        }
        for name, by_page in times.items()
    }


def _requests(testbed: Testbed, orders: int, page: str) -> dict[str, tuple[str, events.Json]]:
    """Return the function and the event of each kind of list."""
    [(last,)] = testbed.query(orders, "SELECT max(position) FROM event_feed")
    after = {} if page == FIRST else {"after": str(max(0, last - _TAIL))}
    return {
        name: ("list_orders", events.list_of_all(**_query(testbed, orders, kind, page))) for name, kind in KINDS.items()
    } | {name: ("list_events", events.feed(**query, **after)) for name, query in FEED.items()}


def _query(testbed: Testbed, orders: int, kind: Kind, page: str) -> dict[str, str]:
    if page == FIRST:
        return kind.query
    query = list_parameters.parse(kind.query, owner=None)
    [(number,)] = testbed.query(orders, f"SELECT count(*) FROM orders WHERE {kind.where}")
    place = max(0, min(DEEP * query.page.size, number - query.page.size - 1))
    [(value, order)] = testbed.query(
        orders,
        f"""SELECT {kind.value} AS value, id::text FROM orders WHERE {kind.where}
        ORDER BY 1 {kind.direction}, id {kind.direction} LIMIT 1 OFFSET %(place)s""",
        place=place,
    )
    return {**kind.query, "cursor": cursors.write(Position(value, order), query.scope)}


def _in_background(testbed: Testbed, orders: int, environment: Environment) -> dict[str, Sequence[float]]:
    tasks = [task for (task,) in testbed.query(orders, _PREPARE_TASKS, number=CALLS)]
    processed = environment.call("process_task", [events.tasks(task) for task in tasks])
    testbed.query(orders, _PREPARE_RELAY)
    return {
        METRICS: environment.call("metrics", [events.metrics()] * CALLS).seconds,
        TASK: processed.seconds,
        RELAY: environment.call("relay_outbox", [{}]).without_sqs,
    }
