"""Orders and everything that happens to them: the real use cases in processes that can be killed at any effect.

A process is one call of a use case. When it is killed, its connection to the database is gone, and the message that it
worked on comes back after its visibility time-out; then another process goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from checks.evidence import Fate, Request
from orders.config import InventoryApi
from orders.domain.caller import ERASE, WRITE, Caller
from orders.domain.errors import OrderServiceError, RequestInProgress, Unavailable
from orders.domain.events import EventQuery, EventRow
from orders.domain.lifecycle import SERVICES, TaskKind
from orders.domain.order import OrderDetails, TaskId, TransitionResult
from orders.schemas.requests import NewOrder, OrderUpdate, StatusUpdate
from orders.use_cases.relay_outbox import PAYMENT_TIMEOUT
from orders.use_cases.retries import MessageDisposition
from tests.simulation.bus import Bus
from tests.simulation.clock import SimulatedClock
from tests.simulation.effects import Crash, Effects, Fault, NoFaults, Plan
from tests.simulation.messages import Mailbox, Message
from tests.simulation.services import ADDRESS, Services
from tests.simulation.stage import Stage
from tests.simulation.use_cases import UseCases, use_cases

STAFF = Caller("staff", frozenset({WRITE}))
OFFICER = Caller("officer", frozenset({ERASE}))

PRODUCTS = {"desk": ("100.00", 10), "lamp": ("49.90", 10), "chair": ("75.00", 1)}
"""Price and initial stock of each product."""

_VISIBILITY_SECONDS = 100.0
_MOST_ATTEMPTS = 10
_ROUNDS = 300
_BATCH = 10
"""How many messages of events a worker receives at once."""
_MOST_AT_ONCE = 3
"""The same for other messages."""
_PAGE = 7
"""So few events that the feed has several pages."""
_SOON = timedelta(minutes=10)
_LONGEST_EFFECT = timedelta(seconds=30)

_UNSETTLED = """
SELECT (SELECT count(*) FROM order_tasks WHERE state = 'pending')
     + (SELECT count(*) FROM orders WHERE (status, payment_status) = ('pending', 'pending'))
     + (SELECT count(*) FROM stock_holds
        WHERE order_id IS NULL) AS things
