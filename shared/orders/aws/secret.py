"""Read a secret from Secrets Manager."""

from orders.aws.client import SECRETS_MANAGER, AwsError, AwsService
from orders.aws.credentials import CredentialsUnavailable
from orders.aws.refreshed import SourceUnavailable


def read_secret(arn: str) -> str:
    """Return the text of a secret; empty if it is binary.

    Raises:
        SourceUnavailable: Secrets Manager does not answer, or refuses.
    """
    try:
        response = AwsService(SECRETS_MANAGER).call("GetSecretValue", {"SecretId": arn})
    except (AwsError, CredentialsUnavailable) as error:
        raise SourceUnavailable(f"Secrets Manager does not return the secret: {error}") from error
    # A binary secret has no SecretString.
    return str(response.get("SecretString", ""))
