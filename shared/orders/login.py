"""Logging in to the database: with an IAM token, or with nothing where the server trusts its host."""

import os
from pathlib import Path

from orders.config import ConfigurationError, DatabaseSettings

CERTIFICATES = Path(__file__).with_name("rds.pem")
"""Roots of the certificates that RDS and RDS Proxy have."""

_TOKEN_SECONDS = 900


def login(settings: DatabaseSettings) -> dict[str, str]:
    """What libpq has to know to log in, for one connection: tokens run out."""
    if settings.auth == "none":
        return {}
    return {"password": iam_token(settings), "sslmode": "verify-full", "sslrootcert": str(CERTIFICATES)}


def iam_token(settings: DatabaseSettings) -> str:
    """A token that logs in as the user for the next fifteen minutes, signed with what Lambda gives each function.

    It is what boto3's ``generate_db_auth_token`` makes, by the same library. But that one loads a session, a client and
    the description of all of RDS, and a customer waits for it.

    Raises:
        ConfigurationError: there is nothing to sign with.
    """
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import ReadOnlyCredentials

    try:
        region = os.environ["AWS_REGION"]
        keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    except KeyError as error:
        raise ConfigurationError(f"the environment variable {error.args[0]} is not set; Lambda sets it") from error
    credentials = ReadOnlyCredentials(*keys, os.environ.get("AWS_SESSION_TOKEN"))
    # The library wants a scheme, and RDS wants none.
    scheme = "https://"
    parameters = {"Action": "connect", "DBUser": settings.user}
    request = AWSRequest("GET", f"{scheme}{settings.host}:{settings.port}/", params=parameters)
    SigV4QueryAuth(credentials, "rds-db", region, expires=_TOKEN_SECONDS).add_auth(request)
    return str(request.url).removeprefix(scheme)
