"""The direction of imports between the folders of `shared/orders`: docs/architecture.md draws it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "shared" / "orders"
ROOT_MODULES = {"bootstrap", "config", "emf", "log_format", "telemetry", "warmup"}
BASE = {"config", "telemetry"}
"""Settings, logs and metrics: any folder with I/O may use them."""
MAY_IMPORT = {
    "domain": set[str](),
    "schemas": {"domain"},
    "aws": {"domain"} | BASE,
    "auth": {"domain", "aws"} | BASE,
    "postgres": {"domain", "aws"} | BASE,
    "clients": {"domain", "schemas", "postgres", "aws"} | BASE,
    "use_cases": {"domain", "schemas", "postgres", "clients"} | BASE,
    "http": {"domain", "schemas"} | BASE,
    "config": set[str](),
    "emf": set[str](),
    "log_format": set[str](),
    "telemetry": {"emf", "log_format"},
    "warmup": {"telemetry", "postgres"},
    "bootstrap": {"domain", "aws", "postgres", "clients", "use_cases"} | BASE,
}
MAX_LINES = 300


def part_of(path: Path) -> str:
    """Return the folder, or the module beside the folders, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield the parts of the package that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "orders":
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("orders."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("orders."))


def test_given_the_package_when_listed_then_every_part_has_allowed_imports() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert modules == ROOT_MODULES
    assert folders | modules == set(MAY_IMPORT)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_given_a_module_when_read_then_it_has_only_allowed_imports(path: Path) -> None:
    part = part_of(path)
    if path.parent == PACKAGE and part == "__init__":
        return
    assert set(imports(path)) - {part} <= MAY_IMPORT[part]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_given_a_module_when_measured_then_it_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES
