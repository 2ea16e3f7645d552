"""Signatures equal those of botocore, for arbitrary requests."""

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from orders.aws.sigv4 import Credentials, Signer

TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40)
CREDENTIALS = st.builds(Credentials, TEXT, TEXT, st.none() | TEXT)
SIGNERS = st.builds(
    Signer,
    CREDENTIALS,
    st.sampled_from(["sqs", "secretsmanager", "rds-db"]),
    st.sampled_from(["eu-central-1", "us-gov-east-1", "cn-north-1"]),
)
HOSTS = st.sampled_from(["sqs.eu-central-1.amazonaws.com", "localhost:8003", "db.example:5432"])
HEADERS = st.dictionaries(st.from_regex(r"x-[b-z][a-z0-9-]{0,10}", fullmatch=True), TEXT, max_size=4)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - they get one
YEAR_2026 = datetime(2026, 1, 1, tzinfo=UTC)


# The signature's own parameters cannot be the caller's.
PARAMETERS = st.dictionaries(
    st.text(min_size=1).filter(lambda name: not name.startswith("X-Amz-")), st.text(min_size=1), max_size=4
)


def by_botocore(signer: Signer, request: AWSRequest, at: datetime, seconds: int | None = None) -> AWSRequest:
    """Sign the request with botocore: in its headers or, with an expiry, in its URL."""
    own = signer.credentials
    given = ReadOnlyCredentials(own.access_key_id, own.secret_access_key, own.session_token)
    with patch.object(auth, "get_current_datetime", return_value=at.replace(tzinfo=None)):
        if seconds is None:
            auth.SigV4Auth(given, signer.service, signer.region).add_auth(request)
        else:
            auth.SigV4QueryAuth(given, signer.service, signer.region, expires=seconds).add_auth(request)
    return request


@given(SIGNERS, HOSTS, HEADERS, st.binary(max_size=200), MOMENTS)
def test_given_any_request_when_signed_then_its_headers_are_the_sdks(
    signer: Signer, host: str, headers: dict[str, str], body: bytes, at: datetime
) -> None:
    request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
    expected = {name.lower(): value for name, value in by_botocore(signer, request, at).headers.items()}
    assert signer.sign_headers(host, headers, body, at) == {**expected, "host": host}


@given(SIGNERS, HOSTS, PARAMETERS, MOMENTS)
@example(Signer(Credentials("A", "B"), "rds-db", "eu-central-1"), "db.example:5432", {"a": "1", "a-": "1"}, YEAR_2026)
def test_given_any_parameters_when_a_url_is_presigned_then_its_query_is_the_sdks(
    signer: Signer, host: str, parameters: dict[str, str], at: datetime
) -> None:
    request = by_botocore(signer, AWSRequest("GET", f"https://{host}/", params=parameters), at, seconds=900)
    assert sorted(parse_qsl(signer.presign(host, parameters, 900, at))) == sorted(
        parse_qsl(urlsplit(str(request.url)).query)
    )


def test_given_credentials_when_printed_then_no_secret_is_shown() -> None:
    assert repr(Credentials("AKIA", "secret", "token")) == "Credentials(access_key_id='AKIA')"
