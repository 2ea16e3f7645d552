"""IAM login: tokens equal those of boto3, and the bundled certificates are valid."""

import ssl
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore import auth
from botocore.crt import auth as crt_auth

from orders.config import ConfigurationError, DatabaseSettings
from orders.postgres.iam_auth import CERTIFICATES, iam_token
from tests.support import ROOT

SETTINGS = DatabaseSettings(
    host="orders.proxy-abc.eu-central-1.rds.amazonaws.com",
    port=5432,
    name="orders",
    user="orders_reader",
    auth="iam",
    application="get-order",
)
# With characters that a URL has to escape.
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEJ//////////wEaDGV1/c+entral=="


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials as Lambda sets them."""
    for name, value in {
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret/of+the=function",
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("session_token", [SESSION_TOKEN, None])
def test_given_credentials_when_a_token_is_made_then_it_equals_that_of_boto3(
    monkeypatch: pytest.MonkeyPatch, session_token: str | None
) -> None:
    now = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    # boto3 signs with awscrt if that is installed.
    monkeypatch.setattr(auth, "get_current_datetime", lambda: now.replace(tzinfo=None))
    monkeypatch.setattr(crt_auth, "get_current_datetime", lambda **_: now)
    if session_token is None:
        monkeypatch.delenv("AWS_SESSION_TOKEN")
    client = boto3.Session(region_name="eu-central-1").client("rds")
    token, expected = (
        iam_token(SETTINGS, now),
        client.generate_db_auth_token(SETTINGS.host, SETTINGS.port, SETTINGS.user),
    )
    # The order of parameters in a URL has no meaning.
    assert sorted(token.partition("?")[2].split("&")) == sorted(expected.partition("?")[2].split("&"))
    assert token.partition("?")[0] == expected.partition("?")[0]
    assert "X-Amz-Date=20261120T060000Z" in token


def test_given_no_credentials_when_a_token_is_made_then_the_error_names_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConfigurationError, match=r"AWS_ACCESS_KEY_ID .* are not set"):
        iam_token(SETTINGS, datetime.now(UTC))


@pytest.mark.parametrize("path", sorted(CERTIFICATES.iterdir()), ids=lambda path: path.stem)
def test_given_a_regions_certificates_when_read_then_all_are_valid_authorities(
    path: Path,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    # The standard library's types leave open which field holds what.
    certificates = cast("list[dict[str, Any]]", context.get_ca_certs())
    assert len(certificates) == path.read_text().count("-----BEGIN CERTIFICATE-----")
    names = {dict(pair for (pair,) in each["subject"])["commonName"] for each in certificates}
    # The proxy's, and the instance's as database.yaml orders it.
    assert {"Amazon Root CA 1", f"Amazon RDS {path.stem} Root CA RSA2048 G1"} <= names
    assert all(path.stem in name for name in names if "RDS" in name)
    next_year = datetime.now(UTC) + timedelta(days=365)
    assert all(ssl.cert_time_to_seconds(each["notAfter"]) > next_year.timestamp() for each in certificates)


def test_given_the_regions_in_samconfig_when_deployed_then_certificates_exist() -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    regions = {stage["global"]["parameters"]["region"] for name, stage in settings.items() if name != "version"}
    assert regions <= {path.stem for path in CERTIFICATES.iterdir()}
