"""The secrets by which downstream services know this one."""

import re
import time
from collections.abc import Callable
from functools import partial

from orders.aws.refreshed import Refreshed, SourceUnavailable
from orders.aws.secret import read_secret

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""A bearer token (RFC 6750, section 2.1)."""


def bearer(service: str, arn: str, clock: Callable[[], float] = time.monotonic) -> Refreshed[str]:
    """Return the value of ``Authorization`` for a service, read from Secrets Manager when it is needed.

    Args:
        service: the service's name, for the log.
        arn: the ARN of the secret, whose text is a bearer token.
        clock: returns seconds.
    """
    return Refreshed(f"{service} secret", partial(_read, arn), clock)


def _read(arn: str) -> str:
    token = read_secret(arn).strip()
    if not _TOKEN.fullmatch(token):
        raise SourceUnavailable("the secret is not a bearer token, which has only letters, digits and -._~+/=")
    return f"Bearer {token}"
