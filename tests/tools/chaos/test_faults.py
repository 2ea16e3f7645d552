"""The faults are cleared however the run ends."""

import pytest

from fakes.service import Service
from tools.chaos import faults
from tools.support.fakes_client import FakesClient


def test_given_chaos_when_interrupted_then_every_fault_was_set_and_is_cleared(fakes: FakesClient) -> None:
    def interrupted() -> None:
        with faults.injected(fakes, seed=1):
            assert {fault["service"] for fault in fakes.call("GET", "/control")["faults"]} == set(Service)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert fakes.call("GET", "/control")["faults"] == []
