"""What settings refuse when a function starts: connections without TLS outside the stage dev."""

import pytest

from orders.config import ConfigurationError, DatabaseSettings, PlacingSettings, RelaySettings, ServiceSettings
from tests.support import SETTINGS

SERVICES = ("INVENTORY", "CART", "PAYMENT", "SHIPPING", "NOTIFICATION")
CALLED = {PlacingSettings: SERVICES[:2], ServiceSettings: SERVICES, RelaySettings: SERVICES[:1]}


@pytest.fixture(autouse=True)
def over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    for service in SERVICES:
        monkeypatch.setenv(f"{service}_URL", f"https://{service.lower()}.example")


def set_stage(stage: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if stage is None:
        monkeypatch.delenv("STAGE")
    else:
        monkeypatch.setenv("STAGE", stage)


@pytest.mark.parametrize("stage", ["staging", "prod", "", None])
@pytest.mark.parametrize("settings", CALLED)
def test_given_a_service_without_tls_when_started_outside_dev_then_refused(
    settings: type[PlacingSettings | ServiceSettings | RelaySettings],
    stage: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_stage(stage, monkeypatch)
    settings.from_environment()
    for service in CALLED[settings]:
        with monkeypatch.context() as changed:
            changed.setenv(f"{service}_URL", "http://user:hidden@service.example")
            with pytest.raises(ConfigurationError, match=f"{service}_URL begins with http://; outside") as raised:
                settings.from_environment()
            assert "hidden" not in str(raised.value)
            changed.setenv("STAGE", "dev")
            settings.from_environment()


@pytest.mark.parametrize(
    "url",
    [
        *(
            "cart.example",
            "https://",
            "//cart.example",
            "ftp://cart.example",
            "https:cart",
            "https://cart.example:port",
        ),
        *("https://cart.example:0", "https://cart.example:65536", "https://[cart", "https://cart.example/my carts"),
        *("https://cart.example/\r\n", "https://cart.example/körbe"),
    ],
)
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_given_no_url_of_a_service_when_started_then_refused(
    url: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", stage)
    monkeypatch.setenv("CART_URL", url)
    with pytest.raises(ConfigurationError, match="CART_URL is not a URL; it must be https://<host>/<path>"):
        PlacingSettings.from_environment()


@pytest.mark.parametrize("stage", ["staging", "prod", "", None])
def test_given_a_login_without_verified_tls_when_started_outside_dev_then_refused(
    stage: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DatabaseSettings.from_environment().auth == "none"
    set_stage(stage, monkeypatch)
    with pytest.raises(ConfigurationError, match="DATABASE_AUTH is 'none'; outside the stage dev it must be 'iam'"):
        DatabaseSettings.from_environment()
    monkeypatch.setenv("DATABASE_AUTH", "iam")
    assert DatabaseSettings.from_environment().auth == "iam"
