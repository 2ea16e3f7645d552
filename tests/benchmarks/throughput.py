"""Orders a second: several environments place orders at once, each as fast as it can."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack

from tests.benchmarks import events
from tests.benchmarks.contenders import CONTENDERS, UNSENT
from tests.benchmarks.environments import environment
from tests.benchmarks.scene import Scene

ENVIRONMENTS = (4, 8)
SECONDS = 2.0
_WARM_UP = 20


def measure(scene: Scene, rounds: int) -> dict[int, dict[str, Sequence[float]]]:
    """Orders a second of each round, by the number of environments and contender."""
    rates: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(rounds):
        for number in ENVIRONMENTS:
            for contender in (*CONTENDERS, UNSENT):
                rates[number][contender].append(_rate(scene, contender, number))
    return {number: dict(of) for number, of in rates.items()}


def _rate(scene: Scene, contender: str, number: int) -> float:
    customers = [events.create(f"c{each}") for each in range(number * 10)]
    with ExitStack() as stack:
        environments = [stack.enter_context(environment(contender, scene.variables(scene.many))) for _ in range(number)]
        for seconds, calls in ((None, customers[:_WARM_UP]), (SECONDS, customers)):
            for each in environments:
                each.ask("create_order", calls, seconds)
            answers = [each.answer() for each in environments]
    return sum(len(answer.seconds) for answer in answers) / SECONDS
