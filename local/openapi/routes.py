"""The routes that the handlers answer."""

import importlib.util
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orders.http.api import Api

PLACEHOLDER = re.compile(r"<(\w+)>")
PUBLIC_NAMES = {"customer": "customer_id", "order": "order_id"}
"""What callers know a placeholder as, where the handler calls it something shorter."""


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        operation: the handler's name; the routes of one operation do the same.
        method: in lower case.
        path: with the placeholder in braces, if it has one.
        summary: the first paragraph of the handler's docstring.
        deprecated: it is there for clients of earlier services.
    """

    operation: str
    method: str
    path: str
    summary: str
    deprecated: bool

    @property
    def operation_id(self) -> str:
        """A name of its own; a canonical route has its operation's."""
        if not self.deprecated:
            return self.operation
        return f"{self.operation}_at_{re.sub(r'\W+', '_', self.path).strip('_')}"


def read_routes(functions: Path) -> list[Route]:
    """The routes of all functions: those in use first, then by path and method.

    Args:
        functions: the folder that has a folder for each function.
    """
    found = [route for path in sorted(functions.glob("*/app.py")) for route in _routes_of(path)]
    shapes = defaultdict(set)
    for route in found:
        shapes[_shape(route.path)].add(route.path)
    named = [replace(route, path=_documented_path(route.path, shapes[_shape(route.path)])) for route in found]
    return sorted(named, key=lambda route: (route.deprecated, route.path, route.method))


def _routes_of(path: Path) -> Iterator[Route]:
    app = getattr(_load(path), "app", None)
    if not isinstance(app, Api):
        return
    for route in (*app._static_routes, *app._dynamic_routes):  # noqa: SLF001 - Powertools tells of them nowhere else
        paragraph = inspect.cleandoc(route.func.__doc__ or "").partition("\n\n")[0]
        summary = " ".join(paragraph.split())
        yield Route(route.func.__name__, route.method.lower(), route.path, summary, route.deprecated)


def _load(path: Path) -> Any:  # noqa: ANN401 - a module of whatever names
    spec = importlib.util.spec_from_file_location(f"openapi_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shape(path: str) -> str:
    return PLACEHOLDER.sub("{}", path)


def _documented_path(path: str, alike: set[str]) -> str:
    """The path with its placeholders' public names: in OpenAPI all methods of a path call them the same.

    Args:
        path: of a route.
        alike: it, and those that differ from it in the names of placeholders only.
    """
    if len(alike) > 1:
        return PLACEHOLDER.sub("{id}", path)
    return PLACEHOLDER.sub(lambda match: f"{{{PUBLIC_NAMES.get(match[1], match[1])}}}", path)
