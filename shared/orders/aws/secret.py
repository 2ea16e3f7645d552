"""Read a secret from Secrets Manager."""

from contextlib import closing

from orders.aws.client import SECRETS_MANAGER, AwsError, AwsService
from orders.aws.credentials import CredentialsUnavailable
from orders.aws.refreshed import SourceUnavailable


def read_secret(arn: str) -> str:
    """Return the text of a secret; empty if it is binary.

    Raises:
        SourceUnavailable: Secrets Manager does not answer, or refuses.
    """
    try:
        with closing(AwsService(SECRETS_MANAGER)) as secrets_manager:
            response = secrets_manager.call("GetSecretValue", {"SecretId": arn})
    except (AwsError, CredentialsUnavailable) as error:
        raise SourceUnavailable(f"Secrets Manager does not return the secret: {error}") from error
    # A binary secret has no SecretString.
    return str(response.get("SecretString", ""))
