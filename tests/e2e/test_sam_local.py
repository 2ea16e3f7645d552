"""The functions in AWS's own container: the SAM CLI runs what was built, over the stack's database and services."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local import containers, environment
from local import template as sam
from local.ports import free_port
from local.stack import Stack
from tests.e2e.conftest import POLL_SECONDS, TIMEOUT_SECONDS
from tests.support import ROOT, Answer

IMAGE = f"public.ecr.aws/lambda/python:3.13-{environment.architecture()}"
EVENTS = ROOT / "events"
SAMPLE_ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
# With credentials, the SAM CLI would ask AWS whose they are.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
    "SAM_CLI_TELEMETRY": "0"
}


def docker(*arguments: str) -> bool:
    """Run a Docker command, if Docker is installed; return whether it succeeded."""
    if (program := shutil.which("docker")) is None:
        return False
    return subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603 - ours


needs_docker = pytest.mark.skipif(not docker("info"), reason="No Docker daemon answers: install Docker, or start it")


@contextmanager
def running(url: str, *command: str) -> Iterator[None]:
    """Run a Python program in the background, and wait until its URL answers."""
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=ENVIRONMENT)  # noqa: S603 - our own command
    try:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not answers(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(POLL_SECONDS)
        yield
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=TIMEOUT_SECONDS).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def options(stack: Stack) -> Iterator[list[str]]:
    """The options of `sam local`, while containers reach the stack."""
    command = ("local", "--state", str(stack.layout.state), "containers")
    with running(f"http://{containers.bridge()}:{stack.layout.services_port}/health", *command):
        yield [
            *containers.sam_options(stack.layout, stack.layout.state / "sam-env.json"),
            *("--layer-cache-basedir", str(stack.layout.state / "layers")),
            *(["--skip-pull-image"] if docker("image", "inspect", IMAGE) else []),
        ]


def test_given_a_stack_when_settings_are_written_then_containers_can_use_them(
    stack: Stack,
) -> None:
    settings = json.loads(containers.write_settings(stack.layout).read_text())
    assert set(settings) == set(sam.functions(sam.read(stack.layout.template)).values())
    create_order = settings["CreateOrderFunction"]
    assert (create_order["DATABASE_HOST"], create_order["DATABASE_USER"]) == ("host.docker.internal", "orders_app")
    assert create_order["CART_URL"] == f"http://host.docker.internal:{stack.layout.services_port}/cart"


@needs_docker
@pytest.mark.usefixtures("services")
def test_given_a_container_when_it_places_an_order_then_others_can_read_it(options: list[str], tmp_path: Path) -> None:
    def invoke(function: str, event: Path) -> Answer:
        command = [sys.executable, "-m", "samcli", "local", "invoke", function, "--event", str(event), *options]
        ran = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own
        return Answer(json.loads(ran.stdout))

    placed = invoke("CreateOrderFunction", EVENTS / "create_order" / "items.json")
    assert placed.status == 201
    ask = tmp_path / "ask.json"
    ask.write_text((EVENTS / "get_order" / "order.json").read_text().replace(SAMPLE_ORDER, placed.json["id"]))
    read = invoke("GetOrderFunction", ask)
    assert (read.status, read.json["items"]) == (200, placed.json["items"])
    listed = invoke("ListOrdersFunction", EVENTS / "list_orders" / "own.json")
    assert placed.json["id"] in [order["id"] for order in listed.json["orders"]]
    assert invoke("HealthFunction", EVENTS / "health" / "health.json").json["database"] == "ok"


@needs_docker
def test_given_the_api_in_containers_when_called_then_it_answers(options: list[str]) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(f"{url}/v1/health", "samcli", "local", "start-api", "--port", str(port), *options):
        assert httpx.get(f"{url}/v1/health", timeout=TIMEOUT_SECONDS).json()["status"] in {"ok", "degraded"}
        # `sam local` has no authorizer, and orders require one.
        assert httpx.get(f"{url}/v1/orders", timeout=TIMEOUT_SECONDS).status_code == 403
