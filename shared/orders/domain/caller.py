"""Who is calling, and what they may do."""

import re
from dataclasses import dataclass

READ = "orders:read"
"""Scope: read and list everybody's orders."""
WRITE = "orders:write"
"""Scope: create for and cancel for anybody, update statuses."""
METRICS = "orders:metrics"
"""Scope: read the metrics."""

CUSTOMER_ID = re.compile(r"[A-Za-z0-9._~@:+|=-]{1,128}")
"""A customer's id: what user services put into a token's subject, and what fits one path segment."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent the request, as the authorizer found it in the token."""

    customer_id: str
    scopes: frozenset[str] = frozenset()

    def may_read(self, customer_id: str) -> bool:
        """Whether the caller may see this customer's orders."""
        return READ in self.scopes or customer_id == self.customer_id

    def may_create_for(self, customer_id: str) -> bool:
        """Whether the caller may place orders for this customer."""
        return WRITE in self.scopes or customer_id == self.customer_id

    @property
    def may_write(self) -> bool:
        """Whether the caller may change everybody's orders."""
        return WRITE in self.scopes

    @property
    def may_read_metrics(self) -> bool:
        """Whether the caller may see how many orders and tasks there are."""
        return METRICS in self.scopes

    @property
    def readable_owner(self) -> str | None:
        """The only customer whose orders the caller may see; None for everybody's."""
        return None if READ in self.scopes else self.customer_id

    @property
    def writable_owner(self) -> str | None:
        """The only customer whose orders the caller may cancel; None for everybody's."""
        return None if WRITE in self.scopes else self.customer_id
