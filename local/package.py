"""Built folders as zip files in S3: what `sam package` does, without its start-up time."""

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
"""The folder of a layer in which Python looks for files that lead elsewhere."""


def upload(template: Json, folder: Path, s3: "S3Client", shelf: Path) -> Json:
    """Uploads what the template's functions and layers are made of.

    MiniStack unpacks the layers for each worker that it starts, which takes longer than starting it. So all that is in
    an uploaded layer is a file that leads Python to the layer's one copy.

    Args:
        template: The template that `sam build` wrote.
        folder: Where it wrote it.
        s3: A client for the S3 to upload to; the bucket is made if need be.
        shelf: The folder for copies of layers.

    Returns:
        The template, pointing at S3. A key is the hash of its content: what has not changed keeps its place.
    """
    packaged = copy.deepcopy(template)
    s3.create_bucket(Bucket=BUCKET)
    present = {stored["Key"] for stored in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}
    for resource in sam.resources(packaged, *sam.SOURCES).values():
        archive = archived(folder / sam.source(resource))
        if resource["Type"] == sam.LAYER:
            archive = _leading_to(_unpacked(archive, shelf) / "python")
        key = f"{hashlib.sha256(archive).hexdigest()}.zip"
        if key not in present:
            s3.put_object(Bucket=BUCKET, Key=key, Body=archive)
        resource["Properties"][sam.SOURCES[resource["Type"]]] = {"Bucket": BUCKET, "Key": key}
    return packaged


def archived(folder: Path) -> bytes:
    """Returns a folder as a zip file that depends on nothing but names and contents; it is not compressed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _unpacked(archive: bytes, shelf: Path) -> Path:
    """Returns the folder in which a zip file is unpacked, named after its content."""
    folder = shelf / hashlib.sha256(archive).hexdigest()
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            opened.extractall(partial)
        partial.rename(folder)
    return folder


def _leading_to(packages: Path) -> bytes:
    """Returns a layer that puts a folder of packages before all others, where its own would be."""
    line = f"import sys; sys.path.insert(0, {str(packages)!r})\n"
    return _zipped({f"{SITE}/layer.pth": line.encode()})
