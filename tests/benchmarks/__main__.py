"""Measures the service beside its peers, and writes down what came of it: `make bench`."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from local.console import Progress
from local.layout import Layout
from tests.benchmarks import capacity, cold, emulated, machine, scale, tables, throughput, warm
from tests.benchmarks.places import BUILD, DOCUMENT, LOG, PYTHON, RESULTS
from tests.benchmarks.scene import FEWEST, Scene, set_up
from tests.support import ROOT

FULL_SIZE = 1_000_000
"""A run of this size is written down in the project's documents, any other beside its results."""
SCALE_ROUNDS = 2
WARM_ROUNDS = 4
COLD_ROUNDS = 3
"""For each round that is asked for, how often these are measured."""


def main() -> None:
    """Measure, and write results, tables and plots."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--size", type=int, default=FULL_SIZE, help="orders in the large database")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured")
    arguments = parser.parse_args()
    if arguments.size < 2 * FEWEST or arguments.rounds < 1:
        parser.error(f"SIZE is {2 * FEWEST} or more, and ROUNDS 1 or more.")
    progress = Progress(sys.stderr)
    BUILD.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    with progress.step("sam build"):
        layout = emulated.build_layers()
    with set_up(arguments.size, progress) as scene:
        results: dict[str, object] = {
            "machine": machine.describe(),
            "date": f"{datetime.now(UTC):%F}",
            "few": scene.few,
            "many": scene.many,
            "rounds": arguments.rounds,
            "layer_megabytes": emulated.layer_megabytes(layout),
        }
        for name, measure in _measurements(scene, layout, arguments.rounds).items():
            with progress.step(name):
                results[name] = measure()
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    document = DOCUMENT if arguments.size == FULL_SIZE else BUILD / DOCUMENT.name
    if document != DOCUMENT:
        shutil.copy(DOCUMENT, document)
    tables.write(json.loads(RESULTS.read_text()), document)
    subprocess.run([PYTHON, "-m", "tests.benchmarks.plots", document.with_suffix("")], cwd=ROOT, check=True)
    progress.say(f"Everything that was measured is in {RESULTS}, tables and plots are in {document}.")


def _measurements(scene: Scene, layout: Layout, rounds: int) -> dict[str, Callable[[], object]]:
    """What is measured, in this order: sizes are compared first, as the others place orders."""
    return {
        "scale": lambda: scale.measure(scene, rounds * SCALE_ROUNDS),
        "warm": lambda: warm.measure(scene, rounds * WARM_ROUNDS),
        "cold": lambda: cold.measure(scene, rounds * COLD_ROUNDS),
        "emulated": lambda: emulated.measure(scene, layout, rounds),
        "throughput": lambda: throughput.measure(scene, rounds),
        "environments": capacity.environments,
        "queues": capacity.queues,
    }


if __name__ == "__main__":
    main()
