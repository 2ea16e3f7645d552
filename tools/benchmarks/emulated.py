"""Cold starts on AWS's runtime interface emulator with AWS's runtime client, as its REPORT lines state them."""

import compileall
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from itertools import count, islice, repeat
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import httpx

from local import build, environment, invoke
from local.layout import ROOT, Layout
from local.tokens import sign
from tools.benchmarks import events
from tools.benchmarks.contenders import FLOOR, IDIOMATIC, TUNED
from tools.benchmarks.downstream import SECRET
from tools.benchmarks.environments import Json, require_success
from tools.benchmarks.places import BUILD, PYTHON
from tools.benchmarks.summary import Summary, summarize
from tools.benchmarks.testbed import Testbed

FUNCTIONS = ("get_order", "create_order", "authorizer")
INIT, FIRST, SECOND = "init", "first invocation, billed", "second invocation, billed"

_BILLED = re.compile(r"Billed Duration: (\d+) ms")
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_MILLISECOND = 0.001


class Code(NamedTuple):
    """The code to run: a folder, the handler in it, and the module search path."""

    folder: Path
    handler: str
    path: tuple[Path, ...]


def build_layers() -> Layout:
    """Build functions and layers as for a deploy."""
    layout = Layout.find(ROOT, BUILD / "sam")
    with build.in_background(layout, environment.architecture()):
        pass
    return layout


def layer_megabytes(layout: Layout) -> float:
    """Return the unpacked size of the largest layer, the dependency layer."""
    layers = invoke.built_package(layout, FUNCTIONS[0]).layers
    return max(sum(file.stat().st_size for file in layer.rglob("*") if file.is_file()) for layer in layers) / 1e6


def measure(testbed: Testbed, layout: Layout, rounds: int) -> dict[str, dict[str, Summary]]:
    """Measure the init and the billed durations of two invocations of each function and contender."""
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    calls = _calls(testbed)
    code = {name: _code(layout, name) for name in calls}
    for turn in range(rounds + 1):
        for name, invocations in calls.items():
            found = _start(testbed, code[name], invocations)
            for part, seconds in found.items() if turn else ():  # the first one may have compiled bytecode
                times[name][part].append(seconds)
    return {name: {part: summarize(seconds) for part, seconds in parts.items()} for name, parts in times.items()}


def _calls(testbed: Testbed) -> dict[str, Iterator[Json]]:
    """Return the events of each function and contender."""
    [(order, owner)] = testbed.orders(1)
    get = repeat(events.get(order, owner))
    return {
        "get_order": get,
        "create_order": (events.create() for _ in count()),
        "authorizer": repeat(events.authorize(sign(SECRET, owner))),
        IDIOMATIC: get,
        TUNED: get,
        FLOOR: get,
    }


def _code(layout: Layout, name: str) -> Code:
    """Return a function's code with compiled bytecode, copied so that the build itself stays as it is deployed."""
    if name not in FUNCTIONS:
        module = {FLOOR: "floor"}.get(name, f"peer.{name}")
        packages = PYTHON.parent.parent / "lib/python3.13/site-packages"
        return Code(ROOT, f"tools.benchmarks.contenders.{module}.handler", (ROOT, ROOT / "shared", packages))
    package = invoke.built_package(layout, name)
    copied = []
    for source in (package.code, *package.layers):
        target = BUILD / "compiled" / source.relative_to(layout.build)
        shutil.copytree(source, target, dirs_exist_ok=True)
        compileall.compile_dir(target, quiet=2)
        copied.append(target)
    return Code(copied[0], package.properties["Handler"], tuple(copied))


def _start(testbed: Testbed, code: Code, invocations: Iterator[Json]) -> dict[str, float]:
    variables = {
        **testbed.variables(testbed.many),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
        "LAMBDA_TASK_ROOT": str(code.folder),
        "PYTHONPATH": os.pathsep.join(map(str, code.path)),
    }
    with TemporaryFile("w+") as log:
        with invoke.runtime(ROOT, code.folder, code.handler, variables, log=log, level="info") as url:
            for event in islice(invocations, 2):
                require_success(httpx.post(url, json=event, trust_env=False, timeout=30).json())
        log.seek(0)
        text = log.read()
    first, second = map(float, _BILLED.findall(text))
    [init] = map(float, _INIT.findall(text))
    return {INIT: init * _MILLISECOND, FIRST: first * _MILLISECOND, SECOND: second * _MILLISECOND}
