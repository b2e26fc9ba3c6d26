"""What a `read` stage is to read, as found by looking, and the names of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from datagen.init.languages import Language, code_of, shown
from datagen.init.samples import bare_name
from datagen.readers.base import Reader
from datagen.readers.names import open_reader

UNKNOWN = "und"
"""The code of a language that nobody knows."""


@dataclass
class Input:
    """What a `read` stage is to read, and what made it so."""

    reader: str
    where: str | list[str] | dict[str, str]
    """Files by name; for plain text by language."""
    label: str
    """Short, from the file's name; tells inputs apart and names the recipe."""
    options: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    """Comments by option."""
    told: list[str] = field(default_factory=list)
    """What was recognized, for people."""
    assumed: list[str] = field(default_factory=list)
    """What may be wrong."""

    mistaken: set[str] = field(default_factory=set)
    """`src_lang` or `tgt_lang` where texts in it are mostly recognized as other languages."""

    def open(self) -> Reader:
        """The reader."""
        return open_reader({self.reader: self.where, **self.options})

    def tell_language(self, what: str, option: str, language: Language) -> None:
        """Note a language that was decided on, and what to doubt about it."""
        if language.code is not None:
            self.told.append(f"{what} in {shown(language.code)}: {language.why}")
        if language.doubt:
            self.assumed.append(f"{what}: {language.doubt}")
        if language.mistaken:
            self.mistaken.add(option)


def short(file: str) -> str:
    """The name of a file or folder without the folders around it."""
    return file.rstrip("/").rpartition("/")[2]


def stem(file: str) -> str:
    """The name of a file without what tells its format or language: `train` of `train.de.gz`."""
    name = bare_name(file)
    head, _, ending = name.rpartition(".")
    return head if head and (code_of(ending) or len(ending) <= 7) else name
