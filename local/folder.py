"""The folder of a stack: marked as its own, so that nothing else is ever written into or deleted."""

import os
import shutil
from pathlib import Path

from local.errors import LocalError

MARKER = ".orders-local-stack"
NOTICE = "This folder belongs to a local stack of the order service; `make clean` deletes it.\n"
CONTENTS = (
    ".gitignore",
    "build",
    "dashboard.html",
    "fakes.sqlite*",
    "jwt-secret",
    "lock",
    "logs",
    "ministack",
    "postgres",
    "sam-env.json",
    "stack.json",
)
"""What the stack writes into its folder."""


def is_own(path: Path) -> bool:
    """Tell whether a folder is one of a stack."""
    return (path / MARKER).is_file()


def prepare(path: Path) -> None:
    """Create the folder of a stack, or take an empty one.

    Raises:
        LocalError: It has other files, or it cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not is_own(path):
            if any(path.iterdir()) and not is_own(path):  # another command may have just marked it
                raise LocalError(
                    f"{path} has files that are not a local stack's; name a new or an empty folder as STATE, "
                    "or delete what is in it."
                )
            (path / MARKER).write_text(NOTICE)
            (path / ".gitignore").write_text("*\n")
        is_writable = os.access(path, os.W_OK | os.X_OK)
    except OSError as error:
        raise LocalError(f"{path} cannot be used as STATE: {error.strerror}.") from error
    if not is_writable:
        raise LocalError(f"{path} cannot be used as STATE: it is not writable.")


def delete(path: Path) -> list[str]:
    """Delete what a stack has written into its folder, and the folder if nothing else is in it.

    Returns:
        The names of other files in the folder, which stay.

    Raises:
        LocalError: The folder is not a stack's, or cannot be deleted.
    """
    if not is_own(path):
        raise LocalError(f"{path} is not the folder of a local stack; nothing in it was deleted.")
    try:
        for written in [each for pattern in CONTENTS for each in path.glob(pattern)]:
            if written.is_dir() and not written.is_symlink():
                shutil.rmtree(written)
            else:
                written.unlink()
        others = sorted(each.name for each in path.iterdir() if each.name != MARKER)
        (path / MARKER).unlink()
        if not others:
            path.rmdir()
    except OSError as error:
        raise LocalError(f"{path} cannot be deleted: {error.strerror} ({error.filename}).") from error
    return others
