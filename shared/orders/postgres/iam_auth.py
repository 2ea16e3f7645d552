"""Logging in to the database: with an IAM token, or with nothing where the server trusts its host."""

from datetime import datetime
from pathlib import Path

from orders.config import DatabaseSettings, aws_region
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable

CERTIFICATES = Path(__file__).with_name("certificates")
"""Roots of the certificates that RDS and RDS Proxy have: a file for each region, as all of it is read to connect."""

_TOKEN_SECONDS = 900


def login(settings: DatabaseSettings) -> dict[str, str]:
    """What libpq has to know to log in, for one connection: tokens run out."""
    if settings.auth == "none":
        return {}
    token = iam_token(settings, Clock().now())
    return {"password": token, "sslmode": "verify-full", "sslrootcert": str(CERTIFICATES / f"{aws_region()}.pem")}


def iam_token(settings: DatabaseSettings, at: datetime) -> str:
    """A token that logs in as the user for fifteen minutes, signed with what Lambda gives each function.

    It is a signed address, as boto3's ``generate_db_auth_token`` makes it.

    Raises:
        ConfigurationError: there is nothing to sign with.
        DatabaseUnavailable: what to sign with is not given out at the moment.
    """
    from orders.aws.credentials import CredentialsUnavailable, credentials
    from orders.aws.sigv4 import Signer

    host = f"{settings.host}:{settings.port}"
    try:
        signer = Signer(credentials.get(at), "rds-db", aws_region())
    except CredentialsUnavailable as error:
        raise DatabaseUnavailable("There is nothing to log in to the database with at the moment.") from error
    return f"{host}/?{signer.query(host, {'Action': 'connect', 'DBUser': settings.user}, _TOKEN_SECONDS, at)}"
