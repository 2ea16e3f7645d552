"""A customer or the shop changes an order's address and words, until a worker begins to make its parcel."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Barrier
from types import ModuleType
from typing import Any

import httpx
import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's name for its class

from local.postgres import Postgres
from orders import bootstrap
from orders.domain.lifecycle import TaskKind
from orders.domain.order import TaskId
from orders.postgres import task_claims
from orders.postgres.connection import Database
from tests.integration.conftest import Query
from tests.integration.world import World
from tests.support import Answer, call, wait_until

type Load = Callable[[str], ModuleType]
type Update = Callable[..., Answer]

HOME = {"name": "Ann", "line1": "12 Main Street", "city": "Springfield", "postal_code": "62701", "country": "US"}
WORK = {"company": "Orders Ltd.", "line1": "Hafenstrasse 7", "city": "Hamburg", "country": "DE"}
GIVEN = {"shipping_address": HOME, "external_reference": "WEB-1", "note": "Ring twice.", "metadata": {"a": "1"}}
CHANGED = {"shipping_address": WORK, "external_reference": "WEB-2", "note": "Ring once.", "metadata": {"b": "2"}}
FIELDS = [*GIVEN]
ITEMS = [{"product_id": "SKU123", "quantity": 2}]
CARRIER = {"customer": "carrier", "scope": "orders:ship"}
READER = {"customer": "agent", "scope": "orders:read"}
ROUNDS = 20


@pytest.fixture
def order(function: Load) -> str:
    """An order of customer 5 that has every field."""
    return place(function, **GIVEN)


@pytest.fixture
def update(function: Load) -> Update:
    """Send changes of an order."""
    function_update = function("update_order")

    def update(order: str, body: object, version: str | None = None, **sender: Any) -> Answer:
        headers = {"if-match": version} if version else None
        return call(function_update, "PATCH", f"/v1/orders/{order}", body, headers=headers, **sender)

    return update


def place(function: Load, **fields: object) -> str:
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS, **fields})
    assert answer.status == 201, answer.json
    return str(answer.json["id"])


def read(function: Load, order: str, **sender: Any) -> Any:
    return call(function("get_order"), "GET", f"/v1/orders/{order}", query={"include": "timeline"}, **sender).json


def values(order: Any) -> dict[str, object]:
    return {name: order[name] for name in FIELDS}


@pytest.mark.parametrize("field", FIELDS)
def test_given_one_field_when_updated_then_it_alone_is_replaced(
    function: Load, update: Update, order: str, field: str
) -> None:
    before = read(function, order)
    answer = update(order, {field: CHANGED[field]})
    assert (answer.status, answer.headers["etag"]) == (200, '"v2"')
    assert values(answer.json) == {**GIVEN, field: CHANGED[field]}
    after = read(function, order)
    timeline = after.pop("timeline")
    assert after == answer.json
    # Nothing else has changed.
    assert after == {
        **{name: value for name, value in before.items() if name != "timeline"},
        field: CHANGED[field],
        "version": 2,
        "updated_at": after["updated_at"],
    }
    assert timeline[1]["changed_fields"] == [field]


@pytest.mark.parametrize("field", FIELDS)
def test_given_null_for_a_field_when_updated_then_its_value_is_removed(
    function: Load, update: Update, order: str, field: str
) -> None:
    removed: object = {} if field == "metadata" else None
    answer = update(order, {field: None})
    assert (answer.status, values(answer.json)) == (200, {**GIVEN, field: removed})
    assert read(function, order)["timeline"][1]["changed_fields"] == [field]
    # Once more, or emptied as a form does it: it holds already.
    emptied: list[object] = [{}] if field == "metadata" else [""] if isinstance(GIVEN[field], str) else []
    for again in (None, *emptied):
        repeated = update(order, {field: again})
        assert (repeated.status, repeated.json["version"]) == (200, 2)


def test_given_all_fields_when_updated_then_one_version_names_them_without_values(
    function: Load, update: Update, query: Query, order: str
) -> None:
    assert values(update(order, CHANGED).json) == CHANGED
    [_, event] = query("SELECT * FROM order_events ORDER BY version")
    assert (event["event"], event["actor"], event["changed_fields"]) == ("order.updated", "customer:5", FIELDS)
    assert (event["reason"], event["tracking_number"]) == (None, None)
    timeline = str(query("SELECT order_events::text AS text FROM order_events"))
    for text in ("Main Street", "Hafenstrasse", "WEB-1", "WEB-2", "Ring"):
        assert text not in timeline
    shown = read(function, order)["timeline"][1]
    assert (shown["event"], shown["actor"], shown["changed_fields"]) == ("order.updated", "customer", FIELDS)


def test_given_an_order_without_details_when_updated_then_it_gets_them(
    function: Load, update: Update, query: Query
) -> None:
    bare = place(function)
    assert query("SELECT * FROM order_details") == []
    answer = update(bare, {"note": "Ring once.", "metadata": {"z": "1", "a": "2"}, "shipping_address": WORK})
    assert answer.status == 200
    # Members keep their order, as those of a new order do.
    assert [*read(function, bare)["metadata"]] == ["z", "a"]
    assert [*read(function, bare)["shipping_address"]] == [*WORK]


def test_given_other_details_when_updated_then_they_stay(function: Load, update: Update) -> None:
    more = {"billing_address": HOME, "shipping_method": "express", "payment_method": "pm_1"}
    adjustments = [{"kind": "shipping", "amount": "4.90", "description": None}]
    body = {"items": ITEMS, **GIVEN, **more, "adjustments": adjustments}
    placed = call(function("create_order"), "POST", "/v1/orders", body, scope="orders:create").json
    answer = update(placed["id"], CHANGED).json
    same = ("billing_address", "shipping_method", "adjustments", "subtotal", "total", "items", "number", "customer_id")
    assert {name: answer[name] for name in same} == {name: placed[name] for name in same}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, []),
        ({"customer_name": "Ann"}, ["customer_name"]),
        ({"billing_address": HOME}, ["billing_address"]),
        ({"status": "shipped"}, ["status"]),
        ({"shipping_address": {"line1": "12 Main Street"}}, ["shipping_address", "city"]),
        ({"shipping_address": {**HOME, "country": "XX"}}, ["shipping_address", "country"]),
        ({"note": "x" * 1_001}, ["note"]),
        ({"metadata": {"a": None}}, ["metadata", "a"]),
        ({"metadata": {str(number): "" for number in range(51)}}, ["metadata"]),
        ({"external_reference": "x" * 129}, ["external_reference"]),
    ],
)
def test_given_invalid_fields_when_updated_then_422_and_nothing_changes(
    update: Update, query: Query, order: str, body: object, where: list[str]
) -> None:
    answer = update(order, body)
    assert (answer.status, answer.json["errors"][0]["loc"]) == (422, where)
    assert query("SELECT version FROM orders") == [{"version": 1}]


def test_given_a_shop_that_requires_an_address_when_removed_then_422(
    function: Load, query: Query, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_SHIPPING_ADDRESS", "true")
    strict = function("update_order")
    answer = call(strict, "PATCH", f"/v1/orders/{order}", {"shipping_address": None})
    assert (answer.status, answer.json["detail"]) == (422, "shipping_address: is required")
    assert query("SELECT version FROM orders") == [{"version": 1}]
    kept = call(strict, "PATCH", f"/v1/orders/{order}", {"shipping_address": WORK, "note": None})
    assert (kept.status, kept.json["shipping_address"]) == (200, WORK)


def test_given_values_that_hold_when_updated_at_any_version_then_nothing_changes(
    update: Update, query: Query, order: str
) -> None:
    stored = "SELECT orders::text, (SELECT count(*) FROM order_events) AS events FROM orders"
    before = query(stored)
    reordered = {**GIVEN, "shipping_address": dict(reversed(HOME.items()))}
    for version in (None, '"v1"', '"v99"', '"other"'):
        answer = update(order, reordered, version)
        assert (answer.status, answer.headers["etag"], values(answer.json)) == (200, '"v1"', GIVEN)
    assert query(stored) == before


def test_given_a_lost_answer_when_sent_again_with_its_version_then_200(update: Update, order: str) -> None:
    assert update(order, CHANGED, '"v1"').status == 200
    again = update(order, CHANGED, '"v1"')
    assert (again.status, again.headers["etag"]) == (200, '"v2"')
    stale = update(order, GIVEN, '"v1"')
    assert (stale.status, stale.json["code"], stale.json["current_version"]) == (412, "version_mismatch", 2)
    assert update(order, GIVEN, '"v1", "v2"').headers["etag"] == '"v3"'


def test_given_a_lost_connection_when_run_again_after_another_then_applied_once(
    function: Load, update: Update, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = function("update_order")
    # Only over a connection that was in use before is a statement run again.
    assert call(slow, "PATCH", f"/v1/orders/{order}", GIVEN).status == 200
    execute = Database._execute
    lost = iter([True])

    def lose_answer(self: Database, *arguments: Any) -> Any:
        rows = execute(self, *arguments)
        if next(lost, False):
            arguments[0].close()
            assert update(order, {"note": "Second."}).status == 200
            raise psycopg2.OperationalError
        return rows

    monkeypatch.setattr(Database, "_execute", lose_answer)
    answer = call(slow, "PATCH", f"/v1/orders/{order}", {"note": "First."}, headers={"if-match": '"v1"'})
    assert (answer.status, answer.json["note"], answer.json["version"]) == (200, "Second.", 3)


def test_given_anothers_order_when_updated_then_404_or_403_without_the_scope(
    function: Load, update: Update, query: Query, order: str
) -> None:
    for sender in ({"customer": "6"}, {"customer": "6", "scope": "orders:create orders:cancel orders:pay"}):
        answer = update(order, CHANGED, **sender)
        assert (answer.status, answer.json["code"]) == (404, "order_not_found")
    answer = update(order, CHANGED, **READER)
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert "orders:ship" in answer.json["detail"]
    assert query("SELECT version FROM orders") == [{"version": 1}]
    assert values(update(order, CHANGED, **CARRIER).json) == CHANGED
    assert read(function, order, **READER)["timeline"][1]["actor"] == "service:carrier"
    assert update(order, GIVEN, customer="desk", scope="orders:write").status == 200


@pytest.mark.parametrize("order_id", ["01a1f804-f676-7425-8d36-c12d7c86e4b3", "17"])
def test_given_no_such_order_when_updated_then_404(update: Update, order_id: str) -> None:
    answer = update(order_id, CHANGED, **CARRIER)
    assert (answer.status, answer.json["code"]) == (404, "order_not_found")


def test_given_a_new_reference_when_listed_then_it_is_found_by_that_alone(
    function: Load, update: Update, order: str
) -> None:
    update(order, {"external_reference": "WEB-2"})
    for parameter in ("external_reference", "q"):
        for reference, found in (("WEB-1", []), ("WEB-2", [order])):
            page = call(function("list_orders"), "GET", "/v1/orders", query={parameter: reference}).json
            assert [listed["id"] for listed in page["orders"]] == found
    assert (page["orders"][0]["version"], page["orders"][0]["external_reference"]) == (2, "WEB-2")


def test_given_updates_when_counted_then_no_order_changes_its_count(
    function: Load, update: Update, query: Query, order: str
) -> None:
    before = query("SELECT * FROM count_deltas ORDER BY id")
    update(order, CHANGED)
    update(order, GIVEN)
    assert query("SELECT * FROM count_deltas ORDER BY id") == before
    scraped = call(function("metrics"), "GET", "/metrics", scope="orders:metrics").text
    assert 'orders_by_status{status="pending"} 1.0' in scraped


def test_given_a_pending_parcel_when_updated_then_it_goes_to_the_new_address(
    world: World, update: Update, services: httpx.Client
) -> None:
    order = world.place()
    _bring_to_parcel(world)
    assert update(order, {"shipping_address": WORK}).status == 200
    assert world.drain() == []
    assert _addresses(services, order) == [WORK]


def test_given_the_parcel_when_updated_then_409_but_what_holds_is_200(world: World, update: Update) -> None:
    order = world.place()
    assert update(order, GIVEN).status == 200
    world.drain()
    answer = update(order, CHANGED)
    assert (answer.status, answer.json["code"]) == (409, "order_not_updatable")
    assert answer.json["current"] == {"status": "confirmed", "payment_status": "paid", "shipping_status": "ready"}
    assert "parcel is ready" in answer.json["detail"]
    assert update(order, GIVEN, '"v2"').status == 200
    # Somebody who has read an earlier version should read the order again first.
    assert update(order, CHANGED, '"v2"').json["code"] == "version_mismatch"


@pytest.mark.parametrize("ended", ["cancelled", "shipped", "returned", "failed"])
def test_given_an_order_that_ended_or_left_when_updated_then_409(world: World, update: Update, ended: str) -> None:
    order = world.place()
    if ended == "cancelled":
        world.cancel(order)
    elif ended == "failed":
        world.report(order, payment_status="processing")
        world.report(order, payment_status="failed")
    else:
        world.drain()
        world.report(order, status="shipped")
        if ended == "returned":
            world.report(order, status="returned")
    answer = update(order, CHANGED)
    assert (answer.status, answer.json["code"], answer.json["current"]["status"]) == (409, "order_not_updatable", ended)


def test_given_a_claimed_parcel_when_updated_then_409_until_the_end(
    world: World, update: Update, database: Database, query: Query, services: httpx.Client
) -> None:
    order = world.place()
    task = _bring_to_parcel(world)
    claimed = task_claims.claim(database, [task], world.clock.now(), slots=1)[task]
    assert claimed.claimed
    answer = update(order, {"shipping_address": WORK})
    assert (answer.status, answer.json["code"]) == (409, "order_not_updatable")
    assert "parcel is being made" in answer.json["detail"]
    # The worker is gone, its lease is over, and the task failed: the service may have the parcel all the same.
    world.clock.pass_time(minutes=5)
    assert update(order, {"shipping_address": WORK}).status == 409
    query("UPDATE order_tasks SET state = 'failed' WHERE kind = 'create_shipment'")
    assert update(order, {"shipping_address": WORK}).status == 409
    assert query("SELECT version FROM order_events WHERE event = 'order.updated'") == []
    assert _addresses(services, order) == []


def test_given_a_busy_service_when_updated_then_the_parcel_has_the_new_address(
    world: World, update: Update, database: Database
) -> None:
    order = world.place()
    task = _bring_to_parcel(world)
    busy = task_claims.claim(database, [task], world.clock.now(), slots=0)[task]
    assert busy.busy
    assert update(order, {"shipping_address": WORK}).status == 200
    claimed = task_claims.claim(database, [task], world.clock.now(), slots=1)[task]
    assert claimed.details["shipping_address"] == WORK


def test_given_an_open_claim_when_updated_then_it_waits_and_is_refused(
    world: World, update: Update, session: Connection, query: Query
) -> None:
    order = world.place()
    task = _bring_to_parcel(world)
    with meanwhile(lambda: update(order, {"shipping_address": WORK}), query, _claim(session, task)) as answer:
        session.commit()
    assert (answer.result().status, answer.result().json["code"]) == (409, "order_not_updatable")


def test_given_an_open_claim_that_is_rolled_back_when_updated_then_it_applies(
    world: World, update: Update, session: Connection, query: Query
) -> None:
    order = world.place()
    task = _bring_to_parcel(world)
    with meanwhile(lambda: update(order, {"shipping_address": WORK}), query, _claim(session, task)) as answer:
        session.rollback()
    assert answer.result().status == 200


def test_given_an_open_update_when_its_parcel_is_due_then_it_comes_again(
    world: World, database: Database, session: Connection
) -> None:
    order = world.place()
    task = _bring_to_parcel(world)
    _update(session, order)
    assert world.process(task).retry_seconds == 1
    session.commit()
    claimed = task_claims.claim(database, [task], world.clock.now(), slots=1)[task]
    assert claimed.claimed
    assert (claimed.details["note"], claimed.order["version"]) == ("held", 5)


def test_given_an_open_update_when_cancelled_then_it_waits_and_follows(
    world: World, session: Connection, query: Query
) -> None:
    order = world.place()
    with meanwhile(lambda: world.cancel(order), query, _update(session, order)) as cancelled:
        session.commit()
    assert (cancelled.result()["status"], cancelled.result()["version"]) == ("cancelled", 3)


def test_given_a_claim_when_updated_at_once_then_parcel_and_order_agree(
    world: World, update: Update, services: httpx.Client
) -> None:
    for _ in range(ROUNDS):
        world.queue.waiting.clear()
        order = world.place()
        task = _bring_to_parcel(world)
        worker = replace(bootstrap.process_task(), queue=world.queue, clock=world.clock)
        start = Barrier(2)

        def send(order: str = order, start: Barrier = start) -> Answer:
            start.wait()
            return update(order, {"shipping_address": WORK})

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(send)
            start.wait()
            worker.process(worker.claim([task])[task])
        world.process(task)
        assert answer.result().status in {200, 409}
        assert _addresses(services, order) == [WORK if answer.result().status == 200 else None]


def test_given_a_cancel_when_updated_at_once_then_each_has_its_own_version(
    function: Load, update: Update, query: Query
) -> None:
    cancel = function("cancel_order")
    for _ in range(ROUNDS):
        order = place(function, **GIVEN)
        start = Barrier(2)

        def send(order: str = order, start: Barrier = start) -> Answer:
            start.wait()
            return update(order, CHANGED)

        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(send)
            start.wait()
            assert call(cancel, "POST", f"/v1/orders/{order}/cancel").status == 200
        events = query("SELECT version, event FROM order_events WHERE order_id = %(id)s ORDER BY version", id=order)
        names = [row["event"] for row in events]
        assert [row["version"] for row in events] == [*range(1, len(events) + 1)]
        if answer.result().status == 200:
            assert names == ["order.placed", "order.updated", "order.cancelled"]
        else:
            assert (answer.result().json["code"], names) == ("order_not_updatable", ["order.placed", "order.cancelled"])


def test_given_the_same_version_when_two_update_at_once_then_one_is_refused(
    function: Load, query: Query, order: str
) -> None:
    for version in range(1, ROUNDS):
        start = Barrier(2)

        def send(number: int, function_update: ModuleType, version: int = version, start: Barrier = start) -> Answer:
            start.wait()
            body, headers = {"note": f"{version} {number}"}, {"if-match": f'"v{version}"'}
            return call(function_update, "PATCH", f"/v1/orders/{order}", body, headers=headers)

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(send, range(2), [function("update_order") for _ in range(2)]))
        assert sorted(answer.status for answer in answers) == [200, 412]
    assert query("SELECT version FROM orders") == [{"version": ROUNDS}]


@pytest.fixture
def session(postgres: Postgres, query: Query) -> Iterator[Connection]:
    """A session of another function, whose transaction stays open until the test ends it."""
    del query
    with closing(
        psycopg2.connect(host=postgres.host, port=postgres.port, user="orders_app", dbname="orders")
    ) as connection:
        yield connection


@contextmanager
def meanwhile[Result](action: Callable[[], Result], query: Query, holder: int) -> Iterator[Future[Result]]:
    """Run something that waits for a session, and go on as soon as it waits."""
    waiting = "SELECT pid FROM pg_stat_activity WHERE %(holder)s = ANY (pg_blocking_pids(pid))"
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(action)
        wait_until(lambda: bool(query(waiting, holder=holder)))
        yield future


def _claim(session: Connection, task: TaskId) -> int:
    """Claim a task and leave the transaction open."""
    with session.cursor() as cursor:
        cursor.execute(
            "SELECT claim_tasks_2(ARRAY[%s]::uuid[], ARRAY[%s], ARRAY[%s], '{shipping}', "
            "'{\"create_shipment,cancel_shipment\"}', now() + interval '1 hour', '90 s', 1, '1 s') ->> 'claimed'",
            (task.order_id, task.version, task.kind.value),
        )
        assert cursor.fetchone() == ("true",)
    return session.info.backend_pid


def _update(session: Connection, order: str) -> int:
    """Change an order's note and leave the transaction open."""
    with session.cursor() as cursor:
        cursor.execute(
            "SELECT applied FROM update_order_2(%s, NULL, 'customer:5', 'order.updated', 'event', now(), NULL, "
            "'{pending/pending/pending,confirmed/paid/pending}', '{\"note\": \"held\"}', NULL)",
            (order,),
        )
        assert cursor.fetchone() == (True,)
    return session.info.backend_pid


def _bring_to_parcel(world: World) -> TaskId:
    """Process the tasks of an order until only its parcel is to be made; return that task."""
    made: list[TaskId] = []
    while world.queue.waiting:
        task = world.queue.waiting.pop(0)
        if task.kind is TaskKind.CREATE_SHIPMENT:
            made.append(task)
        else:
            world.process(task)
    [parcel] = made
    world.queue.waiting.append(parcel)
    return parcel


def _addresses(services: httpx.Client, order: str) -> list[object]:
    listed = services.get("/shipping/shipments", params={"order_id": order}).json()["shipments"]
    return [shipment.get("address") for shipment in listed]


def test_given_the_path_of_create_when_it_is_patched_then_405(function: Load) -> None:
    answer = call(function("update_order"), "PATCH", "/v1/orders/create", {"note": "Ring twice."})
    assert (answer.status, answer.headers["allow"]) == (405, "OPTIONS, POST")
