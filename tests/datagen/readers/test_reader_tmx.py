"""Translation memories."""

import gzip
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.names import open_reader


def tuv(language: str, text: str) -> str:
    return f'<tuv xml:lang="{language}"><seg>{text}</seg></tuv>'


def tu(*variants: str, attributes: str = "") -> str:
    return f"<tu {attributes}>{''.join(variants)}</tu>"


@pytest.fixture
def tmx(tmp_path: Path, read: Callable[..., Any]) -> Callable[..., Any]:
    """Read translation units as a TMX."""

    def reading(*units: str, doctype: str = "", srclang: str = "*all*", **options: Any) -> Any:
        path = tmp_path / "x.tmx"
        body = "\n".join(units)
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<tmx version="1.4"><header srclang="{srclang}"/>'
            f"<body>\n{body}\n</body></tmx>\n"
        )
        return read(tmx=str(path), **options)

    return reading


def pairs(reading: Any) -> list[tuple[str, ...]]:
    return [(row["src_lang"], row["source"], row["tgt_lang"], row["target"]) for row in reading.rows]


def test_two_languages_need_no_choice(tmx: Callable[..., Any]) -> None:
    unit = tu(tuv("de", "Hallo"), tuv("ar", "مرحبا"))
    assert pairs(tmx(unit)) == [("de", "Hallo", "ar", "مرحبا")]
    assert pairs(tmx(unit, srclang="AR")) == [("ar", "مرحبا", "de", "Hallo")]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [("en-US", "en"), ("EN_us", "en"), ("eng", "en"), ("pt-BR", "pt"), ("pt", "pt-BR"), ("zh-TW", "zh-Hant")],
)
def test_languages_are_compared_as_languages(tmx: Callable[..., Any], found: str, wanted: str) -> None:
    reading = tmx(tu(tuv("de", "Hallo"), tuv(found, "x")), src_lang="de", tgt_lang=wanted)
    assert pairs(reading) == [("de", "Hallo", found, "x")]


def test_the_very_code_goes_before_the_language(tmx: Callable[..., Any]) -> None:
    reading = tmx(tu(tuv("en-GB", "colour"), tuv("en-US", "color")), src_lang="en-US", tgt_lang="en-GB")
    assert pairs(reading) == [("en-US", "color", "en-GB", "colour")]


def test_variants_of_one_language_are_rows_of_their_own(tmx: Callable[..., Any]) -> None:
    reading = tmx(tu(tuv("de", "Hallo"), tuv("en", "Hello"), tuv("en", "Hi")), src_lang="de", tgt_lang="en")
    assert [pair[3] for pair in pairs(reading)] == ["Hello", "Hi"]
    assert [record.line for record in reading.records] == [1, 1]


@pytest.mark.parametrize(
    "unit",
    [
        tu(tuv("de", "Hallo")),
        tu(tuv("de", "Hallo"), tuv("fr", "Salut")),
        tu(tuv("de", "Hallo"), "<tuv><seg>no language</seg></tuv>"),
        tu(tuv("de", "Hallo"), '<tuv xml:lang="en"/>'),
        tu(tuv("de", "Hallo"), tuv("x-none", "?")),
        tu(),
    ],
)
def test_a_unit_without_one_of_the_languages_is_set_aside(tmx: Callable[..., Any], unit: str) -> None:
    good = tu(tuv("de", "Ja"), tuv("en", "Yes"))
    reading = tmx(good, unit, good, src_lang="de", tgt_lang="en")
    assert reading.aside == [(2, "missing_language")]
    assert [record.line for record in reading.records] == [1, 2, 3]


def test_more_than_two_languages_must_be_chosen_from(tmx: Callable[..., Any]) -> None:
    units = [tu(tuv("de", "a"), tuv("en", "b")), tu(tuv("de", "a"), tuv("fr", "c"))]
    with pytest.raises(UserError, match=r"choose src_lang and tgt_lang among: de \(2 units\), .*\(1 units\)"):
        tmx(*units)
    with pytest.raises(UserError, match="give both or neither"):
        tmx(*units, src_lang="de")


@pytest.mark.parametrize(
    ("segment", "drop", "keep"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c", "a <b> & c"),
        ('Click <bpt i="1">&lt;b&gt;</bpt>OK<ept i="1">&lt;/b&gt;</ept>.', "Click OK.", "Click <b>OK</b>."),
        ("a <ph>{0}</ph> b <hi>c <ph>x</ph>d</hi> e", "a  b c d e", "a {0} b c xd e"),
        ("a<ph>img alt=<sub>picture</sub></ph>b", "ab", "aimg alt=pictureb"),
        ("a<!-- note -->b", "ab", "ab"),
        ("&#x2028;\u0915\u094d\u200d\u0937", "\u2028\u0915\u094d\u200d\u0937", "\u2028\u0915\u094d\u200d\u0937"),
        ("", "", ""),
    ],
)
def test_inline_elements(tmx: Callable[..., Any], segment: str, drop: str, keep: str) -> None:
    unit = tu(tuv("de", segment), tuv("en", "x"))
    assert tmx(unit).rows[0]["source"] == drop
    assert tmx(unit, inline_codes="keep").rows[0]["source"] == keep


