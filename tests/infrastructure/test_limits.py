"""The limits of CloudFormation, IAM and Lambda, with room for what is added: half of each limit is left."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local import template as sam
from tests.infrastructure.templates import BUS, EXPANDED, FILES, MAIN, NEW, deployed, overrides
from tests.monitored import resources
from tests.support import ROOT
from tools.deploy import MAX_STACK_NAME

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
SECTIONS = {"Parameters": 200, "Mappings": 200, "Outputs": 200, "Resources": 500}
TEMPLATE_BYTES = 1_000_000
DESCRIPTION_BYTES = 1_024
PARAMETER_BYTES = 4_096
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ATTACHED_POLICIES = 10
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ENVIRONMENT_BYTES = 4_096
LAYERS = 5


def processed(path: Path) -> sam.Json:
    """A template as CloudFormation stores it: loops and SAM's resources expanded."""
    given = {**NEW.parameters, **overrides("prod"), "EventBusName": "orders"}
    return deployed(path, **given) if path == MAIN else sam.read(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_template_when_processed_then_half_of_each_limit_is_left(path: Path) -> None:
    made = processed(path)
    for section, limit in SECTIONS.items():
        assert len(made.get(section, {})) <= limit / 2
    assert len(json.dumps(made)) <= TEMPLATE_BYTES / 2
    assert len(path.read_bytes()) <= TEMPLATE_BYTES / 2
    assert len(made["Description"].encode()) <= DESCRIPTION_BYTES


def test_given_the_monitoring_stacks_when_processed_then_half_of_the_limit_is_left() -> None:
    assert len(resources()) <= SECTIONS["Resources"] / 2


def test_given_a_nested_stack_when_created_then_each_parameter_is_short_enough() -> None:
    """The longest ones list all functions, and begin each with the name of the stack."""
    template = sam.read(MAIN)
    for stack in sam.resources(template, "AWS::CloudFormation::Stack").values():
        for value in stack["Properties"]["Parameters"].values():
            match value:
                case {"Fn::Join": [separator, list(parts)]}:
                    names = [name_of(template["Resources"][part["Ref"]]) for part in parts if "Ref" in part]
                    assert len(separator.join(names)) <= PARAMETER_BYTES / 2


def name_of(resource: dict[str, Any]) -> str:
    name = resource["Properties"].get("FunctionName") or resource["Properties"]["LogGroupName"]
    return str(name["Fn::Sub"]).replace("${AWS::StackName}", "o" * MAX_STACK_NAME)


def test_given_a_role_when_created_then_half_of_its_policies_are_left() -> None:
    attached = Counter(
        role["Ref"]
        for policy in BUS.of_type("AWS::IAM::ManagedPolicy").values()
        for role in policy.get("Roles", [])
        if "Ref" in role
    )
    for name, role in BUS.of_type("AWS::IAM::Role").items():
        assert attached[name] + len(role.get("ManagedPolicyArns", [])) <= ATTACHED_POLICIES / 2


def test_given_a_function_when_configured_then_there_is_room_for_more() -> None:
    for function in EXPANDED.of_type("AWS::Lambda::Function").values():
        assert len(function["Layers"]) < LAYERS
        # An expression is longer than most values. A public key of 4,096 bits has 800 characters, a URL up to 200.
        written = re.sub(r"Fn::\w+|Ref", "", json.dumps(function["Environment"]["Variables"]))
        assert len(written) + 800 <= ENVIRONMENT_BYTES
