"""Few orders and many: every kind of list, its first page and a deep one; what runs in the background."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from orders.domain import cursors
from orders.domain import order_query as listing
from orders.domain.cursors import Position
from tests.benchmarks import events
from tests.benchmarks.contenders import OURS
from tests.benchmarks.environments import Environment, environment
from tests.benchmarks.figures import Figures, figures
from tests.benchmarks.scene import Scene

DEEP = 5_000
"""The number of the deep page, or of the last full one where there are fewer."""
CALLS = 10
"""Of one list, before it is the next one's turn."""
RUNS = 3
"""Of the background's work, before it is the lists' turn again."""

FEW, MANY = "few", "many"
FIRST, DEEPEST = "first page", "deep page"
METRICS = "/metrics"
TASK = "a task: claim, call, finish"
RELAY = "the relay: tasks, keys, orders, changes"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of list.

    Attributes:
        query: its parameters.
        where: the same in SQL, over `orders`.
        value: what it is sorted by, as a cursor has it.
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
    "of a state": Kind({"status": "delivered"}, "status = 'delivered'"),
    "of several states": Kind({"status": "shipped,cancelled"}, "status IN ('shipped', 'cancelled')"),
    "of a customer": Kind({"customer_id": "c0"}, "customer_id = 'c0'"),
    "of a customer and state": Kind(
        {"customer_id": "c0", "status": "delivered"}, "customer_id = 'c0' AND status = 'delivered'"
    ),
    "by total": Kind({"sort_by": "-total"}, value="total"),
    "of a state, by total": Kind({"status": "shipped", "sort_by": "total"}, "status = 'shipped'", "total", "ASC"),
    "by last change": Kind({"sort_by": "-updated_at"}, value="(extract(epoch FROM updated_at) * 1000000)::bigint"),
    "between dates": Kind({"created_from": "2000-01-01", "created_to": "2100-01-01"}),
    "with a product": Kind({"product_id": "P0"}, _OF_PRODUCT),
    "with a product, by total": Kind({"product_id": "P0", "sort_by": "-total"}, _OF_PRODUCT, "total"),
    "by text": Kind({"q": "c0@example.com"}, "customer_id = 'c0'"),
    "with the total number": Kind({"include_total": "true"}),
    "of a state, with the total number": Kind({"status": "delivered", "include_total": "true"}, "status = 'delivered'"),
}

# The same work for the relay whatever the size: tasks that nobody has sent, expired keys, changes to be folded.
_PREPARE_RELAY = """
UPDATE order_tasks SET available_at = now() - interval '2 minutes', sent_at = NULL WHERE state = 'pending';
INSERT INTO idempotency_keys (caller, key, request_hash, order_id, attempt, locked_until, expires_at)
SELECT 'c' || n, n, '', gen_random_uuid(), gen_random_uuid(), now(), now() FROM generate_series(1, 2000) AS n;
INSERT INTO count_deltas (minute, currency, status, payment_status, shipping_status, orders, revenue)
SELECT date_trunc('minute', now()), 'USD', 'delivered', 'paid', 'delivered', 0, 0 FROM generate_series(1, 2000)
"""
_CHOOSE_TASKS = """
SELECT id::text FROM order_tasks WHERE kind = 'send_notification' AND version = 1 AND state = 'done' LIMIT %(number)s
"""
_PREPARE_TASKS = """
UPDATE order_tasks SET state = 'pending', attempts = 0, available_at = now() WHERE id = ANY (%(tasks)s::uuid[])
"""


def measure(scene: Scene, rounds: int) -> dict[str, dict[str, dict[str, Figures]]]:
    """The figures of each list and of the background's work, by page (there is but one in the background) and size."""
    times: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    sizes = {FEW: scene.few, MANY: scene.many}
    with ExitStack() as stack:
        environments = {
            size: stack.enter_context(environment(OURS, scene.variables(orders), pinned=True))
            for size, orders in sizes.items()
        }
        pages = {
            (name, page, size): events.list_of_all(**_query(scene, orders, kind, page))
            for name, kind in KINDS.items()
            for page in (FIRST, DEEPEST)
            for size, orders in sizes.items()
        }
        for turn in range(rounds + 1):
            for (name, page, size), event in pages.items():
                seconds = environments[size].call("list_orders", [event] * CALLS).seconds
                if turn:
                    times[name][page][size] += seconds
            for size, orders in list(sizes.items()) * RUNS:
                found = _in_background(scene, orders, environments[size])
                for name, measured in found.items() if turn else ():
                    times[name][FIRST][size] += measured
    return {
        name: {page: {size: figures(seconds) for size, seconds in by_size.items()} for page, by_size in by_page.items()}
        for name, by_page in times.items()
    }


def _query(scene: Scene, orders: int, kind: Kind, page: str) -> dict[str, str]:
    if page == FIRST:
        return kind.query
    query = listing.parse(kind.query, owner=None)
    [(number,)] = scene.query(orders, f"SELECT count(*) FROM orders WHERE {kind.where}")
    place = max(0, min(DEEP * query.page.size, number - query.page.size - 1))
    [(value, order)] = scene.query(
        orders,
        f"""SELECT {kind.value} AS value, id::text FROM orders WHERE {kind.where}
        ORDER BY 1 {kind.direction}, id {kind.direction} LIMIT 1 OFFSET %(place)s""",
        place=place,
    )
    return {**kind.query, "cursor": cursors.write(Position(value, order), query.scope)}


def _in_background(scene: Scene, orders: int, environment: Environment) -> dict[str, Sequence[float]]:
    tasks = [task for (task,) in scene.query(orders, _CHOOSE_TASKS, number=CALLS)]
    scene.query(orders, _PREPARE_TASKS, tasks=tasks)
    carried_out = environment.call("process_task", [events.task(task) for task in tasks])
    scene.query(orders, _PREPARE_RELAY)
    return {
        METRICS: environment.call("metrics", [events.metrics()] * CALLS).seconds,
        TASK: carried_out.seconds,
        RELAY: environment.call("relay_tasks", [{}]).apart,
    }
