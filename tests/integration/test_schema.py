"""The schema repeats what the lifecycle says."""

import re

import pytest

from orders.domain.lifecycle import STATES, TERMINAL_STATUSES, Event, transition
from tests.integration.conftest import Query


def test_given_the_index_of_live_carts_when_read_then_it_excludes_terminal_statuses(query: Query) -> None:
    [row] = query("SELECT indexdef FROM pg_indexes WHERE indexname = 'orders_one_live_per_cart'")
    names = re.search(r"ARRAY\[(.*)\]", row["indexdef"])
    assert names is not None
    assert set(re.findall(r"'(\w+)'", names[1])) == TERMINAL_STATUSES


def test_given_the_check_of_states_when_read_then_it_lists_the_reachable_ones(query: Query) -> None:
    [row] = query("SELECT prosrc AS source FROM pg_proc WHERE proname = 'is_reachable'")
    words = re.findall(r"'(\w+/\w+/\w+)'", row["source"])
    assert sorted(words) == sorted("/".join(state) for state in STATES)


@pytest.mark.parametrize("index", ["orders_to_erase_by_customer", "orders_to_erase_by_end"])
def test_given_an_index_of_orders_to_erase_when_read_then_it_has_the_ended(query: Query, index: str) -> None:
    [row] = query("SELECT indexdef FROM pg_indexes WHERE indexname = %(index)s", index=index)
    names = re.search(r"ARRAY\[(.*)\]", row["indexdef"])
    assert names is not None
    ended = {state.status for state in STATES if transition(Event.ERASED, state)}
    assert set(re.findall(r"'(\w+)'", names[1])) == ended
    # No state of an order tells more than its status whether it can be erased.
    assert {state for state in STATES if state.status in ended} == {
        state for state in STATES if transition(Event.ERASED, state)
    }
