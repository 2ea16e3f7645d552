"""Paths of the benchmarks."""

from local.layout import ROOT

BUILD = ROOT / "build" / "bench"
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
"""The interpreter of all contenders: it has the packages of the dependency layer and of the peers."""
LOG = BUILD / "contenders.log"
"""Standard error of the contenders."""
RESULTS = BUILD / "results.json"
DOCUMENT = ROOT / "docs" / "performance.md"
"""Its plots are in a folder of the same name."""
LOAD_REPORT = ROOT / "build" / "load" / "report.html"
