"""Warm requests: one live environment for each contender, which take turns."""

import json
from collections import defaultdict
from contextlib import ExitStack

from tests.benchmarks import events
from tests.benchmarks.contenders import CONTENDERS, OURS
from tests.benchmarks.environments import Environment, Json, environment
from tests.benchmarks.figures import Figures, figures
from tests.benchmarks.scene import Scene

CALLS = 50
"""Of one contender before it is the next one's turn."""
SENT = "create, with SQS"
"""The creation as a whole; everybody's without what the service hands to SQS is called `create`."""

_OWN = {"get_order": (), "create_order": ("id", "created_at", "updated_at", "links")}
"""What everybody answers in their own way, by function; in lists that is the cursor."""


def measure(scene: Scene, rounds: int) -> dict[str, dict[str, Figures]]:
    """The figures of each request and contender, over the database with many orders."""
    requests = _requests(scene)
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        environments = {
            contender: stack.enter_context(environment(contender, scene.variables(scene.many), pinned=True))
            for contender in CONTENDERS
        }
        for name, (function, calls) in requests.items():
            _require_same_answers(environments, function, calls[0])
            for each in environments.values():
                each.call(function, calls)  # so that caches are as they will be
            for turn in range(rounds):
                for contender in _rotated(list(environments), turn):
                    found = environments[contender].call(function, calls)
                    times[name][contender] += found.apart
                    if name == "create" and contender == OURS:
                        times[SENT][contender] += found.seconds
    return {name: {contender: figures(seconds) for contender, seconds in of.items()} for name, of in times.items()}


def _requests(scene: Scene) -> dict[str, tuple[str, list[Json]]]:
    customers = [
        customer
        for (customer,) in scene.query(
            scene.many,
            """SELECT customer_id FROM orders GROUP BY 1 HAVING count(*) > 20
            ORDER BY hashtext(customer_id) LIMIT %(number)s""",
            number=CALLS,
        )
    ]
    return {
        "get": ("get_order", [events.get(order, owner) for order, owner in scene.orders(CALLS)]),
        "list of a customer": ("list_customer_orders", [events.list_of(customer) for customer in customers]),
        "list of all": ("list_orders", [events.list_of_all() for _ in range(CALLS)]),
        "search by product": ("list_orders", [events.list_of_all(product_id=f"P{n}") for n in range(CALLS)]),
        "create": ("create_order", [events.create(customer) for customer in customers]),
    }


def _require_same_answers(environments: dict[str, Environment], function: str, event: Json) -> None:
    """Refuse to compare contenders that do not do the same."""
    own = _OWN.get(function, ("next_cursor",))
    answers = {
        contender: {
            name: value
            for name, value in json.loads(each.call(function, [event]).last["body"]).items()
            if name not in own
        }
        for contender, each in environments.items()
    }
    for contender, answer in answers.items():
        if answer != answers[OURS]:
            raise RuntimeError(f"{contender} answers {function} with {answer}, and the service with {answers[OURS]}.")


def _rotated(names: list[str], turn: int) -> list[str]:
    """The names, each time beginning with another one."""
    first = turn % len(names)
    return names[first:] + names[:first]
