"""Hashes of files, remembered by path, size and time so that a second look need not read them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from corpus.hashing import file_sha256
from corpus.shards import replacing

CACHE = ".file-hashes.json"


class Version(NamedTuple):
    """What can be known of a file's state without reading it."""

    file: str
    """Path or URL."""
    key: str
    certain: bool
    """Whether the key changes whenever the file may have; else the file must be read again to know."""


def local_version(file: str) -> Version:
    """The version of a file of this machine.

    Raises:
        OSError: the file is not there.
    """
    status = Path(file).stat()
    return Version(file, f"{Path(file).resolve()}|{status.st_size}|{status.st_mtime_ns}", certain=True)


def local_sha256(file: str) -> str:
    """The sha256 of a file of this machine."""
    return file_sha256(Path(file))


def remembered_hashes(
    files: Sequence[Version], cache_folder: Path, sha256: Callable[[str], str] = local_sha256
) -> list[str]:
    """The sha256 of each file, in order; `sha256` reads those that the cache does not know."""
    cache = cache_folder / CACHE
    known = _remembered(cache)
    hashed: list[str] = []
    fresh: dict[str, str] = {}
    for file, key, certain in files:
        have = (known.get(key) or fresh.get(key)) if certain else None
        hashed.append(have or sha256(file))
        if certain and not have:
            fresh[key] = hashed[-1]
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
