"""The schema repeats what the lifecycle says."""

import re

from orders.domain.lifecycle import STATES, TERMINAL_STATUSES
from tests.integration.conftest import Query


def test_given_the_index_of_live_carts_when_read_then_it_excludes_terminal_statuses(query: Query) -> None:
    [row] = query("SELECT indexdef FROM pg_indexes WHERE indexname = 'orders_one_live_per_cart'")
    names = re.search(r"ARRAY\[(.*)\]", row["indexdef"])
    assert names is not None
    assert set(re.findall(r"'(\w+)'", names[1])) == TERMINAL_STATUSES


def test_given_the_check_of_states_when_read_then_it_lists_the_reachable_ones(query: Query) -> None:
    [row] = query(
        "SELECT pg_get_constraintdef(oid) AS check FROM pg_constraint WHERE conname = 'orders_state_is_reachable'"
    )
    words = re.findall(r"'(\w+/\w+/\w+)'::text", row["check"])
    assert sorted(words) == sorted("/".join(state) for state in STATES)
