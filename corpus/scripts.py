"""Scripts: which ones a language is written in, what Unicode calls them, and how text runs in them.

A script is a code of ISO 15924, a language the first part of a canonical code of `corpus.languages`, a region a code of
ISO 3166-1. What CLDR knows is asked of babel, what the IANA registry knows of langcodes.
"""

from __future__ import annotations

from functools import cache

RIGHT_TO_LEFT = frozenset(
    [
        *("Adlm", "Arab", "Aran", "Gara", "Hebr", "Mand", "Mend", "Nkoo"),
        *("Rohg", "Samr", "Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Yezi"),
    ]
)

UNSPACED = frozenset(
    [
        *("Hans", "Hant", "Hani", "Hanb", "Jpan", "Hrkt", "Hira", "Kana", "Bopo"),
        *("Thai", "Laoo", "Khmr", "Mymr", "Lana", "Tale", "Talu", "Tavt"),
        "Tibt",
    ]
)
"""Written without spaces between words: ideographs and kana, the scripts of Unicode line breaking class SA (UAX #14),
and Tibetan, whose mark stands between syllables."""

NONE_STATED = frozenset({"Zyyy", "Zinh", "Zzzz", "Zxxx", "Zmth", "Zsym", "Zsye"})
"""Codes for characters of no script, or of none that is known."""

# Codes for several scripts, or for a style of one, as the scripts that Unicode tells apart.
_PARTS = {
    "Jpan": ("Hira", "Kana", "Hani"),
    "Hrkt": ("Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Jamo": ("Hang",),
    "Hans": ("Hani",),
    "Hant": ("Hani",),
    "Hanb": ("Hani", "Bopo"),
    "Aran": ("Arab",),
    "Cyrs": ("Cyrl",),
    "Geok": ("Geor",),
    "Latf": ("Latn",),
    "Latg": ("Latn",),
    "Syre": ("Syrc",),
    "Syrj": ("Syrc",),
    "Syrn": ("Syrc",),
}

# Unicode's names where CLDR's English name of a script is another.
_UNICODE_NAMES = {
    "Beng": "Bengali",
    "Cans": "Canadian_Aboriginal",
    "Dupl": "Duployan",
    "Lana": "Tai_Tham",
    "Lisu": "Lisu",
    "Mand": "Mandaic",
    "Mend": "Mende_Kikakui",
    "Mero": "Meroitic_Hieroglyphs",
    "Mtei": "Meetei_Mayek",
    "Nkoo": "Nko",
    "Orkh": "Old_Turkic",
    "Orya": "Oriya",
    "Plrd": "Miao",
    "Rohg": "Hanifi_Rohingya",
    "Wara": "Warang_Citi",
    "Xsux": "Cuneiform",
}

# Codes of ISO 639 that name no one language, so that no script is likely of them.
_NO_LANGUAGES = frozenset({"und", "mul", "mis", "zxx"})


def likely(language: str, region: str | None = None, script: str | None = None) -> tuple[str | None, str | None]:
    """The script and the region that text of a language most likely has, in a region or in a script (CLDR)."""
    from babel.core import get_global

    if language in _NO_LANGUAGES:
        return None, None
    table = get_global("likely_subtags")
    for key in (f"{language}_{region}", f"{language}_{script}", language):
        if key in table:
            found = str(table[key]).split("_")
            return found[1], found[2]
    return None, None


def official(language: str) -> frozenset[str]:
    """The scripts a language is officially written in, with its likely one: Cyrl and Latn for sr, Latn alone for de.

    A language for which the IANA registry names one script that goes without saying has that one.
    """
    import langcodes

    understood = langcodes.Language.make(language=language).assume_script().script
    if understood:
        return frozenset({understood})
    script, _ = likely(language)
    return _official_beside_likely().get(language, frozenset()) | ({script} if script else set())


@cache
def _official_beside_likely() -> dict[str, frozenset[str]]:
    from babel.core import get_global

    found: dict[str, frozenset[str]] = {}
    for languages in get_global("territory_languages").values():
        for key, facts in languages.items():
            language, _, script = key.partition("_")
            if script and facts["official_status"]:
                found[language] = found.get(language, frozenset()) | {script}
    return found


def in_unicode(script: str) -> tuple[str, ...]:
    """The scripts that Unicode tells apart in a script: Hira, Kana, Hani for Jpan, Hani for Hans, Latn for Latn."""
    return _PARTS.get(script, (script,))


@cache
def unicode_name(script: str) -> str | None:
    r"""Unicode's property name of a script, for regular expressions such as `\p{Han}`; None where Unicode has none."""
    import babel
    import regex

    name = _UNICODE_NAMES.get(script) or babel.Locale("en").scripts.get(script, "").replace(" ", "_").replace("-", "_")
    try:
        regex.compile(rf"\p{{Script={name}}}")
    except regex.error:
        return None
    return str(name)
