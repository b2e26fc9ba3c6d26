"""Text that is not UTF-8: which encoding it may be of, and how to convert it."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from corpus.errors import UserError
from datagen.readers._files import Fault, lines
from datagen.readers.base import Reader

MAX_BAD: float = Reader.model_fields["max_bad"].default
"""Share of lines that need not be UTF-8: what a run tolerates where a recipe says nothing."""
_LINES = 20_000
_FOREIGN = 0.3
"""Share of letters outside ASCII from which on a text is of no Latin script."""


def refuse_other_encodings(file: str, found: Sequence[object]) -> None:
    """Check the first lines of a file.

    Raises:
        UserError: more of them than a run tolerates are not UTF-8; gives the command that converts the file.
    """
    faults = [line for line in found if isinstance(line, Fault)]
    other = [fault for fault in faults if fault.reason == "invalid_utf8"]
    if len(other) > MAX_BAD * len(found) or _are_utf16(faults, len(found)):
        raise UserError(advice(file))


def advice(file: str) -> str:
    """What a file of text that is not UTF-8 may be, and the command that converts it."""
    found = list(islice(lines(file, ("line_ends", "byte_order_mark"), Counter()), _LINES))
    faults = [line for line in found if isinstance(line, Fault)]
    if _are_utf16(faults, len(found)):
        first = found[0]
        return _converted(file, _utf16(first.line if isinstance(first, Fault) else first), "its lines have NULs")
    other = [line for line in found if isinstance(line, bytes) and not _is_utf8(line)]
    if not other:
        return (
            f"{file}: texts hold half a character (an escape such as \\ud83d without the one that belongs to it). Mend "
            "them where they were made, or leave their lines out"
        )
    whole = [line for line in found if isinstance(line, bytes) and not line.isascii() and _is_utf8(line)]
    if len(whole) > len(other):
        return (
            f"{file}: lines that are not UTF-8: {len(other):,} of the first {len(found):,}, among others that are. "
            "Mend them where they were made, or leave them out: LC_ALL=C.UTF-8 grep -ax '.*' FILE > NEW"
        )
    text = b"".join(other)
    letters = sum(byte >= 0x80 or chr(byte).isalpha() for byte in text)
    if sum(byte >= 0x80 for byte in text) > _FOREIGN * letters:
        return (
            f"{file} is not UTF-8, and many of its letters are not Latin. Convert it: iconv -f ENCODING -t UTF-8 FILE "
            "> NEW, where ENCODING is cp1251 (Cyrillic), cp1253 (Greek), cp1255 (Hebrew), cp1256 (Arabic), cp874 "
            "(Thai), cp932 (Japanese), gb18030 or big5 (Chinese), cp949 (Korean): the one that makes words of it"
        )
    encoding = "cp1252" if _decodes(text, "cp1252") else "latin-1"
    return _converted(file, encoding, "as of Western Europe; Central Europe has cp1250, Turkish cp1254")


def _converted(file: str, encoding: str, why: str) -> str:
    return (
        f"{file} is not UTF-8; a guess is {encoding} ({why}). Convert it, see whether all letters are right, and go on "
        f"with the new file: iconv -f {encoding} -t UTF-8 FILE > NEW"
    )


def _are_utf16(faults: Sequence[Fault], of: int) -> bool:
    return 2 * sum(fault.reason == "nul_byte" for fault in faults) > of


def _utf16(first: bytes) -> str:
    """UTF-16 where a mark at the start says in which order bytes are, else with the order by which zeros lie."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    return "UTF-16LE" if first[1::2].count(0) >= first[::2].count(0) else "UTF-16BE"


def _is_utf8(line: bytes) -> bool:
    return _decodes(line, "utf-8")


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
