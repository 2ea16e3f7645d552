"""Whatever happens amid chaos, the knobs are off afterwards."""

from collections.abc import Iterator

import httpx
import pytest

from local.chaos import knobs
from local.replay.standins import StandIns
from local.services.process import ServiceProcess
from local.services.service import Service


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with (
        ServiceProcess(tmp_path_factory.mktemp("services") / "state.sqlite") as process,
        httpx.Client(base_url=process.url) as http,
    ):
        yield StandIns(http)


def test_given_chaos_when_interrupted_then_every_knob_was_on_and_is_off(services: StandIns) -> None:
    def interrupted() -> None:
        with knobs.turned(services, seed=1):
            assert {knob["service"] for knob in services.call("GET", "/control")["knobs"]} == set(Service)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert services.call("GET", "/control")["knobs"] == []
