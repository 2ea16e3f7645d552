"""Start MiniStack, with the one change that its HTTP APIs need: run by its own Python, without our packages."""

from collections.abc import Callable

from ministack.app import main
from ministack.services import apigateway

type Match = Callable[[str, str], dict[str, str] | None]

GREEDY = "{proxy+}"
ANY = "-"


def with_empty_rest(match: Match) -> Match:
    """Let a greedy variable match an empty rest, as in API Gateway: `GET /orders/{proxy+}` catches `/orders/`."""

    def match_or_rest(route: str, path: str) -> dict[str, str] | None:
        found = match(route, path)
        if found is None and route.endswith(f"/{GREEDY}") and path.endswith("/"):
            found = match(route, f"{path}{ANY}")
            return None if found is None or found["proxy"] != ANY else {**found, "proxy": ""}
        return found

    return match_or_rest


if __name__ == "__main__":
    apigateway._extract_path_params = with_empty_rest(apigateway._extract_path_params)  # noqa: SLF001 - it has no hook
    main()
