"""Hashes of raw input files, remembered by path, size and time so that a second run need not read them again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from corpus.errors import UserError
from corpus.filehash import Version, local_sha256, local_version, remembered_hashes
from corpus.manifest import InputFile
from datagen.urls import file_name, is_url, shown, without_secrets

_VERSIONS = ("ETag", "etag", "md5Hash", "generation", "VersionId", "LastModified", "last_modified", "mtime", "modified")
"""What remote file systems call that by which a file's versions are told apart."""
_COARSE = "Last-Modified"
"""What HTTP servers may say instead, in whole seconds."""


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
    hashes = remembered_hashes(files, cache_folder, _sha256)
    return [InputFile(name=file_name(file.file), sha256=sha256) for file, sha256 in zip(files, hashes, strict=True)]


def _version(file: str) -> Version:
    if not is_url(file):
        return local_version(file)
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
        return local_sha256(file)
    import fsspec

    try:
        with fsspec.open(file, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except Exception as error:
        raise _unreadable(file, error) from None


def _unreadable(url: str, error: Exception) -> UserError:
    told = without_secrets(str(error), [url]) or type(error).__name__
    return UserError(f"{shown(url)} cannot be read: {told}")
