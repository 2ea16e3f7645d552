"""The stand-in services' knobs, turned for as long as there is to be chaos."""

import contextlib
from collections.abc import Iterator

from local.replay.standins import StandIns
from local.services.service import Service

COMMON = {"latency_seconds": 0.02, "failure_rate": 0.2, "lost_answer_rate": 0.05}
OWN = {Service.PAYMENT: {"decline_rate": 0.1}, Service.SHIPPING: {"refuse_rate": 0.1}}


@contextlib.contextmanager
def turned(services: StandIns, seed: int) -> Iterator[None]:
    """Lets every service be slow, fail, lose answers, decline and refuse while the body of the `with` runs."""
    try:
        for number, service in enumerate(Service):
            knob = {**COMMON, **OWN.get(service, {}), "seed": seed + number}
            services.call("PUT", f"/control/{service}", knob)
        yield
    finally:
        services.call("DELETE", "/control")
