"""The faults of the services while there is chaos."""

import contextlib
from collections.abc import Iterator

from fakes.service import Service
from tools.support.fakes_client import FakesClient

COMMON = {"latency_seconds": 0.02, "failure_rate": 0.2, "lost_answer_rate": 0.05}
OWN = {Service.PAYMENT: {"decline_rate": 0.1, "pending_rate": 0.1}, Service.SHIPPING: {"refuse_rate": 0.1}}


@contextlib.contextmanager
def injected(fakes: FakesClient, seed: int) -> Iterator[None]:
    """Make every service slow, failing, losing answers, declining and refusing while the body of the `with` runs."""
    try:
        for number, service in enumerate(Service):
            fakes.call("PUT", f"/control/{service}", {**COMMON, **OWN.get(service, {}), "seed": seed + number})
        yield
    finally:
        fakes.call("DELETE", "/control")
