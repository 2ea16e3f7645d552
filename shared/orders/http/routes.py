"""Look up the methods of a path in the paths of an OpenAPI document."""

import re
from collections.abc import Iterable, Mapping

_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


class RouteTable:
    """The routes of an API.

    Args:
        paths: the methods of each path, which has its placeholders in braces.
    """

    def __init__(self, paths: Mapping[str, Iterable[str]]) -> None:
        self._rows = [
            (re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(path))), frozenset(map(str.upper, methods)))
            for path, methods in paths.items()
        ]

    def methods(self, path: str) -> frozenset[str]:
        """Return the methods that a path allows, in upper case; empty if no route matches it."""
        return frozenset().union(*(methods for pattern, methods in self._rows if pattern.fullmatch(path)))
