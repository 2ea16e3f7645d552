"""Check the requirements of the local stack on this machine."""

import importlib.util
import platform
import sys
from pathlib import Path

from local import emulator
from local.errors import LocalError

PYTHON = (3, 13)
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def require(root: Path) -> None:
    """Check that everything the local stack requires is installed.

    Args:
        root: The project's folder.

    Raises:
        LocalError: Something is missing; the message says how to get it.
    """
    if sys.platform != "linux":
        raise LocalError("The functions are built for Linux and run directly on this machine; use Linux or WSL 2.")
    if sys.version_info[:2] != PYTHON:
        raise LocalError(f"This requires Python 3.13, not {platform.python_version()}; start it with `make`.")
    if not importlib.util.find_spec("pip"):
        raise LocalError(f"{sys.prefix} has no pip, which sam build requires; run `rm -r .venv && make .venv`.")
    if not emulator.interpreter(root).exists():
        raise LocalError("MiniStack is not installed; run `make .venv-ministack`.")
    architecture()


def package_folder(name: str) -> Path:
    """Return the folder of an installed package, without importing it.

    Raises:
        LocalError: It is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LocalError(f"{name} is not installed; run `make .venv`.")
    return Path(spec.origin).parent


def architecture() -> str:
    """Return this machine's processor architecture, as Lambda names it.

    Raises:
        LocalError: Lambda does not support it.
    """
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise LocalError(f"Lambda runs on x86_64 and arm64; this machine is {machine}.")
    return ARCHITECTURES[machine]
