"""Files as lines: paths, globs and URLs, compressed or not, cut at line feeds and nothing else.

`str.splitlines` also cuts at U+2028, U+0085, form feeds and the like, which stand within texts of every real corpus.
"""

from __future__ import annotations

import bz2
import glob
import io
import lzma
import os
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

import zstandard

from corpus.errors import UserError
from datagen.readers.base import Record
from datagen.urls import is_url, shown, without_secrets

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FileNames = str | tuple[str, ...]
"""What a recipe names: a path, a glob (`data/**/*.jsonl.gz`), an fsspec URL (`s3://bucket/x.jsonl`), or several."""

_PIECE = 1 << 18
_BOM = b"\xef\xbb\xbf"
_EXCERPT = 100


class Fault(NamedTuple):
    """Why a line cannot be read: a snake_case reason, what was found, and the line where it has more to tell."""

    reason: str
    detail: str
    line: bytes = b""

    def at(self, file: str, number: int) -> Record:
        """The record that the line is."""
        return Record(file, number, None, self.reason, self.detail)


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    ".gz": lambda: zlib.decompressobj(wbits=31),
    ".zst": lambda: zstandard.ZstdDecompressor().decompressobj(),
    ".xz": lzma.LZMADecompressor,
    ".bz2": bz2.BZ2Decompressor,
}
COMPRESSED = tuple(_DECODERS)
"""Endings of compressed files; the ending alone decides."""


class _Damaged(UserError):
    """A compressed file breaks off or is corrupt."""


def expand(names: FileNames) -> list[str]:
    """The files that paths, globs and URLs name: in the order given, the matches of each glob in order of their names.

    Raises:
        UserError: a file is not there, a glob matches none, or a file is named twice.
    """
    found: list[str] = []
    for name in (names,) if isinstance(names, str) else names:
        found += _expand_url(name) if is_url(name) else _expand_path(name)
    twice = next((name for name, n in Counter(found).items() if n > 1), None)
    if twice:
        raise UserError(f"{shown(twice)} is named twice; its rows would be read twice")
    return found


def _expand_path(name: str) -> list[str]:
    if os.path.isfile(name):
        return [name]
    if os.path.isdir(name):
        raise UserError(f"{name} is a folder, expected a file; name its files, say {os.path.join(name, '*')!r}")
    if not glob.has_magic(name):
        raise UserError(f"there is no file {name}")
    matches = sorted(match for match in glob.glob(name, recursive=True) if os.path.isfile(match))
    if not matches:
        raise UserError(f"no file matches {name}")
    return matches


def _expand_url(url: str) -> list[str]:
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(url)
        if not glob.has_magic(path):
            matches = [url] if system.exists(path) else []
        else:
            matches = [system.unstrip_protocol(match) for match in sorted(system.glob(path))]
    except (ImportError, ValueError, OSError) as error:
        raise UserError(f"{shown(url)} cannot be opened: {without_secrets(str(error), [url])}") from None
    if not matches:
        raise UserError(f"there is no file {shown(url)}")
    return matches


