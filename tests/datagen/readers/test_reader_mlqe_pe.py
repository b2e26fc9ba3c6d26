"""MLQE-PE: archives of ratings and corrections that belong together line by line."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.mlqe_pe import COLUMNS
from datagen.readers.names import open_reader

HEADER = "\t".join(COLUMNS)
RATED = [
    HEADER,
    '0\tGood "day", all.\tGuten „Tag“, alle.\t[80, 90]\t85.0\t[0.5, 0.7]\t0.6\t-0.25',
    "1\tसफ़ेद घर\tWeißes Haus\t[10]\t10.0\t[-1]\t-1.0\t-1.5",
]
TEXTS = "1\tसफ़ेद घर\tWeißes Haus"
CORRECTED = {
    "src": ['Good " day " , all .', "सफ़ेद घर"],
    "mt": ["Guten &quot; Tag &quot; , alle .", "Weißes Haus"],
    "pe": ["Guten Tag , alle .", "Ein weißes Haus"],
    "hter": ["0.250000", "1.000000"],
    "tags": ["OK BAD OK", "OK OK OK"],
    "source_tags": ["OK", "BAD"],
    "src-mt.alignments": ["0-0", "0-1"],
}


def text(lines: list[Any]) -> bytes:
    return b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)


def archive(path: Path, files: dict[str, bytes]) -> None:
    """A .tar.gz as the data has it, with a folder in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/{name}")
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))


def corrected(**changed: list[Any]) -> dict[str, bytes]:
    return {f"dev.{part}": text(lines) for part, lines in {**CORRECTED, **changed}.items()}


@pytest.fixture
def data(tmp_path: Path) -> Callable[..., Path]:
    """A folder with one language pair."""

    def made(rated: list[Any] | None = RATED, pe: dict[str, bytes] | None = None, pair: str = "en-de") -> Path:
        docs = text(["doc_id", "Day", "House"])
        if rated is not None:
            files = {
                f"dev.{pair.replace('-', '')}.df.short.tsv": text(rated),
                "dev.doc_ids": docs,
                "word-probas/x": b"",
            }
            archive(tmp_path / f"mlqe/direct-assessments/dev/{pair}-dev.tar.gz", files)
        if pe is not None:
            archive(tmp_path / f"mlqe/post-editing/dev/{pair}-dev.tar.gz", pe)
        return tmp_path / "mlqe"

    return made


def test_ratings_and_corrections_join_line_by_line(data: Callable[..., Path], read: Callable[..., Any]) -> None:
    reading = read(mlqe_pe=str(data(pe=corrected())))
    assert reading.aside == []
    assert reading.rows[0] == {
        "source": 'Good "day", all.',
        "response": "Guten „Tag“, alle.",
        "references": ["Guten Tag , alle ."],
        "score_human": 0.6,
        "score_da": 85.0,
        "score_hter": 0.25,
        "score_model": -0.25,
        "segment": "dev-0",
        "doc_id": "Day",
        "engine": "mlqe-pe-nmt",
        "src_lang": "en",
        "tgt_lang": "de",
        "origin": "mlqe_pe/en-de/dev",
        "meta": {"scores": [80, 90], "z_scores": [0.5, 0.7], "tags": ["OK", "BAD", "OK"], "source_tags": ["OK"]},
    }
    assert [record.line for record in reading.records] == [1, 2]


def test_either_half_alone(data: Callable[..., Path], read: Callable[..., Any], tmp_path: Path) -> None:
    (first, _) = read(mlqe_pe=str(data())).rows
    assert (first["references"], first["score_hter"], first["score_human"]) == ([], None, 0.6)
    (tmp_path / "mlqe/direct-assessments/dev/en-de-dev.tar.gz").unlink()
    (first, _) = read(mlqe_pe=str(data(None, corrected()))).rows
    assert (first["source"], first["segment"], first["score_hter"]) == ('Good " day " , all .', "dev-0", 0.25)
    assert "score_human" not in first


