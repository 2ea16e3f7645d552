"""The deployed stack, brought up once from nothing: the template, the gateway, the authorizer and all."""

import datetime as dt
import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from local import logs, processes
from local.ports import can_bind, free_port
from local.stack import Stack
from tests.e2e.browser import CHROMIUM, Visit
from tests.support import ROOT

type Client = Callable[..., httpx.Client]
type Open = Callable[..., Visit]

TROUBLE = re.compile(r" (WARNING|ERROR|CRITICAL) |Traceback")
TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.1


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with folder and ports of its own."""
    stack = Stack(ROOT, state=tmp_path_factory.mktemp("stack"), port=_four_free_ports())
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a test that failed what went wrong behind the gateway meanwhile: callers are not told."""
    report = yield
    stack = item.funcargs.get("stack")
    if report.failed and call.when == "call" and isinstance(stack, Stack):
        began = dt.datetime.fromtimestamp(call.start, tz=dt.UTC)
        functions = [text for line in stack.logs(since=began) if TROUBLE.search(text := logs.pretty(line).plain)]
        report.sections.append(("functions meanwhile", "\n".join(functions)))
        report.sections.append(("MiniStack", processes.tail(stack.layout.log("ministack"))))
    return report


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """HTTP clients by customer and scope; None for a client without a token."""
    clients: list[httpx.Client] = []

    def make(customer: str | None = "5", scope: str = "", **headers: str) -> httpx.Client:
        token = {} if customer is None else {"Authorization": f"Bearer {stack.token(customer, scope)}"}
        client = httpx.Client(base_url=stack.url, headers={**token, **headers}, timeout=TIMEOUT_SECONDS)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def services(stack: Stack) -> Iterator[httpx.Client]:
    """The fakes, in their demo state."""
    with httpx.Client(base_url=stack.services_url) as services:
        services.post("/control/reset?force=true").raise_for_status()
        yield services


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, with nothing but what pages need."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visits(stack: Stack, chromium: Browser) -> Iterator[Open]:
    """Pages with nothing kept from earlier ones, by the options of a browser's context."""
    with ExitStack() as contexts:

        def visit(**options: Any) -> Visit:
            wide = {"width": 1200, "height": 1600}
            context = contexts.enter_context(chromium.new_context(base_url=stack.url, **{"viewport": wide, **options}))
            return Visit(context.new_page())

        yield visit


@pytest.fixture
def visit(visits: Open) -> Visit:
    """A page on a wide screen."""
    return visits()


def wait_for(client: httpx.Client, order: str, **expected: str) -> dict[str, Any]:
    """Wait until an order is what it is expected to become; returns it."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.get(f"/v1/orders/{order}?include=timeline").json()
        if expected.items() <= found.items():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"the order did not become {expected}: {found}")


def _four_free_ports() -> int:
    """A port that is free together with the three after it, which a stack takes as well."""
    while not all(map(can_bind, range(first := free_port(), first + 4))):
        pass
    return first
