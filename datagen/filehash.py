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


def file_hashes(files: Sequence[str], cache_folder: Path) -> list[InputFile]:
    """Name and sha256 of each file or URL, in order."""
    cache = cache_folder / CACHE
    known: dict[str, str] = orjson.loads(cache.read_bytes()) if cache.is_file() else {}
    keys = [_key(file) for file in files]
    fresh = {key: _sha256(file) for key, file in zip(keys, files, strict=True) if key not in known}
    if fresh:
        with replacing(cache) as handle:
            handle.write(orjson.dumps({**known, **fresh}, option=orjson.OPT_INDENT_2))
    known |= fresh
    return [InputFile(name=_name(file), sha256=known[key]) for file, key in zip(files, keys, strict=True)]


def _name(file: str) -> str:
    return file.rstrip("/").rpartition("/")[2]


def _key(file: str) -> str:
    """What changes whenever the file may have: path, size and time, or what the remote file system offers."""
    if "://" not in file:
        status = Path(file).stat()
        return f"{Path(file).resolve()}|{status.st_size}|{status.st_mtime_ns}"
    import fsspec

    filesystem, path = fsspec.url_to_fs(file)
    return f"{file}|{filesystem.ukey(path)}"


def _sha256(file: str) -> str:
    if "://" not in file:
        return file_sha256(Path(file))
    import fsspec

    with fsspec.open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
