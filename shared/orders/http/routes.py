"""Which methods a path has, by the paths of an OpenAPI document."""

import re
from collections.abc import Iterable, Mapping

_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


class RouteTable:
    """The routes of an API.

    Args:
        paths: the methods of each path; a path has its placeholders in braces.
    """

    def __init__(self, paths: Mapping[str, Iterable[str]]) -> None:
        self._rows = [
            (re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(path))), frozenset(map(str.upper, methods)))
            for path, methods in paths.items()
        ]

    def methods(self, path: str) -> frozenset[str]:
        """The methods that there are for a path, in upper case; none where it is no route's."""
        return frozenset().union(*(methods for pattern, methods in self._rows if pattern.fullmatch(path)))
