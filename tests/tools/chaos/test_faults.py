"""The faults are cleared however the run ends."""

from collections.abc import Iterator

import httpx
import pytest

from fakes.service import Service
from tests.fakes_process import FakesProcess
from tools.chaos import faults
from tools.support.fakes_client import FakesClient


@pytest.fixture(scope="module")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakesClient]:
    with (
        FakesProcess(tmp_path_factory.mktemp("fakes") / "state.sqlite") as process,
        httpx.Client(base_url=process.url) as http,
    ):
        yield FakesClient(http)


def test_given_chaos_when_interrupted_then_every_fault_was_set_and_is_cleared(fakes: FakesClient) -> None:
    def interrupted() -> None:
        with faults.injected(fakes, seed=1):
            assert {fault["service"] for fault in fakes.call("GET", "/control")["faults"]} == set(Service)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert fakes.call("GET", "/control")["faults"] == []
