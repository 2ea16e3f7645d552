"""Print the feed of events: `make events`."""

import datetime as dt
from collections.abc import Iterator
from http import HTTPStatus

import httpx
from rich.text import Text

from local.console import Output
from local.errors import LocalError
from local.stack import Stack
from local.template import Json

READER = "events"
"""Who reads the feed: the subject of the token."""
SCOPE = "orders:events"
PATH = "/v1/events"
BEGINNING = "0"
EVENTS_AT_ONCE = 1000
WAIT_SECONDS = 20
TIMEOUT_SECONDS = 40
"""Longer than the gateway waits for a function."""


def show(stack: Stack, *, types: str, order: str, follow: bool) -> int:
    """Print the events so far, one on each line; return the exit code.

    Args:
        stack: A running stack.
        types: Only events of these types, separated by commas; empty for all.
        order: Only events of the order with this id; empty for all.
        follow: Wait for further events, until Ctrl-C.

    Raises:
        LocalError: The stack does not answer, or not with events.
    """
    headers = {"Authorization": f"Bearer {stack.token(READER, SCOPE)}"}
    chosen = {name: value for name, value in (("type", types), ("order_id", order)) if value}
    console = Output(highlight=False)
    with httpx.Client(base_url=stack.url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        try:
            for event in read(client, chosen, follow=follow):
                console.print(pretty(event), soft_wrap=True)
        except KeyboardInterrupt:
            if not follow:
                raise
    return 0


def read(client: httpx.Client, chosen: dict[str, str], *, follow: bool) -> Iterator[Json]:
    """Yield events from the beginning of the feed to its end, or until the caller stops.

    Args:
        client: A client of the API.
        chosen: Parameters that say which events.
        follow: Wait for further events at the end.

    Raises:
        LocalError: The API does not answer, or not with events.
    """
    parameters = {**chosen, "limit": str(EVENTS_AT_ONCE), **({"wait": str(WAIT_SECONDS)} if follow else {})}
    cursor = BEGINNING
    while True:
        page = _page(client, {**parameters, "after": cursor})
        yield from page["events"]
        if page["next_cursor"] == cursor and not follow:
            return
        cursor = page["next_cursor"]


def pretty(event: Json) -> Text:
    """Format an event: time, number, type, statuses, total, actor, why the order failed, and which fields changed."""
    clock = dt.datetime.fromisoformat(event["occurred_at"]).astimezone().strftime("%H:%M:%S")
    statuses = "/".join((event["status"], event["payment_status"], event["shipping_status"]))
    actor = ":".join(filter(None, (event["actor"]["kind"], event["actor"]["id"])))
    text = Text.assemble(
        (clock, "dim"),
        (f" #{event['number']:<10}", "cyan"),
        (f" {event['type']:<22}", "bold"),
        f" {statuses:<32} {event['total']:>10} {event['currency']}",
        (f" {actor}", "dim"),
    )
    if event["failure_reason"]:
        text.append(" failed=", "dim").append(event["failure_reason"])
    if event["changed_fields"]:
        text.append(" changed=", "dim").append(",".join(event["changed_fields"]))
    return text


def _page(client: httpx.Client, parameters: dict[str, str]) -> Json:
    try:
        answer = client.get(PATH, params=parameters)
    except httpx.TransportError as error:
        raise LocalError(f"The API does not answer ({error}); `make status` shows what runs.") from error
    try:
        page: Json = answer.json()
    except ValueError:
        page = {}
    if answer.status_code != HTTPStatus.OK:
        reason = page.get("detail") or page.get("message") or answer.reason_phrase
        raise LocalError(f"GET {PATH} was answered {answer.status_code}: {reason}")
    return page
