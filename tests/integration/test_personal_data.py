"""Personal data: erased on request or after some days, exported, and nowhere else."""

import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import boto3
import httpx
import psycopg2
import pytest

from checks.stored import read_counts
from local.postgres import BINARIES, Postgres
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status
from orders.postgres.erasures import RECHECK_INTERVAL, SETTLED
from tests.contract.contract import errors
from tests.integration.conftest import QUEUES, TASK_ID, Query, SetFault
from tests.integration.stored import StoredOrder, store_orders
from tests.integration.world import World
from tests.support import Answer, Context, call, task_message

type Load = Callable[[str], ModuleType]
type Log = Callable[[], list[dict[str, Any]]]

PATH = "/v1/customers/5/personal-data"
OFFICER = {"customer": "officer", "scope": "orders:erase"}
READER = {"customer": "agent", "scope": "orders:read orders:write"}
MARK = "zq7x"
"""In every personal value of these tests, and nowhere else."""
ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postal_code", "phone")


def address(kind: str) -> dict[str, str]:
    return {name: f"{MARK}-{kind}-{name}"[:20] for name in ADDRESS} | {"country": "LI"}


NAMES = {"customer_name": f"{MARK} Quill", "customer_email": f"quill.{MARK}@private.example"}
PERSONAL: dict[str, Any] = {
    **NAMES,
    "shipping_address": address("to"),
    "billing_address": address("bill"),
    "payment_method": f"pm_{MARK}",
    "note": f"Leave it with {MARK} next door.",
    "metadata": {f"{MARK}-key": f"{MARK}-value"},
}
FIELDS = [*NAMES, "cancel_reason", "shipping_address", "billing_address", "note"]
REASON, RETURN_REASON = f"{MARK} has moved", f"{MARK} did not fit"
VALUES = {
    *NAMES.values(),
    *address("to").values(),
    *address("bill").values(),
    *(PERSONAL["payment_method"], PERSONAL["note"], *PERSONAL["metadata"], *PERSONAL["metadata"].values()),
    *(REASON, RETURN_REASON),
} - {"LI"}
DELIVERED = State(Status.DELIVERED, PaymentStatus.PAID, ShippingStatus.DELIVERED)
LONG_AGO = datetime(2020, 11, 20, 8, tzinfo=UTC)


def delivered(world: World) -> str:
    order = world.place(**PERSONAL)
    world.drain()
    world.report(order, status="delivered")
    world.drain()
    return order


def cancelled(world: World) -> str:
    order = world.place(**PERSONAL)
    world.cancel(order, REASON)
    world.drain()
    return order


def erase(function: Load, path: str = PATH, **caller: Any) -> Answer:
    return call(function("erase_customer"), "DELETE", path, **(OFFICER | caller))


def exports(function: Load) -> Iterator[str]:
    """The answers of an export, from page to page."""
    export = function("erase_customer")
    query: dict[str, str] = {}
    while True:
        answer = call(export, "GET", PATH, query=query, **OFFICER)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson")
        yield answer.text
        if "link" not in answer.headers:
            return
        link = re.fullmatch(rf'<{PATH}\?cursor=([\w-]+)>; rel="next"', answer.headers["link"])
        assert link is not None
        query = {"cursor": link[1]}


def pages(function: Load) -> Iterator[list[dict[str, Any]]]:
    """The orders of an export, from page to page."""
    for text in exports(function):
        yield [json.loads(line) for line in text.splitlines()]


def timeline(query: Query, order: str) -> list[tuple[str, str, str | None]]:
    rows = query("SELECT event, actor, reason FROM order_events WHERE order_id = %(id)s ORDER BY version", id=order)
    return [(row["event"], row["actor"], row["reason"]) for row in rows]


# What is erased


