"""WMT24++ (Deutsch et al. 2025, arXiv 2502.12404): English texts with corrected translations, a file each pair."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import orjson

from corpus.errors import UserError
from corpus.schema import KindName
from datagen.readers._files import Fault, composer, excerpt, lines
from datagen.readers.base import Reader, Record

_NAME = re.compile(r"en-([a-z]{2,3})_([A-Z]{2})\.jsonl")
_SCRIPTS = {"zh_TW": "zh-Hant-TW", "zh_CN": "zh-Hans-CN", "no_NO": "nb"}
"""Targets whose names leave open what they are written in."""
TOWER_PLUS_TARGETS = (
    *("cs_CZ", "da_DK", "de_DE", "es_MX", "fi_FI", "fr_CA", "fr_FR", "hi_IN", "hu_HU", "is_IS", "it_IT", "ja_JP"),
    *("ko_KR", "nl_NL", "no_NO", "pl_PL", "pt_BR", "pt_PT", "ro_RO", "ru_RU", "sv_SE", "uk_UA", "zh_CN", "zh_TW"),
)
"""The 24 targets that fit the languages of Tower+ [inference]: that these are the 24 of its table is not confirmed."""


class Wmt24pp(Reader):
    """A folder with `en-xx_YY.jsonl` files, as the dataset google/wmt24pp has them.

    Each line is a segment; the reference is the corrected translation, and the one before correction is in `meta`, as
    are domain and names. Segments whose source the dataset marks as bad are set aside (`bad_source`).
    """

    unit: ClassVar[str] = "lines that are not blank"
    locations: ClassVar[tuple[str, ...]] = ("wmt24pp",)

    wmt24pp: str
    """The folder."""
    targets: tuple[str, ...] | Literal["all", "tower_plus"] = "all"
    """Targets as the files name them (`de_DE`); `tower_plus` are the 24 that fit Tower+'s languages [inference]."""
    max_bad: float = 1.0
    """Share of records that may be set aside; bad sources are among them."""

    def row_kind(self) -> KindName:
        """`pair`."""
        return "pair"

    def files(self) -> list[str]:
        """The files of the targets, by name.

        Raises:
            UserError: there is none, or one that is asked for is missing.
        """
        found = {f"{match[1]}_{match[2]}": file for file, match in self._found()}
        if not found:
            raise UserError(f"{self.wmt24pp} has no files en-xx_YY.jsonl")
        wanted = TOWER_PLUS_TARGETS if self.targets == "tower_plus" else self.targets
        if wanted == "all":
            return [str(file) for _, file in sorted(found.items())]
        missing = [name for name in wanted if name not in found]
        if missing:
            raise UserError(f"{self.wmt24pp} lacks en-{missing[0]}.jsonl; it has {', '.join(sorted(found))}")
        return [str(found[name]) for name in wanted]

    def identity(self) -> dict[str, object]:
        """The names of the files: they name the languages."""
        return {"names": [Path(file).name for file in self.files()]}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every line; faults are `broken_json`, `no_texts`, `bad_source`, and those of lines."""
        compose = composer(self.normalize, counts) or (lambda text: text)
        for file in self.files():
            match = _NAME.fullmatch(Path(file).name)
            assert match is not None  # `files` gives no others
            name = f"{match[1]}_{match[2]}"
            target = _SCRIPTS.get(name, name.replace("_", "-"))
            for number, line in enumerate(lines(file, self.normalize, counts), 1):
                if isinstance(line, Fault):
                    yield line.at(file, number)
                elif line.strip():
                    yield _record(file, number, line, target, compose)

    def _found(self) -> Iterator[tuple[Path, re.Match[str]]]:
        for file in sorted(Path(self.wmt24pp).glob("*.jsonl")):
            if match := _NAME.fullmatch(file.name):
                yield file, match


def _record(file: str, number: int, line: bytes, target: str, compose: object) -> Record:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Record(file, number, None, "broken_json", f"{error.msg}: {excerpt(line)}")
    texts = [values.get(name) for name in ("source", "target")] if isinstance(values, dict) else [None]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return Record(file, number, None, "no_texts", excerpt(line))
    if values.get("is_bad_source"):
        return Record(file, number, None, "bad_source", str(values["source"])[:200])
    assert callable(compose)
    row: dict[str, object] = {
        "source": compose(values["source"]),
        "target": compose(values["target"]),
        "src_lang": "en",
        "tgt_lang": target,
        "doc_id": str(values.get("document_id", "")) or None,
        "segment": str(values.get("segment_id", number)),
        "meta": {name: values.get(name) for name in ("domain", "lp", "original_target") if name in values},
    }
    return Record(file, number, row)
