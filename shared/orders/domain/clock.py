"""Time and the ids made from it. Use cases are handed a clock, so that a test can own both."""

import os
import uuid
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where Unix time begins."""


class Clock:
    """The real time, and ids from the system's randomness."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def new_order_id(self, at: datetime) -> str:
        """A new id whose order is the order of time."""
        return str(uuid7(unix_milliseconds(at), os.urandom(10)))


def unix_milliseconds(at: datetime) -> int:
    """The Unix time of a moment, cut to the millisecond, as the API shows moments."""
    # In integers: a float comes out a millisecond too early now and then.
    return (at - EPOCH) // timedelta(milliseconds=1)


def uuid7(milliseconds: int, randomness: bytes) -> uuid.UUID:
    """A UUID version 7 (RFC 9562, section 5.7) from a Unix time and 10 random bytes, of which 74 bits are used."""
    random_bits = int.from_bytes(randomness)
    version_and_random = 0x7 << 12 | (random_bits >> 64) & 0xFFF
    variant_and_random = 0b10 << 62 | random_bits & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | version_and_random << 64 | variant_and_random)
