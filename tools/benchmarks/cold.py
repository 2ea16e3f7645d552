"""Cold starts: each in a process of its own; functions and contenders take turns."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, repeat

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from local.tokens import sign
from tools.benchmarks import events
from tools.benchmarks.contenders import FLOOR, IDIOMATIC, OURS, TUNED
from tools.benchmarks.downstream import SECRET
from tools.benchmarks.environments import ColdStart, Json, cold_start
from tools.benchmarks.summary import Summary, summarize
from tools.benchmarks.testbed import TASK_ID, Testbed

_PARTS: Mapping[str, Callable[[ColdStart], float]] = {
    "init": lambda start: start.init,
    "first_response": lambda start: start.first_response,
    "without_sqs": lambda start: start.first_response - start.sending,
    "process": lambda start: start.process,
}


@dataclass(frozen=True, slots=True)
class Start:
    """A kind of cold start: contender, function, an event for each start, and environment variables."""

    contender: str
    function: str
    events: Iterator[Json]
    variables: Mapping[str, str]


def measure(testbed: Testbed, rounds: int) -> dict[str, dict[str, Summary]]:
    """Measure the cold starts of all functions and contenders over the large database."""
    return compare(_starts(testbed, rounds + 1), rounds)


def compare[Name](starts: Mapping[Name, Start], rounds: int) -> dict[Name, dict[str, Summary]]:
    """Measure cold starts in turn.

    Returns:
        By name of the start: `init`, `first_response`, `without_sqs` and the whole `process`.
    """
    times: dict[Name, list[ColdStart]] = defaultdict(list)
    for turn in range(rounds + 1):
        for name, start in starts.items():
            measured = cold_start(start.contender, start.function, next(start.events), start.variables)
            if turn:  # the first one may have compiled bytecode
                times[name].append(measured)
    return {name: {part: summarize(map(read, found)) for part, read in _PARTS.items()} for name, found in times.items()}


def _starts(testbed: Testbed, number: int) -> dict[str, Start]:
    [(order, owner)] = testbed.orders(1)
    variables = testbed.variables(testbed.many)
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed = jwt.encode({"sub": owner, "exp": 2**32}, private, algorithm="ES256")
    get, create = repeat(events.get(order, owner)), (events.create() for _ in count())

    def ours(function: str, calls: Iterator[Json], **settings: str) -> Start:
        return Start(OURS, function, calls, {**variables, **settings})

    return {
        "idiomatic": Start(IDIOMATIC, "get_order", get, variables),
        "idiomatic, create": Start(IDIOMATIC, "create_order", create, variables),
        "tuned": Start(TUNED, "get_order", get, variables),
        "floor": Start(FLOOR, "get_order", get, variables),
        "get_order": ours("get_order", get),
        "list_orders": ours("list_orders", repeat(events.list_of_all())),
        "list_customer_orders": ours("list_customer_orders", repeat(events.list_of(owner))),
        "create_order": ours("create_order", create),
        "cancel_order": ours("cancel_order", map(events.cancel, _orders(testbed, number, "pending"))),
        "update_order_status": ours("update_order_status", map(events.ship, _orders(testbed, number, "ready"))),
        "process_task": ours("process_task", map(events.tasks, _notifications(testbed, number))),
        "authorizer": ours("authorizer", repeat(events.authorize(sign(SECRET, owner)))),
        "authorizer, public key": ours(
            "authorizer",
            repeat(events.authorize(signed)),
            JWT_SECRET_ARN="",
            JWT_PUBLIC_KEY=public,
            JWT_ALGORITHMS="ES256",
        ),
    }


def _orders(testbed: Testbed, number: int, shipping_status: str) -> Iterator[str]:
    """Return ids of orders that can be cancelled (`pending`) or shipped (`ready`), newest first."""
    rows = testbed.query(
        testbed.many,
        """SELECT id::text FROM orders
        WHERE status IN ('pending', 'confirmed') AND shipping_status = %(shipping_status)s
        ORDER BY id DESC LIMIT %(number)s""",
        shipping_status=shipping_status,
        number=number,
    )
    return (order for (order,) in rows)


def _notifications(testbed: Testbed, number: int) -> Iterator[str]:
    """Return ids of pending notification tasks."""
    rows = testbed.query(
        testbed.many,
        f"SELECT {TASK_ID} FROM order_tasks WHERE kind = 'send_notification' AND state = 'pending' LIMIT %(number)s",
        number=number,
    )
    return (task for (task,) in rows)
