"""Where a load run leaves what it has measured."""

from tests.benchmarks.places import BUILD as _BENCH

BUILD = _BENCH.with_name("load")
STATISTICS = BUILD / "load"
"""What the names of Locust's files begin with."""
HISTORY = BUILD / "load_stats_history.csv"
PLOT = BUILD / "latency.png"
