from pathlib import Path

import pytest

from local import parameters
from local.errors import LocalError
from local.layout import Layout

TEMPLATE = {"Parameters": {"LogLevel": {"Default": "INFO"}, "CartUrl": {}, "Later": {"Default": "x"}}}


def test_given_default_values_when_chosen_then_only_declared_parameters_are_passed() -> None:
    usual = {"CartUrl": "http://cart", "LogLevel": "INFO", "Unknown": "1"}
    assert parameters.choose(TEMPLATE, usual, {}) == {"CartUrl": "http://cart", "LogLevel": "INFO"}


def test_given_an_override_when_chosen_then_it_takes_precedence() -> None:
    assert parameters.choose(TEMPLATE, {"CartUrl": "a"}, {"CartUrl": "b"}) == {"CartUrl": "b"}


def test_given_an_unknown_override_when_chosen_then_the_error_lists_the_known_ones() -> None:
    with pytest.raises(LocalError, match=r"no parameter Nope; its parameters are CartUrl, Later, LogLevel"):
        parameters.choose(TEMPLATE, {"CartUrl": "a"}, {"Nope": "1"})


def test_given_a_parameter_without_a_value_when_chosen_then_it_is_named() -> None:
    with pytest.raises(LocalError, match="requires a value for CartUrl"):
        parameters.choose(TEMPLATE, {}, {})


def test_given_a_stack_when_its_values_are_built_then_they_have_its_own_ports() -> None:
    values = parameters.values(Layout.find(Path("/project"), port=9001))
    assert values["DatabasePort"] == "9004"
    assert values["InventoryUrl"] == "http://127.0.0.1:9002/inventory"
    assert values["Architecture"] in {"x86_64", "arm64"}
