"""Upload built folders to S3 as zip files, as `sam package` does, without its start-up time."""

import copy
import hashlib
import io
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from local import template as sam
from local.template import Json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "artifacts"
SITE = f"python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
"""The folder of a layer in which Python looks for `.pth` files."""


def upload(template: Json, folder: Path, s3: "S3Client", layers: Path) -> Json:
    """Upload the code of the template's functions and layers.

    MiniStack unpacks the layers for each worker, which takes longer than the start of the worker. So an uploaded layer
    contains only a `.pth` file that points Python to the layer's single copy on disk.

    Args:
        template: The template that `sam build` wrote.
        folder: The folder of that template.
        s3: A client for S3; the bucket is created if needed.
        layers: The folder for the copies of layers.

    Returns:
        The template, with the locations in S3. A key is the hash of its content, so unchanged code keeps its key.
    """
    packaged = copy.deepcopy(template)
    s3.create_bucket(Bucket=BUCKET)
    present = {stored["Key"] for stored in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}
    for resource in sam.resources(packaged, *sam.SOURCES).values():
        archive = archived(folder / sam.source(resource))
        if resource["Type"] == sam.LAYER:
            archive = _layer_with_path(_unpacked(archive, layers) / "python")
        key = f"{hashlib.sha256(archive).hexdigest()}.zip"
        if key not in present:
            s3.put_object(Bucket=BUCKET, Key=key, Body=archive)
        resource["Properties"][sam.SOURCES[resource["Type"]]] = {"Bucket": BUCKET, "Key": key}
    return packaged


def archived(folder: Path) -> bytes:
    """Return a folder as an uncompressed zip file that depends only on file names and contents."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _unpacked(archive: bytes, layers: Path) -> Path:
    """Unpack a zip file into a folder named after its hash, and return the folder."""
    folder = layers / hashlib.sha256(archive).hexdigest()
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            opened.extractall(partial)
        partial.rename(folder)
    return folder


def _layer_with_path(packages: Path) -> bytes:
    """Return a layer that puts a folder of packages first on `sys.path`."""
    line = f"import sys; sys.path.insert(0, {str(packages)!r})\n"
    return _zipped({f"{SITE}/layer.pth": line.encode()})
