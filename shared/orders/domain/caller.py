"""The caller of the API, and what they may do."""

import re
from dataclasses import dataclass

READ = "orders:read"
"""Scope: read and list all customers' orders."""
WRITE = "orders:write"
"""Scope: create and cancel orders for all customers; update statuses."""
METRICS = "orders:metrics"
"""Scope: read the metrics."""

CUSTOMER_ID = re.compile(r"[A-Za-z0-9._~@:+|=-]{1,128}")
"""A customer's id: the subject of a token, and one segment of a path."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated sender of a request."""

    customer_id: str
    scopes: frozenset[str] = frozenset()

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
