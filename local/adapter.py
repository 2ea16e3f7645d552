"""Convert the SAM template into a template that MiniStack supports.

AWS expands SAM and reads the OpenAPI document in the `Body` of an HTTP API. MiniStack ignores the document and would
deploy an API without routes. So this module expands SAM with AWS's library and converts the document into authorizer,
integration and route resources. Everything in the document that it does not support is an error.
"""

import copy
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local import emulator
from local import template as sam
from local.errors import LocalError
from local.template import Json

API = "AWS::ApiGatewayV2::Api"
EVENT_SOURCE = "AWS::Lambda::EventSourceMapping"
API_ID_TAG = "ms-custom-id"
CUSTOM_RESOURCE_SECONDS = 60  # a function that fails to start never responds
CONDITION_FUNCTIONS = {"Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or", "Fn::Select", "Ref"}
ANY_METHOD = "x-amazon-apigateway-any-method"
AUTHORIZER = "x-amazon-apigateway-authorizer"
CORS = "x-amazon-apigateway-cors"
DEFAULT_ROUTE = "$default"
INTEGRATION = "x-amazon-apigateway-integration"
BATCHED = {"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:SendMessage"}
METHODS = {"delete", "get", "head", "options", "patch", "post", "put"}
NO_AUTHORIZER = "NONE"
VARIABLE = re.compile(r"\{\w+\}")


def translate(template: Json, parameters: dict[str, str]) -> Json:
    """Return a packaged SAM template as plain CloudFormation, expanded as AWS does.

    Args:
        template: The SAM template, its code in S3.
        parameters: Values of the template's parameters.

    Raises:
        LocalError: The template is not valid SAM.
    """
    translator = Translator({}, Parser(), boto_session=emulator.session())
    try:
        translated = translator.translate(copy.deepcopy(template), parameter_values=dict(parameters))
    except InvalidDocumentException as error:
        raise LocalError(
            "\n".join(["template.yaml is not valid SAM:", *(str(c.message) for c in error.causes)])
        ) from error
    translator.metrics.publish()  # to no receiver; unpublished metrics log a warning at exit
    plain: Json = json.loads(json.dumps(translated))  # the translator returns its own dictionary types
    return plain


def adapt(template: Json, parameters: dict[str, str]) -> Json:
    """Return a CloudFormation template that MiniStack deploys as AWS would deploy the given one.

    Args:
        template: What `translate` returned.
        parameters: Values of the template's parameters.

    Raises:
        LocalError: It does not have exactly one HTTP API, or contains something unsupported.
    """
    adapted = copy.deepcopy(template)
    declared = adapted.get("Parameters", {})
    values = {name: str(parameter.get("Default", "")) for name, parameter in declared.items()} | parameters
    for name, condition in adapted.get("Conditions", {}).items():
        adapted["Conditions"][name] = _condition(name, condition, values)
    for resource in adapted["Resources"].values():
        properties = resource.get("Properties", {})
        if "ServiceTimeout" in properties:
            properties["ServiceTimeout"] = min(int(properties["ServiceTimeout"]), CUSTOM_RESOURCE_SECONDS)
    for name, source in sam.resources(adapted, EVENT_SOURCE).items():
        if scaling := source["Properties"].get("ScalingConfig"):
            scaling["MaximumConcurrency"] = _number(name, scaling["MaximumConcurrency"], values)
    for statement in sam.statements(adapted["Resources"]):
        statement["Action"] = _with_batches(statement["Action"])
    apis = sam.resources(adapted, API)
    if len(apis) != 1:
        raise LocalError(f"The local stack supports exactly one HTTP API; template.yaml has {len(apis)}.")
    ((name, api),) = apis.items()
    adapted["Resources"] |= _expanded(name, api)
    return adapted


