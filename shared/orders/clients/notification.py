"""The notification service."""

from collections.abc import Mapping
from http import HTTPStatus

from orders.clients.http import Client


class NotificationClient(Client):
    """Tells customers what happened to their orders."""

    service = "notification"

    def send(self, key: str, template: str, order: Mapping[str, str | None], email: str | None) -> None:
        """Send the customer a message; under the same key it is sent once."""
        body = {"template": template, "order": dict(order), "email": email}
        expected = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
        self.call("POST", "/notifications", json=body, key=key, expected=expected)
