"""A way into a running stack for `sam local`, whose functions run in containers: the stack listens on loopback only."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from contextlib import AsyncExitStack, closing, suppress
from functools import partial
from pathlib import Path

from local import build, deployed, emulator, environment
from local import template as sam
from local.errors import LocalError
from local.layout import Layout

LOOPBACK = "127.0.0.1"
HOST = "host.docker.internal"
"""What containers call this machine."""
CHUNK_BYTES = 65_536


def write_settings(layout: Layout) -> Path:
    """Writes down the deployed functions' environments for `--env-vars`; returns the file.

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
    file = layout.state / "sam-env.json"
    file.write_text(json.dumps(settings, indent=2).replace(LOOPBACK, HOST) + "\n")
    return file


def sam_options(layout: Layout, settings: Path) -> list[str]:
    """Returns the options with which `sam local` runs what was built last, over the stack and nothing else.

    Args:
        layout: The stack.
        settings: What `write_settings` wrote.
    """
    return [
        *("--template", str(build.built_template(layout)), "--language-extensions", "--env-vars", str(settings)),
        *("--parameter-overrides", f"Architecture={environment.architecture()}"),
        # No name server: what is not in the stack is unknown at once, AWS's own services among it.
        *("--add-host", f"{HOST}:host-gateway", "--container-dns", LOOPBACK),
    ]


def bridge() -> str:
    """Returns the address of this machine on Docker's network.

    Raises:
        LocalError: No Docker daemon answers.
    """
    command = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise LocalError(f"No Docker daemon answers: {getattr(error, 'stderr', None) or error}") from error


async def relay(address: str, ports: Iterable[int]) -> None:
    """Passes connections on to the same ports on loopback, until it is cancelled.

    Args:
        address: Where to listen.
        ports: TCP ports to listen on.

    Raises:
        LocalError: One of the ports is taken there.
    """
    async with AsyncExitStack() as servers:
        for port in ports:
            try:
                server = await asyncio.start_server(partial(_pass_on, port), address, port)
            except OSError as error:
                raise LocalError(f"Containers cannot reach the stack, unless they do already: {error}") from error
            await servers.enter_async_context(server)
        await asyncio.Event().wait()


async def _pass_on(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer), suppress(OSError):
        here_reader, here_writer = await asyncio.open_connection(LOOPBACK, port)
        with closing(here_writer):
            await asyncio.gather(_copy(reader, here_writer), _copy(here_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
