"""Load the keys of tokens while a deploy can still fail: a CloudFormation custom resource."""

import time
from typing import TYPE_CHECKING

from orders.auth.key_cache import KeysUnavailable
from orders.auth.key_sources import fetch_keys
from orders.auth.token_settings import TokenSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_ATTEMPT_MILLISECONDS = 7000
"""The longest that an attempt and the report after it may take."""
_RETRY_SECONDS = 1


def check_keys(context: "LambdaContext") -> dict[str, str]:
    """Load the keys, and retry for as long as the function has time: a new permission takes a while to take effect.

    Returns:
        How many keys there are, one for each algorithm.

    Raises:
        KeysUnavailable: the source does not answer, or has no usable key.
        ConfigurationError: the settings are invalid, or the public key in them.
    """
    settings = TokenSettings.from_environment()
    while True:
        try:
            return {"Keys": str(len(fetch_keys(settings)))}
        except KeysUnavailable:
            if context.get_remaining_time_in_millis() < _ATTEMPT_MILLISECONDS + 1000 * _RETRY_SECONDS:
                raise
        time.sleep(_RETRY_SECONDS)