def test_given_every_kind_of_order_when_erased_then_the_database_has_no_value(
    world: World, query: Query, set_fault: SetFault, postgres: Postgres
) -> None:
    delivered(world)
    cancelled(world)
    world.report(delivered(world), status="returned", reason=RETURN_REASON)
    set_fault("payment", decline_rate=1)
    world.place(**PERSONAL)
    world.drain()
    set_fault("payment", failure_rate=1, failure_status=400)
    uncharged = world.place(**PERSONAL)
    assert world.drain()
    world.cancel(uncharged, REASON)
    set_fault("payment")
    world.queue.loses = True
    world.place(**PERSONAL)
    world.clock.pass_time(hours=1)
    world.queue.loses = False
    set_fault("notification", failure_rate=1, failure_status=400)
    world.run_relay()
    world.place_cart()
    live = world.place(**PERSONAL)
    assert world.drain()
    assert {row["status"] for row in query("SELECT status FROM orders")} >= {"failed", "cancelled", "returned"}
    assert query("SELECT 1 FROM order_tasks WHERE last_error IS NOT NULL")
    query("ANALYZE")
    before = dump(postgres)
    assert [value for value in VALUES if value not in before] == []

    assert world.erase()["live"] == 2
    world.cancel(live, REASON)
    assert world.drain()
    query("UPDATE orders SET cancel_reason = %(reason)s WHERE status = 'confirmed'", reason=REASON)
    for row in query("SELECT id FROM orders WHERE status = 'confirmed'"):
        world.report(row["id"], status="delivered", reason=REASON)
    world.drain()
    world.clock.pass_time(seconds=RECHECK_INTERVAL.total_seconds())
    world.run_relay()
    assert query("SELECT 1 FROM orders WHERE erased_at IS NULL") == []
    assert MARK not in dump(postgres)
    assert query("SELECT 1 FROM erasures") == []


