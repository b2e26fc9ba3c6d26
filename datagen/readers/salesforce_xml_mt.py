"""Salesforce's localization set (Hashimoto et al. 2019, W19-5212): documentation with XML tags, by language pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson

from corpus.errors import UserError
from corpus.schema import KindName
from datagen.readers._files import composer, stream
from datagen.readers.base import Reader, Record


class SalesforceXmlMt(Reader):
    """A folder of one language pair: `PAIR_LANG_SPLIT.json`, two files whose texts share their ids.

    Each file says its language and whether it is the source. Tags stand in the texts as they are.
    """

    unit: ClassVar[str] = "ids"
    locations: ClassVar[tuple[str, ...]] = ("salesforce_xml_mt",)

    salesforce_xml_mt: str
    """The pair's folder (`enja`)."""
    split: str = "dev"
    """Which files: `train`, `dev`. The test set has no translations."""

    def row_kind(self) -> KindName:
        """`pair`."""
        return "pair"

    def files(self) -> list[str]:
        """The two files, by name.

        Raises:
            UserError: there are not two.
        """
        folder = Path(self.salesforce_xml_mt)
        found = sorted(folder.glob(f"*_*_{self.split}.json"))
        if len(found) != 2:
            named = ", ".join(file.name for file in sorted(folder.glob("*.json"))) or "no .json file"
            raise UserError(f"{folder} has {named}; expected two files PAIR_LANG_{self.split}.json")
        return [str(file) for file in found]

    def identity(self) -> dict[str, object]:
        """The names of the folder and its files: they name the rows' origin and their split."""
        return {"names": [f"{Path(file).resolve().parent.name}/{Path(file).name}" for file in self.files()]}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every id in the source's order; faults: `no_translation`, `no_source`, `no_text`.

        Raises:
            UserError: a file is not of this form, or not one is the source.
        """
        compose = composer(self.normalize, counts) or (lambda text: text)
        files = {file: _read(file) for file in self.files()}
        sources = [file for file, content in files.items() if content["type"] == "source"]
        if len(sources) != 1:
            raise UserError(f"{self.salesforce_xml_mt} has {len(sources)} files of type 'source', expected one")
        source_file = sources[0]
        target_file = next(file for file in files if file != source_file)
        source, target = files[source_file], files[target_file]
        for number, name in enumerate(dict.fromkeys([*source["text"], *target["text"]]), 1):
            texts = [content["text"].get(name) for content in (source, target)]
            if None in texts or not all(isinstance(text, str) for text in texts):
                reason = "no_source" if texts[0] is None else "no_translation" if texts[1] is None else "no_text"
                yield Record(source_file, number, None, reason, name)
                continue
            row: dict[str, object] = {
                "source": compose(str(texts[0])),
                "target": compose(str(texts[1])),
                "segment": name,
                "src_lang": source["lang"],
                "tgt_lang": target["lang"],
                "origin": self.origin or Path(self.salesforce_xml_mt).resolve().name,
                "meta": {"split": self.split},
            }
            yield Record(source_file, number, row)


def _read(file: str) -> Mapping[str, Any]:
    with stream(file) as handle:
        content = handle.read()
    try:
        read = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{file} is no JSON: {error}") from None
    if not isinstance(read, dict) or not {"lang", "type", "text"} <= read.keys() or not isinstance(read["text"], dict):
        raise UserError(f"{file} is of another form; expected an object with lang, type and text (texts by id)")
    content_read: dict[str, Any] = read
    return content_read
