"""Make a running stack reachable from the containers of `sam local`: the stack listens only on loopback."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from contextlib import AsyncExitStack, closing, suppress
from functools import partial
from pathlib import Path

from local import build, deployed, emulator, environment, samples
from local import template as sam
from local.errors import LocalError
from local.layout import Layout

LOOPBACK = "127.0.0.1"
HOST = "host.docker.internal"
"""The host name of this machine in containers."""
CHUNK_BYTES = 65_536


def write_settings(layout: Layout) -> Path:
    """Write the deployed functions' environments to a file for `--env-vars`; return its path.

    Args:
        layout: The stack; its MiniStack runs.

    Raises:
        LocalError: Nothing is deployed.
    """
    client = emulator.client("lambda", layout.emulator_url)
    functions = sam.functions(sam.read(layout.template))
    settings = {
        functions[folder]: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        for folder, name in deployed.function_names(layout).items()
    }
    for function, variables in samples.settings(layout).items():
        settings[function] |= variables  # containers do not reach the secret that signs the stack's tokens
    file = layout.state / "sam-env.json"
    file.write_text(json.dumps(settings, indent=2).replace(LOOPBACK, HOST) + "\n")
    return file


def sam_options(layout: Layout, settings: Path) -> list[str]:
    """Return the options for `sam local` to run the last build against the stack only.

    Args:
        layout: The stack.
        settings: What `write_settings` wrote.
    """
    return [
        *("--template", str(build.built_template(layout)), "--language-extensions", "--env-vars", str(settings)),
        *("--parameter-overrides", f"Architecture={environment.architecture()}"),
        # No name server, so that calls to anything outside the stack, such as AWS, fail at once.
        *("--add-host", f"{HOST}:host-gateway", "--container-dns", LOOPBACK),
    ]


def bridge() -> str:
    """Return the address of this machine on Docker's network.

    Raises:
        LocalError: The Docker daemon is not reachable.
    """
    command = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise LocalError(f"The Docker daemon is not reachable: {getattr(error, 'stderr', None) or error}") from error


async def relay(address: str, ports: Iterable[int]) -> None:
    """Forward connections to the same ports on loopback, until cancelled.

    Args:
        address: Where to listen.
        ports: TCP ports to listen on.

    Raises:
        LocalError: One of the ports is in use.
    """
    async with AsyncExitStack() as servers:
        for port in ports:
            try:
                server = await asyncio.start_server(partial(_forward, port), address, port)
            except OSError as error:
                raise LocalError(
                    f"The ports for containers cannot be opened; another `make containers` may be running: {error}"
                ) from error
            await servers.enter_async_context(server)
        await asyncio.Event().wait()


async def _forward(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer), suppress(OSError):
        target_reader, target_writer = await asyncio.open_connection(LOOPBACK, port)
        with closing(target_writer):
            await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
