"""Hashes of raw input files, remembered by path, size and time so that a second run need not read them again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from corpus.errors import UserError
from corpus.hashing import file_sha256
from corpus.manifest import InputFile
from corpus.shards import replacing
from datagen.urls import file_name, is_url, shown, without_secrets

CACHE = ".file-hashes.json"
_VERSIONS = ("ETag", "etag", "md5Hash", "generation", "VersionId", "LastModified", "last_modified", "mtime", "modified")
"""What remote file systems call that by which a file's versions are told apart."""
_COARSE = "Last-Modified"
"""What HTTP servers may say instead, in whole seconds."""


class Version(NamedTuple):
    """What can be known of a file's state without reading it."""

    file: str
    """Path or URL."""
    key: str
    certain: bool
    """Whether the key changes whenever the file may have; else the file must be read again to know."""


def versions(files: Sequence[str]) -> list[Version]:
    """The version of each file or URL, in order.

    Raises:
        UserError: a URL cannot be asked for.
        OSError: a file is not there.
    """
    return [_version(file) for file in files]


def file_hashes(files: Sequence[Version], cache_folder: Path) -> list[InputFile]:
    """Name and sha256 of each file or URL, in order.

    Raises:
        UserError: a URL cannot be read.
    """
    cache = cache_folder / CACHE
    known = _remembered(cache)
    hashed: list[InputFile] = []
    fresh: dict[str, str] = {}
    for file, key, certain in files:
        have = (known.get(key) or fresh.get(key)) if certain else None
        sha256 = have or _sha256(file)
        hashed.append(InputFile(name=file_name(file), sha256=sha256))
        if certain and not have:
            fresh[key] = sha256
    if fresh:
        with replacing(cache) as handle:
            handle.write(orjson.dumps({**known, **fresh}, option=orjson.OPT_INDENT_2))
    return hashed


def _remembered(cache: Path) -> dict[str, str]:
    """Hashes by key. A cache that is damaged says nothing."""
    try:
        known = orjson.loads(cache.read_bytes()) if cache.is_file() else {}
    except orjson.JSONDecodeError:
        return {}
    return known if isinstance(known, dict) else {}


def _version(file: str) -> Version:
    if not is_url(file):
        status = Path(file).stat()
        return Version(file, f"{Path(file).resolve()}|{status.st_size}|{status.st_mtime_ns}", certain=True)
    import fsspec

    try:
        filesystem, path = fsspec.url_to_fs(file)
        filesystem.invalidate_cache()  # of listings, which would tell what was
        info = filesystem.info(path)
    # File systems have errors of their own for what goes wrong on the way.
    except Exception as error:
        raise _unreadable(file, error) from None
    told = [str(info[name]) for name in _VERSIONS if info.get(name)]
    # A hash of the URL, since the cache is a file too.
    name = hashlib.sha256(file.encode()).hexdigest()
    key = [name, str(info.get("size")), *told, *([str(info[_COARSE])] if info.get(_COARSE) else [])]
    return Version(file, "|".join(key), certain=bool(told))


def _sha256(file: str) -> str:
    if not is_url(file):
        return file_sha256(Path(file))
    import fsspec

    try:
        with fsspec.open(file, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except Exception as error:
        raise _unreadable(file, error) from None


def _unreadable(url: str, error: Exception) -> UserError:
    told = without_secrets(str(error), [url]) or type(error).__name__
    return UserError(f"{shown(url)} cannot be read: {told}")
