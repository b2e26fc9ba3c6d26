"""`mojibake`: text decoded with the wrong character set."""

from __future__ import annotations

from typing import ClassVar

from filters.expressions import PatternFilter

# How Windows-1252, or Latin-1, shows the bytes 80 to BF, with which UTF-8 continues a character: first those that may
# also follow a word by right (no-break space, dashes, quotation marks, dots), then all.
_PUNCTUATION = "\u00a0«»·…‚‘’“”„–—‹›•"
_REST = "\u0080-\u009f¡-ª¬\u00ad®-¶¸-º¼-¿€ƒ†‡ˆ‰Š‹ŒŽ˜™š›œžŸ"
_NEXT = _REST + _PUNCTUATION
# How Windows-1251 shows them.
_NEXT_1251 = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџ\u00a0ЎўЈ¤Ґ¦§Ё©Є«¬\u00ad®Ї°±Ііґµ¶·ё№є»јЅѕї"


class Mojibake(PatternFilter):
    """Drops texts in which characters were lost or garbled by a wrong decoding (`Ã¤`, `â€™`, `Ð°Ñ€`, U+FFFD).

    The signs alone are letters of real languages (Portuguese `NÃO`, Icelandic `Ð`, Russian `Р`), so they count only in
    sequences that no language writes.
    """

    pattern: ClassVar[str] = "|".join(
        [
            # The replacement character, itself garbled, too; control characters of Latin-1, NEL aside; GBK's garbage.
            "\ufffd|ï¿½|[\u0080-\u0084\u0086-\u009f]|锟斤拷|烫烫烫",
            # One character of two bytes (Ã¤, Â°, Å¡), where no punctuation is meant or where none can be.
            f"[ÃÂ][{_REST}]|\\p{{Ll}}[Â-ßĂĹ][{_NEXT}]|[ÃÂÄÅÐÑØÙĂĹ][{_REST}]\\p{{Ll}}",
            # Two in a row: Cyrillic, Greek, Hebrew, Arabic.
            f"(?:[Â-ß×][{_NEXT}]){{2}}",
            # Quotation marks, dashes and the like; emoji; two characters of three bytes in a row: Chinese, Thai, Hindi.
            f"â[€‚„†ˆ‰][{_NEXT}]|ð[\u009fŸ]|(?:[à-ï][{_NEXT}]{{2}}){{2}}",
            # UTF-8 taken for Windows-1251: пр is РїСЂ.
            f"(?:[РС][{_NEXT_1251}]){{3}}",
        ]
    )
