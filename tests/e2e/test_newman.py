"""The Postman collection, run as a whole against the deployed stack."""

import subprocess

import httpx
import pytest

from local.stack import Stack
from tests.contract.tools import NODE_TOOLS
from tests.support import ROOT
from tools.openapi import POSTMAN_FILE

STAFF = "orders:read orders:write orders:events orders:metrics orders:erase"


@pytest.mark.skipif(not NODE_TOOLS.exists(), reason="Newman is missing: `make contract-tools` (takes Node.js)")
def test_given_the_collection_when_run_then_every_assertion_passes(stack: Stack, services: httpx.Client) -> None:
    variables = {"baseUrl": stack.url, "token": stack.token("5"), "staffToken": stack.token("staff", STAFF)}
    run = subprocess.run(  # noqa: S603 - our own tool and files
        [
            *(NODE_TOOLS / "newman", "run", ROOT / POSTMAN_FILE, "--color", "off"),
            *(argument for name, value in variables.items() for argument in ("--env-var", f"{name}={value}")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
