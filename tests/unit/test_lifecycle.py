"""The table of events, compared with the design, and rules that hold for any such table."""

from itertools import product

import pytest

from orders.domain.lifecycle import (
    STATES,
    TERMINAL_STATUSES,
    TRANSITIONS,
    Event,
    TaskKind,
    TaskSpec,
    already_holds,
    placing_tasks,
    reportable,
    reported_event,
    transition,
)
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status

EVERY_STATE = [State(*states) for states in product(Status, PaymentStatus, ShippingStatus)]


def state(text: str) -> State:
    status, payment, shipping = text.split("/")
    return State(Status(status), PaymentStatus(payment), ShippingStatus(shipping))


@pytest.mark.parametrize(
    ("event", "before", "after", "tasks"),
    [
        ("payment.started", "pending/pending/pending", "pending/processing/pending", ""),
        (
            "payment.succeeded",
            "pending/processing/pending",
            "confirmed/paid/pending",
            "commit_stock create_shipment send_notification(order_confirmed)",
        ),
        ("payment.succeeded", "cancelled/processing/cancelled", "cancelled/refunding/cancelled", "refund_payment"),
        ("payment.succeeded", "failed/processing/cancelled", "failed/refunding/cancelled", "refund_payment"),
        (
            "payment.declined",
            "pending/processing/pending",
            "failed/failed/cancelled",
            "release_stock send_notification(payment_failed)",
        ),
        ("payment.declined", "cancelled/processing/cancelled", "cancelled/voided/cancelled", ""),
        ("shipment.created", "confirmed/paid/pending", "confirmed/paid/ready", ""),
        ("shipment.created", "cancelled/refunding/cancelled", "cancelled/refunding/cancelled", "cancel_shipment"),
        ("shipment.shipped", "confirmed/paid/ready", "shipped/paid/shipped", "send_notification(order_shipped)"),
        ("shipment.shipped", "confirmed/paid/pending", "shipped/paid/shipped", "send_notification(order_shipped)"),
        (
            "shipment.delivered",
            "shipped/paid/shipped",
            "delivered/paid/delivered",
            "send_notification(order_delivered)",
        ),
        (
            "order.cancelled",
            "pending/pending/pending",
            "cancelled/voided/cancelled",
            "release_stock send_notification(order_cancelled)",
        ),
        (
            "order.cancelled",
            "pending/processing/pending",
            "cancelled/processing/cancelled",
            "release_stock send_notification(order_cancelled)",
        ),
        (
            "order.cancelled",
            "confirmed/paid/pending",
            "cancelled/refunding/cancelled",
            "refund_payment release_stock send_notification(order_cancelled)",
        ),
        ("order.cancelled", "confirmed/paid/ready", "cancelling/paid/ready", "cancel_shipment"),
        (
            "shipment.recalled",
            "cancelling/paid/ready",
            "cancelled/refunding/cancelled",
            "refund_payment release_stock send_notification(order_cancelled)",
        ),
        (
            "shipment.recall_refused",
            "cancelling/paid/ready",
            "shipped/paid/shipped",
            "send_notification(cancel_refused)",
        ),
        (
            "order.expired",
            "pending/pending/pending",
            "failed/voided/cancelled",
            "release_stock send_notification(order_expired)",
        ),
        (
            "payment.refunded",
            "cancelled/refunding/cancelled",
            "cancelled/refunded/cancelled",
            "send_notification(payment_refunded)",
        ),
        (
            "order.returned",
            "delivered/paid/delivered",
            "returned/refunding/returned",
            "refund_payment release_stock send_notification(order_returned)",
        ),
        (
            "order.returned",
            "shipped/paid/shipped",
            "returned/refunding/returned",
            "refund_payment release_stock send_notification(order_returned)",
        ),
    ],
)
def test_given_a_state_when_an_event_occurs_then_the_next_state_is_as_designed(
    event: str, before: str, after: str, tasks: str
) -> None:
    row = transition(Event(event), state(before))
    assert row is not None
    assert row.apply(state(before)) == state(after)
    assert row.tasks == tuple(map(TaskSpec.parse, tasks.split()))


