"""Start MiniStack, with the two changes that the template needs: run by its own Python, without our packages."""

import json
from collections.abc import Callable
from typing import Any

from ministack.app import main
from ministack.core import iam_actions
from ministack.services import apigateway

type Match = Callable[[str, str], dict[str, str] | None]
type Context = Callable[[str, str, bytes, Any], dict[str, Any]]

GREEDY = "{proxy+}"
ANY = "-"
PUT_EVENTS = "events:PutEvents"


def with_empty_rest(match: Match) -> Match:
    """Let a greedy variable match an empty rest, as in API Gateway: `GET /orders/{proxy+}` catches `/orders/`."""

    def match_or_rest(route: str, path: str) -> dict[str, str] | None:
        found = match(route, path)
        if found is None and route.endswith(f"/{GREEDY}") and path.endswith("/"):
            found = match(route, f"{path}{ANY}")
            return None if found is None or found["proxy"] != ANY else {**found, "proxy": ""}
        return found

    return match_or_rest


def with_source(context: Context) -> Context:
    """Give policies the condition key `events:source` of PutEvents; without it, they allow no event.

    AWS checks each event. Here events of several sources in one call have none.
    """

    def context_with_source(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:  # noqa: ANN401
        found = context(service, action, body, parameters)
        if action != PUT_EVENTS:
            return found
        sources = {entry.get("Source") for entry in json.loads(body).get("Entries", [])}
        return {**found, "events:source": sources.pop()} if len(sources) == 1 else found

    return context_with_source


if __name__ == "__main__":
    apigateway._extract_path_params = with_empty_rest(apigateway._extract_path_params)  # noqa: SLF001 - it has no hook
    iam_actions.request_tag_context = with_source(iam_actions.request_tag_context)
    main()