def open_raw(path: str) -> BinaryIO:
    """The bytes of a file or URL as they are stored, seekable where the file system is.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        if not is_url(path):
            return open(path, "rb")  # the caller closes it
        import fsspec

        handle: BinaryIO = fsspec.open(path, "rb").open()
    except (ImportError, ValueError, OSError) as error:
        raise UserError(f"{shown(path)} cannot be opened: {without_secrets(str(error), [path])}") from None
    return handle


def stream(path: str) -> io.BufferedReader:
    """The decompressed content of a file as a readable stream."""
    return io.BufferedReader(_Pieces(_pieces(path)), _PIECE)


def lines(path: str, normalize: Sequence[str], counts: Counter[str]) -> Iterator[bytes | Fault]:
    r"""The lines of a file without their `\n`, or what is wrong with them.

    Faults are `carriage_return` (the line ends in CR and `normalize` does not have `line_ends`), `byte_order_mark`
    (likewise) and `nul_byte`.

    Raises:
        UserError: the file is empty, or its compressed data is broken; names the last line that is whole.
    """
    yield from lines_in(_pieces(path), path, normalize, counts)


def lines_in(
    pieces: Iterator[bytes], path: str, normalize: Sequence[str], counts: Counter[str]
) -> Iterator[bytes | Fault]:
    """As `lines`, of a file whose content is at hand; `path` names it in messages."""
    strip_cr, strip_bom = "line_ends" in normalize, "byte_order_mark" in normalize
    number = 0
    try:
        for number, line in enumerate(_split(pieces), 1):  # the error below names it
            if number == 1 and line.startswith(_BOM):
                if not strip_bom:
                    yield Fault(
                        "byte_order_mark", _advice("the file starts with a byte-order mark", "byte_order_mark"), line
                    )
                    continue
                line = line[len(_BOM) :]
                counts["normalized:byte_order_mark"] += 1
            if line.endswith(b"\r"):
                if not strip_cr:
                    detail = _advice("the line ends in CR LF, expected LF", "line_ends")
                    yield Fault("carriage_return", f"{detail}: {excerpt(line)}", line)
                    continue
                line = line[:-1]
                counts["normalized:line_ends"] += 1
            if b"\0" in line:
                yield Fault("nul_byte", f"NUL at byte {line.index(0) + 1}: {excerpt(line)}", line)
                continue
            yield line
    except _Damaged as error:
        raise UserError(f"{error}. The last whole line is {number}; fetch the file again") from None
    if not number:
        raise UserError(f"{path} is empty")


def text_lines(path: str, normalize: Sequence[str], counts: Counter[str]) -> Iterator[str | Fault]:
    """The lines of a file as text, or what is wrong with them: the faults of `lines`, and `invalid_utf8`."""
    yield from decoded(lines(path, normalize, counts))


def decoded(found: Iterator[bytes | Fault]) -> Iterator[str | Fault]:
    """Lines as text, or what is wrong with them."""
    for line in found:
        if isinstance(line, Fault):
            yield line
            continue
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            yield invalid_utf8(line, error)


def aligned(
    paths: Sequence[str], normalize: Sequence[str], counts: Counter[str]
) -> Iterator[tuple[int, tuple[str | Fault, ...]]]:
    """Lines of the same number of several files, with that number. NFC is applied where `normalize` has it.

    Raises:
        UserError: the files are of different length; names all lengths.
    """
    streams = [text_lines(path, normalize, counts) for path in paths]
    compose = composer(normalize, counts)
    number = 0
    for number, items in enumerate(zip_longest(*streams), 1):
        if None in items:
            rest = [
                number - 1 if item is None else number + sum(1 for _ in s)
                for item, s in zip(items, streams, strict=True)
            ]
            lengths = "\n".join(f"  {count:>9} {path}" for count, path in zip(rest, paths, strict=True))
            raise UserError(
                "files that belong together line by line differ in length (lines, file):\n"
                f"{lengths}\nFind the line from which on they are shifted; nothing of them can be used before"
            )
        yield number, tuple(i if isinstance(i, Fault) else compose(i) for i in items) if compose else items


def composer(normalize: Sequence[str], counts: Counter[str]) -> Callable[[str], str] | None:
    """A function that composes a text (NFC) and counts where that changed it; None where `normalize` does not ask."""
    if "nfc" not in normalize:
        return None

    def compose(text: str) -> str:
        if unicodedata.is_normalized("NFC", text):
            return text
        counts["normalized:nfc"] += 1
        return unicodedata.normalize("NFC", text)

    return compose


def invalid_utf8(line: bytes, error: UnicodeDecodeError) -> Fault:
    """The fault of a line that is not UTF-8."""
    return Fault("invalid_utf8", f"byte 0x{line[error.start]:02X} at place {error.start + 1}: {excerpt(line)}", line)


def excerpt(line: bytes | str) -> str:
    """The start of a line, short enough for a report; what is not text is escaped."""
    text = line[: 4 * _EXCERPT].decode("utf-8", "backslashreplace") if isinstance(line, bytes) else line
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[: _EXCERPT + 1])
    return shown if len(shown) <= _EXCERPT else f"{shown[: _EXCERPT - 1]}…"


def _advice(found: str, normalization: str) -> str:
    return f"{found} (`normalize: [{normalization}]` strips it)"


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    head: list[bytes] = []  # pieces of a line that is longer than one; joined once, so that no line costs its square
    for piece in pieces:
        first, *rest = piece.split(b"\n")
        head.append(first)
        if rest:
            yield b"".join(head)
            yield from rest[:-1]
            head = [rest[-1]]
    if last := b"".join(head):
        yield last


def _pieces(path: str) -> Iterator[bytes]:
    ending = os.path.splitext(shown(path))[1].lower()
    with open_raw(path) as handle:
        raw = _raw(path, handle)
        if ending not in _DECODERS:
            yield from raw
            return
        try:
            yield from _decompressed(raw, _DECODERS[ending])
        except (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
            raise _Damaged(f"{path}: the compressed data is damaged or cut off ({error})") from None


def _raw(path: str, handle: BinaryIO) -> Iterator[bytes]:
    try:
        yield from iter(lambda: handle.read(_PIECE), b"")
    # Remote file systems have errors of their own for a connection that breaks.
    except Exception as error:
        if not is_url(path):
            raise
        raise UserError(f"{shown(path)} cannot be read on: {without_secrets(str(error), [path])}") from None


def _decompressed(raw: Iterator[bytes], new: Callable[[], _Decoder]) -> Iterator[bytes]:
    decoder: _Decoder | None = None
    for piece in raw:
        while piece:
            if decoder is None:
                piece = piece.lstrip(b"\0")  # gzip and xz files may be padded with zeros between and after members
                if not piece:
                    break
                decoder = new()
            yield decoder.decompress(piece)
            if not decoder.eof:
                break
            piece, decoder = decoder.unused_data, None
    if decoder is not None:
        raise EOFError("the end is missing")


class _Pieces(io.RawIOBase):
    """Pieces of bytes as an unbuffered stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while not self.rest:
            piece = next(self.pieces, None)
            if piece is None:
                return 0
            self.rest = piece
        view = memoryview(buffer)
        size = min(len(view), len(self.rest))
        view[:size] = self.rest[:size]
        self.rest = self.rest[size:]
        return size