def test_what_a_unit_says_of_itself_is_meta(tmx: Callable[..., Any]) -> None:
    props = '<prop type="client">x</prop><prop type="note">1</prop><prop type="note">2</prop>'
    unit = tu(props, tuv("de", "a"), tuv("en", "b"), attributes='tuid="7" creationdate="20240229T120000Z"')
    assert tmx(unit).rows[0]["meta"] == {
        "tuid": "7",
        "creationdate": "20240229T120000Z",
        "client": "x",
        "note": ["1", "2"],
    }


def test_entities_are_not_expanded_and_files_not_fetched(tmp_path: Path, tmx: Callable[..., Any]) -> None:
    (tmp_path / "secret").write_text("secret")
    doctype = (
        f'<!DOCTYPE tmx [<!ENTITY file SYSTEM "{tmp_path}/secret"><!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;">]>\n'
    )
    units = [tu(tuv("de", text), tuv("en", "x")) for text in ("&file;", "a <hi>&b;</hi>", "fine &amp; good")]
    reading = tmx(*units, doctype=doctype)
    assert reading.aside == [(1, "unknown_entity"), (2, "unknown_entity")]
    assert [row["source"] for row in reading.rows] == ["fine & good"]


def test_a_doctype_that_is_not_there_does_not_matter(tmx: Callable[..., Any]) -> None:
    doctype = '<!DOCTYPE tmx SYSTEM "http://localhost:1/tmx14.dtd">\n'
    assert len(tmx(tu(tuv("de", "a"), tuv("en", "b")), doctype=doctype).rows) == 1


def test_namespaces_and_the_old_attribute(tmp_path: Path, read: Callable[..., Any]) -> None:
    content = (
        '<tmx xmlns="http://www.lisa.org/tmx14" version="1.4"><header/><body><tu><tuv lang="de"><seg>a</seg></tuv>'
        '<tuv lang="en"><seg>b</seg></tuv></tu></body></tmx>'
    )
    (tmp_path / "x.tmx.gz").write_bytes(gzip.compress(content.encode("utf-16")))
    assert pairs(read(tmx=str(tmp_path / "x.tmx.gz"))) == [("de", "a", "en", "b")]


def test_nfc_is_counted(tmx: Callable[..., Any]) -> None:
    reading = tmx(tu(tuv("de", "e\u0301"), tuv("en", "x")), normalize=["nfc"])
    assert (reading.rows[0]["source"], reading.counts) == ("\u00e9", {"normalized:nfc": 1})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (
            b"<tmx><body>" + tu(tuv("de", "a"), tuv("en", "b")).encode() + b"<tu></body>",
            "broken XML after translation unit 1",
        ),
        (b"<tmx><body><tu><tuv xml:lang='de'><seg>\xff</seg>", "broken XML after translation unit 0"),
        (b"<tmx><body/></tmx>", "has other than two languages; .* none"),
        (b"no XML", "broken XML"),
    ],
)
def test_files_that_cannot_be_read_on(tmp_path: Path, read: Callable[..., Any], content: bytes, message: str) -> None:
    (tmp_path / "x.tmx").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read(tmx=str(tmp_path / "x.tmx"))


def test_a_cut_off_gz(tmp_path: Path, read: Callable[..., Any]) -> None:
    body = "".join(tu(tuv("de", f"a{n}"), tuv("en", "b")) for n in range(9999))
    (tmp_path / "x.tmx.gz").write_bytes(gzip.compress(f"<tmx><body>{body}</body></tmx>".encode())[:-2000])
    with pytest.raises(UserError, match="damaged or cut off"):
        read(tmx=str(tmp_path / "x.tmx.gz"))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(units: int) -> int:
        path = tmp_path / f"{units}.tmx"
        unit = tu(tuv("de", "x" * 500), tuv("en", "y" * 500))
        path.write_text(f"<tmx><header/><body>{unit * units}</body></tmx>")
        reader = open_reader({"tmx": str(path), "src_lang": "de", "tgt_lang": "en"})
        tracemalloc.start()
        assert sum(1 for _ in reader.records(Counter())) == units
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(8000) < 1.5 * peak(2000)


def test_real_translation_memories(shared_data: Path, read: Callable[..., Any]) -> None:
    reading = read(tmx=str(shared_data / "tico19/TM/all.en-zh.tmx"))
    assert not reading.aside
    assert {(row["src_lang"], row["tgt_lang"]) for row in reading.rows} == {("en", "zh")}
    assert all(row["meta"]["tuid"] for row in reading.rows)
