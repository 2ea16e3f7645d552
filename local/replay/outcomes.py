"""What became of an invoice."""

from dataclasses import dataclass
from enum import StrEnum

from local.replay.invoices import Invoice


class Fate(StrEnum):
    """How sending an invoice ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "of unknown fate"
    """The answer was lost, or was an error that may have come after the deed: only the database can tell."""
    NO_ORDER = "without an order"
    """A cancellation that fits no accepted order; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An invoice and its fate.

    Attributes:
        invoice: What was sent.
        fate: How it ended.
        order_id: The order that was placed, or that was to be cancelled; empty where there is none.
        code: Why it was refused, or why its fate is unknown: the code of the API's problem, or our own word for it.
        seconds: How long the answer took, the last one where there were several; 0 where there was none.
    """

    invoice: Invoice
    fate: Fate
    order_id: str = ""
    code: str = ""
    seconds: float = 0.0
