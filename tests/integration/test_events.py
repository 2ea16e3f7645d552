"""The sample events, each through its function."""

import json
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, cast

import pytest

from orders import bootstrap
from orders.domain.caller import Caller
from orders.domain.clock import Clock
from orders.schemas.requests import NewOrder
from tests.integration.conftest import Query
from tests.support import ROOT, Context

EVENTS = ROOT / "events"
ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"

STATUSES = {
    "cancel_order/reason": 200,
    "cancel_order/other_customers": 404,
    "cancel_order/stale": 412,
    "console/no_such_asset": 404,
    "console/page": 200,
    "create_order/cart": 201,
    "create_order/earlier_names": 201,
    "create_order/for_other_customer": 403,
    "create_order/invalid": 422,
    "create_order/items": 201,
    "create_order/malformed": 400,
    "create_order/too_many": 409,
    "docs/no_such_asset": 404,
    "docs/openapi": 200,
    "docs/page": 200,
    "docs/preflight": 204,
    "docs/unknown_method": 405,
    "docs/unknown_route": 404,
    "get_order/customer": 200,
    "get_order/no_such_id": 404,
    "get_order/order": 200,
    "get_order/other_customers": 404,
    "get_order/timeline": 200,
    "health/earlier_path": 200,
    "health/health": 200,
    "list_customer_orders/own": 200,
    "list_customer_orders/other_customers": 403,
    "list_orders/all_customers": 200,
    "list_orders/invalid": 400,
    "list_orders/own": 200,
    "list_orders/search": 200,
    "metrics/prometheus": 200,
    "metrics/without_scope": 403,
    "update_order_status/cancelled": 200,
    "update_order_status/paid": 409,
    "update_order_status/shipped": 409,
    "update_order_status/two_statuses": 422,
    "update_order_status/without_scope": 403,
}
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA68Vl8segdds6/cFRzDqA5nQt5Wk+RnoUztr/vi7P8Bc=
-----END PUBLIC KEY-----"""
"""Its private key was discarded."""
TOKENS: dict[str, dict[str, Any]] = {
    "authorizer/expired": {"isAuthorized": False},
    "authorizer/forged": {"isAuthorized": False},
    "authorizer/valid": {
        "isAuthorized": True,
        "context": {"customer_id": "5", "scope": "orders:read", "actor": "customer:5"},
    },
    "authorizer/no_token": {"isAuthorized": False},
}
MIGRATIONS = {"migrate_database/by_hand"}
DEPLOYS = {f"migrate_database/{request}" for request in ("create", "update", "delete")}
"""These are held to their answers by test_migrate_database."""
CHARGE = "process_task/charge_payment"
BATCHES = {
    "process_task/batch_with_poison": ["059f36b4-87a3-44ab-83d2-661975830002"],
    "process_task/unknown_task": [],
}
RELAYS: dict[str, dict[str, Any]] = {
    "relay_outbox/list_failed": {"tasks": []},
    "relay_outbox/redrive_all": {"redriven": 0},
    "relay_outbox/redrive_some": {"redriven": 0},
    "relay_outbox/schedule": {"tasks": 0, "holds": 0, "expired": 0, "keys": 0, "deltas": 0, "lag_seconds": 0.0},
}


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


class FixedClock(Clock):
    """Makes the order that the events speak of."""

    def new_order_id(self, at: object) -> str:  # noqa: ARG002 - the clock's signature
        return ORDER


@pytest.fixture
def sample_order(function: Callable[[str], ModuleType]) -> None:
    """The order of customer 5 that the events speak of."""
    place = bootstrap.place_order()
    request = NewOrder.model_validate({"items": [{"product_id": "SKU123", "quantity": 1}]})
    replace(place, clock=FixedClock()).from_items(Caller("5"), request)


def test_given_the_event_files_when_listed_then_each_has_an_expected_answer() -> None:
    names = {str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.glob("*/*.json")}
    assert names == set(STATUSES) | set(TOKENS) | MIGRATIONS | DEPLOYS | {CHARGE} | set(BATCHES) | set(RELAYS)


@pytest.mark.usefixtures("sample_order")
@pytest.mark.parametrize(("name", "status"), STATUSES.items())
def test_given_an_event_when_its_function_is_called_then_the_status_is_expected(
    function: Callable[[str], ModuleType], name: str, status: int
) -> None:
    assert function(name.partition("/")[0]).handler(event(name), Context())["statusCode"] == status


@pytest.mark.parametrize(("name", "answer"), TOKENS.items())
def test_given_a_token_when_the_authorizer_is_called_then_it_allows_or_denies(
    function: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, name: str, answer: dict[str, Any]
) -> None:
    monkeypatch.setenv("JWT_ALGORITHMS", "EdDSA")
    monkeypatch.setenv("JWT_PUBLIC_KEY", PUBLIC_KEY)
    assert function("authorizer").handler(event(name), Context()) == answer


@pytest.mark.usefixtures("as_owner")
def test_given_an_empty_event_when_migrated_by_hand_then_applied_steps_are_listed(
    function: Callable[[str], ModuleType],
) -> None:
    answer = cast(
        "dict[str, list[str]]", function("migrate_database").handler(event("migrate_database/by_hand"), Context())
    )
    assert answer == {"Applied": []}


@pytest.mark.parametrize(("name", "failures"), BATCHES.items())
def test_given_a_batch_when_processed_then_only_invalid_messages_are_returned(
    function: Callable[[str], ModuleType], name: str, failures: list[str]
) -> None:
    answer = function("process_task").handler(event(name), Context())
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == failures


@pytest.mark.usefixtures("sample_order")
def test_given_a_charge_when_processed_then_the_order_is_paid(
    function: Callable[[str], ModuleType], query: Query
) -> None:
    assert function("process_task").handler(event(CHARGE), Context()) == {"batchItemFailures": []}
    assert query("SELECT payment_status FROM orders") == [{"payment_status": "paid"}]


@pytest.mark.parametrize(("name", "answer"), RELAYS.items())
def test_given_nothing_to_do_when_the_relay_is_called_then_the_summary_is_empty(
    function: Callable[[str], ModuleType], name: str, answer: dict[str, Any]
) -> None:
    assert function("relay_outbox").handler(event(name), Context()) == answer
