"""The text format, read back by Prometheus' own parser."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from orders.http.prometheus import Family, Sample, render

NAMES = st.from_regex(r"[a-z][a-z_]{0,20}[a-z]", fullmatch=True)
VALUES = st.integers(-(10**15), 10**15) | st.decimals(-(10**9), 10**9, places=2) | st.floats(allow_nan=False)


def parsed(text: str) -> list[tuple[str, str, str, list[tuple[str, dict[str, str], float]]]]:
    return [
        (family.name, family.type, family.documentation, [(name, labels, value) for name, labels, value, *_ in samples])
        for family in text_string_to_metric_families(text)
        for samples in [family.samples]
    ]


@given(labels=st.dictionaries(NAMES, st.text()), value=VALUES)
def test_given_any_label_and_value_when_rendered_then_they_are_read_back(
    labels: dict[str, str], value: float | Decimal
) -> None:
    text = render([Family("orders_things", "gauge", "Things.", (Sample(labels, value),))])
    assert parsed(text) == [("orders_things", "gauge", "Things.", [("orders_things", labels, float(value))])]


def test_given_help_with_a_line_break_and_a_backslash_when_rendered_then_it_is_one_line() -> None:
    text = render([Family("orders_things", "gauge", 'A "thing"\nor C:\\new.', ())])
    assert text.count("\n") == 2
    assert parsed(text) == [("orders_things", "gauge", 'A "thing"\nor C:\\new.', [])]


def test_given_families_when_rendered_then_each_has_its_head_and_its_samples() -> None:
    families = [
        Family("orders_placed_total", "counter", "Orders.", (Sample({"currency": "USD", "window": "1h"}, 7),)),
        Family("orders_size", "gauge", "Size.", (Sample({}, 4),)),
        Family("orders_revenue_total", "counter", "Revenue.", (Sample({"currency": "USD"}, Decimal("159.98")),)),
    ]
    assert render(families).splitlines() == [
        "# HELP orders_placed_total Orders.",
        "# TYPE orders_placed_total counter",
        'orders_placed_total{currency="USD",window="1h"} 7',
        "# HELP orders_size Size.",
        "# TYPE orders_size gauge",
        "orders_size 4",
        "# HELP orders_revenue_total Revenue.",
        "# TYPE orders_revenue_total counter",
        'orders_revenue_total{currency="USD"} 159.98',
    ]
