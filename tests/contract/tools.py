"""The tools that `make contract-tools` installs."""

from tests.support import ROOT

FOLDER = ROOT / "tests" / "contract"
NODE_TOOLS = FOLDER / "node_modules" / ".bin"