"""


class World:
    """Customers, staff, services and the order service among them.

    Attributes:
        random: decides all that is left to chance.
        services: the downstream services with their records.
        mailbox: the messages on the queues.
        bus: the event bus.
        followed: the events that somebody has read who follows the feed, with their positions.
        effects: what the processes have done.
        use_cases: what the processes call.
        others: the same over another connection, for what happens at the same moment.
        other_effects: what those have done; nothing goes wrong with it.
        requests: what customers sent to place orders, and what they were told.
        keys: how many idempotency keys customers have used.
        moves: how many addresses customers have changed to.

    Args:
        stage: where the orders are stored; what was there is forgotten.
        inventory_api: the kind of inventory.
        random: decides all that is left to chance.
        plan: what goes wrong.
        is_patient: customers and staff try again until they have an answer, in place of giving up.
    """

    def __init__(
        self,
        stage: Stage,
        inventory_api: InventoryApi,
        random: Random,
        plan: Plan | None = None,
        *,
        is_patient: bool = True,
    ) -> None:
        stage.clear()
        self._stage = stage
        self.random = random
        self._attempts = _MOST_ATTEMPTS if is_patient else 1
        self._received: Message | None = None
        self.clock = SimulatedClock(random)
        self.services = Services(self.clock, PRODUCTS)
        self.mailbox = Mailbox(random)
        self.bus = Bus()
        self.followed: list[tuple[int, EventRow]] = []
        self.effects = Effects(plan or NoFaults(), self._meanwhile)
        self.other_effects = Effects(NoFaults())
        self.inventory_api = inventory_api
        self.requests: list[Request] = []
        self.keys = 0
        self.moves = 0
        stage.database.effects = self.effects
        stage.other.effects = self.other_effects
        around = (self.mailbox, self.services, self.bus, self.clock, random, inventory_api)
        self.use_cases = use_cases(stage.database, *around)
        self.others = use_cases(stage.other, *around)

    def look(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Query the database."""
        return self._stage.look(statement, **parameters)

    def place(
        self, customer: str, items: Mapping[str, int], *, price: str | None = None, has_key: bool = True
    ) -> str | None:
        """A customer orders products; return the order's id, if the customer received it."""
        lines = [
            {"product_id": product, "quantity": quantity, "unit_price": price} for product, quantity in items.items()
        ]
        key = self._new_key() if has_key else None
        request = NewOrder.model_validate(
            {
                "items": lines,
                "customer_name": customer,
                "customer_email": key,
                "billing_address": ADDRESS,
                "external_reference": key,
            }
        )
        return self._place(key, lambda: self.use_cases.place.from_items(Caller(customer), request, key=key))

    def place_cart(self, customer: str, *, has_key: bool = True) -> str | None:
        """A customer orders what is in the cart; return the order's id, if the customer received it."""
        key = self._new_key() if has_key else None
        return self._place(None, lambda: self.use_cases.place.from_cart(Caller(customer), customer, key=key))

    def cancel(self, order: str | None, customer: str) -> bool:
        """A customer cancels an order; return whether it was accepted."""
        return order is not None and self._ask(
            lambda: self.use_cases.cancel.cancel(Caller(customer), order, "changed my mind", None)
        )

    def move(self, order: str | None, customer: str) -> bool:
        """A customer changes the shipping address of an order to a new one; return whether it was accepted."""
        update = self._new_address()
        return order is not None and self._ask(
            lambda: self.use_cases.change.update(Caller(customer), order, update, None)
        )

    def erase(self, customer: str) -> bool:
        """The personal data of a customer is erased; return whether the request was answered."""
        return self._ask(lambda: self.use_cases.erase.erase(OFFICER, customer))

    def report(self, order: str | None, **update: str) -> bool:
        """Staff or a service reports what has happened to an order; return whether it was accepted."""
        return order is not None and self._ask(lambda: _update(self.use_cases, order, update))

    def report_records(self) -> None:
        """The services report their charges and shipments, and retry until they get an answer."""
        for order, update in list(self._reports()):
            self._attempt(partial(_update, self.use_cases, order, update), _MOST_ATTEMPTS)

    def process(self, *kinds: TaskKind) -> None:
        """Work on the messages of some kinds that wait, in this order, and on no others."""
        for kind in kinds:
            message = self.mailbox.take(self.clock.now(), kind)
            if message:
                self.deliver(message)

    def deliver_any(self) -> bool:
        """Process any message that is due next, and perhaps others in one batch; return whether there was one."""
        message = self.mailbox.take(self.clock.now())
        if message:
            self.deliver(message, at_once=self.random.randint(1, _MOST_AT_ONCE))
        return message is not None

    def settle(self) -> None:
        """Work on messages until none is due soon."""
        until = self.clock.now() + _SOON
        for _ in range(_ROUNDS):
            if not any(message.due <= until for message in self.mailbox.waiting):
                return
            self.deliver_any()
        raise AssertionError("the messages never end")

    def run_relay(self) -> None:
        """The schedule runs the relay; what keeps it from its work is over by the next time."""
        with suppress(Crash, OrderServiceError):
            self._process(self.use_cases.relay.run)

    def redrive(self) -> None:
        """An operator redrives all failed tasks, again and again until that succeeds."""
        for _ in range(_MOST_ATTEMPTS):
            with suppress(Crash, OrderServiceError):
                self._process(self.use_cases.relay.redrive)
                return

    def drain(self) -> None:
        """Let time pass until nothing moves any more."""
        for _ in range(_ROUNDS):
            self.settle()
            self.run_relay()
            self.follow()
            self.services.arrive()
            self.services.inventory.expire()
            if self._is_settled():
                return
            self.clock.pass_time(minutes=self.random.uniform(1, 6))
            if self.mailbox.waiting:
                self.clock.pass_until(min(message.due for message in self.mailbox.waiting))
        raise AssertionError("the world never settles")

    def _is_settled(self) -> bool:
        if self.mailbox.waiting or self.services.late or self.look(_UNSETTLED)[0]["things"]:
            return False
        held = {name for name, each in self.services.inventory.reservations.items() if each.status == "held"}
        return not held or held <= {row["id"] for row in self.look("SELECT id::text AS id FROM orders")}

    def _new_key(self) -> str:
        """An idempotency key for one request, however often it is sent."""
        self.keys += 1
        return f"request-{self.keys}@example.com"

    def _new_address(self) -> OrderUpdate:
        self.moves += 1
        return OrderUpdate.model_validate({"shipping_address": {**ADDRESS, "line1": f"{self.moves} New Street"}})

    def _place(self, email: str | None, action: Callable[[], TransitionResult]) -> str | None:
        """Place an order and record the request by its e-mail address, which a cart does not have."""
        outcome = self._attempt(action, self._attempts)
        if outcome is None:
            self.requests.append(Request(email, Fate.UNKNOWN))
            return None
        self.requests.append(Request(email, Fate.ACCEPTED, str(outcome.row["id"])))
        return str(outcome.row["id"])

    def _ask(self, action: Callable[[], object]) -> bool:
        return self._attempt(action, self._attempts) is not None

    def _attempt[Result](self, action: Callable[[], Result], times: int) -> Result | None:
        """Call as a client does: retry a few times while there is no answer, and stop when refused."""
        for _ in range(times):
            try:
                return self._process(action)
            except (Unavailable, RequestInProgress, Crash):
                self.clock.pass_time(seconds=self.random.uniform(1, 10))
            except OrderServiceError:
                return None
        return None

    def deliver(self, message: Message, at_once: int = 1) -> None:
        """Work on a message that was received, once it is due, and on others that are due then."""
        self.clock.pass_until(message.due)
        number = _BATCH if message.task.kind is TaskKind.PUBLISH_EVENT else at_once
        batch = [message, *self.mailbox.take_more(self.clock.now(), message, number - 1)]
        self._received = message
        try:
            dispositions = self._process(lambda: self._work(self.use_cases, batch))
        except (Crash, OrderServiceError):
            dispositions = {each.task: MessageDisposition(retry_seconds=_VISIBILITY_SECONDS) for each in batch}
        self._received = None
        for each in batch:
            self._apply(dispositions[each.task], each)

    def follow(self) -> None:
        """Somebody who follows the feed reads what is new."""
        while True:
            after = self.followed[-1][0] if self.followed else 0
            page = self.others.feed.list(EventQuery(after, limit=_PAGE))
            if not page.events:
                return
            self.followed += page.events

    def _work(self, use_cases: UseCases, batch: Sequence[Message]) -> Mapping[TaskId, MessageDisposition]:
        """Process the tasks of a batch."""
        tasks = [message.task for message in batch]
        if tasks[0].kind is TaskKind.PUBLISH_EVENT:
            return use_cases.publishing.publish(tasks)
        claims = use_cases.work.claim(tasks)
        return {task: use_cases.work.process(claim) for task, claim in claims.items()}

    def _apply(self, disposition: MessageDisposition, message: Message) -> None:
        """Delete, return or dead-letter a message, as the disposition says."""
        if disposition.failed:
            self.mailbox.dead.add(message.task)
        elif disposition.retry_seconds is not None:
            message.due = self.clock.now() + timedelta(seconds=disposition.retry_seconds)
            self.mailbox.waiting.append(message)

    def _process[Result](self, action: Callable[[], Result]) -> Result:
        """One call of a use case, in a process of its own as far as a crash is concerned."""
        self.effects.begin()
        try:
            return action()
        except Crash:
            self._stage.database.end_session()
            raise

    def _meanwhile(self, fault: Fault) -> None:
        """Somebody else acts at the moment of an effect, in another process."""
        match fault:
            case Fault.CANCEL_MEANWHILE:
                self._by_customers(lambda customer, order: self.others.cancel.cancel(customer, order, None, None))
            case Fault.MOVE_MEANWHILE:
                address = self._new_address()
                self._by_customers(lambda customer, order: self.others.change.update(customer, order, address, None))
            case Fault.ERASE_MEANWHILE:
                self._by_customers(lambda customer, _: self.others.erase.erase(OFFICER, customer.customer_id))
            case Fault.REPORT_MEANWHILE:
                for order, update in self._reports():
                    with suppress(OrderServiceError):
                        _update(self.others, order, update)
            case Fault.DELIVER_MEANWHILE if self._received:
                [disposition] = self._work(self.others, [self._received]).values()
                if disposition.failed:
                    self.mailbox.dead.add(self._received.task)
            case Fault.WORK_MEANWHILE:
                self._work_elsewhere()

    def _work_elsewhere(self) -> None:
        """Another process works on the messages that are due soon."""
        # Work on stock would wait for the lock that the process at hand may have.
        soon = self.clock.now() + _LONGEST_EFFECT
        for message in list(self.mailbox.waiting):
            if SERVICES[message.task.kind] != "inventory" and message.due <= soon:
                self.mailbox.waiting.remove(message)
                self.clock.pass_until(message.due)
                [disposition] = self._work(self.others, [message]).values()
                self._apply(disposition, message)

    def _by_customers(self, action: Callable[[Caller, str], object]) -> None:
        """Let customers act on each of their orders."""
        for row in self.look("SELECT id::text AS id, customer_id FROM orders"):
            with suppress(OrderServiceError):
                action(Caller(row["customer_id"]), row["id"])

    def _reports(self) -> Iterator[tuple[str, dict[str, str]]]:
        """What the services have to report about orders, repeatedly and in any order."""
        of_charges = {"succeeded": "paid", "declined": "failed"}
        for charge in self.services.payment.charges.values():
            if charge.status in of_charges:
                yield (
                    charge.order_id,
                    {
                        "payment_status": of_charges[charge.status],
                        "event_id": f"{charge.id}-{charge.status}",
                    },
                )
            if charge.captured and charge.refunded_amount == charge.captured:
                yield charge.order_id, {"payment_status": "refunded"}
        of_shipments = {"ready": "ready", "dispatched": "shipped", "cancelled": "cancelled"}
        for shipment in self.services.shipping.shipments.values():
            status = of_shipments[shipment.status]
            yield shipment.order_id, {"shipping_status": status, "event_id": f"{shipment.id}-{shipment.status}"}


def _update(use_cases: UseCases, order: str, update: dict[str, str]) -> OrderDetails:
    return use_cases.update.update(STAFF, order, StatusUpdate.model_validate(update), None)


OVERDUE_MINUTES = PAYMENT_TIMEOUT.total_seconds() / 60 + 1
"""After so many minutes an unpaid order has expired."""
