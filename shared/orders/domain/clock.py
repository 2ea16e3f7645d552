"""Time, and the order ids that contain it. Use cases receive a clock, so that tests control both."""

import os
import uuid
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of Unix time."""


class Clock:
    """The system's time, and ids with random bytes of the system."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.now(UTC)

    def new_order_id(self, at: datetime) -> str:
        """Return a new order id; ids sort by time."""
        return str(uuid7(unix_milliseconds(at), os.urandom(10)))


def unix_milliseconds(at: datetime) -> int:
    """Return a time as Unix time, truncated to milliseconds."""
    # Integer arithmetic: a float is sometimes a millisecond too early.
    return (at - EPOCH) // timedelta(milliseconds=1)


def uuid7(milliseconds: int, randomness: bytes) -> uuid.UUID:
    """Return a UUID version 7 (RFC 9562, section 5.7) of a Unix time and 10 random bytes, 74 bits of which are used."""
    random_bits = int.from_bytes(randomness)
    version_and_random = 0x7 << 12 | (random_bits >> 64) & 0xFFF
    variant_and_random = 0b10 << 62 | random_bits & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | version_and_random << 64 | variant_and_random)
