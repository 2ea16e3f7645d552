"""`sam build` runs when a source has changed, and only then."""

from pathlib import Path

import pytest

from local import build
from local.errors import LocalError
from local.layout import Layout

TEMPLATE = """
Resources:
  Get: {Type: AWS::Serverless::Function, Properties: {CodeUri: functions/get}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: shared}}
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "functions/get").mkdir(parents=True)
    (tmp_path / "functions/get/app.py").write_text("one")
    (tmp_path / "shared").mkdir()
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return Layout.find(tmp_path)


def test_given_the_same_sources_when_hashed_then_the_fingerprint_is_the_same(layout: Layout) -> None:
    before = build.fingerprint(layout, "arm64")
    (layout.root / "functions/get/__pycache__").mkdir()
    (layout.root / "functions/get/__pycache__/app.pyc").write_text("")
    (layout.root / "README.md").write_text("")
    assert build.fingerprint(layout, "arm64") == before


@pytest.mark.parametrize("path", ["functions/get/app.py", "shared/new.py", "template.yaml"])
def test_given_an_edit_when_hashed_then_the_fingerprint_changes(layout: Layout, path: str) -> None:
    before = build.fingerprint(layout, "arm64")
    with (layout.root / path).open("a") as file:
        file.write("# two\n")
    assert build.fingerprint(layout, "arm64") != before


def test_given_another_processor_when_hashed_then_the_fingerprint_changes(layout: Layout) -> None:
    assert build.fingerprint(layout, "arm64") != build.fingerprint(layout, "x86_64")


def test_given_code_that_does_not_compile_when_built_then_file_and_line_are_named(layout: Layout) -> None:
    app = layout.root / "functions/get/app.py"
    app.write_text("import json\n\ndef handler(event, context)\n    return {}\n")
    (layout.root / "shared/null.py").write_bytes(b"\0")
    with pytest.raises(LocalError, match="does not compile") as refused, build.in_background(layout, "arm64"):
        pass
    assert f"{app}:3: expected ':'" in str(refused.value)
    assert str(layout.root / "shared/null.py") in str(refused.value)
    app.write_text("import json\n")
    (layout.root / "shared/null.py").unlink()
    build.require_compiling(layout)
