"""Status updates by the table of events; of concurrent updates, one wins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest

from tests.integration.conftest import Query
from tests.support import Answer, call

type Load = Callable[[str], ModuleType]
type Report = Callable[..., Answer]

WRITER = {"customer": "carrier", "scope": "orders:write"}
READER = {"customer": "agent", "scope": "orders:read"}


@pytest.fixture
def order(function: Load) -> str:
    """A new order of customer 5."""
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 2}]})
    return str(answer.json["id"])


@pytest.fixture
def report(function: Load, order: str) -> Report:
    """Report what has happened to the order."""
    update = function("update_order_status")

    def report(headers: dict[str, str] | None = None, **body: Any) -> Answer:
        return call(update, "PUT", f"/v1/orders/{order}/status", body, headers=headers, **WRITER)

    return report


@pytest.fixture
def cancel(function: Load, order: str) -> Report:
    """Cancel the order."""
    function_cancel = function("cancel_order")

    def cancel(body: object = None, **changes: Any) -> Answer:
        return call(function_cancel, "POST", f"/v1/orders/{order}/cancel", body, **changes)

    return cancel


def statuses(answer: Answer) -> str:
    assert answer.status == 200, answer.json
    return "/".join(answer.json[name] for name in ("status", "payment_status", "shipping_status"))


def test_given_a_new_order_when_all_succeeds_then_it_is_delivered_with_its_tasks(
    report: Report, order: str, query: Query
) -> None:
    assert statuses(report(payment_status="processing")) == "pending/processing/pending"
    assert statuses(report(payment_status="paid")) == "confirmed/paid/pending"
    assert statuses(report(shipping_status="ready", tracking_number="T1")) == "confirmed/paid/ready"
    assert statuses(report(status="Shipped")) == "shipped/paid/shipped"
    delivered = report(status="DELIVERED")
    assert statuses(delivered) == "delivered/paid/delivered"
    assert (delivered.json["version"], delivered.json["tracking_number"]) == (6, "T1")
    assert delivered.headers["etag"] == '"v6"'
    timeline = query("SELECT version, event FROM order_events WHERE order_id = %(id)s ORDER BY version", id=order)
    assert [row["version"] for row in timeline] == [1, 2, 3, 4, 5, 6]
    tasks = query("SELECT version, kind, template FROM order_tasks ORDER BY version, kind")
    assert [tuple(row.values()) for row in tasks] == [
        (1, "charge_payment", None),
        (1, "send_notification", "order_received"),
        (3, "commit_stock", None),
        (5, "send_notification", "order_shipped"),
        (6, "send_notification", "order_delivered"),
    ]


def test_given_a_status_name_of_earlier_services_when_reported_then_nothing_changes(report: Report) -> None:
    answer = report(status="Ordered")
    assert (statuses(answer), answer.json["version"]) == ("pending/pending/pending", 1)


def test_given_a_status_that_is_too_early_when_reported_then_409_lists_the_allowed(report: Report) -> None:
    answer = report(status="shipped")
    assert (answer.status, answer.json["code"]) == (409, "invalid_transition")
    assert answer.json["current"] == {
        "status": "pending",
        "payment_status": "pending",
        "shipping_status": "pending",
    }
    assert answer.json["allowed"] == {
        "status": ["cancelled"],
        "payment_status": ["processing"],
        "shipping_status": [],
    }
    backwards = report(status="confirmed")
    assert (backwards.status, backwards.json["code"]) == (409, "invalid_transition")


def test_given_a_report_when_repeated_then_it_changes_nothing(report: Report, query: Query) -> None:
    report(payment_status="processing", event_id="evt_1")
    for again in ({"payment_status": "processing"}, {"payment_status": "processing", "event_id": "evt_1"}):
        assert report(**again).json["version"] == 2
    report(payment_status="paid", event_id="evt_2")
    late = report(payment_status="processing", event_id="evt_1")
    assert (statuses(late), late.json["version"]) == ("confirmed/paid/pending", 3)
    assert report(payment_status="processing", event_id="evt_3").status == 409
    assert query("SELECT count(*) AS n FROM order_events") == [{"n": 3}]


def test_given_a_declined_payment_when_reported_then_the_order_fails_with_a_reason(
    report: Report, query: Query
) -> None:
    report(payment_status="processing")
    failed = report(payment_status="failed")
    assert (statuses(failed), failed.json["failure_reason"]) == ("failed/failed/cancelled", "payment_declined")
    assert query("SELECT reason FROM order_events WHERE version = 3") == [{"reason": "payment_declined"}]
    assert report(status="cancelled").status == 409


def test_given_a_cancelled_order_when_its_payment_comes_late_then_it_is_refunded(
    report: Report, cancel: Report, query: Query
) -> None:
    report(payment_status="processing")
    assert statuses(cancel()) == "cancelled/processing/cancelled"
    assert statuses(report(payment_status="paid")) == "cancelled/refunding/cancelled"
    assert statuses(report(payment_status="refunded")) == "cancelled/refunded/cancelled"
    assert query("SELECT count(*) AS n FROM order_tasks WHERE kind = 'refund_payment'") == [{"n": 1}]


def test_given_an_order_when_cancelled_twice_then_the_second_time_changes_nothing(cancel: Report, query: Query) -> None:
    first = cancel({"reason": "changed my mind"})
    assert (statuses(first), first.json["cancel_reason"]) == ("cancelled/voided/cancelled", "changed my mind")
    assert "cancel" not in first.json["links"]
    assert cancel({"reason": "again"}).json == first.json
    assert query("SELECT count(*) AS n FROM order_tasks WHERE kind = 'release_stock'") == [{"n": 1}]


def test_given_a_shipped_order_when_cancelled_then_409(report: Report, cancel: Report) -> None:
    for body in ({"payment_status": "processing"}, {"payment_status": "paid"}, {"status": "shipped"}):
        report(**body)
    answer = cancel()
    assert (answer.status, answer.json["code"]) == (409, "order_not_cancellable")
    assert answer.json["current"]["status"] == "shipped"


def test_given_a_ready_shipment_when_cancelled_then_the_shipment_is_cancelled_first(
    report: Report, cancel: Report
) -> None:
    for body in ({"payment_status": "processing"}, {"payment_status": "paid"}, {"shipping_status": "ready"}):
        report(**body)
    assert statuses(cancel()) == "cancelling/paid/ready"
    assert statuses(cancel()) == "cancelling/paid/ready"
    assert statuses(report(shipping_status="cancelled")) == "cancelled/refunding/cancelled"


def test_given_a_stale_version_when_changing_then_412_and_nothing_changes(report: Report, cancel: Report) -> None:
    assert report(headers={"if-match": '"v1"'}, payment_status="processing").status == 200
    for answer in (
        report(headers={"if-match": '"v1"'}, payment_status="paid"),
        report(headers={"if-match": 'W/"v2"'}, payment_status="paid"),
        report(headers={"if-match": '"v1"'}, status="pending"),
        report(headers={"if-match": '"v1", W/"v2", "x,v2,"'}, payment_status="paid"),
        report(headers={"if-match": "v2"}, payment_status="paid"),
        cancel(headers={"if-match": '"v1"'}),
        cancel(headers={"if-match": ""}),
    ):
        assert (answer.status, answer.json["code"], answer.json["current_version"]) == (412, "version_mismatch", 2)
    assert cancel(headers={"if-match": '"v1", "v2"'}).status == 200
    assert cancel(headers={"if-match": "*"}).status == 200


def test_given_somebody_elses_order_when_changing_then_404_or_403_for_readers(
    function: Load, cancel: Report, order: str
) -> None:
    update = function("update_order_status")
    path = f"/v1/orders/{order}/status"
    assert call(update, "PUT", path, {"status": "shipped"}, customer="6").status == 404
    assert call(update, "PUT", path, {"status": "shipped"}, customer="5").status == 403
    assert call(update, "PUT", path, {"status": "shipped"}, **READER).status == 403
    assert cancel(customer="6").status == 404
    assert cancel(**READER).status == 403
    assert cancel(**WRITER).status == 200


def test_given_no_such_order_when_changing_then_404(function: Load) -> None:
    missing = "/v1/orders/01a1f804-f676-7425-8d36-c12d7c86e4b3"
    update = function("update_order_status")
    for status in ("shipped", "pending"):
        assert call(update, "PUT", f"{missing}/status", {"status": status}, **WRITER).status == 404
    assert call(function("cancel_order"), "POST", f"{missing}/cancel", **WRITER).status == 404
    assert call(function("cancel_order"), "POST", f"{missing}/cancel", **READER).status == 404


ROUNDS = 25


def race(*contenders: Callable[[], Answer]) -> list[Answer]:
    """Start all of them at the same moment; returns their answers in the same order."""
    start = Barrier(len(contenders))

    def run(contender: Callable[[], Answer]) -> Answer:
        start.wait()
        return contender()

    with ThreadPoolExecutor(len(contenders)) as pool:
        return list(pool.map(run, contenders))


@pytest.fixture
def new_order(function: Load) -> Callable[[], str]:
    """Make one more order."""
    create = function("create_order")
    body = {"items": [{"sku": "SKU123", "quantity": 1}]}
    return lambda: str(call(create, "POST", "/v1/orders", body).json["id"])


def consistent(query: Query, order: str) -> dict[str, Any]:
    """The order, after checking that the timeline has one row for each version and ends in its state."""
    row = query("SELECT * FROM orders WHERE id = %(id)s", id=order)[0]
    timeline = query("SELECT * FROM order_events WHERE order_id = %(id)s ORDER BY version", id=order)
    assert [event["version"] for event in timeline] == list(range(1, row["version"] + 1))
    for name in ("status", "payment_status", "shipping_status"):
        assert timeline[-1][name] == row[name]
    return row


def test_given_two_cancels_when_they_race_then_the_stock_is_released_once(
    function: Load, new_order: Callable[[], str], query: Query
) -> None:
    environments = [function("cancel_order") for _ in range(4)]
    for _ in range(ROUNDS):
        order = new_order()
        answers = race(*(partial(call, each, "POST", f"/v1/orders/{order}/cancel") for each in environments))
        assert {answer.status for answer in answers} == {200}
        assert consistent(query, order)["version"] == 2
        tasks = query("SELECT count(*) AS n FROM order_tasks WHERE order_id = %(id)s AND version = 2", id=order)
        assert tasks == [{"n": 2}]


def test_given_a_cancel_when_it_races_a_payment_then_paid_or_refunded_never_both(
    function: Load, new_order: Callable[[], str], query: Query
) -> None:
    cancel, update = function("cancel_order"), function("update_order_status")
    ends = set()
    for _ in range(ROUNDS):
        order = new_order()
        path = f"/v1/orders/{order}"
        call(update, "PUT", f"{path}/status", {"payment_status": "processing"}, **WRITER)
        cancelled, paid = race(
            partial(call, cancel, "POST", f"{path}/cancel"),
            partial(call, update, "PUT", f"{path}/status", {"payment_status": "paid"}, **WRITER),
        )
        assert (cancelled.status, paid.status) == (200, 200)
        row = consistent(query, order)
        ends.add((row["status"], row["payment_status"], row["shipping_status"]))
        refunds = "SELECT count(*) AS n FROM order_tasks WHERE order_id = %(id)s AND kind = 'refund_payment'"
        assert query(refunds, id=order) == [{"n": 1}]
    assert ends == {("cancelled", "refunding", "cancelled")}


def test_given_one_event_when_delivered_many_times_at_once_then_it_is_applied_once(
    function: Load, new_order: Callable[[], str], query: Query
) -> None:
    environments = [function("update_order_status") for _ in range(4)]
    body = {"payment_status": "processing", "event_id": "evt_1"}
    for _ in range(ROUNDS):
        path = f"/v1/orders/{(order := new_order())}/status"
        answers = race(*(partial(call, each, "PUT", path, body, **WRITER) for each in environments))
        assert {answer.status for answer in answers} == {200}
        assert consistent(query, order)["version"] == 2


def test_given_one_version_when_two_change_it_at_once_then_one_gets_412(
    function: Load, new_order: Callable[[], str], query: Query
) -> None:
    cancel, update = function("cancel_order"), function("update_order_status")
    match = {"if-match": '"v1"'}
    for _ in range(ROUNDS):
        path = f"/v1/orders/{(order := new_order())}"
        body = {"payment_status": "processing"}
        answers = race(
            partial(call, cancel, "POST", f"{path}/cancel", headers=match),
            partial(call, update, "PUT", f"{path}/status", body, headers=match, **WRITER),
        )
        assert sorted(int(answer.status) for answer in answers) == [200, 412]
        assert consistent(query, order)["version"] == 2
