"""Orders per second: several environments place orders at once, each as fast as it can."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack

from tools.benchmarks import events
from tools.benchmarks.contenders import CREATORS, UNSENT
from tools.benchmarks.environments import environment
from tools.benchmarks.testbed import Testbed

ENVIRONMENTS = (4, 8)
SECONDS = 2.0
_WARM_UP_CALLS = 20


def measure(testbed: Testbed, rounds: int) -> dict[int, dict[str, Sequence[float]]]:
    """Return the orders per second of each round, by number of environments and contender."""
    rates: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(rounds):
        for number in ENVIRONMENTS:
            for contender in (*CREATORS, UNSENT):
                rates[number][contender].append(_rate(testbed, contender, number))
    return {number: dict(of) for number, of in rates.items()}


def _rate(testbed: Testbed, contender: str, number: int) -> float:
    calls = [events.create() for _ in range(number * 10)]
    variables = testbed.variables(testbed.many)
    with ExitStack() as stack:
        environments = [stack.enter_context(environment(contender, variables)) for _ in range(number)]
        for seconds, of_each in ((None, calls[:_WARM_UP_CALLS]), (SECONDS, calls)):
            for each in environments:
                each.start("create_order", of_each, seconds)
            answers = [each.wait() for each in environments]
    return sum(len(answer.seconds) for answer in answers) / SECONDS
