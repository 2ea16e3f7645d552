"""Lint the document with Spectral."""

import subprocess

import pytest

from tests.contract.tools import FOLDER, NODE_TOOLS
from tests.support import ROOT
from tools.openapi import OPENAPI_FILE


@pytest.mark.skipif(not NODE_TOOLS.exists(), reason="Spectral is missing: `make contract-tools` (takes Node.js)")
def test_given_the_document_when_linted_then_there_are_no_findings() -> None:
    run = subprocess.run(  # noqa: S603 - our own tool and files
        [
            *(NODE_TOOLS / "spectral", "lint", "--fail-severity", "hint"),
            *("--ruleset", FOLDER / ".spectral.yaml", ROOT / OPENAPI_FILE),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
