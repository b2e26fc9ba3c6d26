"""Hashes of raw input files, remembered by path, size and time so that a second run need not read them again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import orjson

from corpus.hashing import file_sha256
from corpus.manifest import InputFile
from corpus.shards import replacing

CACHE = ".file-hashes.json"
_VERSIONS = ("ETag", "etag", "md5Hash", "generation", "VersionId", "LastModified", "last_modified", "mtime", "modified")
"""What remote file systems call that by which a file's versions are told apart."""


def file_hashes(files: Sequence[str], cache_folder: Path) -> list[InputFile]:
    """Name and sha256 of each file or URL, in order."""
    cache = cache_folder / CACHE
    known: dict[str, str] = orjson.loads(cache.read_bytes()) if cache.is_file() else {}
    hashed: list[InputFile] = []
    fresh: dict[str, str] = {}
    for file in files:
        key = _key(file)
        sha256 = (known | fresh).get(key or "") or _sha256(file)
        hashed.append(InputFile(name=_name(file), sha256=sha256))
        if key is not None and key not in known:
            fresh[key] = sha256
    if fresh:
        with replacing(cache) as handle:
            handle.write(orjson.dumps({**known, **fresh}, option=orjson.OPT_INDENT_2))
    return hashed


def _name(file: str) -> str:
    return file.rstrip("/").rpartition("/")[2]


def _key(file: str) -> str | None:
    """What changes whenever the file may have; None where nothing tells, so that the file must be read again."""
    if "://" not in file:
        status = Path(file).stat()
        return f"{Path(file).resolve()}|{status.st_size}|{status.st_mtime_ns}"
    import fsspec

    filesystem, path = fsspec.url_to_fs(file)
    info = filesystem.info(path)
    told = [str(info[name]) for name in _VERSIONS if info.get(name)]
    return "|".join([file, str(info.get("size")), *told]) if told else None


def _sha256(file: str) -> str:
    if "://" not in file:
        return file_sha256(Path(file))
    import fsspec

    with fsspec.open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
