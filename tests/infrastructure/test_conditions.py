"""Conditions and rules, resolved as AWS resolves them: parameters are strings, and a string never equals a number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samcli.lib.cfn_language_extensions.resolvers.condition_resolver import ConditionResolver
from samtranslator.yaml_helper import yaml_parse

from local import template as sam
from tests.infrastructure.templates import FILES, MAIN, NEW, STAGES, deployed, overrides
from tests.support import ROOT

COMPARISONS = {"Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"}


def literals(piece: Any, *, compared: bool = False) -> Iterator[Any]:
    """The values that a part of a template compares, without the expressions among them."""
    match piece:
        case dict():
            for name, each in piece.items():
                yield from literals(each, compared=name in COMPARISONS)
        case list():
            for each in piece:
                yield from literals(each, compared=compared)
        case _ if compared:
            yield piece


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_comparison_when_read_then_it_compares_strings_only(path: Path) -> None:
    assert [value for value in literals(yaml_parse(path.read_text())) if not isinstance(value, str)] == []


def test_given_an_unquoted_number_when_compared_then_it_is_found() -> None:
    template = yaml_parse(
        'Conditions: {A: !Not [!Equals [!Ref N, 0]], B: !Equals [!Select [1, !Ref L], true], C: !Equals [!Ref S, "0"]}'
    )
    assert list(literals(template)) == [0, True, "0"]


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_stage_when_deployed_then_no_function_is_limited_to_zero(stage: str) -> None:
    given = {**NEW.parameters, **overrides(stage)}
    made = sam.resources(deployed(MAIN, **given), "AWS::Lambda::Function").values()
    limits = {function["Properties"].get("ReservedConcurrentExecutions") for function in made}
    assert limits == {None, *({given["FunctionConcurrency"]} - {"0"})}


@pytest.mark.parametrize("stage", STAGES)
def test_given_a_stage_when_values_are_converted_then_nothing_changes(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {**NEW.parameters, **overrides(stage)}
    as_on_aws = deployed(MAIN, **given)
    # SAM CLI converts both sides of a comparison to strings.
    monkeypatch.setattr("tests.infrastructure.templates.equal", ConditionResolver._resolve_equals)
    assert deployed(MAIN, **given) == as_on_aws
