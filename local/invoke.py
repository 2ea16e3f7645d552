"""One function run as Lambda runs it, without Docker: AWS's runtime interface emulator around AWS's runtime client."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import psutil

from local import build, deployed, emulator, environment, parameters
from local import template as sam
from local.errors import LocalError
from local.layout import Layout
from local.ports import free_port
from local.processes import POLL_SECONDS, minimal_environment
from local.template import Json

INVOCATIONS = "/2015-03-31/functions/function/invocations"
DEFAULT_TIMEOUT_SECONDS = 3
DEFAULT_MEMORY_MB = 128
START_SECONDS = 10.0
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Settings:
    """What a function is configured with.

    Attributes:
        variables: Its environment.
        timeout: Longest run, in seconds.
        memory: Memory it is told it has, in MB.
    """

    variables: dict[str, str]
    timeout: int
    memory: int


@dataclass(frozen=True)
class Package:
    """A function as it was built last.

    Attributes:
        code: Its own folder.
        layers: The folders of its layers that Python finds packages in.
        properties: What the template says of it.
    """

    code: Path
    layers: tuple[Path, ...]
    properties: Json


def invoke(layout: Layout, function: str, event: str) -> tuple[str, bool]:
    """Runs a function once, on what was built last; its log goes to stderr.

    Args:
        layout: The stack, running or not.
        function: Name of the function's folder, `create_order`.
        event: The event, as JSON.

    Returns:
        The answer as JSON, and whether it is one: an error of the function's has the keys that Lambda gives it.

    Raises:
        LocalError: There is no such function, or it could not be started.
    """
    package = built_package(layout, function)
    settings = (
        _deployed_settings(layout, function)
        if deployed.is_deployed(layout)
        else _template_settings(layout, sam.read(build.built_template(layout)), package.properties)
    )
    variables = {
        **minimal_environment(),
        **_lambda_variables(layout, function, settings),
        **settings.variables,
        "LAMBDA_TASK_ROOT": str(package.code),
        "PYTHONPATH": os.pathsep.join(map(str, [package.code, *package.layers])),
        "PYTHONDONTWRITEBYTECODE": "1",  # a cache would become part of the next deployment
    }
    with runtime(layout.root, package.code, package.properties["Handler"], variables) as url:
        answer = httpx.post(url, content=event, trust_env=False, timeout=settings.timeout + GRACE_SECONDS)
    return answer.text, not _is_error(answer)


def built_package(layout: Layout, function: str) -> Package:
    """Returns what the last `sam build` made of a function.

    Raises:
        LocalError: There is no such function.
    """
    built = build.built_template(layout)
    template = sam.read(built)
    logical_id = deployed.choose_function(sam.functions(sam.read(layout.template)), function)
    usual, own = template.get("Globals", {}).get("Function", {}), template["Resources"][logical_id]["Properties"]
    layers = [template["Resources"][layer["Ref"]] for each in (usual, own) for layer in each.get("Layers", [])]
    return Package(
        code=built.parent / own["CodeUri"],
        layers=tuple(built.parent / sam.source(layer) / "python" for layer in layers),
        properties=usual | own,
    )


def _is_error(answer: httpx.Response) -> bool:
    try:
        content = answer.json()
    except ValueError:
        return True  # a timeout is told in plain text
    return isinstance(content, dict) and {"errorMessage", "errorType"} <= content.keys()


@contextlib.contextmanager
def runtime(
    root: Path,
    code: Path,
    handler: str,
    variables: dict[str, str],
    *,
    log: IO[str] | None = None,
    level: str = "error",
) -> Iterator[str]:
    """Runs the emulator for the body of the `with`.

    Args:
        root: The project's folder.
        code: The function's folder.
        handler: As Lambda names it, `app.handler`.
        variables: The function's environment.
        log: What the function and the emulator print goes there; to stderr by default.
        level: What the emulator itself prints beside the function's log: `error`, or `info` for each phase.

    Yields:
        The URL that takes events.
    """
    api, runtime_api = (f"127.0.0.1:{free_port()}" for _ in range(2))
    process = subprocess.Popen(
        [
            environment.package_folder("samcli") / f"local/rapid/aws-lambda-rie-{environment.architecture()}",
            *(
                "--log-level",
                level,
                "--runtime-interface-emulator-address",
                api,
                "--runtime-api-address",
                runtime_api,
            ),
            *(emulator.interpreter(root), "-m", "awslambdaric", handler),
        ],
        cwd=code,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=log or sys.stderr,
        stderr=log or sys.stderr,
        start_new_session=True,
    )
    try:
        _await(process, f"http://{api}")
        yield f"http://{api}{INVOCATIONS}"
    finally:
        # The runtime first: it would complain at length about an emulator that goes before it.
        with contextlib.suppress(psutil.NoSuchProcess):
            for runtime in psutil.Process(process.pid).children(recursive=True):
                runtime.kill()
        process.kill()
        process.wait()


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.ConnectError):
            httpx.head(url, trust_env=False)
            return
        time.sleep(POLL_SECONDS)
    raise LocalError("The Lambda runtime emulator of the SAM CLI did not start.")


def _deployed_settings(layout: Layout, function: str) -> Settings:
    client = emulator.client("lambda", layout.emulator_url)
    found = client.get_function_configuration(FunctionName=deployed.function_names(layout)[function])
    return Settings(found.get("Environment", {}).get("Variables", {}), found["Timeout"], found["MemorySize"])


def _template_settings(layout: Layout, template: Json, properties: Json) -> Settings:
    """Returns the settings of a function that is not deployed: values that only a deployment knows are left out."""
    chosen = parameters.choose(template, parameters.values(layout), {})
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template.get("Parameters", {}).items()}
    known = defaults | chosen
    shared = template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
    written = shared | properties.get("Environment", {}).get("Variables", {})
    variables = {}
    for name, value in sam.resolve(written, template, known).items():
        if isinstance(value, str | int | float):
            variables[name] = str(value)
        else:
            print(f"{name} is left out: `make up` to have it.", file=sys.stderr)
    return Settings(
        variables,
        int(properties.get("Timeout", DEFAULT_TIMEOUT_SECONDS)),
        int(properties.get("MemorySize", DEFAULT_MEMORY_MB)),
    )


def _lambda_variables(layout: Layout, function: str, settings: Settings) -> dict[str, str]:
    """Returns what Lambda itself puts into a function's environment."""
    return {
        "AWS_ACCESS_KEY_ID": emulator.ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": emulator.ACCOUNT_KEY,
        "AWS_DEFAULT_REGION": emulator.REGION,
        "AWS_REGION": emulator.REGION,
        "AWS_ENDPOINT_URL": layout.emulator_url,
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(settings.timeout),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    }
