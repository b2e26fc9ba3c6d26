"""What files, folders and hub datasets are, and which `read` stages take them in."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from corpus.errors import UserError
from corpus.manifest import FILE
from datagen.init import folders, tables
from datagen.init.inputs import Input
from datagen.init.plain import parallel, single
from datagen.init.samples import format_of
from datagen.init.tmx import tmx
from datagen.readers._files import expand
from datagen.urls import is_url, shown

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_LOOKS: dict[str, Callable[[str], list[Input]]] = {
    "text": single,
    "jsonl": tables.jsonl,
    "parquet": tables.parquet,
    "csv": tables.csv,
    "tsv": tables.tsv,
    "tmx": tmx,
    "wmt": folders.wmt,
    "dataset": folders.dataset,
    "published": folders.published,
    "hub": folders.hub,
}
_READ_TOGETHER = ("text", "jsonl", "parquet", "csv", "tsv", "tmx")


def look(names: Sequence[str]) -> list[Input]:
    """The inputs that files, folders, URLs and hub ids make.

    Raises:
        UserError: one is not there, or is nothing that a reader understands.
    """
    names = [file for name in names for file in _matches(name)]
    if len(set(names)) < len(names):
        raise UserError("a file is named twice")
    formats = [_format(name) for name in names]
    plain = formats.count("text")
    if plain == 2 == len(names):
        return [parallel(*names)]
    if plain > 1:
        raise UserError(
            f"found {plain} files of plain text among {len(names)}, expected one, or two that belong together line by "
            "line (source first). Make a recipe for each pair, or unite stages by hand: `from: [a, b]`"
        )
    found = [read for name, form in zip(names, formats, strict=True) for read in _LOOKS[form](name)]
    _shorten_engines(found)
    return _united(found)


def _matches(name: str) -> list[str]:
    """The files that a glob names, where the shell has left it as it is; else the name."""
    return expand(name) if glob.has_magic(name) and not (is_url(name) or os.path.exists(name)) else [name]


def _format(name: str) -> str:
    if shown(name) != name:
        raise UserError(
            f"{shown(name)}: this URL is told with a user or a query, where passwords and keys stand; a recipe holds "
            "none. Download the file and name that, or write the recipe by hand: `${DATA_URL}` in place of the file, "
            "and the URL in the environment variable DATA_URL"
        )
    if is_url(name) or os.path.isfile(name):
        return format_of(name)
    if os.path.isdir(name):
        return _folder_format(Path(name))
    if _HUB_ID.fullmatch(name):
        return "hub"
    raise UserError(f"there is no file or folder {name} (a dataset of the hub is written OWNER/NAME)")


def _folder_format(folder: Path) -> str:
    if (folder / FILE).is_file():
        return "dataset"
    if (folder / "txt" / "sources").is_dir():
        return "wmt"
    if folders.reader_of(folder):
        return "published"
    files = _listed(path.name for path in folder.iterdir() if path.is_file())
    within = _listed(path.name for path in folder.iterdir() if path.is_dir())
    raise UserError(
        f"{folder} is a folder with neither {FILE} (a dataset of ours) nor txt/sources (WMT's system outputs), nor as "
        f"the readers {', '.join(folders.FORMS)} take one (`datagen list readers`; for cocoa_mt it is train/en-de). "
        + (
            f"Name the files to read; there are: {files}"
            if files
            else f"It has no files; folders in it: {within or 'none'}"
        )
    )


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:8]) + (" ..." if len(found) > 8 else "")


def _shorten_engines(found: Sequence[Input]) -> None:
    """Leave out of systems' names what several files' names have in common."""
    named = [read for read in found if "engine" in read.options]
    if len(named) < 2:
        return
    words = [re.split(r"(?<=[_.])", read.options["engine"]) for read in named]
    shared = 0
    while len({tuple(w[: shared + 1]) for w in words}) == 1 and all(len(w) > shared + 1 for w in words):
        shared += 1
    for read, parts in zip(named, words, strict=True):
        read.options["engine"] = "".join(parts[shared:])


def _united(found: Sequence[Input]) -> list[Input]:
    """Files that are read alike as one input, others as an input each."""
    united: list[Input] = []
    for read in found:
        twin = next((u for u in united if (u.reader, u.options) == (read.reader, read.options)), None)
        if twin is None or read.reader not in _READ_TOGETHER or not isinstance(read.where, str):
            united.append(read)
            continue
        assert not isinstance(twin.where, dict)
        twin.where = [*([twin.where] if isinstance(twin.where, str) else twin.where), read.where]
        twin.told += read.told
        twin.assumed += read.assumed
    return united
