"""What the stand-in services say is read whole, and what goes wrong with them is said."""

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from local.errors import LocalError
from local.replay.calls import CallLog, reserved
from local.replay.standins import StandIns
from local.services.process import ServiceProcess


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with (
        ServiceProcess(tmp_path_factory.mktemp("services") / "state.sqlite") as process,
        httpx.Client(base_url=process.url) as http,
    ):
        yield StandIns(http)


def test_given_more_products_than_a_page_when_asked_then_all_wanted_ones_are_counted(services: StandIns) -> None:
    products = [{"product_id": f"P {number:04}", "quantity": number} for number in range(1200)]
    services.call("PUT", "/inventory/products", {"products": products})
    assert services.free(["P 0007", "P 1199"]) == {"P 0007": 7, "P 1199": 1199}


def test_given_reservations_when_asked_then_those_that_exist_say_what_they_hold(services: StandIns) -> None:
    lines = {"lines": [{"product_id": "1", "quantity": 2}, {"product_id": "2", "quantity": 1}]}
    services.call("PUT", "/inventory/reservations/held", lines)
    services.call("DELETE", "/inventory/reservations/released")
    held, released = services.reservations(["held", "nothing", "released"])
    assert (held.units, held.holds_stock) == (Counter({"1": 2, "2": 1}), True)
    assert (released.units, released.holds_stock) == (Counter(), False)


def test_given_a_refusal_when_asked_then_it_is_a_sentence(services: StandIns) -> None:
    with pytest.raises(LocalError, match="make status"):
        services.call("PUT", "/control/cart", {"decline_rate": 1})


def test_given_a_log_when_calls_come_in_meanwhile_then_it_has_those_and_no_others(services: StandIns) -> None:
    services.call("PUT", "/inventory/reservations/before", {"lines": [{"product_id": "1", "quantity": 1}]})
    log = CallLog(services)
    with log.collecting():
        services.call("PUT", "/inventory/reservations/meanwhile", {"lines": [{"product_id": "1", "quantity": 1}]})
        services.call("GET", "/inventory/products/1")
    services.call("GET", "/inventory/products/2")
    assert [(call.service, call.method, call.status) for call in log.calls] == [
        ("inventory", "PUT", 201),
        ("inventory", "GET", 200),
    ]
    assert reserved(log.calls) == {"meanwhile"}
