"""What benchmarks repeat of the service agrees with it, so that a run does not stop in its middle."""

from pathlib import Path

import pytest

from local.postgres import Postgres
from orders.auth.token_settings import TokenSettings
from orders.clients.http import Session
from orders.clients.inventory import InventoryClient
from orders.clients.payment import PaymentClient
from orders.clients.shipping import ParcelLine, ShippingClient
from orders.config import DatabaseSettings, PlacingSettings, QueueSettings, ServiceSettings
from orders.domain.lifecycle import CANCELLABLE, STATES
from tools.benchmarks import testbed
from tools.benchmarks.contenders.peer import schemas

DATASET = Path(schemas.__file__).parents[2] / "dataset.sql"


def test_given_a_testbed_when_settings_are_read_then_none_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = Postgres(tmp_path)
    for name, value in testbed.Testbed(server, tmp_path, "http://127.0.0.1:1", few=1, many=2).variables(1).items():
        monkeypatch.setenv(name, value)
    for settings in (DatabaseSettings, PlacingSettings, QueueSettings, ServiceSettings, TokenSettings):
        settings.from_environment()


def test_given_any_state_when_shown_then_peers_link_to_cancel_as_we_do() -> None:
    assert {state for state in STATES if state.status in schemas.CANCELLABLE} == CANCELLABLE


def test_given_the_dataset_when_loaded_then_it_has_orders_in_every_state() -> None:
    loaded = DATASET.read_text()
    assert [state for state in map("/".join, STATES) if f"'{state}'" not in loaded] == ["pending/pending/pending"]


def test_given_fakes_of_benchmarks_when_called_then_clients_accept_their_answers() -> None:
    with testbed._downstream() as address:
        prices = InventoryClient(Session(), f"{address}/inventory").reserve("reservation", {"P1": 1}, lambda _: None)
        charge = PaymentClient(Session(), f"{address}/payment").charge("key", "order", "customer", 100, "USD")
        lines: list[ParcelLine] = [{"product_id": "P1", "quantity": 1}]
        shipment = ShippingClient(Session(), f"{address}/shipping").create("key", "order", lines)
    assert list(prices) == ["P1"]
    assert (charge.status, charge.amount, shipment.status) == ("succeeded", 100, "ready")
