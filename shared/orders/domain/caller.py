"""The caller of the API, and what they may do."""

import re
from dataclasses import dataclass

from orders.domain.states import Status

READ = "orders:read"
"""Scope: read and list all customers' orders."""
CREATE = "orders:create"
"""Scope: create orders for all customers, with prices."""
CANCEL = "orders:cancel"
"""Scope: cancel all customers' orders."""
SHIP = "orders:ship"
"""Scope: report shipping statuses and tracking numbers, and update all customers' orders."""
PAY = "orders:pay"
"""Scope: report payment statuses."""
WRITE = "orders:write"
"""Scope: all of `orders:create`, `orders:cancel`, `orders:ship` and `orders:pay`."""
METRICS = "orders:metrics"
"""Scope: read the metrics."""
EVENTS = "orders:events"
"""Scope: read the feed of events."""
ERASE = "orders:erase"
"""Scope: export and erase the personal data of all customers."""

_PARTS = frozenset({CREATE, CANCEL, SHIP, PAY})
"""The scopes that `orders:write` is the sum of."""
_CHANGES = _PARTS | {WRITE, ERASE}
"""Scopes that make a caller a service, unless it is staff."""
_REPORTS: dict[str, str] = {"payment_status": PAY, "shipping_status": SHIP}
"""The scope that a report requires, by its field."""
_STATUS_REPORTS: dict[str, str] = {
    Status.PENDING: CREATE,
    Status.CONFIRMED: PAY,
    Status.FAILED: PAY,
    Status.CANCELLING: CANCEL,
    Status.CANCELLED: CANCEL,
}
"""The scope that a report of an order's status requires, by its value; that of all others is `orders:ship`."""

CUSTOMER_ID = re.compile(r"[A-Za-z0-9_~@:+|=-][A-Za-z0-9._~@:+|=-]{0,127}")
"""A customer's id: the subject of a token, and one segment of a path, so neither ``.`` nor ``..``."""
CUSTOMER_ID_FORMAT = "1 to 128 letters, digits and ._~@:+|=-, not starting with a dot"
EMAIL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f@]+@[^\s\x00-\x1f\x7f-\x9f@]+")
"""An e-mail address, as far as a pattern can tell."""
MAX_EMAIL = 254
"""Characters of an e-mail address (RFC 5321, section 4.5.3.1.3)."""


def actor(customer_id: str, scopes: frozenset[str], *, subject: str, is_staff: bool = False) -> str:
    """Return who a caller is in the timeline of an order, such as ``customer:5``; the token alone decides.

    Args:
        customer_id: the caller as a customer.
        scopes: the token's scopes.
        subject: whom the token was issued to.
        is_staff: whether the token says that the caller is staff.
    """
    if is_staff:
        return f"staff:{subject}"
    return f"customer:{customer_id}" if scopes.isdisjoint(_CHANGES) else f"service:{subject}"


def actor_kind(actor: str) -> str:
    """Return what kind of actor it is: customer, staff, service or system."""
    return actor.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated sender of a request.

    Attributes:
        customer_id: the caller as a customer.
        scopes: the token's scopes.
        actor: who the caller is in the timeline of an order.
        email: the e-mail address that the token states; None where it states none, or one that is not verified.
    """

    customer_id: str
    scopes: frozenset[str] = frozenset()
    actor: str = ""
    email: str | None = None

    def __post_init__(self) -> None:
        if not self.actor:
            object.__setattr__(self, "actor", actor(self.customer_id, self.scopes, subject=self.customer_id))

    def has(self, scope: str) -> bool:
        """Tell whether the caller has a scope, by itself or as a part of `orders:write`."""
        return scope in self.scopes or (scope in _PARTS and WRITE in self.scopes)

    def may_read(self, customer_id: str) -> bool:
        """Tell whether the caller may read this customer's orders."""
        return self.has(READ) or customer_id == self.customer_id

    def may_create_for(self, customer_id: str) -> bool:
        """Tell whether the caller may place orders for this customer."""
        return self.may_create_for_all or customer_id == self.customer_id

    @property
    def may_read_all(self) -> bool:
        """Whether the caller may read all customers' orders."""
        return self.has(READ)

    @property
    def may_create_for_all(self) -> bool:
        """Whether the caller may place orders for all customers, with prices of their own."""
        return self.has(CREATE)

    @property
    def may_report(self) -> bool:
        """Whether the caller may report some status of an order."""
        return any(map(self.has, _PARTS))

    @property
    def may_erase(self) -> bool:
        """Whether the caller may export and erase the personal data of all customers."""
        return self.has(ERASE)

    @property
    def may_read_events(self) -> bool:
        """Whether the caller may read the events of all orders."""
        return self.has(EVENTS)

    @property
    def may_read_metrics(self) -> bool:
        """Whether the caller may read the metrics."""
        return self.has(METRICS)

    @property
    def readable_owner(self) -> str | None:
        """The only customer whose orders the caller may read; None for all customers."""
        return None if self.has(READ) else self.customer_id

    @property
    def cancellable_owner(self) -> str | None:
        """The only customer whose orders the caller may cancel; None for all customers."""
        return None if self.has(CANCEL) else self.customer_id

    @property
    def updatable_owner(self) -> str | None:
        """The only customer whose orders the caller may update; None for all customers."""
        return None if self.has(SHIP) else self.customer_id


def scope_to_report(field: str, value: str) -> str:
    """Return the scope that a report of a status value requires.

    Args:
        field: `status`, `payment_status` or `shipping_status`.
        value: the value of the status.
    """
    return _REPORTS.get(field) or _STATUS_REPORTS.get(value, SHIP)
