"""The notification service: messages to customers."""

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.services.service import Answer, BadCall, Once, Request


@dataclass(slots=True)
class Notifications:
    """The service; `sent` holds the order and the template of each message."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    _once: Once = field(default_factory=Once)

    def handle(self, request: Request) -> Answer:
        match (request.method, *request.path):
            case ("POST", "notifications"):
                return self._send(request.key, request.body)
        raise BadCall(request)

    def _send(self, key: str | None, body: Any) -> Answer:
        def create() -> str:
            self.sent.append((body["order"]["id"], body["template"]))
            return f"ntf_{len(self.sent)}"

        name, _ = self._once.do(key, body, create)
        return Answer(202, {"id": name})
