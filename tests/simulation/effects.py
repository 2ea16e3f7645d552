"""What a process does to the world outside, one effect after the other, and what can go wrong with each.

An effect is a statement, a call to a service, or a batch of messages. A plan says which of them meet a fault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import NoReturn, Protocol


class Crash(BaseException):
    """The process is killed: no handler and no clean-up runs."""


class Kind(StrEnum):
    """What an effect is."""

    STATEMENT = "statement"
    CALL = "call"
    WRITE_CATALOG = "write to the catalog"
    SEND = "send"


class Fault(StrEnum):
    """What happens at an effect."""

    CRASH_BEFORE = "crash-before"
    """The process is killed before it. Between two effects of one process that is the same as after the first one."""
    CRASH_AFTER = "crash-after"
    """It happens, and the process is killed before it sees the answer."""
    LOST_ANSWER = "lost-answer"
    """It happens, and the connection breaks before the answer comes."""
    SILENCE = "silence"
    """It happens, no answer comes, and the server cannot be reached again so soon."""
    UNAVAILABLE = "unavailable"
    """It does not happen: the server answers that it cannot, or some messages are not taken."""
    LATE = "late"
    """No answer comes in time, and it happens after a while."""
    DUPLICATE = "duplicate"
    """It happens, its answer is lost, and it happens again after a while."""
    CANCEL_MEANWHILE = "cancel-meanwhile"
    """Before it happens, the customers cancel all their orders."""
    MOVE_MEANWHILE = "move-meanwhile"
    """Before it happens, the customers change the shipping addresses of all their orders."""
    ERASE_MEANWHILE = "erase-meanwhile"
    """Before it happens, the personal data of all customers is erased."""
    REPORT_MEANWHILE = "report-meanwhile"
    """Before it happens, the services report their charges and shipments."""
    DELIVER_MEANWHILE = "deliver-meanwhile"
    """Before it happens, the message in progress is delivered to another process too."""
    WORK_MEANWHILE = "work-meanwhile"
    """Before it happens, others work on the messages that wait, apart from those about stock."""


_MEANWHILE = (
    Fault.CANCEL_MEANWHILE,
    Fault.MOVE_MEANWHILE,
    Fault.ERASE_MEANWHILE,
    Fault.REPORT_MEANWHILE,
    Fault.DELIVER_MEANWHILE,
    Fault.WORK_MEANWHILE,
)

FAULTS: Mapping[Kind, tuple[Fault, ...]] = {
    Kind.STATEMENT: (Fault.CRASH_AFTER, Fault.LOST_ANSWER, Fault.SILENCE, Fault.UNAVAILABLE, *_MEANWHILE),
    Kind.CALL: (
        Fault.CRASH_AFTER,
        Fault.LOST_ANSWER,
        Fault.UNAVAILABLE,
        Fault.LATE,
        Fault.DUPLICATE,
        *_MEANWHILE,
    ),
    Kind.WRITE_CATALOG: (Fault.CRASH_AFTER, Fault.LOST_ANSWER, Fault.UNAVAILABLE, *_MEANWHILE),
    Kind.SEND: (Fault.CRASH_AFTER, Fault.UNAVAILABLE, Fault.DUPLICATE, *_MEANWHILE),
}
"""The faults that each kind of effect can meet, beside a crash before the first effect of a process."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a process does to the world outside.

    Attributes:
        number: its place in the run, from 0.
        kind: what it is.
        name: what is done.
        is_first: the process has done nothing before.
    """

    number: int
    kind: Kind
    name: str
    is_first: bool

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What can go wrong with it."""
        return ((Fault.CRASH_BEFORE,) if self.is_first else ()) + FAULTS[self.kind]


class Plan(Protocol):
    """Says which effects meet a fault."""

    def fault(self, effect: Effect, /) -> Fault | None:
        """The fault that the effect meets, if any."""


class NoFaults:
    """Everything works."""

    def fault(self, _: Effect, /) -> Fault | None:
        return None


@dataclass(frozen=True, slots=True)
class OneFault:
    """One effect meets one fault."""

    number: int
    kind: Fault

    def fault(self, effect: Effect, /) -> Fault | None:
        return self.kind if effect.number == self.number else None


@dataclass(slots=True)
class SomeFaults:
    """Any effect may meet any fault, until there have been so many."""

    random: Random
    rate: float
    left: int

    def fault(self, effect: Effect, /) -> Fault | None:
        if not self.left or self.random.random() >= self.rate:
            return None
        self.left -= 1
        return self.random.choice(effect.faults)


@dataclass(slots=True)
class Effects:
    """All effects of a run, process after process.

    Attributes:
        plan: which of them meet a fault.
        meanwhile: does what others do at the moment of such a fault.
        trace: the effects that there have been.
        met: those that met a fault, with it.
    """

    plan: Plan
    meanwhile: Callable[[Fault], None] = lambda _: None
    trace: list[Effect] = field(default_factory=list)
    met: list[tuple[Effect, Fault]] = field(default_factory=list)
    _is_killed: bool = False
    _is_first: bool = True

    def begin(self) -> None:
        """A new process begins."""
        self._is_killed = False
        self._is_first = True

    def meet(self, kind: Kind, name: str) -> Fault | None:
        """Announce an effect; return the fault that its executor must apply.

        Raises:
            Crash: it never happens.
        """
        if self._is_killed:
            raise Crash
        effect = Effect(len(self.trace), kind, name, self._is_first)
        self._is_first = False
        self.trace.append(effect)
        fault = self.plan.fault(effect)
        if fault is None:
            return None
        self.met.append((effect, fault))
        if fault is Fault.CRASH_BEFORE:
            self.crash()
        if fault in _MEANWHILE:
            self.meanwhile(fault)
            return None
        return fault

    def crash(self) -> NoReturn:
        """Kill the process: nothing that it still tries happens."""
        self._is_killed = True
        raise Crash
