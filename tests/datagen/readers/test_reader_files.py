"""Files as lines: what cuts, what is repaired on request, what is refused."""

import bz2
import gzip
import lzma
from collections import Counter
from pathlib import Path

import fsspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from datagen.readers import _files
from datagen.readers._files import Fault, aligned, excerpt, expand, lines, stream, text_lines

COMPRESS = {
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}
TEXT = "Grüße\n你好，世界\nสวัสดี\nשלום\n".encode()


def all_lines(path: Path, *normalize: str) -> tuple[list[bytes | str], dict[str, int]]:
    """Lines, or the reason where one cannot be read, and what was repaired."""
    counts: Counter[str] = Counter()
    found = [x.reason if isinstance(x, Fault) else x for x in lines(str(path), normalize, counts)]
    return found, dict(counts)


@pytest.mark.parametrize(
    "text",
    ["a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb", "a\x0cb", "a\x1cb", "a\rb", "क्\u200dष", "e\u0301"],
    ids=["line-separator", "paragraph", "next-line", "vertical-tab", "form-feed", "fs", "cr", "joiner", "combining"],
)
def test_only_line_feeds_cut(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_bytes(f"{text}\n{text}".encode())
    assert list(text_lines(str(tmp_path / "x"), (), Counter())) == [text, text]


@pytest.mark.parametrize(
    ("content", "normalize", "expected", "counts"),
    [
        (b"a\r\nb\n", (), ["carriage_return", b"b"], {}),
        (b"a\r\nb\n", ("line_ends",), [b"a", b"b"], {"normalized:line_ends": 1}),
        (b"a\r\r\n", ("line_ends",), [b"a\r"], {"normalized:line_ends": 1}),
        (b"\xef\xbb\xbfa\nb\n", (), ["byte_order_mark", b"b"], {}),
        (b"\xef\xbb\xbfa\nb\n", ("byte_order_mark",), [b"a", b"b"], {"normalized:byte_order_mark": 1}),
        # A mark that is not at the start is a character of the text.
        (b"a\n\xef\xbb\xbfb\n", (), [b"a", b"\xef\xbb\xbfb"], {}),
        (b"a\0b\nc\n", ("line_ends",), ["nul_byte", b"c"], {}),
        (b"\n\na", (), [b"", b"", b"a"], {}),
    ],
)
def test_nothing_is_repaired_unasked(
    tmp_path: Path, content: bytes, normalize: tuple[str, ...], expected: list[object], counts: dict[str, int]
) -> None:
    (tmp_path / "x").write_bytes(content)
    assert all_lines(tmp_path / "x", *normalize) == (expected, counts)


def test_invalid_utf8_is_a_fault_of_its_line_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"fine\nna\xefve\nfine\n")
    first, fault, last = text_lines(str(tmp_path / "x"), (), Counter())
    assert (first, last) == ("fine", "fine")
    assert fault == Fault("invalid_utf8", r"byte 0xEF at place 3: na\xefve", b"na\xefve")


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed_files_read_as_they_are(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(COMPRESS[ending](TEXT) + COMPRESS[ending](TEXT))  # two members, as `cat a.gz b.gz` makes
    assert all_lines(path)[0] == TEXT.split(b"\n")[:-1] * 2
    with stream(str(path)) as handle:
        assert handle.read() == TEXT * 2


@pytest.mark.parametrize("ending", COMPRESS)
@pytest.mark.parametrize("harm", ["cut off", "corrupt"])
def test_a_damaged_file_names_the_line_reached(tmp_path: Path, ending: str, harm: str) -> None:
    whole = COMPRESS[ending](b"first\nsecond\n")
    rest = COMPRESS[ending](b"third\n" * 1000)
    path = tmp_path / f"x{ending}"
    path.write_bytes(whole + (rest[:-9] if harm == "cut off" else b"garbage" + rest))
    with pytest.raises(
        UserError, match=r"x\.\w+: the compressed data is damaged or cut off .* The last whole line is \d"
    ):
        all_lines(path)
    with stream(str(path)) as handle, pytest.raises(UserError, match="damaged or cut off"):
        handle.read()


@pytest.mark.parametrize("ending", ["", *COMPRESS])
def test_an_empty_file_is_an_error(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(COMPRESS[ending](b"") if ending else b"")
    with pytest.raises(UserError, match="is empty"):
        all_lines(path)


@given(st.lists(st.binary().map(lambda b: b.replace(b"\n", b"")), min_size=1), st.integers(1, 7))
def test_lines_do_not_depend_on_the_pieces_that_are_read(found: list[bytes], size: int) -> None:
    content = b"\n".join(found)
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    expected = content.split(b"\n")
    assert list(_files._split(pieces)) == (expected if expected[-1] else expected[:-1])


def test_globs_are_sorted_and_lists_keep_their_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "deep/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert expand(f"{tmp_path}/*.txt") == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]
    assert expand(f"{tmp_path}/**/*.txt")[2] == f"{tmp_path}/deep/c.txt"
    assert expand((f"{tmp_path}/b.txt", f"{tmp_path}/a.txt")) == [f"{tmp_path}/b.txt", f"{tmp_path}/a.txt"]


def test_urls_are_read_through_fsspec() -> None:
    with fsspec.open_files("memory://towerkit/*.gz", "wb", num=2)[0] as handle:
        handle.write(gzip.compress(TEXT))
    (url,) = expand("memory://towerkit/*.gz")
    assert url.startswith("memory://")
    assert len(list(text_lines(url, (), Counter()))) == 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("no.txt", "there is no file .*no.txt"),
        ("*.jsonl", "no file matches"),
        ("", "is a folder, expected a file"),
        (("a.txt", "*.txt"), "a.txt is named twice"),
        ("memory://none/x.jsonl", "there is no file memory://none/x.jsonl"),
        ("nosuchscheme://x", "cannot be opened"),
    ],
)
def test_files_that_cannot_be_meant(tmp_path: Path, names: str | tuple[str, ...], message: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    absolute = [n if "://" in n else str(tmp_path / n) for n in ((names,) if isinstance(names, str) else names)]
    with pytest.raises(UserError, match=message):
        expand(tuple(absolute))


def test_aligned_files_that_differ_in_length_always_stop(tmp_path: Path) -> None:
    for name, count in (("x.de", 3), ("x.en", 5), ("x.fr", 2)):
        (tmp_path / name).write_text("line\n" * count)
    paths = [str(tmp_path / name) for name in ("x.de", "x.en", "x.fr")]
    with pytest.raises(UserError, match=r"(?s)differ in length.* 3 .*x\.de.* 5 .*x\.en.* 2 .*x\.fr"):
        list(aligned(paths, (), Counter()))


@pytest.mark.parametrize(
    ("line", "shown"),
    [("plain", "plain"), ("tab\tnul\0", r"tab\tnul\x00"), (b"\xff\xfe", r"\xff\xfe"), ("x" * 300, "x" * 99 + "…")],
)
def test_excerpts_are_short_and_printable(line: str | bytes, shown: str) -> None:
    assert excerpt(line) == shown