def _expanded(name: str, api: Json) -> Json:
    """Return an HTTP API without its `Body`, and the resources that replace it."""
    properties = dict(api["Properties"])
    body = properties.pop("Body", {})
    _require_supported(properties, {"Description", "DisableExecuteApiEndpoint", "FailOnWarnings"}, name)
    _require_supported(body, {"openapi", "info", "paths", "tags", "components", CORS}, f"{name}.Body")
    plain = {
        "Name": {"Ref": "AWS::StackName"},
        "ProtocolType": "HTTP",
        "Tags": {API_ID_TAG: emulator.API_ID},
        **({"CorsConfiguration": _cors(body[CORS])} if CORS in body else {}),
    }
    schemes = body.get("components", {}).get("securitySchemes", {})
    expanded = {name: {"Type": API, "Properties": plain}}
    for scheme, definition in schemes.items():
        expanded[_authorizer_id(name, scheme)] = _authorizer(name, scheme, definition)
    for key, operation in _operations(name, body["paths"]):
        expanded |= _route(name, key, operation, set(schemes))
    return expanded


def _cors(settings: Json) -> Json:
    """Return CORS settings with their origins as a list; SAM's library gets a parameter that is a list as text."""
    origins = settings.get("allowOrigins", [])
    return settings | {"allowOrigins": origins.split(",") if isinstance(origins, str) else origins}


def declared_routes(template: Json) -> dict[str, bool]:
    """Return the routes of a SAM template's events, and whether each requires a token.

    Raises:
        LocalError: An event does not set its API, method or path.
    """
    apis = sam.resources(template, sam.HTTP_API)
    defaults = {name: api["Properties"].get("Auth", {}).get("DefaultAuthorizer") for name, api in apis.items()}
    routes = {}
    for name, function in sam.resources(template, sam.FUNCTION).items():
        for event in function["Properties"].get("Events", {}).values():
            match event:
                case {
                    "Type": "HttpApi",
                    "Properties": {"ApiId": {"Ref": api}, "Method": method, "Path": path} as route,
                }:
                    authorizer = route.get("Auth", {}).get("Authorizer", defaults[api])
                    routes[_route_key(method, path)] = authorizer not in {None, NO_AUTHORIZER}
                case {"Type": "HttpApi"}:
                    raise LocalError(f"{name}: an HttpApi event must set ApiId, Method and Path.")
    return routes


def require_routes(declared: dict[str, bool], deployed: dict[str, bool]) -> None:
    """Check that the API has exactly the declared routes.

    Args:
        declared: The template's route keys, and whether each requires a token.
        deployed: The same of the deployed API.

    Raises:
        LocalError: They differ; the message names each difference.
    """
    differences = [
        *(f"missing: {key}" for key in sorted(declared.keys() - deployed.keys())),
        *(f"not in the template: {key}" for key in sorted(deployed.keys() - declared.keys())),
        *(
            f"{key} {'lost its' if declared[key] else 'has an unexpected'} authorizer"
            for key in sorted(declared.keys() & deployed.keys())
            if declared[key] != deployed[key]
        ),
    ]
    if differences:
        raise LocalError("\n".join(["The deployed API differs from template.yaml:", *differences]))


def _with_batches(actions: str | list[str]) -> list[str]:
    """Return a statement's actions and their batch actions: AWS has one permission for both, MiniStack two."""
    named = [actions] if isinstance(actions, str) else actions
    return [*named, *(f"{action}Batch" for action in named if action in BATCHED)]


def _number(name: str, expression: Any, values: dict[str, str]) -> int:  # noqa: ANN401 - JSON of any kind
    """Return a number, or the value of a parameter as one: MiniStack treats all parameters as strings."""
    match expression:
        case int():
            return expression
        case {"Ref": str(parameter)} if values.get(parameter, "").isdecimal():
            return int(values[parameter])
        case _:
            raise LocalError(f"{name}: the local stack supports only a number or a parameter here, not {expression}.")


