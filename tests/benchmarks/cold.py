"""Cold starts: each in a process of its own, the functions and contenders in turn."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, repeat

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from local.tokens import sign
from tests.benchmarks import events
from tests.benchmarks.contenders import FLOOR, IDIOMATIC, OURS, TUNED
from tests.benchmarks.downstream import SECRET
from tests.benchmarks.environments import ColdStart, Json, cold_start
from tests.benchmarks.figures import Figures, figures
from tests.benchmarks.scene import Scene


@dataclass(frozen=True, slots=True)
class Start:
    """Whose cold start, of which function; the events for it, one for each time, and settings of its own."""

    contender: str
    function: str
    events: Iterator[Json]
    settings: Mapping[str, str] = field(default_factory=dict)


def measure(scene: Scene, rounds: int) -> dict[str, dict[str, Figures]]:
    """The figures of each start: of `loading`, `both` it and answering, SQS `apart`, and the whole `process`."""
    starts = _starts(scene, rounds + 1)
    times: dict[str, list[ColdStart]] = defaultdict(list)
    for turn in range(rounds + 1):
        for name, start in starts.items():
            variables = {**scene.variables(scene.many), **start.settings}
            found = cold_start(start.contender, start.function, next(start.events), variables)
            if turn:  # the first one may have compiled something
                times[name].append(found)
    parts: dict[str, Callable[[ColdStart], float]] = {
        "loading": lambda start: start.loading,
        "both": lambda start: start.both,
        "apart": lambda start: start.both - start.sending,
        "process": lambda start: start.process,
    }
    return {name: {part: figures(map(read, found)) for part, read in parts.items()} for name, found in times.items()}


def _starts(scene: Scene, number: int) -> dict[str, Start]:
    [(order, owner)] = scene.orders(1)
    get, create = repeat(events.get(order, owner)), (events.create(owner) for _ in count())
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "idiomatic": Start(IDIOMATIC, "get_order", get),
        "idiomatic, create": Start(IDIOMATIC, "create_order", create),
        "tuned": Start(TUNED, "get_order", get),
        "floor": Start(FLOOR, "get_order", get),
        "get_order": Start(OURS, "get_order", get),
        "list_orders": Start(OURS, "list_orders", repeat(events.list_of_all())),
        "list_customer_orders": Start(OURS, "list_customer_orders", repeat(events.list_of(owner))),
        "create_order": Start(OURS, "create_order", create),
        "cancel_order": Start(OURS, "cancel_order", map(events.cancel, _orders(scene, number, "pending"))),
        "update_order_status": Start(OURS, "update_order_status", map(events.ship, _orders(scene, number, "ready"))),
        "process_task": Start(OURS, "process_task", map(events.task, _notifications(scene, number))),
        "authorizer": Start(OURS, "authorizer", repeat(events.authorize(sign(SECRET, owner)))),
        "authorizer, public key": Start(
            OURS,
            "authorizer",
            repeat(events.authorize(jwt.encode({"sub": owner, "exp": 2**32}, private, algorithm="ES256"))),
            {"JWT_SECRET_ARN": "", "JWT_PUBLIC_KEY": public, "JWT_ALGORITHMS": "ES256"},
        ),
    }


def _orders(scene: Scene, number: int, shipping_status: str) -> Iterator[str]:
    """Orders that can be cancelled or shipped, as their shipping status says, the newest first."""
    found = scene.query(
        scene.many,
        """SELECT id::text FROM orders
        WHERE status IN ('pending', 'confirmed') AND shipping_status = %(shipping_status)s
        ORDER BY id DESC LIMIT %(number)s""",
        shipping_status=shipping_status,
        number=number,
    )
    return (order for (order,) in found)


def _notifications(scene: Scene, number: int) -> Iterator[str]:
    """Tasks that wait to be carried out."""
    found = scene.query(
        scene.many,
        """SELECT id::text FROM order_tasks WHERE kind = 'send_notification' AND state = 'pending' LIMIT %(number)s""",
        number=number,
    )
    return (task for (task,) in found)
