"""The schemas of events: fresh, valid, and as strict as the table of the lifecycle."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from orders.domain.lifecycle import TRANSITIONS, Event, Transition, transition
from orders.domain.states import PLACED, PaymentStatus, ShippingStatus, State, Status
from tests.contract.contract import DOCUMENT, errors, event_errors, operations
from tests.support import ROOT
from tools.openapi import EVENTS_FOLDER, event_files, events
from tools.openapi.events import Outcome
from tools.openapi.references import Json

SCHEMAS: dict[Event, Json] = {
    event: json.loads((ROOT / EVENTS_FOLDER / f"{event}.json").read_text()) for event in Event
}
WEBHOOKS: Json = DOCUMENT["webhooks"]


class Step(NamedTuple):
    """One event of a walk through the lifecycle."""

    row: Transition | None
    before: State | None
    event: Event
    outcome: Outcome


def walk() -> Iterator[Step]:
    """Every event in every state that orders can have, with the reason of a failure."""
    placed = Outcome(PLACED, None)
    yield Step(None, None, Event.PLACED, placed)
    seen = [placed]
    for before in seen:
        for event in Event:
            if row := transition(event, before.state):
                after = Outcome(row.apply(before.state), row.failure_reason or before.failure_reason)
                yield Step(row, before.state, event, after)
                if after not in seen:
                    seen.append(after)


STEPS = list(walk())


def schema_of_webhook(event: Event) -> Json:
    schema: Json = WEBHOOKS[event]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return schema


def delivered(event: Event, document: object) -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": event.value,
        "source": "orders-prod",
        "account": "123456789012",
        "time": "2026-11-20T08:00:01Z",
        "region": "us-east-1",
        "resources": [],
        "detail": document,
    }


def test_given_the_code_when_generated_then_the_committed_files_are_equal() -> None:
    for path, text in event_files.contents(ROOT, DOCUMENT).items():
        assert (ROOT / path).read_text() == text, f"{path} is out of date: run `make openapi`, and read the diff"


def test_given_the_schemas_when_listed_then_there_is_one_for_each_type() -> None:
    assert {path.stem for path in (ROOT / EVENTS_FOLDER).iterdir()} == set(Event) == set(WEBHOOKS)


@pytest.mark.parametrize("event", Event)
def test_given_a_schema_when_checked_then_it_is_valid_and_complete(event: Event) -> None:
    schema = SCHEMAS[event]
    Draft202012Validator.check_schema(schema)
    assert "#/components" not in json.dumps(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        assert event_errors(event, example) == []
    assert all(described.get("description") for described in schema["properties"].values())


def test_given_the_lifecycle_when_walked_then_every_row_applies_somewhere() -> None:
    assert {step.row for step in STEPS} == {None, *TRANSITIONS}


@pytest.mark.parametrize("event", Event)
def test_given_what_an_event_leads_to_when_validated_then_it_matches(event: Event) -> None:
    steps = [step for step in STEPS if step.event is event]
    assert steps
    for step in steps:
        document = events.example(event, step.outcome)
        assert event_errors(event, document) == []
        assert errors(schema_of_webhook(event), delivered(event, document)) == []


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize(
    ("place", "statuses"),
    [("status", Status), ("payment_status", PaymentStatus), ("shipping_status", ShippingStatus)],
)
def test_given_a_status_that_cannot_follow_when_validated_then_it_is_refused(
    event: Event, place: str, statuses: type[Status | PaymentStatus | ShippingStatus]
) -> None:
    possible = {getattr(step.outcome.state, place) for step in STEPS if step.event is event}
    for status in {*statuses, "lost"} - possible:
        document = {**events.example(event), place: status}
        assert [error.partition(":")[0] for error in event_errors(event, document)] == [f"$.{place}"]
        assert errors(schema_of_webhook(event), delivered(event, document))


@pytest.mark.parametrize("event", Event)
def test_given_a_reason_that_cannot_follow_when_validated_then_it_is_refused(event: Event) -> None:
    reasons = {row.failure_reason for row in TRANSITIONS}
    possible = {step.outcome.failure_reason for step in STEPS if step.event is event}
    for reason in {*reasons, "lost"} - possible:
        assert event_errors(event, {**events.example(event), "failure_reason": reason})


@pytest.mark.parametrize("event", Event)
def test_given_another_type_when_validated_then_it_is_refused(event: Event) -> None:
    other = Event.PLACED if event is Event.RETURNED else Event.RETURNED
    document = {**events.example(event), "type": other}
    assert event_errors(event, document)
    assert errors(schema_of_webhook(event), delivered(event, document))
    assert errors(schema_of_webhook(event), delivered(other, events.example(event)))


@pytest.mark.parametrize("event", Event)
def test_given_changed_fields_when_validated_then_only_an_update_has_them(event: Event) -> None:
    allowed, refused = (["note"], None) if event is Event.UPDATED else (None, ["note"])
    document = events.example(event)
    assert event_errors(event, {**document, "changed_fields": allowed}) == []
    assert event_errors(event, {**document, "changed_fields": refused})


@pytest.mark.parametrize("event", Event)
def test_given_more_fields_when_validated_then_they_are_allowed(event: Event) -> None:
    document: dict[str, Any] = {**events.example(event), "position": 12, "later": {"any": "thing"}}
    document["items"] = [{**line, "later": 1} for line in document["items"]]
    assert event_errors(event, document) == []


@pytest.mark.parametrize("event", Event)
def test_given_an_event_without_lines_when_validated_then_it_is_allowed(event: Event) -> None:
    document = {**events.example(event), "items": None}
    assert event_errors(event, document) == []
    assert errors(schema_of_webhook(event), delivered(event, document)) == []


@pytest.mark.parametrize("event", Event)
def test_given_the_examples_when_compared_then_they_name_no_customer(event: Event) -> None:
    actor = events.example(event)["actor"]
    assert (actor["kind"] == "customer") is (actor["id"] is None)


def test_given_the_feed_when_looked_up_then_it_has_every_type() -> None:
    assert DOCUMENT["components"]["schemas"]["Event"]["enum"] == list(Event)


def test_given_the_webhooks_when_compared_then_each_id_and_schema_is_unique() -> None:
    ids = [WEBHOOKS[event]["post"]["operationId"] for event in Event]
    others = {operation["operationId"] for _, _, operation in operations()}
    assert len({*ids} - others) == len(Event)
    assert len({events.schema_name(event) for event in Event}) == len(Event)
