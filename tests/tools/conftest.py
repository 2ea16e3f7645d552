"""What the tests of several tools share."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes_process import FakesProcess
from tools.support.fakes_client import FakesClient


@pytest.fixture(scope="module")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakesClient]:
    """A client of fakes that run for one module."""
    with (
        FakesProcess(tmp_path_factory.mktemp("fakes") / "state.sqlite") as process,
        httpx.Client(base_url=process.url) as http,
    ):
        yield FakesClient(http)
