"""Requests generated from the OpenAPI document: every answer is documented."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from local.stack import Stack
from tests.support import ROOT

FOLDER = Path(__file__).parent
EXAMPLES = 3
"""Examples per operation, times the effort."""
SCOPES = "orders:read orders:write orders:events orders:metrics orders:erase"


def test_given_generated_requests_when_sent_then_every_answer_is_documented(
    stack: Stack, services: httpx.Client, tmp_path: Path, effort: int
) -> None:
    run = subprocess.run(  # noqa: S603 - our own tool and files
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", FOLDER / "schemathesis.toml"),
            *("run", f"{stack.url}/openapi.json", "--continue-on-failure"),
            *("--max-examples", str(EXAMPLES * effort)),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "FUZZ_TOKEN": stack.token("staff", SCOPES),
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.e2e.fuzz_checks",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
