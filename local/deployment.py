"""Deploy the last build to MiniStack."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from local import adapter, build, cloudformation, deployed, emulator, event_bus, logs, package, parameters, tokens
from local import template as sam
from local.errors import LocalError
from local.layout import Layout

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

SECRET_NAME = "orders/jwt"  # noqa: S105 - the name of the secret, not the secret
LOG_LINES_ON_FAILURE = 20


def deploy(layout: Layout, overrides: Mapping[str, str]) -> bool:
    """Deploy the last build to the stack's MiniStack.

    Args:
        layout: The stack; its MiniStack runs.
        overrides: Values of template parameters that override the default ones.

    Returns:
        Whether anything had changed.

    Raises:
        LocalError: The template is invalid or unsupported, or a resource failed.
    """
    begun = dt.datetime.now(dt.UTC)
    endpoint = layout.emulator_url
    built = sam.read(build.built_template(layout))
    event_bus.create(layout)
    secret = _store_secret(emulator.client("secretsmanager", endpoint), tokens.shared_secret(layout.state))
    chosen = parameters.choose(built, parameters.values(layout) | {"JwtSecretArn": secret}, overrides)

    s3 = emulator.client("s3", endpoint)
    packaged = package.upload(built, build.built_template(layout).parent, s3, emulator.folder(layout) / "layers")
    adapted = adapter.adapt(adapter.translate(packaged, chosen), chosen)
    body = json.dumps(adapted).encode()
    key = f"{hashlib.sha256(body).hexdigest()}.json"
    s3.put_object(Bucket=package.BUCKET, Key=key, Body=body)

    url = f"{endpoint}/{package.BUCKET}/{key}"
    try:
        changed = cloudformation.deploy(emulator.client("cloudformation", endpoint), url, adapted, chosen)
    except cloudformation.FailedDeploymentError as failure:
        raise LocalError("\n".join([str(failure), *_last_log_lines(layout, failure.functions, begun)])) from failure
    adapter.require_routes(adapter.declared_routes(built), _routes(emulator.client("apigatewayv2", endpoint)))
    return changed


def _last_log_lines(layout: Layout, functions: list[str], since: dt.datetime) -> list[str]:
    """Return the last log lines of failed functions, under a heading."""
    lines = logs.fetch(deployed.log_sources(layout, {name: name for name in functions}, since))
    texts = [logs.pretty(line).plain for line in lines if line.is_readable]
    return ["Last log lines:", *texts[-LOG_LINES_ON_FAILURE:]] if texts else []


def _routes(client: "ApiGatewayV2Client") -> dict[str, bool]:
    """Return the keys of the deployed API's routes, and whether each requires a token."""
    routes = client.get_routes(ApiId=emulator.API_ID)["Items"]
    return {route["RouteKey"]: route.get("AuthorizationType", "NONE") != "NONE" for route in routes}


def _store_secret(client: "SecretsManagerClient", value: str) -> str:
    """Store the token secret in Secrets Manager and return its ARN."""
    try:
        return client.create_secret(Name=SECRET_NAME, SecretString=value)["ARN"]
    except client.exceptions.ResourceExistsException:
        return client.put_secret_value(SecretId=SECRET_NAME, SecretString=value)["ARN"]
