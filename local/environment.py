"""Can the local cloud run on this machine?"""

import importlib.util
import platform
import sys
from pathlib import Path

from local import emulator
from local.errors import LocalError

PYTHON = (3, 13)
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def require(root: Path) -> None:
    """Makes sure that what the local cloud stands on is there.

    Args:
        root: The project's folder.

    Raises:
        LocalError: Something is missing; the message says how to get it.
    """
    if sys.platform != "linux":
        raise LocalError("The functions are built for Lambda's Linux and run here as they are: use Linux, or WSL 2.")
    if sys.version_info[:2] != PYTHON:
        raise LocalError(f"This needs Python 3.13, not {platform.python_version()}: start it with `make`.")
    if not importlib.util.find_spec("pip"):
        raise LocalError(f"{sys.prefix} has no pip, which sam build needs: `rm -r .venv && make .venv`.")
    if not emulator.interpreter(root).exists():
        raise LocalError("MiniStack is not installed: `make .venv-ministack`.")
    architecture()


def package_folder(name: str) -> Path:
    """Returns where a package of this environment lies, without running any of it.

    Raises:
        LocalError: It is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LocalError(f"{name} is not installed: `make .venv`.")
    return Path(spec.origin).parent


def architecture() -> str:
    """Returns this machine's processor, as Lambda spells it.

    Raises:
        LocalError: Lambda has no such processor.
    """
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise LocalError(f"Lambda runs on x86_64 and arm64; this machine is {machine}.")
    return ARCHITECTURES[machine]
