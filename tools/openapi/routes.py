"""The routes of all functions."""

import importlib.util
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orders.http.api import Api

PLACEHOLDER = re.compile(r"\{(\w+)\}")
PUBLIC_NAMES = {"customer": "customer_id", "order": "order_id"}
"""Documented names of path parameters whose handlers use shorter ones."""


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        operation: the handler's name; all routes of an operation do the same.
        method: in lower case.
        path: with placeholders in braces.
        summary: the first paragraph of the handler's docstring.
        deprecated: kept for clients of earlier services.
    """

    operation: str
    method: str
    path: str
    summary: str
    deprecated: bool

    @property
    def operation_id(self) -> str:
        """A unique name; a canonical route has its operation's."""
        if not self.deprecated:
            return self.operation
        slash = "_slash" if self.path.endswith("/") else ""
        return f"{self.operation}_at_{re.sub(r'\W+', '_', self.path).strip('_')}{slash}"


def read_routes(functions: Path) -> list[Route]:
    """Return the routes of all functions: deprecated ones last, then by path and method.

    Args:
        functions: the folder that has a folder for each function.
    """
    routes = [route for path in sorted(functions.glob("*/app.py")) for route in _routes_of(path)]
    alike = defaultdict(set)
    for route in routes:
        alike[_shape(route.path)].add(route.path)
    documented = [replace(route, path=_documented_path(route.path, alike[_shape(route.path)])) for route in routes]
    return sorted(documented, key=lambda route: (route.deprecated, route.path, route.method))


def _routes_of(path: Path) -> Iterator[Route]:
    module = _load(path)
    app = getattr(module, "app", None)
    if not isinstance(app, Api):
        return
    for template, item in (app.get_openapi_schema().paths or {}).items():
        for method, operation in item.model_dump(exclude_none=True).items():
            # Powertools' own operation id is the handler's name, the path and the method.
            name = operation["operationId"].removesuffix(re.sub(r"\W", "_", f"{template}_{method}"))
            paragraph = inspect.cleandoc(getattr(module, name).__doc__ or "").partition("\n\n")[0]
            yield Route(name, method, template, " ".join(paragraph.split()), operation.get("deprecated", False))


def _load(path: Path) -> Any:  # noqa: ANN401 - a module with any names
    spec = importlib.util.spec_from_file_location(f"openapi_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shape(path: str) -> str:
    return PLACEHOLDER.sub("{}", path)


def _documented_path(path: str, alike: set[str]) -> str:
    """Return the path with its placeholders' public names; in OpenAPI, all methods of a path share them.

    Args:
        path: of a route.
        alike: all paths that differ from it in the names of placeholders only.
    """
    if len(alike) > 1:
        return PLACEHOLDER.sub("{id}", path)
    return PLACEHOLDER.sub(lambda match: f"{{{PUBLIC_NAMES.get(match[1], match[1])}}}", path)
