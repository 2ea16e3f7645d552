"""MiniStack, the AWS of the local cloud, and clients for it."""

import functools
import shutil
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from local.layout import EMULATOR, Layout
from local.processes import Program

REGION = "us-east-1"
API_ID = "10ca1000"  # of the one HTTP API; MiniStack wants eight hexadecimal digits
ACCOUNT_KEY = "test"  # MiniStack takes any key; a real one must never get near it
NO_FILE = "/dev/null"
ATTEMPTS = 2


def program(layout: Layout) -> Program:
    """Returns MiniStack as a program.

    It hands its own environment to every function, so it gets nothing but its settings.
    """
    return Program(
        name=EMULATOR,
        command=(str(interpreter(layout.root)), "-m", "ministack"),
        folder=folder(layout),
        log=layout.log("ministack"),
        health=f"{layout.emulator_url}/_ministack/ready",
        environment={
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",  # functions have the credentials of their roles, and these are held to their policies
            "GATEWAY_PORT": str(layout.emulator_port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(folder(layout) / "tmp"),
            "HOME": str(folder(layout)),
        },
    )


def folder(layout: Layout) -> Path:
    """Returns the folder of all that MiniStack writes and reads; it lasts as long as MiniStack does."""
    return layout.state / "ministack"


def clear(layout: Layout) -> None:
    """Deletes MiniStack's folder, in which each worker that it started has left a copy of its code."""
    shutil.rmtree(folder(layout), ignore_errors=True)


def wipe(layout: Layout) -> None:
    """Makes MiniStack's folder anew: what a killed one left there would only pile up."""
    clear(layout)
    (folder(layout) / "tmp").mkdir(parents=True)


def interpreter(root: Path) -> Path:
    """Returns the Python that MiniStack and its functions run on; it sees boto3 and no other package of ours."""
    return root / ".venv-ministack" / "bin" / "python"


@functools.cache
def session() -> boto3.Session:
    """Returns a boto3 session in which the caller's AWS profile, credentials and settings have no say."""
    own = {
        "profile": (None, None, None, None),
        "config_file": (None, None, NO_FILE, None),
        "credentials_file": (None, None, NO_FILE, None),
        "ca_bundle": (None, None, None, None),
    }
    return boto3.Session(
        aws_access_key_id=ACCOUNT_KEY,
        aws_secret_access_key=ACCOUNT_KEY,
        region_name=REGION,
        botocore_session=botocore.session.Session(session_vars=own),
    )


def client(service: str, endpoint: str, **credentials: str) -> Any:  # noqa: ANN401 - boto3 makes these classes at run time
    """Returns a boto3 client that can reach MiniStack and nothing else, not even through a proxy.

    Args:
        service: Name of the AWS service, as boto3 spells it.
        endpoint: MiniStack's URL.
        **credentials: Those of a role, as boto3 spells them; by default the account's own, which may do anything.
    """
    return session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        config=Config(proxies={}, retries={"total_max_attempts": ATTEMPTS}, s3={"addressing_style": "path"}),
        **credentials,
    )
