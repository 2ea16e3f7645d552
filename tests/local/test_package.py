import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local import package


class Storage:
    """As much of S3 as uploading takes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads = 0

    def create_bucket(self, **_: str) -> None:
        pass

    def list_objects_v2(self, **_: str) -> dict[str, Any]:
        return {"Contents": [{"Key": key} for key in self.objects]}

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803 - S3's names
        self.objects[Key] = Body
        self.uploads += 1


@pytest.fixture
def built(tmp_path: Path) -> dict[str, Any]:
    for name, text in (("Get/app.py", "get"), ("Layer/python/orders.py", "TEXT = 'shared'")):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return {
        "Resources": {
            "Get": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "Get", "Timeout": 5}},
            "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "Layer"}},
            "Queue": {"Type": "AWS::SQS::Queue"},
        }
    }


def test_given_built_folders_when_uploaded_then_the_template_points_at_them(
    tmp_path: Path, built: dict[str, Any]
) -> None:
    storage: Any = Storage()
    packaged = package.upload(built, tmp_path, storage, tmp_path / "shelf")["Resources"]
    code = packaged["Get"]["Properties"]
    assert code["Timeout"] == 5
    with zipfile.ZipFile(io.BytesIO(storage.objects[code["CodeUri"]["Key"]])) as archive:
        assert archive.read("app.py") == b"get"
    layer = tmp_path / "layer"
    with zipfile.ZipFile(io.BytesIO(storage.objects[packaged["Layer"]["Properties"]["ContentUri"]["Key"]])) as archive:
        archive.extractall(layer)
    program = f"import site; site.addsitedir({str(layer / package.SITE)!r}); import orders; print(orders.TEXT)"
    started = subprocess.run([sys.executable, "-IS", "-c", program], capture_output=True, check=True, text=True)  # noqa: S603 - our own interpreter and program
    assert started.stdout == "shared\n"
    assert packaged["Queue"] == built["Resources"]["Queue"]
    assert built["Resources"]["Get"]["Properties"]["CodeUri"] == "Get"


def test_given_one_edit_when_uploaded_again_then_nothing_else_is_uploaded(
    tmp_path: Path, built: dict[str, Any]
) -> None:
    storage: Any = Storage()
    before = package.upload(built, tmp_path, storage, tmp_path / "shelf")["Resources"]
    (tmp_path / "Get/app.py").write_text("got")
    after = package.upload(built, tmp_path, storage, tmp_path / "shelf")["Resources"]
    assert storage.uploads == 3
    assert before["Layer"] == after["Layer"]
    assert before["Get"] != after["Get"]


def test_given_other_times_and_modes_when_archived_then_the_file_is_the_same(
    tmp_path: Path, built: dict[str, Any]
) -> None:
    before = package.archived(tmp_path / "Layer")
    os.utime(tmp_path / "Layer/python/orders.py", (1, 1))
    (tmp_path / "Layer/python/orders.py").chmod(0o600)
    assert package.archived(tmp_path / "Layer") == before


def test_given_a_changed_layer_when_uploaded_then_the_old_copy_is_kept(tmp_path: Path, built: dict[str, Any]) -> None:
    storage: Any = Storage()
    before = package.upload(built, tmp_path, storage, tmp_path / "shelf")["Resources"]
    (tmp_path / "Layer/python/orders.py").write_text("TEXT = 'new'")
    after = package.upload(built, tmp_path, storage, tmp_path / "shelf")["Resources"]
    assert before["Layer"] != after["Layer"]
    copies = (tmp_path / "shelf").glob("*/python/orders.py")
    assert sorted(copy.read_text() for copy in copies) == ["TEXT = 'new'", "TEXT = 'shared'"]
