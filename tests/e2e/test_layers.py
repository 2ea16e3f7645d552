"""The layers as they are deployed: small, compiled, and with nothing that no function loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local import build
from local import template as sam
from local.stack import Stack
from tests.support import SETTINGS

MAX_BYTES = 30 * 1024**2
UNCHECKED_HASH = 1
"""The flags of bytecode that is taken for what it is (PEP 552)."""


@pytest.fixture(scope="session")
def built(stack: Stack) -> Path:
    """What `sam build` has made."""
    return build.built_template(stack.layout).parent


@pytest.fixture(scope="session")
def layers(built: Path) -> dict[str, Path]:
    """The folders of the layers, by their ids."""
    template = sam.read(built / "template.yaml")
    return {name: built / sam.source(layer) / "python" for name, layer in sam.resources(template, sam.LAYER).items()}


def test_given_the_layers_when_built_then_each_is_small(layers: dict[str, Path]) -> None:
    sizes = {name: sum(path.stat().st_size for path in folder.rglob("*")) for name, folder in layers.items()}
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}


def test_given_the_layers_when_built_then_all_sources_have_reproducible_bytecode(
    layers: dict[str, Path],
) -> None:
    for folder in layers.values():
        sources = list(folder.rglob("*.py"))
        assert sources
        for source in sources:
            compiled = (
                source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
            ).read_bytes()
            assert int.from_bytes(compiled[4:8], "little") == UNCHECKED_HASH, source
            assert str(folder).encode() not in compiled, source


def test_given_the_layers_when_built_then_they_have_the_licenses_of_all_packages(layers: dict[str, Path]) -> None:
    packages = [path for folder in layers.values() for path in folder.glob("*.dist-info")]
    assert packages
    assert [path.name for path in packages if not any(path.rglob("*LICEN[CS]E*"))] == []


def test_given_the_layers_when_all_functions_load_then_every_package_is_used(
    built: Path, layers: dict[str, Path]
) -> None:
    template = sam.read(built / "template.yaml")
    usual = template["Globals"]["Function"]["Layers"]
    loaded: set[str] = set()
    for function in sam.resources(template, sam.FUNCTION).values():
        own = function["Properties"].get("Layers", [])
        paths = [built / sam.source(function), *(layers[layer["Ref"]] for layer in [*usual, *own])]
        program = f"""
import json, sys
sys.path[:0] = {list(map(str, paths))}
import app
print(json.dumps([getattr(module, "__file__", None) for module in sys.modules.values()]))
"""
        # Without the packages of this environment, and as for a snapshot: each function builds its use case.
        environment = {
            **SETTINGS,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "POWERTOOLS_SERVICE_NAME": "orders",
        }
        started = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-IS", "-B", "-c", program], env=environment, capture_output=True, check=True, text=True
        )
        loaded.update(filter(None, json.loads(started.stdout)))
    left_over = {
        entry.name
        for folder in layers.values()
        for entry in folder.iterdir()
        if entry.suffix not in {".dist-info", ".libs"} and entry.name != "__pycache__"
        if not any(path.startswith(str(entry)) for path in loaded)
    }
    assert left_over == set()
