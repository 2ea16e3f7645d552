"""Invoke a function as Lambda does, without Docker: with AWS's runtime interface emulator and runtime client."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
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
    """The configuration of a function.

    Attributes:
        variables: Its environment variables.
        timeout: Its time-out, in seconds.
        memory: Its memory size, in MB.
    """

    variables: dict[str, str]
    timeout: int
    memory: int


@dataclass(frozen=True)
class Package:
    """The last build of a function.

    Attributes:
        code: Its folder.
        layers: The folders with its layers' packages.
        properties: Its properties in the template.
    """

    code: Path
    layers: tuple[Path, ...]
    properties: Json


def invoke(layout: Layout, function: str, event: str, overrides: Mapping[str, str] | None = None) -> tuple[str, bool]:
    """Invoke the last build of a function once; its log is written to stderr.

    Args:
        layout: The stack, running or not.
        function: Name of the function's folder, `create_order`.
        event: The event, as JSON.
        overrides: Environment variables that replace those of the deployed function.

    Returns:
        The result as JSON, and whether the function succeeded: an error has the same keys as in Lambda.

    Raises:
        LocalError: There is no such function, or it did not start.
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
        **(overrides or {}),
        "LAMBDA_TASK_ROOT": str(package.code),
        "PYTHONPATH": os.pathsep.join(map(str, [package.code, *package.layers])),
        "PYTHONDONTWRITEBYTECODE": "1",  # bytecode files would be part of the next deployment
    }
    with runtime(layout.root, package.code, package.properties["Handler"], variables) as url:
        response = httpx.post(url, content=event, trust_env=False, timeout=settings.timeout + GRACE_SECONDS)
    return response.text, not _is_error(response)


def built_package(layout: Layout, function: str) -> Package:
    """Return the last build of a function.

    Raises:
        LocalError: There is no such function.
    """
    built = build.built_template(layout)
    template = sam.read(built)
    logical_id = deployed.choose_function(sam.functions(sam.read(layout.template)), function)
    shared, own = template.get("Globals", {}).get("Function", {}), template["Resources"][logical_id]["Properties"]
    layers = [template["Resources"][layer["Ref"]] for each in (shared, own) for layer in each.get("Layers", [])]
    return Package(
        code=built.parent / own["CodeUri"],
        layers=tuple(built.parent / sam.source(layer) / "python" for layer in layers),
        properties=shared | own,
    )


def _is_error(response: httpx.Response) -> bool:
    try:
        content = response.json()
    except ValueError:
        return True  # a time-out is reported as plain text
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
    """Run the emulator while the body of the `with` runs.

    Args:
        root: The project's folder.
        code: The function's folder.
        handler: The handler, such as `app.handler`.
        variables: The function's environment variables.
        log: Where the function and the emulator print; stderr by default.
        level: The log level of the emulator: `error`, or `info` to log each phase.

    Yields:
        The URL to post events to.
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
        # Kill the runtime first: it logs many errors once the emulator is gone.
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
    configuration = client.get_function_configuration(FunctionName=deployed.function_names(layout)[function])
    return Settings(
        configuration.get("Environment", {}).get("Variables", {}), configuration["Timeout"], configuration["MemorySize"]
    )


def _template_settings(layout: Layout, template: Json, properties: Json) -> Settings:
    """Return the settings of a function that is not deployed, without values that only a deployment has."""
    chosen = parameters.choose(template, parameters.values(layout), {})
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in template.get("Parameters", {}).items()}
    known = defaults | chosen
    shared = template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
    declared = shared | properties.get("Environment", {}).get("Variables", {})
    variables = {}
    for name, value in sam.resolve(declared, template, known).items():
        if isinstance(value, str | int | float):
            variables[name] = str(value)
        else:
            print(f"{name} is not set; run `make up` to set it.", file=sys.stderr)
    return Settings(
        variables,
        int(properties.get("Timeout", DEFAULT_TIMEOUT_SECONDS)),
        int(properties.get("MemorySize", DEFAULT_MEMORY_MB)),
    )


def _lambda_variables(layout: Layout, function: str, settings: Settings) -> dict[str, str]:
    """Return the environment variables that Lambda sets."""
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
