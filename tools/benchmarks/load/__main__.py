"""Simulate customers on the running stack with Locust, which writes a report of their latency: `make load`."""

import argparse
import subprocess
import sys
from pathlib import Path

import httpx

from local.errors import LocalError
from local.layout import ROOT
from local.options import add_stack_options
from local.processes import minimal_environment
from local.stack import Stack
from tools.benchmarks.load import products
from tools.benchmarks.places import LOAD_REPORT, PYTHON
from tools.support.fakes_client import FakesClient
from tools.support.session import require_running


def main() -> int:
    """Run Locust and return its exit code."""
    parser = argparse.ArgumentParser(prog="make load")
    add_stack_options(parser)
    parser.add_argument("--users", type=int, default=20, help="concurrent customers")
    parser.add_argument("--seconds", type=int, default=60, help="duration")
    options = parser.parse_args()
    stack = Stack(ROOT, options.state, options.port)
    try:
        require_running(stack)
        with httpx.Client(base_url=stack.services_url, trust_env=False) as http:
            products.fill(FakesClient(http))
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    LOAD_REPORT.parent.mkdir(parents=True, exist_ok=True)
    variables = {**minimal_environment(), "PYTHONPATH": str(ROOT), "STATE": str(stack.layout.state)}
    locust = (
        *("-m", "locust", "--locustfile", str(Path(__file__).with_name("users.py")), "--headless", "--only-summary"),
        *("--host", stack.url, "--users", str(options.users), "--spawn-rate", str(options.users)),
        *("--run-time", str(options.seconds), "--stop-timeout", "20", "--html", str(LOAD_REPORT)),
    )
    code = subprocess.run([PYTHON, *locust], cwd=ROOT, env=variables, check=False).returncode
    print(f"The report is in {LOAD_REPORT}.")
    return code


if __name__ == "__main__":
    sys.exit(main())