def test_given_any_state_when_an_event_occurs_then_at_most_one_row_applies() -> None:
    for event, before in product(Event, EVERY_STATE):
        assert sum(row.event == event and row.source.matches(before) for row in TRANSITIONS) <= 1, (event, before)


def test_given_a_new_order_when_all_events_are_followed_then_states_are_as_designed() -> None:
    assert {"/".join(each) for each in STATES} == {
        "pending/pending/pending",
        "pending/processing/pending",
        "confirmed/paid/pending",
        "confirmed/paid/ready",
        "shipped/paid/shipped",
        "delivered/paid/delivered",
        "cancelled/voided/cancelled",
        "cancelled/processing/cancelled",
        "cancelled/refunding/cancelled",
        "cancelled/refunded/cancelled",
        "cancelling/paid/ready",
        "failed/failed/cancelled",
        "failed/voided/cancelled",
        "returned/refunding/returned",
        "returned/refunded/returned",
    }


def test_given_a_state_when_any_event_occurs_then_it_leads_to_a_known_state() -> None:
    assert len(set(STATES)) == len(STATES)
    for event, before in product(Event, STATES):
        row = transition(event, before)
        assert row is None or row.apply(before) in STATES


def test_given_a_terminal_order_when_any_event_occurs_then_its_status_is_kept() -> None:
    for event, before in product(Event, EVERY_STATE):
        row = transition(event, before)
        if row and before.status in TERMINAL_STATUSES:
            assert row.apply(before).status == before.status, (event, before)


def test_given_a_transition_when_its_event_is_repeated_then_nothing_changes() -> None:
    for row, before in product(TRANSITIONS, EVERY_STATE):
        if row.source.matches(before):
            after = row.apply(before)
            assert after == before or already_holds(row.event, after), (row.event, before)


def test_given_a_transition_to_failed_when_applied_then_it_has_a_reason() -> None:
    assert {row.failure_reason for row in TRANSITIONS if row.status is Status.FAILED} == {"payment_declined", "expired"}
    assert all(row.failure_reason is None for row in TRANSITIONS if row.status is not Status.FAILED)


def test_given_a_transition_that_ends_a_paid_order_when_applied_then_it_is_refunded() -> None:
    for row, before in product(TRANSITIONS, EVERY_STATE):
        ends = (
            row.source.matches(before)
            and before.status not in TERMINAL_STATUSES
            and row.apply(before).status in TERMINAL_STATUSES
        )
        if ends and before.payment_status is PaymentStatus.PAID:
            assert TaskSpec(TaskKind.REFUND_PAYMENT) in row.tasks
            assert TaskSpec(TaskKind.RELEASE_STOCK) in row.tasks


def test_given_a_cart_when_an_order_is_placed_then_a_task_marks_it() -> None:
    assert [task.kind for task in placing_tasks(from_cart=True)] == [
        TaskKind.CHARGE_PAYMENT,
        TaskKind.MARK_CART_ORDERED,
        TaskKind.SEND_NOTIFICATION,
    ]
    assert [task.kind for task in placing_tasks(from_cart=False)] == [
        TaskKind.CHARGE_PAYMENT,
        TaskKind.SEND_NOTIFICATION,
    ]


@pytest.mark.parametrize("text", ["send_notification(order_shipped)", "release_stock"])
def test_given_a_task_when_written_and_read_then_it_is_the_same(text: str) -> None:
    assert str(TaskSpec.parse(text)) == text


def test_given_a_confirmed_order_when_listing_allowed_values_then_each_is_accepted() -> None:
    assert reportable(state("confirmed/paid/pending")) == {
        "status": ["shipped", "cancelled"],
        "payment_status": [],
        "shipping_status": ["ready", "shipped"],
    }


def test_given_a_status_that_no_event_leads_to_when_reported_then_no_event() -> None:
    assert reported_event("status", "pending") is None
    assert reported_event("status", "shipped") is Event.SHIPMENT_SHIPPED
