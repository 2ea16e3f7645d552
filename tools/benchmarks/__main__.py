"""Measure the service beside the other contenders, and write the results: `make bench`."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.console import Progress
from local.layout import ROOT, Layout
from tools.benchmarks import baseline, capacity, cold, cost, emulated, feed, machine, scale, tables, throughput, warm
from tools.benchmarks.baseline import BEFORE, Checkout
from tools.benchmarks.contenders import CREATORS
from tools.benchmarks.cost import Contender
from tools.benchmarks.places import BUILD, DOCUMENT, LOG, PYTHON, RESULTS
from tools.benchmarks.testbed import FEWEST, Testbed, set_up

FULL_SIZE = 1_000_000
"""A run of this size without a network updates the project's documents; others write theirs next to their results."""
SCALE_ROUNDS = 2
WARM_ROUNDS = 4
COLD_ROUNDS = 3
COST_ROUNDS = 2
LIVES = 20
"""Rounds of these measurements for each round of the whole."""


def main() -> None:
    """Measure, and write results, tables and plots."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--size", type=int, default=FULL_SIZE, help="orders in the large database")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of all measurements")
    parser.add_argument("--baseline", type=Path, help="folder of an earlier checkout to compare with")
    parser.add_argument("--network-ms", type=float, default=0.0, help="round-trip time to add before the database")
    options = parser.parse_args()
    if options.size < 2 * FEWEST or options.rounds < 1:
        parser.error(f"SIZE is {2 * FEWEST} or more, and ROUNDS 1 or more.")
    if options.network_ms < 0:
        parser.error("NETWORK_MS is 0 or more.")
    if options.baseline and not (options.baseline / "functions").is_dir():
        parser.error(f"BASELINE is {options.baseline}, which is no checkout of this project.")
    progress = Progress(sys.stderr)
    BUILD.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    with progress.step("sam build"):
        layout = emulated.build_layers()
    with set_up(options.size, options.network_ms, progress) as testbed:
        results: dict[str, object] = {
            "machine": machine.describe(),
            "date": f"{datetime.now(UTC):%F}",
            "few": testbed.few,
            "many": testbed.many,
            "rounds": options.rounds,
            "network_ms": options.network_ms,
            "layer_megabytes": emulated.layer_megabytes(layout),
        }
        with progress.step("checkouts"):
            checkouts = baseline.prepare(testbed, options.baseline)
        for name, measure in _measurements(testbed, layout, checkouts, options.rounds).items():
            with progress.step(name):
                results[name] = measure()
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    is_published = options.size == FULL_SIZE and not options.network_ms
    document = DOCUMENT if is_published else BUILD / DOCUMENT.name
    if document != DOCUMENT:
        shutil.copy(DOCUMENT, document)
    tables.write(json.loads(RESULTS.read_text()), document)
    subprocess.run([PYTHON, "-m", "tools.benchmarks.plots", document.with_suffix("")], cwd=ROOT, check=True)
    progress.say(f"The results are in {RESULTS}, tables and plots in {document}.")


def _measurements(
    testbed: Testbed, layout: Layout, checkouts: Mapping[str, Checkout], rounds: int
) -> dict[str, Callable[[], object]]:
    """Return the measurements in order: database sizes come first, as the others place orders."""
    creators = {name: Contender(name, testbed.variables(testbed.many)) for name in CREATORS} | {
        name: Contender(str(checkout.folder), checkout.variables) for name, checkout in checkouts.items()
    }
    measurements: dict[str, Callable[[], object]] = {
        "scale": lambda: scale.measure(testbed, rounds * SCALE_ROUNDS),
        "warm": lambda: warm.measure(testbed, rounds * WARM_ROUNDS),
        "cold": lambda: cold.measure(testbed, rounds * COLD_ROUNDS),
        "emulated": lambda: emulated.measure(testbed, layout, rounds),
        "throughput": lambda: throughput.measure(testbed, rounds),
        "feed": lambda: feed.measure(testbed),
        "environments": capacity.environments,
        "queue": capacity.queue,
        "lives": lambda: baseline.lives(testbed, checkouts, rounds * LIVES),
    }
    if BEFORE in checkouts:
        measurements["baseline"] = lambda: baseline.measure(checkouts, rounds * COLD_ROUNDS, rounds * WARM_ROUNDS)
    # The checkpoints of this one would slow down what follows.
    measurements["cost"] = lambda: cost.measure(testbed, creators, rounds * COST_ROUNDS)
    return measurements


if __name__ == "__main__":
    main()
