"""Log in to the database: with an IAM token, or without a password where the server trusts its host."""

from datetime import datetime
from pathlib import Path

from orders.config import DatabaseSettings, aws_region
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable

CERTIFICATES = Path(__file__).with_name("certificates")
"""Root certificates of RDS and RDS Proxy. One file for each region, because libpq reads all of a file to connect."""

_TOKEN_SECONDS = 900


def login_parameters(settings: DatabaseSettings) -> dict[str, str]:
    """Return the libpq parameters to log in with. Make them anew for each connection, because tokens expire."""
    if settings.auth == "none":
        return {}
    token = iam_token(settings, Clock().now())
    return {"password": token, "sslmode": "verify-full", "sslrootcert": str(CERTIFICATES / f"{aws_region()}.pem")}


def iam_token(settings: DatabaseSettings, at: datetime) -> str:
    """Return an IAM token for the database user, valid for fifteen minutes.

    It is a presigned URL, the same as boto3's ``generate_db_auth_token`` returns.

    Raises:
        ConfigurationError: there are no credentials.
        DatabaseUnavailable: the credentials cannot be fetched at the moment.
    """
    from orders.aws.credentials import CredentialsUnavailable, credential_provider
    from orders.aws.sigv4 import Signer

    host = f"{settings.host}:{settings.port}"
    try:
        signer = Signer(credential_provider.get(at), "rds-db", aws_region())
    except CredentialsUnavailable as error:
        raise DatabaseUnavailable(
            "The credentials to log in to the database are not available at the moment."
        ) from error
    return f"{host}/?{signer.presign(host, {'Action': 'connect', 'DBUser': settings.user}, _TOKEN_SECONDS, at)}"
