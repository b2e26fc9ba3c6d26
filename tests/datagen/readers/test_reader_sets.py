"""Readers of sets that translation rules are checked on: terminology, XML tags, formality."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.names import open_reader

Read = Callable[..., Any]

TERMS = {
    "en": "Open the gate.",
    "de": "Öffnen Sie das Tor.",
    "proper": {"gate": "Tor"},
    "random": {"open": ["öffnen", "aufmachen"]},
    "noterm": {},
}


@pytest.fixture
def terminology(tmp_path: Path) -> str:
    lines = [json.dumps(TERMS, ensure_ascii=False), "", '{"en": "One text"}', "{", '{"en": 1, "de": "x"}']
    (tmp_path / "terms.jsonl").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "terms.jsonl")


def test_terms_stand_in_meta(terminology: str, read: Read) -> None:
    reading = read(wmt25_terminology=terminology)
    assert reading.rows == [
        {
            "source": "Open the gate.",
            "target": "Öffnen Sie das Tor.",
            "segment": "1",
            "src_lang": "en",
            "tgt_lang": "de",
            "origin": "terms.jsonl",
            "meta": {"terms": {"gate": "Tor"}, "terms_mode": "proper"},
        }
    ]
    assert reading.aside == [(3, "no_two_texts"), (4, "broken_json"), (5, "no_two_texts")]


def test_terms_of_another_mode_and_direction(terminology: str, read: Read) -> None:
    (row,) = read(wmt25_terminology=terminology, terms="random", src_lang="de").rows
    assert (row["source"], row["src_lang"], row["tgt_lang"]) == ("Öffnen Sie das Tor.", "de", "en")
    assert row["meta"]["terms"] == {"öffnen": "open", "aufmachen": "open"}
    (row,) = read(wmt25_terminology=terminology, terms="noterm", tgt_lang="de").rows
    assert row["meta"]["terms"] == {}


def test_a_language_that_is_not_there(terminology: str, read: Read) -> None:
    with pytest.raises(UserError, match="texts in en and de, and none in 'fr'"):
        read(wmt25_terminology=terminology, tgt_lang="fr")


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    folder = tmp_path / "enja"
    folder.mkdir()
    texts = {
        "en": ("source", {"1": "Click <b>Save</b>.", "2": "Close", "3": "Alone", "5": 5}),
        "ja": ("target", {"2": "閉じる", "1": "<b>保存</b>をクリックします。", "4": "余り", "5": "五"}),
    }
    for lang, (kind, text) in texts.items():
        content = {"lang": lang, "type": kind, "text": text}
        (folder / f"enja_{lang}_dev.json").write_text(json.dumps(content, ensure_ascii=False))
    return folder


def test_texts_with_tags_are_joined_by_id(tagged: Path, read: Read) -> None:
    reading = read(salesforce_xml_mt=str(tagged))
    assert [(row["segment"], row["source"], row["target"]) for row in reading.rows] == [
        ("1", "Click <b>Save</b>.", "<b>保存</b>をクリックします。"),
        ("2", "Close", "閉じる"),
    ]
    assert reading.rows[0] | {"source": "", "target": ""} == {
        "source": "",
        "target": "",
        "segment": "1",
        "src_lang": "en",
        "tgt_lang": "ja",
        "origin": "enja",
        "meta": {"split": "dev"},
    }
    assert reading.aside == [(3, "no_translation"), (4, "no_text"), (5, "no_source")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "is of another form"),
        ("{", "is no JSON"),
        ('{"lang": "ja", "type": "source", "text": {}}', "2 files of type 'source'"),
    ],
)
def test_files_of_another_form(tagged: Path, read: Read, content: str, message: str) -> None:
    (tagged / "enja_ja_dev.json").write_text(content)
    with pytest.raises(UserError, match=message):
        read(salesforce_xml_mt=str(tagged))


def test_a_split_that_is_not_there(tagged: Path) -> None:
    with pytest.raises(UserError, match=r"expected two files PAIR_LANG_train\.json"):
        open_reader({"salesforce_xml_mt": str(tagged), "split": "train"}).files()


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    folder = tmp_path / "en-de"
    folder.mkdir()
    stem = "formality-control.train.telephony.en-de"
    files = {
        "en": "Do you hear me?\nYes.\n",
        "formal.de": "Hören Sie mich?\nJa.\n",
        "informal.de": "Hörst du mich?\nJa.\n",
        "formal.annotated.de": "[F]Hören Sie[/F] mich?\nJa.\n",
        "informal.feminine.de": "Hörst du mich?\nJa.\n",
    }
    for name, content in files.items():
        (folder / f"{stem}.{name}").write_text(content)
    return folder


def test_each_line_in_both_forms(forms: Path, read: Read) -> None:
    rows = read(cocoa_mt=str(forms)).rows
    assert [(row["target"], row["meta"]["formality"]) for row in rows] == [
        ("Hören Sie mich?", "formal"),
        ("Hörst du mich?", "informal"),
        ("Ja.", "formal"),
        ("Ja.", "informal"),
    ]
    assert rows[0] == {
        "source": "Do you hear me?",
        "target": "Hören Sie mich?",
        "segment": "telephony-1",
        "src_lang": "en",
        "tgt_lang": "de",
        "origin": "en-de",
        "meta": {"formality": "formal", "domain": "telephony", "phrases": ["Hören Sie"]},
    }
    assert len(read(cocoa_mt=str(forms), formality="informal").rows) == 2


def test_names_without_the_language(tmp_path: Path, read: Read) -> None:
    stem = tmp_path / "formality-control.train.topical_chat.en-ja"
    for name, content in {"": "Hello.\n", ".formal": "こんにちは。\n", ".informal": "やあ。\n"}.items():
        Path(f"{stem}{name}").write_text(content)
    assert [row["target"] for row in read(cocoa_mt=str(tmp_path)).rows] == ["こんにちは。", "やあ。"]


def test_files_that_lack(forms: Path, tmp_path: Path, read: Read) -> None:
    (forms / "formality-control.train.telephony.en-de.informal.de").unlink()
    with pytest.raises(UserError, match=r"has no file .*\.informal\.de or"):
        read(cocoa_mt=str(forms))
    with pytest.raises(UserError, match="give the folder of one pair"):
        read(cocoa_mt=str(tmp_path))


def test_the_real_sets_are_read(shared_data: Path, read: Read) -> None:
    terms = read(wmt25_terminology=str(shared_data / "wmt25_terminology" / "track1" / "full_data.ende.jsonl"))
    assert (len(terms.rows), terms.aside) == (500, [])
    documents = read(wmt25_terminology=str(shared_data / "wmt25_terminology" / "track2" / "full_data_2015.jsonl"))
    assert (len(documents.rows), documents.rows[0]["tgt_lang"]) == (9, "zh")
    tagged = read(salesforce_xml_mt=str(shared_data / "salesforce_xml_mt" / "enja"))
    assert (len(tagged.rows), tagged.aside) == (2000, [])
    for folder, rows in (
        ("CoCoA-MT/train/en-de", 800),
        ("CoCoA-MT/train/en-ja", 2000),
        ("IWSLT2023/data/train/en-ko", 800),
    ):
        assert len(read(cocoa_mt=str(shared_data / "cocoa_mt" / folder)).rows) == rows


@pytest.fixture
def genders(tmp_path: Path) -> Path:
    """Two sentences about a woman and about a man."""
    stem = "geneval-sentences-{}-test.en_de.{}"
    for gender, source, target in (
        ("feminine", "She is old.\nThe doctor lost her hat.", "Sie ist alt.\nDie Ärztin verlor ihren Hut."),
        ("masculine", "He is old.\nThe doctor lost his hat.", "Er ist alt.\nDer Arzt verlor seinen Hut."),
    ):
        (tmp_path / stem.format(gender, "en")).write_text(f"{source}\n", "utf-8")
        (tmp_path / stem.format(gender, "de")).write_text(f"{target}\n", "utf-8")
    return tmp_path


def test_each_sentence_of_both_genders(genders: Path, read: Read) -> None:
    rows = read(mt_geneval=str(genders)).rows
    assert [row["target"] for row in rows] == [
        "Sie ist alt.",
        "Er ist alt.",
        "Die Ärztin verlor ihren Hut.",
        "Der Arzt verlor seinen Hut.",
    ]
    assert rows[3] == {
        "source": "The doctor lost his hat.",
        "target": "Der Arzt verlor seinen Hut.",
        "doc_id": "test-en-de-2",
        "segment": "masculine",
        "src_lang": "en",
        "tgt_lang": "de",
        "origin": "mt-geneval",
        "meta": {"gender": "masculine", "counterfactual": "Die Ärztin verlor ihren Hut."},
    }
    assert [row["segment"] for row in read(mt_geneval=str(genders), gender="feminine").rows] == ["feminine"] * 2


@pytest.mark.parametrize(
    ("missing", "options", "words"),
    [
        ("geneval-sentences-masculine-test.en_de.de", {}, "has no file geneval-sentences-masculine-test.en_de.de"),
        ("geneval-sentences-feminine-test.en_de.en", {}, "give a split's folder"),
        ("", {"pairs": ["en-fr"]}, "has no pair 'en-fr'.*It has: en-de"),
    ],
)
def test_sentences_that_lack(missing: str, options: dict[str, Any], words: str, genders: Path, read: Read) -> None:
    if missing:
        (genders / missing).unlink()
    with pytest.raises(UserError, match=words):
        read(mt_geneval=str(genders), **options)