def test_unpacked_folders(tmp_path: Path, read: Callable[..., Any], data: Callable[..., Path]) -> None:
    packed = read(mlqe_pe=str(data(pe=corrected()))).rows
    for path in sorted((tmp_path / "mlqe").rglob("*.tar.gz")):
        with tarfile.open(path) as found:
            found.extractall(path.parent, filter="data")
        path.unlink()
    assert read(mlqe_pe=str(tmp_path / "mlqe")).rows == packed


@pytest.mark.parametrize(
    ("rated", "changed", "reason"),
    [
        (b"1\tA\tB\t[1]\t1\t[1]\t1", {}, "wrong_field_count"),
        (f"{TEXTS}\t[1]\tx\t[1]\t1\t1", {}, "broken_number"),
        (f"{TEXTS}\t[1]\tnan\t[1]\t1\t1", {}, "broken_number"),
        (f"{TEXTS}\t[NaN]\t1\t[1]\t1\t1", {}, "broken_number"),
        (f"{TEXTS}\t7\t1\t[1]\t1\t1", {}, "broken_number"),
        (b"1\tA\xff\tB\t[1]\t1\t[1]\t1\t1", {}, "invalid_utf8"),
        (b"1\tA\0\tB\t[1]\t1\t[1]\t1\t1", {}, "nul_byte"),
        (RATED[2].encode() + b"\r", {}, "carriage_return"),
        (RATED[2], {"mt": [CORRECTED["mt"][0], "Schwarzes Haus"]}, "different_texts"),
        (RATED[2], {"hter": ["0.25", "much"]}, "broken_number"),
        (RATED[2], {"pe": ["Guten Tag", b"\xff"]}, "invalid_utf8"),
    ],
)
def test_what_cannot_be_read_is_set_aside(
    data: Callable[..., Path], read: Callable[..., Any], rated: Any, changed: dict[str, list[Any]], reason: str
) -> None:
    reading = read(mlqe_pe=str(data([*RATED[:2], rated], corrected(**changed))))
    assert reading.aside == [(2, reason)]
    assert len(reading.rows) == 1


@pytest.mark.parametrize(
    ("rated", "pe", "options", "message"),
    [
        (RATED, corrected(pe=["one"]), {}, r"differ in length[^!]*1 post-editing/dev/en-de-dev.tar.gz/dev.pe"),
        (["a\tb", "1\t2"], None, {}, "found the columns a, b, expected index, original"),
        (RATED, None, {"pairs": ["en-dr"]}, "has nothing for 'en-dr'. Did you mean 'en-de'"),
        (RATED, None, {"splits": ["test20"]}, "has no split 'test20'. It has: dev"),
        (None, {"dev.mt": b"a\n"}, {}, "has neither ratings nor both texts"),
        (None, {"dev.txt": b"a\n"}, {}, "hold no"),
        ([], None, {}, "is empty"),
        (None, {"dev.pe": b"a\n", "more/dev.pe": b"a\n"}, {}, "hold the same; remove one"),
    ],
)
def test_what_cannot_be_read_at_all(
    data: Callable[..., Path], read: Callable[..., Any], rated: Any, pe: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read(mlqe_pe=str(data(rated, pe)), **options)


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        open_reader({"mlqe_pe": str(tmp_path / "nowhere")}).files()
    with pytest.raises(UserError, match="holds no archives or files of language pairs"):
        open_reader({"mlqe_pe": str(tmp_path)}).files()


def test_a_damaged_archive(data: Callable[..., Path], read: Callable[..., Any]) -> None:
    folder = data()
    [path] = folder.rglob("*.tar.gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"en-de-dev.tar.gz: the .*damaged or cut off"):
        read(mlqe_pe=str(folder))


def test_real_archives(shared_data: Path, read: Callable[..., Any]) -> None:
    reading = read(mlqe_pe=str(shared_data / "mlqe_pe"))
    assert (len(reading.rows), reading.aside, reading.counts) == (4000, [], {})
    assert {row["tgt_lang"] for row in reading.rows} == {"de", "en"}
    for row in reading.rows:
        meta = row["meta"]
        assert row["score_human"] == pytest.approx(sum(meta["z_scores"]) / len(meta["z_scores"]))
        assert row["score_da"] == pytest.approx(sum(meta["scores"]) / len(meta["scores"]))
        assert 0 <= row["score_hter"] <= 1
        assert row["references"]
