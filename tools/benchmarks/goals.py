"""Performance goals: bounds for ratios of medians measured in the same run."""

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.benchmarks.contenders import OURS, TUNED
from tools.benchmarks.scale import DEEPEST, FEW, FIRST, KINDS, MANY, METRICS, RELAY, TASK

type Results = dict[str, Any]

READERS = ("get_order", "list_orders", "list_customer_orders")
WRITERS = ("create_order", "cancel_order", "update_order_status", "process_task")
LAYER_MEGABYTES = 30.0
AT_MOST, AT_LEAST = "≤", "≥"


class Goal(NamedTuple):
    """A bound, and the value measured."""

    name: str
    relation: str
    bound: float
    reached: float

    @property
    def is_met(self) -> bool:
        """Whether the bound is kept."""
        return self.reached <= self.bound if self.relation == AT_MOST else self.reached >= self.bound


def goals(results: Results) -> Iterator[Goal]:
    """Yield all goals with the values of a run."""
    for functions, bound in ((READERS, 0.35), (WRITERS, 0.65), (("authorizer",), 0.3)):
        for function in functions:
            reached = _cold(results, function) / _cold(results, "idiomatic")
            yield Goal(f"cold `{function}` / idiomatic", AT_MOST, bound, reached)
    for request, bound in (("get", 0.3), ("list of a customer", 0.3), ("list of all", 0.3), ("create", 0.5)):
        medians = {contender: found["median"] for contender, found in results["warm"][request].items()}
        yield Goal(f"warm {request} / tuned", AT_MOST, bound, medians[OURS] / medians[TUNED])
    for number, rates in results["throughput"].items():
        reached = statistics.median(rates[OURS]) / statistics.median(rates[TUNED])
        yield Goal(f"orders per second in {number} environments / tuned", AT_LEAST, 2.5, reached)
    for page, description in ((FIRST, "first page"), (DEEPEST, "page 5,000")):
        worst, name = max((growth(results, name, page), name) for name in KINDS)
        yield Goal(f"{description} of a list, large / small database (worst: {name})", AT_MOST, 1.5, worst)
    for name in (TASK, RELAY, METRICS):
        yield Goal(f"{name}, large / small database", AT_MOST, 1.5, growth(results, name, FIRST))
    yield Goal("dependency layer, MB", AT_MOST, LAYER_MEGABYTES, results["layer_megabytes"])


def growth(results: Results, name: str, page: str) -> float:
    """Return the time of a page in the large database, relative to the first page in the small one."""
    measured = results["scale"][name]
    return float(measured[page][MANY]["median"] / measured[FIRST][FEW]["median"])


def _cold(results: Results, name: str) -> float:
    return float(results["cold"][name]["first_response"]["median"])
