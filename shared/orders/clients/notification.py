"""The notification service."""

from collections.abc import Mapping
from http import HTTPStatus

from orders.clients.http import Client


class NotificationClient(Client):
    """Notify customers of changes to their orders."""

    service = "notification"

    def send(self, key: str, template: str, order: Mapping[str, str | int | None], email: str | None) -> None:
        """Send the customer a message; calls with the same key send it once."""
        body = {"template": template, "order": dict(order), "email": email}
        expected = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
        self.call("POST", "/notifications", json=body, key=key, expected=expected)
