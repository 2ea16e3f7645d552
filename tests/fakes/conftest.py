"""The fakes as a real server, in the demo state at the start of each test."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes_process import FakesProcess


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakesProcess]:
    with FakesProcess(tmp_path_factory.mktemp("services") / "state.sqlite") as process:
        yield process


@pytest.fixture(scope="session")
def session_client(services: FakesProcess) -> Iterator[httpx.Client]:
    # Many threads share it: with a limited pool, one may close a connection that another is about to use.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    with httpx.Client(base_url=services.url, limits=limits) as client:
        yield client


@pytest.fixture
def client(session_client: httpx.Client) -> httpx.Client:
    session_client.post("/control/reset?force=true").raise_for_status()
    return session_client
