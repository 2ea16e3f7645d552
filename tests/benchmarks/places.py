"""Where the benchmarks find what they need, and leave what they make."""

from tests.support import ROOT

BUILD = ROOT / "build" / "bench"
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
"""The interpreter that contenders run under: the dependency layer's packages, and those of the peers."""
LOG = BUILD / "contenders.log"
"""What the contenders print."""
RESULTS = BUILD / "results.json"
DOCUMENT = ROOT / "docs" / "performance.md"
"""Its plots are in a folder of the same name."""
