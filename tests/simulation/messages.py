"""Queues that lose, repeat and reorder messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from orders.domain.clock import Clock
from orders.domain.lifecycle import TaskKind
from orders.domain.order import DeadLetter, TaskId
from tests.simulation.effects import Effects, Fault, Kind


@dataclass(slots=True)
class Message:
    """A task on its queue, which can be received from some moment on."""

    task: TaskId
    due: datetime


@dataclass(slots=True)
class Mailbox:
    """All messages that wait, and the ids of the tasks whose messages are dead letters."""

    random: Random
    waiting: list[Message] = field(default_factory=list)
    dead: set[TaskId] = field(default_factory=set)

    def take(self, now: datetime, kind: TaskKind | None = None) -> Message | None:
        """Receive any message that is due, or else the one that is due next; of one kind, if wanted."""
        wanted = [message for message in self.waiting if kind in {None, message.task.kind}]
        if not wanted:
            return None
        due = [message for message in wanted if message.due <= now]
        message = self.random.choice(due) if due else min(wanted, key=lambda message: message.due)
        self.waiting.remove(message)
        return message

    def take_more(self, until: datetime, first: Message, number: int) -> list[Message]:
        """Receive more messages that are due by then and processed in the same way as the first of their batch.

        A worker ignores a second message of a task in its batch, so none is received here.
        """
        publishes = first.task.kind is TaskKind.PUBLISH_EVENT
        more: dict[TaskId, Message] = {}
        for message in self.waiting:
            if (message.task.kind is TaskKind.PUBLISH_EVENT) == publishes and message.due <= until:
                more.setdefault(message.task, message)
        more.pop(first.task, None)
        taken = list(more.values())[:number]
        for message in taken:
            self.waiting.remove(message)
        return taken


@dataclass(frozen=True, slots=True)
class SimulatedQueue:
    """The queue of one process; see `orders.queue.TaskQueue`."""

    mailbox: Mailbox
    effects: Effects
    clock: Clock

    def send(self, tasks: Sequence[TaskId], delay_seconds: float = 0) -> None:
        if not tasks:
            return
        fault = self.effects.meet(Kind.SEND, " ".join(task.kind for task in tasks))
        random = self.mailbox.random
        sent = list(tasks)
        if fault is Fault.UNAVAILABLE:
            sent = random.sample(sent, random.randrange(len(sent)))
        if fault is Fault.DUPLICATE:
            sent += sent
        at = self.clock.now() + timedelta(seconds=delay_seconds)
        self.mailbox.waiting += [Message(task, at + timedelta(seconds=random.random())) for task in sent]
        if fault is Fault.CRASH_AFTER:
            self.effects.crash()

    def unknown_dead_letters(self) -> list[DeadLetter]:
        return []

    def purge_dead_letters(self, still_failed: Callable[[Sequence[TaskId]], frozenset[TaskId]]) -> None:
        self.mailbox.dead &= still_failed(sorted(self.mailbox.dead))
