"""MiniStack, the AWS emulator of the local stack, and clients for it."""

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
API_ID = "10ca1000"  # of the HTTP API; MiniStack requires eight hexadecimal digits
ACCOUNT_KEY = "test"  # MiniStack accepts any key; never use a real one
NO_FILE = "/dev/null"
ATTEMPTS = 2


def program(layout: Layout) -> Program:
    """Return MiniStack as a program.

    It passes its own environment to every function, so it receives only its settings.
    """
    return Program(
        name=EMULATOR,
        # Without the folder `local` in the path, whose modules have common names.
        command=(str(interpreter(layout.root)), "-P", str(layout.root / "local" / "ministack_server.py")),
        folder=folder(layout),
        log=layout.log("ministack"),
        health=f"{layout.emulator_url}/_ministack/ready",
        environment={
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",  # functions have their roles' credentials, and IAM policies are enforced
            "GATEWAY_PORT": str(layout.emulator_port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(folder(layout) / "tmp"),
            "HOME": str(folder(layout)),
        },
    )


def folder(layout: Layout) -> Path:
    """Return MiniStack's folder, which is deleted when MiniStack stops."""
    return layout.state / "ministack"


def clear(layout: Layout) -> None:
    """Delete MiniStack's folder, in which each of its workers leaves a copy of its code."""
    shutil.rmtree(folder(layout), ignore_errors=True)


def wipe(layout: Layout) -> None:
    """Recreate MiniStack's folder, without the files that a killed MiniStack left."""
    clear(layout)
    (folder(layout) / "tmp").mkdir(parents=True)


def interpreter(root: Path) -> Path:
    """Return the Python that runs MiniStack and the functions; of our tools' packages, it has only boto3."""
    return root / ".venv-ministack" / "bin" / "python"


@functools.cache
def session() -> boto3.Session:
    """Return a boto3 session that ignores the caller's AWS profile, credentials and settings."""
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
    """Return a boto3 client that can reach only MiniStack, and uses no proxy.

    Args:
        service: Name of the AWS service in boto3.
        endpoint: MiniStack's URL.
        **credentials: A role's credentials, as arguments of boto3; by default the account's, which allow everything.
    """
    return session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        config=Config(proxies={}, retries={"total_max_attempts": ATTEMPTS}, s3={"addressing_style": "path"}),
        **credentials,
    )
