"""Names that begin with the stack's name: AWS accepts each of them for every name that a stack may have."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from local import template as sam
from local.dashboard import nested
from tests.infrastructure.templates import BUS, DATABASE, NETWORK, STAGES, texts
from tests.monitored import resources
from tests.support import ROOT
from tools.deploy import MAX_STACK_NAME, stack_name

LONGEST = "o" * MAX_STACK_NAME
VARIABLES = {"AWS::StackName": LONGEST, "StackName": LONGEST, "Id": "01234567-89ab-cdef-0123-456789abcdef"}
OF_STACK = re.compile(r"\$\{((AWS::)?StackName|Id)\}")
LIMITS = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/, the page of each type
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::CompositeAlarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::Events::Rule", "Name"): 64,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::Logs::QueryDefinition", "Name"): 255,
    ("AWS::RDS::DBProxy", "DBProxyName"): 64,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SQS::Queue", "QueueName"): 80,
    ("AWS::Scheduler::Schedule", "Name"): 64,
}
"""Characters of the property that names a resource."""
SEARCH_CHARACTERS = 1024
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""


def given_names(made: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The type, the property and the value of each name that contains the name or the id of the stack."""
    for resource in made.values():
        for name, value in resource.get("Properties", {}).items():
            match value:
                case {"Fn::Sub": str(pattern)} | {"Fn::Sub": [str(pattern), _]} if OF_STACK.search(pattern):
                    pass
                case {"Ref": "AWS::StackName" | "StackName"}:
                    pattern = "${StackName}"
                case str() if LONGEST in value:
                    pattern = value
                case _:
                    continue
            if name.endswith("Name"):
                yield resource["Type"], name, re.sub(r"\$\{([\w:]+)\}", lambda found: VARIABLES[found[1]], pattern)


@pytest.fixture(scope="module")
def names() -> list[tuple[str, str, str]]:
    nested_stacks = (sam.read(path)["Resources"] for path in (NETWORK, DATABASE))
    everything = [BUS.resources, *nested_stacks, resources(LONGEST)]
    return [name for made in everything for name in given_names(made)]


def test_given_the_longest_stack_name_when_deployed_then_each_name_is_valid(names: list[tuple[str, str, str]]) -> None:
    assert {(kind, named) for kind, named, _ in names} == LIMITS.keys()
    assert [value for kind, named, value in names if len(value) > LIMITS[kind, named]] == []


def test_given_the_longest_stack_name_when_deployed_then_the_dashboard_can_search() -> None:
    searches = [text for widget in nested.widgets(resources(LONGEST)) for text in texts(widget) if "SEARCH(" in text]
    assert searches
    assert max(map(len, searches)) <= SEARCH_CHARACTERS


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_stage_when_named_then_there_is_room(stage: str) -> None:
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert len(stack_name(configured[stage])) <= MAX_STACK_NAME