def _condition(name: str, expression: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - JSON of any kind
    """Return a condition that uses only functions which MiniStack evaluates; others it takes to be true."""
    match expression:
        case {"Fn::Join": [str(separator), {"Ref": str(parameter)}]} if parameter in values:
            return separator.join(values[parameter].split(","))
        case dict() if CONDITION_FUNCTIONS.issuperset(expression):
            return {function: _condition(name, arguments, values) for function, arguments in expression.items()}
        case dict():
            raise LocalError(
                f"Condition {name}: the local stack does not support {', '.join(expression)} in a condition."
            )
        case list():
            return [_condition(name, argument, values) for argument in expression]
        case _:
            return expression


def _operations(api: str, paths: Json) -> Iterator[tuple[str, Json]]:
    paths_by_shape: dict[str, str] = {}
    for path, methods in paths.items():
        if not path.startswith(("/", "$")):
            raise LocalError(f"{api}.Body: the local stack does not support {path}; add it to local/adapter.py.")
        if path.endswith("/") and path != "/":
            raise LocalError(f"{api}.Body: {path} ends with a slash, which API Gateway does not support.")
        if (alike := paths_by_shape.setdefault(VARIABLE.sub("{}", path), path)) != path:
            raise LocalError(
                f"{api}.Body: {alike} and {path} are the same path to API Gateway; use one name for the variable."
            )
        _require_supported(methods, METHODS | {ANY_METHOD}, f"{api}.Body {path}")
        for method, operation in methods.items():
            yield _route_key("any" if method == ANY_METHOD else method, path), operation


def _route_key(method: str, path: str) -> str:
    """Return API Gateway's key of a route; in a `Body`, the default route has a leading slash and no method."""
    return DEFAULT_ROUTE if path.removeprefix("/") == DEFAULT_ROUTE else f"{method.upper()} {path}"


def _route(api: str, key: str, operation: Json, schemes: set[str]) -> Json:
    _require_supported(
        operation, {INTEGRATION, "isDefaultRoute", "security", "parameters", "responses"}, f"{api}.Body {key}"
    )
    integration = operation[INTEGRATION]
    _require_supported(
        integration, {"httpMethod", "type", "uri", "payloadFormatVersion", "timeoutInMillis"}, f"{api}.Body {key}"
    )
    if integration["type"] != "aws_proxy":
        raise LocalError(
            f"{api}.Body {key}: the local stack does not support integrations of type {integration['type']}."
        )
    names = [name for requirement in operation.get("security", []) for name in requirement if name != NO_AUTHORIZER]
    if len(names) > 1 or not schemes.issuperset(names):
        raise LocalError(f"{api}.Body {key}: the local stack does not support the security {operation['security']}.")
    suffix = hashlib.sha256(key.encode()).hexdigest()[:10]
    target = f"{api}Integration{suffix}"
    return {
        target: {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": api},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": integration["uri"],
                "PayloadFormatVersion": integration["payloadFormatVersion"],
            },
        },
        f"{api}Route{suffix}": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": api},
                "RouteKey": key,
                "Target": {"Fn::Sub": f"integrations/${{{target}}}"},
                **_authorization(api, names),
            },
        },
    }


def _authorization(api: str, names: list[str]) -> Json:
    if not names:
        return {"AuthorizationType": "NONE"}
    return {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": _authorizer_id(api, names[0])}}


def _authorizer_id(api: str, scheme: str) -> str:
    return f"{api}{scheme}Authorizer"


def _authorizer(api: str, scheme: str, definition: Json) -> Json:
    settings = definition.get(AUTHORIZER, {})
    if settings.get("type") != "request":
        raise LocalError(f"{api}: the local stack supports only Lambda authorizers; {scheme} is another kind.")
    properties = {name[0].upper() + name[1:]: value for name, value in settings.items() if name != "type"}
    return {
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Properties": {"ApiId": {"Ref": api}, "Name": scheme, "AuthorizerType": "REQUEST", **properties},
    }


def _require_supported(piece: Json, supported: set[str], where: str) -> None:
    """Reject keys that this module would ignore."""
    if unknown := sorted(piece.keys() - supported):
        names = ", ".join(unknown)
        raise LocalError(f"{where}: the local stack does not support {names}; add support to local/adapter.py.")
