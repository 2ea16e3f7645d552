"""The adapted template is equivalent to the original, or adapting fails with what is unsupported."""

from pathlib import Path

import pytest

from local import adapter, emulator
from local import template as sam
from local.errors import LocalError

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Secret: {Type: String, Default: ""}
  Subnets: {Type: CommaDelimitedList, Default: ""}
Conditions:
  InVpc: !Not [!Equals [!Join ["", !Ref Subnets], ""]]
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      FailOnWarnings: true
      CorsConfiguration: {AllowOrigins: ["https://shop.example"], AllowMethods: [GET], MaxAge: 600}
      Auth:
        DefaultAuthorizer: Token
        Authorizers:
          Token:
            FunctionArn: !GetAtt Authorizer.Arn
            AuthorizerPayloadFormatVersion: "2.0"
            EnableSimpleResponses: true
            Identity: {Headers: [Authorization], ReauthorizeEvery: 60}
  Authorizer:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: {Bucket: b, Key: authorizer}}
  GetOrder:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: {Bucket: b, Key: get_order}
      Events:
        Canonical: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: "/orders/{order_id}"}}
        Cancel: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: post, Path: "/orders/{order_id}/cancel"}}
        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: any, Path: /anything}}
        Health:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Method: get, Path: /health, Auth: {Authorizer: NONE}}
  Schema:
    Type: Custom::Schema
    Properties: {ServiceToken: !GetAtt GetOrder.Arn, ServiceTimeout: 300}
