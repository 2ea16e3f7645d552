"""From the SAM template to one that MiniStack understands.

AWS expands SAM and reads the OpenAPI document that an HTTP API carries in `Body`. MiniStack does not read it, and
would silently deploy an API without routes. So this translates with AWS's own library and then spells the document
out as authorizer, integration and route resources. Anything in it that is not known here is an error.
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
CUSTOM_RESOURCE_SECONDS = 60  # a function that cannot even be started never answers
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
    """Returns a packaged SAM template as plain CloudFormation, the way AWS would expand it.

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
    translator.metrics.publish()  # to nowhere; left alone, they complain when they are thrown away
    plain: Json = json.loads(json.dumps(translated))  # the translator has dictionaries of its own kind
    return plain


def adapt(template: Json, parameters: dict[str, str]) -> Json:
    """Returns a CloudFormation template that MiniStack does what AWS would do with.

    Args:
        template: What `translate` returned.
        parameters: Values of the template's parameters.

    Raises:
        LocalError: It does not have exactly one HTTP API, or holds something that this does not know.
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
        raise LocalError(f"The local cloud serves one HTTP API; template.yaml has {len(apis)}.")
    ((name, api),) = apis.items()
    adapted["Resources"] |= _spelled_out(name, api)
    return adapted


def _spelled_out(name: str, api: Json) -> Json:
    """Returns an HTTP API without its `Body`, and the resources that say the same."""
    properties = dict(api["Properties"])
    body = properties.pop("Body", {})
    _only(properties, {"Description", "DisableExecuteApiEndpoint", "FailOnWarnings"}, name)
    _only(body, {"openapi", "info", "paths", "tags", "components", CORS}, f"{name}.Body")
    plain = {
        "Name": {"Ref": "AWS::StackName"},
        "ProtocolType": "HTTP",
        "Tags": {API_ID_TAG: emulator.API_ID},
        **({"CorsConfiguration": body[CORS]} if CORS in body else {}),
    }
    schemes = body.get("components", {}).get("securitySchemes", {})
    spelled_out = {name: {"Type": API, "Properties": plain}}
    for scheme, definition in schemes.items():
        spelled_out[_authorizer_id(name, scheme)] = _authorizer(name, scheme, definition)
    for key, operation in _operations(name, body["paths"]):
        spelled_out |= _route(name, key, operation, set(schemes))
    return spelled_out


def declared_routes(template: Json) -> dict[str, bool]:
    """Returns the routes that a SAM template's events ask for, and whether each wants a token.

    Raises:
        LocalError: An event leaves its API, method or path to a default.
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
                    raise LocalError(f"{name}: an HttpApi event needs ApiId, Method and Path here.")
    return routes


def require_routes(declared: dict[str, bool], deployed: dict[str, bool]) -> None:
    """Makes sure that the API has the routes it was declared with, no more and no less.

    Args:
        declared: Route keys, and whether each wants a token, from the template.
        deployed: The same from the running API.

    Raises:
        LocalError: They differ; the message names each difference.
    """
    differences = [
        *(f"missing: {key}" for key in sorted(declared.keys() - deployed.keys())),
        *(f"not in the template: {key}" for key in sorted(deployed.keys() - declared.keys())),
        *(
            f"{key} {'lost its' if declared[key] else 'has an unwanted'} authorizer"
            for key in sorted(declared.keys() & deployed.keys())
            if declared[key] != deployed[key]
        ),
    ]
    if differences:
        raise LocalError("\n".join(["The deployed API is not the one in template.yaml:", *differences]))


def _with_batches(actions: str | list[str]) -> list[str]:
    """Returns a statement's actions and their batches: AWS has one permission for both, MiniStack has two."""
    named = [actions] if isinstance(actions, str) else actions
    return [*named, *(f"{action}Batch" for action in named if action in BATCHED)]


def _number(name: str, expression: Any, values: dict[str, str]) -> int:  # noqa: ANN401 - JSON of any kind
    """Returns a number, or the parameter that it is: MiniStack has all parameters as text."""
    match expression:
        case int():
            return expression
        case {"Ref": str(parameter)} if values.get(parameter, "").isdecimal():
            return int(values[parameter])
        case _:
            raise LocalError(f"{name}: the local cloud takes a number or a parameter here, and not {expression}.")


def _condition(name: str, expression: Any, values: dict[str, str]) -> Any:  # noqa: ANN401 - JSON of any kind
    """Returns a condition in terms of those functions that MiniStack evaluates; the others it takes to be true."""
    match expression:
        case {"Fn::Join": [str(separator), {"Ref": str(parameter)}]} if parameter in values:
            return separator.join(values[parameter].split(","))
        case dict() if CONDITION_FUNCTIONS.issuperset(expression):
            return {function: _condition(name, arguments, values) for function, arguments in expression.items()}
        case dict():
            raise LocalError(f"Condition {name}: the local cloud does not know {', '.join(expression)} in a condition.")
        case list():
            return [_condition(name, argument, values) for argument in expression]
        case _:
            return expression


def _operations(api: str, paths: Json) -> Iterator[tuple[str, Json]]:
    shapes: dict[str, str] = {}
    for path, methods in paths.items():
        if not path.startswith(("/", "$")):
            raise LocalError(f"{api}.Body: the local cloud does not know {path}. Teach it in local/adapter.py.")
        if path.endswith("/") and path != "/":
            raise LocalError(f"{api}.Body: {path} ends with a slash, and no route of API Gateway can.")
        if (alike := shapes.setdefault(VARIABLE.sub("{}", path), path)) != path:
            raise LocalError(f"{api}.Body: {alike} and {path} are one path to API Gateway; give its variable one name.")
        _only(methods, METHODS | {ANY_METHOD}, f"{api}.Body {path}")
        for method, operation in methods.items():
            yield _route_key("any" if method == ANY_METHOD else method, path), operation


def _route_key(method: str, path: str) -> str:
    """Returns how API Gateway calls a route; the default one has no method and, in a `Body`, a slash in front."""
    return DEFAULT_ROUTE if path.removeprefix("/") == DEFAULT_ROUTE else f"{method.upper()} {path}"


def _route(api: str, key: str, operation: Json, schemes: set[str]) -> Json:
    _only(operation, {INTEGRATION, "isDefaultRoute", "security", "parameters", "responses"}, f"{api}.Body {key}")
    integration = operation[INTEGRATION]
    _only(integration, {"httpMethod", "type", "uri", "payloadFormatVersion", "timeoutInMillis"}, f"{api}.Body {key}")
    if integration["type"] != "aws_proxy":
        raise LocalError(f"{api}.Body {key}: the local cloud does not know integrations of type {integration['type']}.")
    names = [name for requirement in operation.get("security", []) for name in requirement if name != NO_AUTHORIZER]
    if len(names) > 1 or not schemes.issuperset(names):
        raise LocalError(f"{api}.Body {key}: the local cloud does not know the security {operation['security']}.")
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
        raise LocalError(f"{api}: the local cloud knows Lambda authorizers only, {scheme} is another kind.")
    properties = {name[0].upper() + name[1:]: value for name, value in settings.items() if name != "type"}
    return {
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Properties": {"ApiId": {"Ref": api}, "Name": scheme, "AuthorizerType": "REQUEST", **properties},
    }


def _only(found: Json, known: set[str], where: str) -> None:
    """Refuses keys that nothing here would act on."""
    if unknown := sorted(found.keys() - known):
        raise LocalError(f"{where}: the local cloud does not know {', '.join(unknown)}. Teach it in local/adapter.py.")
