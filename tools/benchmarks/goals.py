"""Performance goals: bounds for ratios of medians measured in the same run."""

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.benchmarks.baseline import BEFORE, NOW
from tools.benchmarks.contenders import EQUAL_WORK, OURS, TUNED
from tools.benchmarks.scale import DEEPEST, FEED, FEW, FIRST, KINDS, MANY, METRICS, RELAY, TASK
from tools.benchmarks.summary import Summary
from tools.benchmarks.warm import WITH_SQS

type Results = dict[str, Any]

READERS = ("get_order", "list_orders", "list_customer_orders")
WRITERS = ("create_order", "cancel_order", "update_order_status", "process_task")
COLD = ((READERS, 0.25), (WRITERS, 0.43), (("authorizer",), 0.2))
WARM = (
    ("get", 0.2),
    ("list of a customer", 0.4),
    ("list of all", 0.4),
    ("search by product", 0.35),
)
CREATE = ((TUNED, 0.7), (EQUAL_WORK, 0.45))
RATE = ((TUNED, 1.6), (EQUAL_WORK, 2.5))
CPU_MILLISECONDS = 3.5
LOG_KILOBYTES = 5.0
LIFE = 0.5
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
    for functions, bound in COLD:
        for function in functions:
            reached = _cold(results, function) / _cold(results, "idiomatic")
            yield Goal(f"cold `{function}` / idiomatic", AT_MOST, bound, reached)
    for request, bound in WARM:
        measured = results["warm"][request]
        yield Goal(f"warm {request} / {TUNED}", AT_MOST, bound, measured[OURS]["median"] / measured[TUNED]["median"])
    sending = results["warm"][WITH_SQS]
    for peer, bound in CREATE:
        yield Goal(
            f"warm {WITH_SQS} / {peer}", AT_MOST, bound, sending[OURS]["median"] / create_of(results, peer)["median"]
        )
    for number, rates in results["throughput"].items():
        for peer, bound in RATE:
            reached = statistics.median(rates[OURS]) / statistics.median(rates[peer])
            yield Goal(f"orders per second in {number} environments / {peer}", AT_LEAST, bound, reached)
    cost = results["cost"][OURS]
    yield Goal("CPU time of an order, function and server, ms", AT_MOST, CPU_MILLISECONDS, cost["total"]["median"])
    yield Goal("write-ahead log of an order, KB", AT_MOST, LOG_KILOBYTES, cost["log_bytes"] / 1_000)
    lives = {name: life["database"]["median"] for name, life in results["lives"].items()}
    if BEFORE in lives:
        yield Goal("database time of an order's whole life, now / before", AT_MOST, LIFE, lives[NOW] / lives[BEFORE])
    for page, description in ((FIRST, "first page"), (DEEPEST, "page 5,000")):
        worst, name = max((growth(results, name, page), name) for name in (*KINDS, *FEED))
        yield Goal(f"{description} of a list, large / small database (worst: {name})", AT_MOST, 1.5, worst)
    for name in (TASK, RELAY, METRICS):
        yield Goal(f"{name}, large / small database", AT_MOST, 1.5, growth(results, name, FIRST))
    yield Goal("dependency layer, MB", AT_MOST, LAYER_MEGABYTES, results["layer_megabytes"])


def create_of(results: Results, peer: str) -> Summary:
    """Return the times of a peer's creates, with SQS if it sends."""
    warm = results["warm"]
    found: Summary = warm[WITH_SQS].get(peer) or warm["create"][peer]
    return found


def growth(results: Results, name: str, page: str) -> float:
    """Return the time of a page in the large database, relative to the first page in the small one."""
    measured = results["scale"][name]
    return float(measured[page][MANY]["median"] / measured[FIRST][FEW]["median"])


def _cold(results: Results, name: str) -> float:
    return float(results["cold"][name]["first_response"]["median"])