"""
ROUTES = {
    "GET /orders/{order_id}": True,
    "POST /orders/{order_id}/cancel": True,
    "ANY /anything": True,
    "GET /health": False,
}


@pytest.fixture
def template(tmp_path: Path) -> sam.Json:
    return parsed(tmp_path, TEMPLATE)


def parsed(folder: Path, text: str) -> sam.Json:
    path = folder / "template.yaml"
    path.write_text(text)
    return sam.read(path)


def adapted(template: sam.Json, **parameters: str) -> sam.Json:
    return adapter.adapt(adapter.translate(template, parameters), parameters)


def of_type(template: sam.Json, kind: str) -> list[sam.Json]:
    return [resource["Properties"] for resource in sam.resources(template, f"AWS::ApiGatewayV2::{kind}").values()]


def test_given_events_when_adapted_then_each_is_a_route_with_its_authorization(template: sam.Json) -> None:
    routes = of_type(adapted(template), "Route")
    assert {route["RouteKey"]: route["AuthorizationType"] == "CUSTOM" for route in routes} == ROUTES
    assert [route["AuthorizerId"] for route in routes if "AuthorizerId" in route] == [{"Ref": "ApiTokenAuthorizer"}] * 3


def test_given_a_default_route_when_adapted_then_its_key_is_default_alone(tmp_path: Path) -> None:
    template = parsed(tmp_path, TEMPLATE.replace("Path: /anything", "Path: $default"))
    expected = {key.replace("ANY /anything", "$default"): wants_token for key, wants_token in ROUTES.items()}
    assert {route["RouteKey"] for route in of_type(adapted(template), "Route")} == set(expected)
    assert adapter.declared_routes(template) == expected


def test_given_a_route_when_adapted_then_its_target_is_its_function(template: sam.Json) -> None:
    result = adapted(template)
    integrations = sam.resources(result, "AWS::ApiGatewayV2::Integration")
    targets = {route["Target"]["Fn::Sub"] for route in of_type(result, "Route")}
    assert targets == {f"integrations/${{{name}}}" for name in integrations}
    assert all("${GetOrder.Arn}" in one["Properties"]["IntegrationUri"]["Fn::Sub"] for one in integrations.values())
    assert {one["Properties"]["PayloadFormatVersion"] for one in integrations.values()} == {"2.0"}


def test_given_origins_in_a_parameter_when_adapted_then_they_are_a_list(tmp_path: Path) -> None:
    text = TEMPLATE.replace('["https://shop.example"]', "!Ref Origins")
    template = parsed(tmp_path, text.replace("  Secret:", "  Origins: {Type: CommaDelimitedList}\n  Secret:"))
    given = {"Origins": "https://shop.example,https://other.example"}
    (api,) = of_type(adapter.adapt(adapter.translate(template, given), given), "Api")
    assert api["CorsConfiguration"]["allowOrigins"] == ["https://shop.example", "https://other.example"]


def test_given_an_api_when_adapted_then_it_keeps_cors_and_gets_its_id(template: sam.Json) -> None:
    (api,) = of_type(adapted(template), "Api")
    assert api["CorsConfiguration"] == {
        "allowOrigins": ["https://shop.example"],
        "allowMethods": ["GET"],
        "maxAge": 600,
    }
    assert api["Tags"] == {"ms-custom-id": emulator.API_ID}
    assert "Body" not in api


def test_given_an_authorizer_when_adapted_then_it_keeps_its_settings(template: sam.Json) -> None:
    (authorizer,) = of_type(adapted(template), "Authorizer")
    assert authorizer.pop("AuthorizerUri")
    assert authorizer == {
        "ApiId": {"Ref": "Api"},
        "Name": "Token",
        "AuthorizerType": "REQUEST",
        "AuthorizerPayloadFormatVersion": "2.0",
        "AuthorizerResultTtlInSeconds": 60,
        "EnableSimpleResponses": True,
        "IdentitySource": ["$request.header.Authorization"],
    }


def test_given_a_template_when_adapted_then_permissions_and_stage_are_kept(template: sam.Json) -> None:
    result = adapted(template)
    assert len(sam.resources(result, "AWS::Lambda::Permission")) == len(ROUTES)
    assert len(of_type(result, "Stage")) == 1


def test_given_a_custom_resource_when_adapted_then_it_is_not_waited_for_forever(template: sam.Json) -> None:
    assert adapted(template)["Resources"]["Schema"]["Properties"]["ServiceTimeout"] == 60


@pytest.mark.parametrize(("subnets", "joined"), [("", ""), ("subnet-1,subnet-2", "subnet-1subnet-2")])
def test_given_a_joined_list_in_a_condition_when_adapted_then_it_is_computed(
    template: sam.Json, subnets: str, joined: str
) -> None:
    conditions = adapted(template, Subnets=subnets)["Conditions"]
    assert conditions["InVpc"] == {"Fn::Not": [{"Fn::Equals": [joined, ""]}]}


FUNCTION = "Type: AWS::Serverless::Function\n    Properties:\n"
SECOND_API = "Resources:\n  Other: {Type: AWS::Serverless::HttpApi, Properties: {DefinitionBody: {paths: {}}}}\n"
JWT = "JwtConfiguration: {issuer: 'https://a.example', audience: [b]}, IdentitySource: $request.header.Authorization"


@pytest.mark.parametrize(
    ("original", "replacement", "error"),
    [
        ('!Join ["", !Ref Subnets]', "!FindInMap [A, B, C]", "InVpc: .* Fn::FindInMap"),
        ("FailOnWarnings: true", "DisableExecuteApiEndpoint: true", "Api.Body: .* servers"),
        ("Authorizers:\n", f"Authorizers:\n          Jwt: {{{JWT}}}\n", "only Lambda authorizers; Jwt"),
        (FUNCTION, f"Condition: InVpc\n    {FUNCTION}", "Api.Body /orders/.* Fn::If"),
        ("Resources:\n", SECOND_API, "one HTTP API; template.yaml has 2"),
        ('AuthorizerPayloadFormatVersion: "2.0"', "", "not valid SAM"),
        ("Path: /anything", "Path: /anything/", "/anything/ ends with a slash"),
        ("Path: /anything", 'Path: "/orders/{id}"', "the same path to API Gateway"),
    ],
)
def test_given_an_unsupported_property_when_adapted_then_it_is_an_error(
    tmp_path: Path, original: str, replacement: str, error: str
) -> None:
    assert original in TEMPLATE
    with pytest.raises(LocalError, match=error):
        adapted(parsed(tmp_path, TEMPLATE.replace(original, replacement)))


def test_given_a_template_when_its_routes_are_listed_then_they_match_its_events(template: sam.Json) -> None:
    assert adapter.declared_routes(template) == ROUTES


def test_given_an_event_without_a_path_when_routes_are_listed_then_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"GetOrder: .* Method and Path"):
        adapter.declared_routes(parsed(tmp_path, TEMPLATE.replace("Method: any, Path: /anything", "Method: any")))


@pytest.mark.parametrize(
    ("deployed", "error"),
    [
        ({"GET /a": True}, "missing: GET /b"),
        ({"GET /a": True, "GET /b": False, "GET /c": True}, "not in the template: GET /c"),
        ({"GET /a": False, "GET /b": False}, "GET /a lost its authorizer"),
        ({"GET /a": True, "GET /b": True}, "GET /b has an unexpected authorizer"),
    ],
)
def test_given_another_api_than_declared_when_compared_then_the_difference_is_named(
    deployed: dict[str, bool], error: str
) -> None:
    with pytest.raises(LocalError, match=error):
        adapter.require_routes({"GET /a": True, "GET /b": False}, deployed)


def test_given_the_declared_api_when_compared_then_there_is_no_error() -> None:
    adapter.require_routes(ROUTES, dict(reversed(ROUTES.items())))


@pytest.mark.parametrize("actions", ["sqs:SendMessage", ["sqs:SendMessage", "sqs:ReceiveMessage"]])
def test_given_permission_to_send_a_message_when_adapted_then_batches_are_allowed(
    template: sam.Json, actions: str | list[str]
) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "arn:aws:sqs:us-east-1:000000000000:orders-tasks"}
    template["Resources"]["GetOrder"]["Properties"]["Policies"] = [{"Statement": [statement]}]
    allowed = [each["Action"] for each in sam.statements(adapted(template)["Resources"])]
    named = [actions] if isinstance(actions, str) else actions
    assert [*named, "sqs:SendMessageBatch"] in allowed
