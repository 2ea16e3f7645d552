"""The services' clock."""

from datetime import UTC, datetime, timedelta


def timestamp(*, seconds_ahead: float = 0.0) -> str:
    """A time as RFC 3339 in UTC with microseconds: text of one length, which sorts as time does.

    Args:
        seconds_ahead: How far from now, in seconds.
    """
    moment = datetime.now(UTC) + timedelta(seconds=seconds_ahead)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
