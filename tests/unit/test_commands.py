"""The commands in README, CONTRIBUTING and docs: what they name exists."""

import json
import re
import shlex
from pathlib import Path

import pytest

from local import template as sam
from tests.support import FUNCTIONS, ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/consumer/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
CODE = re.compile(r"`([^`\n]+)`|^ {4}((?:.*\\\n)*.+)", re.MULTILINE)
"""Code in a line, or an indented line with those that continue it."""
RULE = re.compile(r"^([\w.%/-][\w./% -]*):(?!=).*\n((?:\t.*\n|#.*\n)*)", re.MULTILINE)
EVERYWHERE = {"PORT", "STATE"}
MAKEFILE = (ROOT / "Makefile").read_text()
RULES = {name: rule[0] for rule in RULE.finditer(MAKEFILE) for name in rule[1].split()}
"""The text of each target's rule."""
NOT_IN_THE_PICTURE = {"migrate_database"}
"""It runs with a deploy, and no request reaches it."""


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Return the page and the words of each command that runs a program."""
    found = []
    for page in PAGES:
        for code in CODE.finditer(page.read_text()):
            for command in re.split(r"&&|\||;|\$\(|\)", (code[1] or code[2]).replace("\\\n", " ")):
                text = re.sub(r"(^|\s)#.*", "", command).replace("[", " ").replace("]", " ").strip()
                match = re.search(rf"(?:^|\s)(?:\S*/)?{program}(?:\s|$)", text)
                if match and not text.startswith("…"):
                    found.append((page.name, shlex.split(text[match.end() :])))
    return found


def test_given_the_pages_when_searched_then_commands_are_found() -> None:
    assert len(list(commands("make"))) > 60
    assert len(list(commands("sam local"))) >= 1
    assert len(list(commands("pytest"))) >= 1


@pytest.mark.parametrize(("page", "words"), commands("make"), ids=str)
def test_given_a_make_command_when_read_then_target_and_variables_exist(page: str, words: list[str]) -> None:
    targets = [word for word in words if "=" not in word]
    for target in targets:
        assert target in RULES, f"{page}: there is no target {target}"
    for variable, _, value in (word.partition("=") for word in words if "=" in word):
        used = any(
            re.search(rf"\$\(({variable}|or \$\({variable})\b|\$\${variable}\b", RULES[each]) for each in targets
        )
        assert variable in EVERYWHERE or used, f"{page}: {targets} ignores {variable}"
        if variable == "FUNCTION":
            assert (FUNCTIONS / value / "app.py").exists()
        if variable == "EVENT" and "…" not in value:
            assert (ROOT / value).exists()
        if variable == "ARGS" and value.startswith("tests"):
            assert (ROOT / value.split()[0]).exists()


@pytest.mark.parametrize(("page", "words"), commands("pytest"), ids=str)
def test_given_a_pytest_command_when_read_then_its_files_exist(page: str, words: list[str]) -> None:
    for word in words:
        assert not word.startswith("tests") or (ROOT / word).exists(), page


@pytest.mark.parametrize(("page", "words"), commands("sam local"), ids=str)
def test_given_a_sam_local_command_when_read_then_it_can_run(page: str, words: list[str]) -> None:
    from samcli.commands.local.invoke.cli import cli

    known = {option for parameter in cli.params for option in parameter.opts}
    if words[:1] != ["invoke"] or len(words) == 1:
        return
    function, options = words[1], [word for word in words if re.match("--?[a-z]", word)]
    assert function in sam.functions(sam.read(ROOT / "template.yaml")).values(), page
    assert set(options) <= known, page
    assert "--language-extensions" in options, "the template has loops"
    assert (ROOT / words[words.index("-e") + 1]).exists(), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_given_an_address_of_the_api_when_read_then_it_is_a_route(page: Path) -> None:
    paths = json.loads((FUNCTIONS / "docs" / "openapi.json").read_text())["paths"]
    routes = [re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)) for path in paths]
    for address in re.findall(r"localhost:8001(/[^\s\"'?#`|)]*)", page.read_text()):
        assert any(route.fullmatch(address.rstrip(".,")) for route in routes), address


def test_given_the_picture_of_the_flow_when_read_then_it_shows_what_requests_reach() -> None:
    shown = set(re.findall(r"\w+", re.sub(r"<[^>]+>", " ", (ROOT / "docs" / "flow.svg").read_text())))
    functions = {path.parent.name for path in FUNCTIONS.glob("*/app.py")}
    assert functions & shown == functions - NOT_IN_THE_PICTURE