def dump(postgres: Postgres) -> str:
    """Everything in the database, with the planner's statistics."""
    program = [BINARIES / "pg_dump", "--statistics", "--no-sync", f"--host={postgres.host}", f"--port={postgres.port}"]
    command = [*map(str, program), f"--username={postgres.user}", "orders"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603 - our own program


def test_given_an_erased_order_when_read_then_the_books_are_as_before(
    world: World, function: Load, query: Query
) -> None:
    order = world.place(
        **PERSONAL, external_reference="SHOP-1", shipping_method="express", items=[{"sku": "SKU123", "quantity": 3}]
    )
    world.cancel(order, REASON)
    world.drain()
    get = function("get_order")
    before = call(get, "GET", f"/v1/orders/{order}").json
    assert [field for field in FIELDS if not before[field]] == []
    assert world.erase() == {"erased": 1, "remaining": 0, "live": 0}
    after = call(get, "GET", f"/v1/orders/{order}", query={"include": "timeline"}).json
    assert [field for field in FIELDS if after[field] is not None] == []
    assert after["metadata"] == {}
    assert after["personal_data_erased_at"] == after["updated_at"]
    assert after["version"] == before["version"] + 1
    changed = {*FIELDS, "metadata", "personal_data_erased_at", "updated_at", "version", "timeline"}
    assert {name: after[name] for name in before if name not in changed} == {
        name: before[name] for name in before if name not in changed
    }
    assert timeline(query, order)[-1] == ("personal_data.erased", "service:officer", None)
    assert [entry["reason"] for entry in after["timeline"]] == [None] * len(after["timeline"])


def test_given_a_declined_order_when_erased_then_the_failure_reason_stays(
    world: World, query: Query, set_fault: SetFault
) -> None:
    set_fault("payment", decline_rate=1)
    declined = world.place(**PERSONAL)
    reported = world.place(**PERSONAL)
    world.report(reported, payment_status="processing")
    world.report(reported, payment_status="failed")
    world.drain()
    assert "card_declined" in str(timeline(query, declined))
    world.erase()
    assert "declined" not in str([reason for *_, reason in timeline(query, declined)])
    assert ("payment.declined", "service:staff", "payment_declined") in timeline(query, reported)
    assert {row["failure_reason"] for row in query("SELECT failure_reason FROM orders")} == {"payment_declined"}


def test_given_orders_when_erased_then_the_counts_do_not_change(world: World, query: Query) -> None:
    delivered(world)
    cancelled(world)
    assert world.erase()["erased"] == 2
    counts = read_counts(query)
    assert counts
    assert [count for count in counts if count.counted != count.stored] == []
    world.run_relay()
    assert [count for count in read_counts(query) if count.counted != count.stored] == []


def test_given_an_erased_order_when_searched_by_its_address_then_not_found(world: World, function: Load) -> None:
    cancelled(world)
    search = {"q": NAMES["customer_email"]}
    assert call(function("list_orders"), "GET", "/v1/orders", query=search).json["count"] == 1
    world.erase()
    assert call(function("list_orders"), "GET", "/v1/orders", query=search).json["count"] == 0


def test_given_an_erased_order_when_returned_with_a_reason_then_it_is_not_stored(
    world: World, query: Query, services: httpx.Client
) -> None:
    order = delivered(world)
    world.erase()
    world.report(order, status="returned", reason=RETURN_REASON)
    assert world.drain() == []
    assert query("SELECT payment_status, cancel_reason FROM orders") == [
        {"payment_status": "refunded", "cancel_reason": None}
    ]
    assert ("order.returned", "service:staff", None) in timeline(query, order)
    sent = services.get("/notification/notifications").json()["notifications"]
    assert [each["email"] for each in sent if each["template"] == "order_returned"] == [None]


def test_given_a_failed_task_when_redriven_after_the_erasure_then_it_ends(
    world: World, query: Query, set_fault: SetFault
) -> None:
    set_fault("notification", failure_rate=1, failure_status=400)
    cancelled(world)
    assert world.erase() == {"erased": 1, "remaining": 0, "live": 0}
    set_fault("notification")
    assert world.relay.redrive() == 2
    assert world.drain() == []
    assert query("SELECT 1 FROM order_tasks WHERE state <> 'done'") == []


def test_given_an_erased_order_when_its_request_is_repeated_then_it_is_answered(
    world: World, function: Load, query: Query
) -> None:
    create = function("create_order")
    body = {"items": [{"sku": "SKU123", "quantity": 1}], **PERSONAL}
    key = {"headers": {"idempotency-key": "key-1"}}
    first = call(create, "POST", "/v1/orders", body, **key)
    world.cancel(first.json["id"], REASON)
    world.relay.queue.send([])
    world.clock.pass_time(minutes=2)
    world.run_relay()
    world.drain()
    assert world.erase()["erased"] == 1
    again = call(create, "POST", "/v1/orders", body, **key)
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    erased = again.json["personal_data_erased_at"]
    gone = {**dict.fromkeys(FIELDS), "metadata": {}, "personal_data_erased_at": erased}
    assert again.json == {**first.json, **gone}
    assert erased is not None
    assert call(create, "POST", "/v1/orders", {**body, "note": "other"}, **key).status == 422
    assert MARK not in str(query("SELECT * FROM idempotency_keys"))


# When it is erased


def test_given_a_pending_task_when_erased_then_the_order_waits_for_it(world: World) -> None:
    order = world.place(**PERSONAL)
    world.cancel(order, REASON)
    assert world.erase() == {"erased": 0, "remaining": 0, "live": 1}
    world.drain()
    assert world.erase() == {"erased": 1, "remaining": 0, "live": 0}
    assert world.erase() == {"erased": 0, "remaining": 0, "live": 0}


@pytest.mark.parametrize("state", ["claimed", "in a later attempt"])
def test_given_a_task_in_work_when_erased_then_the_order_waits_for_it(
    world: World, query: Query, set_fault: SetFault, state: str
) -> None:
    cancelled(world)
    query("UPDATE order_tasks SET state = 'pending' WHERE kind = 'send_notification' AND version = 1")
    if state == "claimed":
        query("UPDATE order_tasks SET available_at = now() + interval '1 hour' WHERE state = 'pending'")
    assert world.erase() == {"erased": 0, "remaining": 0, "live": 1}


def test_given_live_orders_when_they_end_then_the_relay_erases_them(world: World, query: Query) -> None:
    first, second = world.place(**PERSONAL), world.place(**PERSONAL)
    world.drain()
    assert world.erase() == {"erased": 0, "remaining": 0, "live": 2}
    assert world.run_relay().erased == 0
    world.report(first, status="delivered")
    world.drain()
    world.clock.pass_time(seconds=RECHECK_INTERVAL.total_seconds())
    assert world.run_relay().erased == 1
    assert timeline(query, first)[-1] == ("personal_data.erased", "service:officer", None)
    world.cancel(second, REASON)
    world.drain()
    world.clock.pass_time(seconds=RECHECK_INTERVAL.total_seconds())
    assert world.run_relay().erased == 1
    assert query("SELECT 1 FROM erasures") == []


def test_given_an_order_placed_later_when_it_ends_then_it_keeps_its_data(world: World, query: Query) -> None:
    world.erase()
    world.clock.pass_time(seconds=1)
    later = cancelled(world)
    world.clock.pass_time(seconds=RECHECK_INTERVAL.total_seconds())
    assert world.run_relay().erased == 0
    assert query("SELECT id, cancel_reason FROM orders") == [{"id": later, "cancel_reason": REASON}]
    # Nothing that was placed before the request is left.
    assert query("SELECT 1 FROM erasures") == []
    assert world.erase() == {"erased": 1, "remaining": 0, "live": 0}


def test_given_two_requests_when_repeated_then_the_later_one_counts(world: World, query: Query) -> None:
    world.place(**PERSONAL)
    world.drain()
    assert world.erase()["live"] == 1
    first = world.clock.now()
    world.clock.pass_time(hours=1)
    world.place(**PERSONAL)
    world.drain()
    assert world.erase()["live"] == 2
    [request] = query("SELECT customer_id, requested_at, actor FROM erasures")
    assert request == {"customer_id": "5", "requested_at": world.clock.now(), "actor": "service:officer"}
    world.clock.at = first
    world.erase()
    assert query("SELECT requested_at FROM erasures") == [{"requested_at": request["requested_at"]}]


def test_given_an_order_being_placed_when_erased_then_it_is_included(world: World, query: Query) -> None:
    assert world.erase() == {"erased": 0, "remaining": 0, "live": 0}
    requested = world.clock.now()
    world.run_relay()
    world.clock.at -= SETTLED / 2
    order = world.place(**PERSONAL)
    world.clock.at = requested
    world.cancel(order, REASON)
    world.drain()
    world.clock.pass_time(seconds=RECHECK_INTERVAL.total_seconds())
    assert world.run_relay().erased == 1
    assert query("SELECT 1 FROM erasures") == []


def test_given_two_customers_when_one_is_erased_then_the_others_orders_stay(world: World, query: Query) -> None:
    cancelled(world)
    store_orders(query, [StoredOrder(customer="6", state=DELIVERED, email="six@example.com")])
    assert world.erase() == {"erased": 1, "remaining": 0, "live": 0}
    assert query("SELECT customer_email FROM orders WHERE erased_at IS NULL") == [{"customer_email": "six@example.com"}]


# After some days


def test_given_days_to_keep_personal_data_when_over_then_the_relay_erases(world: World, query: Query) -> None:
    keeping, relay = world.relay, replace(world.relay, personal_data_days=30)
    live = world.place(**PERSONAL)
    world.drain()
    order = cancelled(world)
    world.clock.pass_time(days=29, hours=23)
    assert relay.run().erased == 0
    world.clock.pass_time(hours=2)
    assert keeping.run().erased == 0
    assert relay.run().erased == 1
    assert timeline(query, order)[-1] == ("personal_data.erased", "system:relay_outbox", None)
    assert query("SELECT id FROM orders WHERE erased_at IS NULL") == [{"id": live}]
    assert relay.run().erased == 0


def test_given_an_order_with_a_pending_task_when_the_days_are_over_then_it_waits(world: World, query: Query) -> None:
    store_orders(query, [StoredOrder(state=DELIVERED) for _ in "12"])
    cancelled(world)
    query("UPDATE order_tasks SET state = 'pending' WHERE kind = 'release_stock'")
    query("UPDATE orders SET updated_at = %(at)s", at=LONG_AGO)
    # The order that waits is no reason to leave out those after it.
    assert replace(world.relay, personal_data_days=1).run().erased == 2
    assert query("SELECT status FROM orders WHERE erased_at IS NULL") == [{"status": "cancelled"}]


def test_given_more_orders_than_a_batch_when_the_relay_runs_then_it_erases_all(world: World, query: Query) -> None:
    store_orders(query, [StoredOrder(state=DELIVERED, email="a@example.com") for _ in range(1_100)])
    assert replace(world.relay, personal_data_days=1).run().erased == 1_100
    assert query("SELECT 1 FROM orders WHERE customer_email IS NOT NULL") == []


# In bounded steps, and several at once


def test_given_many_orders_when_erased_then_each_request_erases_some(function: Load, query: Query) -> None:
    store_orders(query, [StoredOrder(state=DELIVERED, email="a@example.com") for _ in range(1_100)])
    answers = [erase(function) for _ in range(4)]
    assert [answer.json for answer in answers] == [
        {"erased": 500, "remaining": 600, "live": 0},
        {"erased": 500, "remaining": 100, "live": 0},
        {"erased": 100, "remaining": 0, "live": 0},
        {"erased": 0, "remaining": 0, "live": 0},
    ]


def test_given_a_request_when_not_repeated_then_the_relay_erases_the_rest(world: World, query: Query) -> None:
    store_orders(query, [StoredOrder(state=DELIVERED) for _ in range(1_700)])
    assert world.erase() == {"erased": 500, "remaining": 1_200, "live": 0}
    assert world.run_relay().erased == 1_200
    assert query("SELECT 1 FROM orders WHERE erased_at IS NULL") == []


def test_given_countless_orders_when_counted_then_up_to_ten_thousand(function: Load, query: Query) -> None:
    live = State(Status.CONFIRMED, PaymentStatus.PAID, ShippingStatus.READY)
    store_orders(query, [StoredOrder(state=state) for state in (DELIVERED, live) for _ in range(10_600)])
    assert erase(function).json == {"erased": 500, "remaining": 10_000, "live": 10_000}


def test_given_requests_and_relays_at_once_when_run_then_each_order_is_erased_once(
    function: Load, query: Query
) -> None:
    store_orders(query, [StoredOrder(state=DELIVERED) for _ in range(1_500)])

    def run(number: int) -> int:
        if number % 2:
            return int(function("relay_outbox").handler({}, Context())["erased"])
        return int(erase(function).json["erased"])

    with ThreadPoolExecutor(4) as pool:
        numbers = [*pool.map(run, range(12))]
    assert sum(numbers) == 1_500
    assert query("SELECT 1 FROM orders WHERE erased_at IS NULL OR version <> 2") == []
    assert query("SELECT count(*) AS n FROM order_events") == [{"n": 1_500}]


def test_given_orders_that_change_at_once_when_erased_then_no_words_are_left(
    world: World, function: Load, query: Query
) -> None:
    orders = [delivered(world) for _ in range(12)]
    staff = {"customer": "staff", "scope": "orders:write"}

    def give_back(order: str) -> int:
        body = {"status": "returned", "reason": RETURN_REASON}
        return call(function("update_order_status"), "PUT", f"/v1/orders/{order}/status", body, **staff).status

    world.clock.at = datetime.now(UTC)
    with ThreadPoolExecutor(4) as pool:
        returned = pool.map(give_back, orders)
        erased = pool.map(lambda _: erase(function).status, range(12))
        assert {*returned, *erased} == {200}
    world.clock.pass_time(minutes=2)
    world.run_relay()
    world.drain()
    world.clock.pass_time(seconds=RECHECK_INTERVAL.total_seconds())
    world.run_relay()
    assert query("SELECT 1 FROM orders WHERE erased_at IS NULL OR payment_status <> 'refunded'") == []
    assert MARK not in str(query("SELECT * FROM order_events"))
    assert query("SELECT order_id FROM order_events WHERE event ~ 'erased' GROUP BY 1 HAVING count(*) > 1") == []


def test_given_a_locked_order_when_erased_then_it_is_left_for_the_next_time(
    world: World, postgres: Postgres, query: Query
) -> None:
    cancelled(world)
    locker = psycopg2.connect(host=postgres.host, port=postgres.port, user=postgres.user, dbname="orders")
    locker.cursor().execute("SELECT FROM orders FOR UPDATE")
    assert world.erase() == {"erased": 0, "remaining": 1, "live": 0}
    locker.rollback()
    locker.close()
    assert world.erase() == {"erased": 1, "remaining": 0, "live": 0}


# The export


def test_given_orders_when_exported_then_each_is_a_line_with_its_timeline(world: World, function: Load) -> None:
    cancelled(world)
    world.clock.pass_time(seconds=1)
    live = world.place(**PERSONAL)
    world.clock.pass_time(seconds=1)
    erased = delivered(world)
    [lines] = pages(function)
    schema = {"$ref": "#/components/schemas/OrderView"}
    assert [complaint for line in lines for complaint in errors(schema, line)] == []
    assert [line["id"] for line in lines][1:] == [live, erased]
    kept = {name: value for name, value in PERSONAL.items() if name != "payment_method"}
    assert [{name: line[name] for name in kept} for line in lines] == [kept] * 3
    assert lines[0]["cancel_reason"] == REASON
    assert {entry["actor"] for line in lines for entry in line["timeline"]} == {"customer", "system", "service"}
    assert PERSONAL["payment_method"] not in str(lines)
    assert world.erase()["erased"] == 2
    [lines] = pages(function)
    assert [line["personal_data_erased_at"] is None for line in lines] == [False, True, False]


def test_given_many_orders_when_exported_then_pages_have_twenty_orders(function: Load, query: Query) -> None:
    stored = [StoredOrder() for _ in range(45)]
    store_orders(query, [*stored, StoredOrder(customer="6")])
    exported = [[line["id"] for line in page] for page in pages(function)]
    assert [len(page) for page in exported] == [20, 20, 5]
    assert [*itertools.chain(*exported)] == sorted(order.id for order in stored)


def test_given_long_orders_when_exported_then_pages_have_two_thousand_lines(function: Load, query: Query) -> None:
    lengths = (900, 900, 900, 1_000, 1_000, 1_000)
    times = [datetime(2020, 11, day, tzinfo=UTC) for day in range(1, len(lengths) + 1)]
    store_orders(
        query,
        [
            StoredOrder(created_at=at, products=tuple(f"P{number}" for number in range(length)))
            for at, length in zip(times, lengths, strict=True)
        ],
    )
    assert [[line["line_count"] for line in page] for page in pages(function)] == [
        [900, 900],
        [900, 1_000],
        [1_000, 1_000],
    ]


def test_given_large_orders_when_exported_then_no_answer_is_near_lambdas_limit(function: Load, query: Query) -> None:
    stored = [StoredOrder() for _ in range(20)]
    store_orders(query, stored)
    metadata = {f"{number}{'ä' * 38}": '"' * 250 + "€" * 250 for number in range(50)}
    query(
        "INSERT INTO order_details (order_id, note, metadata) SELECT id, repeat('€', 1000), %(data)s FROM orders",
        data=json.dumps(metadata),
    )
    answers = [*exports(function)]
    # Lambda quotes the body as JSON.
    assert max(len(json.dumps(text, ensure_ascii=False).encode()) for text in answers) < 2_000_000
    found = [json.loads(line)["id"] for text in answers for line in text.splitlines()]
    assert found == sorted(order.id for order in stored)


def test_given_an_order_with_a_thousand_lines_when_exported_then_it_is_a_page(function: Load, query: Query) -> None:
    store_orders(query, [StoredOrder(products=tuple(f"P{number}" for number in range(1_000)))])
    query("UPDATE order_items SET name = repeat('€', 255)")
    [[order]] = pages(function)
    assert len(order["items"]) == 1_000


@pytest.mark.parametrize("cursor", ["made-up", "", None])
def test_given_an_invalid_cursor_when_exporting_then_400(function: Load, query: Query, cursor: str | None) -> None:
    store_orders(query, [StoredOrder(customer="6") for _ in range(21)])
    link = call(function("erase_customer"), "GET", "/v1/customers/6/personal-data", **OFFICER).headers["link"]
    anothers = link.partition("cursor=")[2].partition(">")[0]
    given = anothers if cursor is None else cursor
    answer = call(function("erase_customer"), "GET", PATH, query={"cursor": given}, **OFFICER)
    assert (answer.status, answer.json["code"]) == (400, "invalid_cursor")


# Who may


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("scope", ["", "orders:read", "orders:write", "orders:read orders:write orders:metrics"])
def test_given_no_scope_to_erase_when_called_then_403(
    world: World, function: Load, query: Query, method: str, scope: str
) -> None:
    cancelled(world)
    answer = call(function("erase_customer"), method, PATH, scope=scope)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert "orders:erase" in answer.json["detail"]
    assert MARK not in answer.text
    assert query("SELECT 1 FROM erasures") == []
    assert query("SELECT 1 FROM orders WHERE erased_at IS NOT NULL") == []


@pytest.mark.parametrize("customer", ["unknown", "a%40example.com"])
def test_given_a_customer_without_orders_when_erased_then_zeros(function: Load, customer: str) -> None:
    path = f"/v1/customers/{customer}/personal-data"
    answer = erase(function, path)
    assert (answer.status, answer.json) == (200, {"erased": 0, "remaining": 0, "live": 0})
    export = call(function("erase_customer"), "GET", path, **OFFICER)
    assert (export.status, export.text) == (200, "")
    assert "link" not in export.headers


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_given_an_invalid_customer_when_called_then_400(function: Load, method: str) -> None:
    answer = call(function("erase_customer"), method, "/v1/customers/.5/personal-data", **OFFICER)
    assert (answer.status, answer.json["code"]) == (400, "invalid_parameter")


# Where it is not


def run_with_faults(function: Load, query: Query, set_fault: SetFault) -> list[str]:
    """Place orders while one service after the other fails, process their tasks, and change them; return their ids."""
    create, process = function("create_order"), function("process_task")
    body = {"items": [{"sku": "SKU123", "quantity": 1}], **PERSONAL}
    orders: list[str] = []
    for service, fault in (
        ("notification", {"failure_rate": 1, "failure_status": 400}),
        ("notification", {"failure_rate": 1}),
        ("payment", {"failure_rate": 1, "failure_status": 422}),
        ("payment", {"decline_rate": 1}),
        ("shipping", {"failure_rate": 1, "failure_status": 409}),
        ("shipping", {"lost_answer_rate": 1}),
    ):
        set_fault(service, **fault)
        key = {"idempotency-key": f"key-{len(orders)}"}
        orders.append(call(create, "POST", "/v1/orders", body, headers=key).json["id"])
        run_tasks(process, query)
        set_fault(service)
    for status in ("shipped", "delivered", "returned"):
        report = {"status": status, "reason": RETURN_REASON}
        call(function("update_order_status"), "PUT", f"/v1/orders/{orders[0]}/status", report, **READER)
    change = {"note": f"No, {MARK} is at home.", "metadata": PERSONAL["metadata"]}
    call(function("update_order"), "PATCH", f"/v1/orders/{orders[2]}", change)
    call(function("cancel_order"), "POST", f"/v1/orders/{orders[2]}/cancel", {"reason": REASON})
    function("relay_outbox").handler({}, Context())
    run_tasks(process, query)
    return orders


def run_tasks(process: ModuleType, query: Query) -> None:
    pending = f"SELECT {TASK_ID} FROM order_tasks WHERE state = 'pending' AND available_at <= now()"  # noqa: S608 - a constant
    while rows := query(pending):
        process.handler({"Records": [task_message(row["id"]) for row in rows[:10]]}, Context())


def answers_to_others(function: Load, orders: Sequence[str]) -> Iterator[str]:
    """What other callers are answered, operators and scrapers among them."""

    def ask(name: str, method: str, path: str, body: object = None, *, status: int, **how: Any) -> str:
        answer = call(function(name), method, path, body, **{"customer": "6", **how})
        assert answer.status == status, answer.text
        return answer.text + str(answer.headers)

    cancelled = {"status": "cancelled", "reason": REASON}
    for order in orders:
        yield ask("get_order", "GET", f"/v1/orders/{order}", status=404)
        yield ask("cancel_order", "POST", f"/v1/orders/{order}/cancel", status=404)
        yield ask("update_order", "PATCH", f"/v1/orders/{order}", {"note": "mine"}, status=404)
        yield ask("update_order_status", "PUT", f"/v1/orders/{order}/status", cancelled, status=404)
    items = [{"sku": "SKU123", "quantity": 1}]
    yield ask("create_order", "POST", "/v1/orders", {"items": items, "customer_id": "5"}, status=403)
    yield ask("create_order", "POST", "/v1/customers/5/orders", status=403)
    yield ask("list_customer_orders", "GET", "/v1/customers/5/orders", status=403)
    yield ask("list_orders", "GET", "/v1/orders", status=200)
    yield ask("list_orders", "GET", "/v1/orders", query={"q": "SKU123"}, status=200)
    yield ask("get_order", "GET", "/orders/5", status=403)
    yield ask("erase_customer", "GET", PATH, status=403)
    yield ask("metrics", "GET", "/metrics", scope="orders:metrics", status=200)
    yield ask("health", "GET", "/v1/health", customer=None, status=200)
    failed = function("relay_outbox").handler({"failed": "list"}, Context())
    assert failed["tasks"]
    yield str(failed)


def messages() -> Iterator[str]:
    """The messages in the queues."""
    sqs = boto3.client("sqs")
    for name in QUEUES:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            yield from map(str, found)


def test_given_personal_data_when_all_runs_then_nobody_else_sees_it(
    function: Load, query: Query, set_fault: SetFault, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = run_with_faults(function, query, set_fault)
    assert MARK not in "".join(answers_to_others(function, orders))
    create = function("create_order")
    for wrong in ({"shipping_address": {**address("to"), "country": MARK}}, {"note": f"{MARK}\0"}, {"metadata": MARK}):
        assert call(create, "POST", "/v1/orders", {"items": [], **wrong}).status == 422
    assert MARK in call(function("erase_customer"), "GET", PATH, **OFFICER).text
    assert erase(function).json["erased"] > 0
    lines, printed, sent = json.dumps(log()), capsys.readouterr().out, "".join(messages())
    assert "task failed" in lines
    assert MARK not in lines
    assert "OrderEvents" in printed
    assert MARK not in printed
    assert "charge_payment" in sent
    assert MARK not in sent


def test_given_personal_data_when_listed_then_it_has_no_addresses_or_words(
    function: Load, query: Query, set_fault: SetFault
) -> None:
    run_with_faults(function, query, set_fault)
    lists = [
        call(function("list_orders"), "GET", "/v1/orders", **READER).text,
        call(function("list_orders"), "GET", "/v1/orders", query={"q": "5"}, **READER).text,
        call(function("list_customer_orders"), "GET", "/v1/customers/5/orders").text,
    ]
    # These are listed, for those who may read the order.
    listed = {*NAMES.values(), REASON}
    assert [value for value in VALUES - listed for text in lists if value in text] == []
    assert [value for value in listed for text in lists if value not in text] == []
