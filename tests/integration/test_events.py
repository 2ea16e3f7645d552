"""The sample events, each through its function."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, cast

import pytest

from local import samples
from local.layout import Layout
from orders import bootstrap
from orders.domain.caller import Caller
from orders.domain.clock import Clock
from orders.schemas.requests import NewOrder
from tests.integration.conftest import Query
from tests.samples import BATCHES, CHARGE, DEPLOYS, EVENTS, MIGRATIONS, ORDER, RELAYS, STATUSES, TOKENS, event
from tests.support import ROOT, Context

type Log = Callable[[], list[dict[str, Any]]]

REASONS = {
    "authorizer/expired": "Signature has expired",
    "authorizer/forged": "signature matches no key",
    "authorizer/valid": "",
    "authorizer/no_token": "not Authorization: Bearer",
}
"""Why tokens are denied, as the log says."""


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
    function: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, log: Log, name: str, answer: dict[str, Any]
) -> None:
    for variable, value in samples.settings_of(Layout.find(ROOT), "authorizer").items():
        monkeypatch.setenv(variable, value)
    assert function("authorizer").handler(event(name), Context()) == answer
    assert REASONS[name] in str(log())


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
