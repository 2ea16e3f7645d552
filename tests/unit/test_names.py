"""The name of a test says what it shows, in under 80 characters."""

import ast
import re

from tests.support import ROOT

MAX_LENGTH = 79
PATTERN = re.compile(r"test_given_\w+_when_\w+_then_\w+")
MODULES = [ast.parse(path.read_text()) for path in sorted((ROOT / "tests").rglob("test_*.py"))]


def test_given_a_test_when_named_then_in_under_80_characters() -> None:
    names = [node.name for module in MODULES for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    assert [name for name in names if name.startswith("test_") and len(name) > MAX_LENGTH] == []


def test_given_a_test_outside_a_class_when_named_then_with_given_when_and_then() -> None:
    """A class may give the context of its methods."""
    names = [node.name for module in MODULES for node in module.body if isinstance(node, ast.FunctionDef)]
    assert [name for name in names if name.startswith("test_") and not PATTERN.fullmatch(name)] == []
