"""Readers by name, and the one that takes over a dataset of ours."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import corpus
from corpus.errors import UserError
from datagen.readers.base import Reader
from datagen.readers.names import open_reader, reader_class, reader_names

NAMES = [
    *(
        "cocoa_mt",
        "csv",
        "dataset",
        "hub",
        "jsonl",
        "mlqe_pe",
        "mqm",
        "mt_geneval",
        "parquet",
        "salesforce_xml_mt",
        "text",
        "tmx",
    ),
    *("tsv", "wmt", "wmt24pp", "wmt25_terminology"),
]


def test_every_reader_is_named_after_its_field() -> None:
    assert reader_names() == NAMES
    for name in reader_names():
        reader = reader_class([name])
        assert issubclass(reader, Reader)
        assert name in reader.model_fields
        assert set(reader.locations) <= set(reader.model_fields)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jsonl": "x", "tmx": "y"}, "found jsonl and tmx, expected one of: cocoa_mt, csv, "),
        ({"josnl": "x"}, "found josnl, expected one of: .* Did you mean 'jsonl'"),
        ({}, "found nothing, expected one of"),
        ({"jsonl": "x", "kind": "pair", "delimiter": ";"}, "unknown option 'delimiter'"),
        ({"tsv": "x", "kind": "pair", "delimiter": "::"}, "delimiter"),
        ({"text": {"de": "x"}, "normalize": ["nfkc"]}, "normalize"),
        ({"jsonl": "x", "kind": "pair", "src_lang": "xx-nope"}, "^src_lang: 'xx-nope' is no language code"),
        ({"mqm": "x.tsv", "src_lang": "de", "tgt_lang": "english"}, "^tgt_lang: 'english' is no language code"),
        ({"text": {"de": "x", "xx-nope": "y"}}, "'xx-nope' is no language code"),
    ],
)
def test_wrong_names_and_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_reader(options)


def test_a_dataset_of_ours(tmp_path: Path) -> None:
    corpus.write([{"text": "Hallo", "tgt_lang": "de"}], "text", tmp_path / "made")
    reader = open_reader({"dataset": str(tmp_path / "made")})
    assert reader.row_kind() == "text"
    assert reader.identity() == {"content": corpus.open(tmp_path / "made").manifest.content}
    assert (reader.files(), reader.score_columns()) == ([], [])


def test_a_dataset_takes_no_other_options(tmp_path: Path) -> None:
    corpus.write([{"text": "Hallo", "tgt_lang": "de"}], "text", tmp_path / "made")
    with pytest.raises(UserError, match="license: the rows of a dataset say it themselves"):
        open_reader({"dataset": str(tmp_path / "made"), "license": "MIT"})


def test_a_folder_without_a_manifest_is_no_dataset(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["a"]}).write_parquet(tmp_path / "0.parquet")
    with pytest.raises(UserError, match="is not a dataset"):
        open_reader({"dataset": str(tmp_path)})
