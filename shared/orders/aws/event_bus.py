"""The event bus: an EventBridge bus that takes events of orders, ten in one call.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from orders import telemetry
from orders.aws.client import EVENTBRIDGE, AwsError, AwsService
from orders.config import EventBusSettings
from orders.domain.errors import DownstreamUnavailable
from orders.domain.events import BusEntry

_ENTRIES = 10
"""The maximum of entries in one call."""
_BYTES = 250_000
"""The maximum of bytes in one call is 256 KiB; the difference is for sources, types and times.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html"""


class EventBridgeBus:
    """Put events on a bus."""

    def __init__(self, settings: EventBusSettings) -> None:
        self._settings = settings
        self._eventbridge = AwsService(EVENTBRIDGE)

    def put(self, entries: Sequence[BusEntry]) -> list[str | None]:
        """See `EventBus.put`."""
        return [cause for batch in _batches(entries) for cause in self._put_batch(batch)]

    def _put_batch(self, entries: Sequence[BusEntry]) -> Iterator[str | None]:
        trace = telemetry.trace()
        request = {
            "Entries": [
                {
                    "EventBusName": self._settings.name,
                    "Source": self._settings.source,
                    "DetailType": entry.type,
                    "Time": datetime.fromisoformat(entry.occurred_at).timestamp(),
                    "Detail": entry.detail,
                    **({"TraceHeader": trace} if trace else {}),
                }
                for entry in entries
            ]
        }
        try:
            results = self._eventbridge.call("PutEvents", request)["Entries"]
        except (AwsError, KeyError) as error:
            raise DownstreamUnavailable("The event bus does not take events.", service="events") from error
        for result in results:
            code = result.get("ErrorCode")
            yield f"The event bus refused the event: {code}." if code else None


def _batches(entries: Sequence[BusEntry]) -> Iterator[list[BusEntry]]:
    batch: list[BusEntry] = []
    size = 0
    for entry in entries:
        length = len(entry.detail.encode())
        if batch and (len(batch) == _ENTRIES or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
