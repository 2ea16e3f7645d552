"""How long customers waited while the load ran, as a picture; runs under the interpreter that has the library."""

import csv

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from tests.benchmarks.load.places import HISTORY, PLOT

COLOURS = {"50%": "#0b6e4f", "95%": "#e09f3e", "99%": "#9e2a2b"}


def main() -> None:
    """Draw the latency, and how many requests there were, over time."""
    with HISTORY.open() as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] == "Aggregated" and row["50%"] != "N/A"]
    seconds = [int(row["Timestamp"]) - int(rows[0]["Timestamp"]) for row in rows]
    figure, (latency, rate) = plt.subplots(2, sharex=True, figsize=(8, 5), height_ratios=(3, 1), layout="constrained")
    for percentile, colour in COLOURS.items():
        latency.plot(seconds, [float(row[percentile]) for row in rows], color=colour, label=f"p{percentile[:-1]}")
    latency.set_ylabel("ms")
    latency.legend(frameon=False)
    rate.plot(seconds, [float(row["Requests/s"]) for row in rows], color="#8d99ae")
    rate.set_ylabel("requests/s")
    rate.set_xlabel("seconds")
    for axes in (latency, rate):
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
