"""The caller of the API, and what they may do."""

import re
from dataclasses import dataclass

READ = "orders:read"
"""Scope: read and list all customers' orders."""
WRITE = "orders:write"
"""Scope: create and cancel orders for all customers; update statuses."""
METRICS = "orders:metrics"
"""Scope: read the metrics."""

_CHANGE_ORDERS = frozenset({WRITE, "orders:create", "orders:cancel", "orders:ship", "orders:pay"})
"""Scopes that make a caller a service, unless it is staff."""

CUSTOMER_ID = re.compile(r"[A-Za-z0-9._~@:+|=-]{1,128}")
"""A customer's id: the subject of a token, and one segment of a path."""


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
    return f"customer:{customer_id}" if scopes.isdisjoint(_CHANGE_ORDERS) else f"service:{subject}"


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
    """

    customer_id: str
    scopes: frozenset[str] = frozenset()
    actor: str = ""

    def __post_init__(self) -> None:
        if not self.actor:
            object.__setattr__(self, "actor", actor(self.customer_id, self.scopes, subject=self.customer_id))

    def may_read(self, customer_id: str) -> bool:
        """Tell whether the caller may read this customer's orders."""
        return READ in self.scopes or customer_id == self.customer_id

    def may_create_for(self, customer_id: str) -> bool:
        """Tell whether the caller may place orders for this customer."""
        return WRITE in self.scopes or customer_id == self.customer_id

    @property
    def may_write(self) -> bool:
        """Whether the caller may change all customers' orders."""
        return WRITE in self.scopes

    @property
    def may_read_metrics(self) -> bool:
        """Whether the caller may read the metrics."""
        return METRICS in self.scopes

    @property
    def readable_owner(self) -> str | None:
        """The only customer whose orders the caller may read; None for all customers."""
        return None if READ in self.scopes else self.customer_id

    @property
    def writable_owner(self) -> str | None:
        """The only customer whose orders the caller may cancel; None for all customers."""
        return None if WRITE in self.scopes else self.customer_id
