"""Plots of the results, written to a folder; run by the interpreter that has Matplotlib."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from tools.benchmarks.places import RESULTS

type Results = dict[str, Any]

COLOURS = {"ours": "#0b6e4f", "tuned": "#e09f3e", "idiomatic": "#9e2a2b", "floor": "#8d99ae"}
DPI = 110


def main(folder: Path) -> None:
    """Plot warm requests, cold starts, and lists in small and large databases."""
    results = json.loads(RESULTS.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in (("warm", _warm), ("cold", _cold), ("scale", _scale)):
        figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
        draw(results, axes)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        figure.savefig(folder / f"{name}.png", dpi=DPI)
        plt.close(figure)


def _warm(results: Results, axes: Any) -> None:
    requests = [name for name, measured in results["warm"].items() if len(measured) == len(COLOURS)]
    height = 0.8 / len(COLOURS)
    for number, (contender, colour) in enumerate(COLOURS.items()):
        places = [place + number * height for place in range(len(requests))]
        medians = [results["warm"][request][contender]["median"] for request in requests]
        bars = axes.barh(places, medians, height, label=contender, color=colour)
        axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=7)
    axes.set_yticks([place + 1.5 * height for place in range(len(requests))], requests)
    axes.invert_yaxis()
    axes.set_xlabel("median, ms; with the stock reservation, without SQS")
    axes.legend(frameon=False)


def _cold(results: Results, axes: Any) -> None:
    names = list(results["cold"])
    init = [results["cold"][name]["init"]["median"] for name in names]
    first_response = [results["cold"][name]["first_response"]["median"] for name in names]
    colours = [COLOURS.get(name.partition(",")[0], COLOURS["ours"]) for name in names]
    axes.barh(names, init, color=colours)
    request = [end - begin for begin, end in zip(init, first_response, strict=True)]
    bars = axes.barh(names, request, left=init, color=colours, alpha=0.5)
    axes.bar_label(bars, [f"{end:.0f}" for end in first_response], padding=2, fontsize=8)
    for share in (0.2, 0.25, 0.43):
        axes.axvline(share * results["cold"]["idiomatic"]["first_response"]["median"], color="black", lw=0.6, ls=":")
    axes.invert_yaxis()
    axes.set_xlabel("median, ms: init, and (light) first request; dotted: 0.2, 0.25 and 0.43 of idiomatic")


def _scale(results: Results, axes: Any) -> None:
    lists = {name: pages for name, pages in results["scale"].items() if "deep page" in pages}
    marks = (
        ("first page", "few", "o", "#8d99ae", f"first page, {results['few']:,} orders"),
        ("first page", "many", "D", "#0b6e4f", f"first page, {results['many']:,} orders"),
        ("deep page", "many", "x", "#9e2a2b", f"page 5,000, {results['many']:,} orders"),
    )
    for page, size, marker, colour, label in marks:
        medians = [pages[page][size]["median"] for pages in lists.values()]
        axes.scatter(medians, list(lists), marker=marker, color=colour, label=label, s=28)
    axes.set_xlim(left=0)
    axes.grid(axis="y", lw=0.3)
    axes.invert_yaxis()
    axes.set_xlabel("median of a page of 20, ms")
    axes.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
