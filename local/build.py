"""Run `sam build`, unless no source has changed."""

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local import template as sam
from local.emulator import REGION
from local.errors import LocalError
from local.layout import Layout
from local.processes import SYSTEM_PATH, tail

IGNORED = "__pycache__"


@contextlib.contextmanager
def in_background(layout: Layout, architecture: str) -> Iterator[None]:
    """Build all functions and layers while the body of the `with` runs; wait for the end of the build after it.

    Args:
        layout: The stack.
        architecture: The processor architecture, as Lambda names it: `x86_64` or `arm64`.

    Raises:
        LocalError: A source does not compile, or `sam build` failed; the message ends with its last lines.
    """
    stamp = layout.build / "sources.sha256"
    current = fingerprint(layout, architecture)
    if built_template(layout).exists() and stamp.exists() and stamp.read_text() == current:
        yield
        return
    require_compiling(layout)
    stamp.unlink(missing_ok=True)
    log = layout.log("sam-build")
    process = _start(layout, architecture, log)
    try:
        yield
        if process.wait():
            raise LocalError(f"sam build failed.\n{tail(log)}")
    finally:
        process.kill()
        process.wait()
    stamp.write_text(current)


def built_template(layout: Layout) -> Path:
    """Return the path of the template that `sam build` writes, in the folder of its output."""
    return layout.build / "sam" / "template.yaml"


def _start(layout: Layout, architecture: str, log: Path) -> subprocess.Popen[bytes]:
    """Start `sam build`, which caches downloaded packages in `.aws-sam` of its working directory."""
    layout.build.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(exist_ok=True)
    command = [
        *(sys.executable, "-m", "samcli", "build", "--cached", "--parallel", "--language-extensions"),
        *("--template-file", str(layout.template), "--build-dir", str(built_template(layout).parent)),
        *("--cache-dir", str(layout.build / "cache"), "--region", REGION),
        *("--parameter-overrides", f"Architecture={architecture}"),
    ]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=layout.build, env=_environment(), stdout=output, stderr=subprocess.STDOUT)


def _environment() -> dict[str, str]:
    """Return the caller's environment, which configures the package index, without AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", SYSTEM_PATH)])
    return kept | {"PATH": path, "SAM_CLI_TELEMETRY": "0"}


def require_compiling(layout: Layout) -> None:
    """Compile all Python sources: Lambda would find an error only when the function is invoked.

    Raises:
        LocalError: Some do not compile; the message names file, line and error of each.
    """
    errors = [error for path in _sources(layout) if path.suffix == ".py" and (error := _compile_error(path))]
    if errors:
        raise LocalError("\n".join(["The code does not compile:", *errors]))


def _compile_error(path: Path) -> str:
    """Return file, line and error of a Python source; empty if it compiles."""
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"  {path}:{error.lineno}: {error.msg}"
    except ValueError as error:  # such as null bytes
        return f"  {path}: {error}"
    return ""


def fingerprint(layout: Layout, architecture: str) -> str:
    """Return a hash of all sources of a build; see `in_background` for the arguments."""
    digest = hashlib.sha256(architecture.encode())
    for path in _sources(layout):
        digest.update(str(path).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(layout: Layout) -> Iterator[Path]:
    yield layout.template
    for resource in sam.resources(sam.read(layout.template), *sam.SOURCES).values():
        folder = layout.root / sam.source(resource)
        yield from sorted(path for path in folder.rglob("*") if path.is_file() and IGNORED not in path.parts)
