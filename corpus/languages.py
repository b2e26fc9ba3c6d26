"""Languages: one canonical code for every spelling in use, its names, scripts, resources, and the codes of other tools.

A code is *canonical* in langcodes' standardized BCP-47 form: an individual language that stands for its macrolanguage
takes the macrolanguage's code (cmn is `zh`, arb `ar`, lvs `lv`, swh `sw`), deprecated codes are renewed (`iw` is `he`,
`tl` is `fil`, `sh` is `sr-Latn`, `prs` is `fa-AF`), a region is kept when given, and a script is kept where it says
something that language and region do not say already. It says nothing more where it is the likely script (CLDR) of a
language and region, or of a language of one official script. So `deu_Latn` is `de` and `zh-Hant-TW` is `zh-TW`, while
`zh-Hans`, `sr-Cyrl` and `uz-Latn` keep their script, because `zh`, `sr` and `uz` alone leave it open.

What langcodes and CLDR (through babel) know is asked of them. `language_tables.json` holds the code lists of
FLORES-200, WMT24++ and lid.176 and the resource classes of Joshi et al. 2020, each with its source.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from corpus import scripts
from corpus.errors import UserError

if TYPE_CHECKING:
    import babel
    import langcodes

Segmentation: TypeAlias = Literal["spaces", "characters"]

# [paper card 2B]: the 22 codes of the card of Unbabel/Tower-Plus-2B, in its order.
TOWER_PLUS: tuple[str, ...] = (
    *("de", "nl", "is", "es", "fr", "pt", "uk", "hi", "zh", "ru", "cs"),
    *("ko", "ja", "it", "en", "da", "pl", "hu", "sv", "no", "ro", "fi"),
)

TOWER_PLUS_VARIETIES: tuple[str, ...] = ("es-419", "pt-BR", "pt-PT", "zh-Hant", "nb", "nn", "fr-CA")
"""Varieties of these that the card's text names [paper card 2B], and Canadian French, which is a target of WMT24++."""

# Names on the same card that CLDR spells otherwise; the card's other names are CLDR's own.
_CARD_NAMES = {
    "pt-BR": "Portuguese (Brazilian)",
    "nb": "Norwegian (Bokmål)",
    "nn": "Norwegian (Nynorsk)",
}

CONFUSABLE_GROUPS: tuple[frozenset[str], ...] = (
    # From the shared tasks on discriminating between similar languages (Tan et al. 2014 and later DSL collections).
    frozenset({"bs", "hr", "sr"}),
    frozenset({"id", "ms"}),
    frozenset({"cs", "sk"}),
    frozenset({"bg", "mk"}),
    frozenset({"pt-BR", "pt-PT"}),
    frozenset({"es-ES", "es-419"}),
    frozenset({"fr-FR", "fr-CA"}),
    # Close in writing: the Scandinavian languages beside Swedish, and languages in Chinese characters.
    frozenset({"da", "nb", "nn"}),
    frozenset({"zh-Hans", "zh-Hant", "yue", "wuu"}),
    # lid.176 (ftz) takes a fifth of Tatoeba's sentences of 20 characters and more in the first for the second.
    frozenset({"az", "tr"}),
    frozenset({"af", "nl"}),
    # It takes about half of the Egyptian Arabic there for Standard Arabic.
    frozenset({"ar", "arz"}),
)
"""Languages, and varieties of one language, that identification confuses."""

# In these groups the region (for Norwegian the written standard) tells varieties apart that people ask for by name.
_VARIETY_GROUPS = frozenset({"pt", "zh", "no", "es", "fr"})

# No standard's codes, but in use. Facebook: TICO-19's term lists and M2M-100. NTREX-128: cantons as regions.
_FACEBOOK_CODES = {"cb": "ckb", "cx": "ceb", "ns": "nso"}
_NTREX_CANTONS = {"gsw-be": "gsw-CH", "gsw-zh": "gsw-CH"}
# Labels of lid.176 follow Wikipedia's addresses: als is the Alemannic one (in ISO 639-3 Tosk Albanian), no is Bokmål.
_LID176_LABELS = {"als": "gsw", "no": "nb"}
# Members by which FLORES-200 and NLLB speak of a macrolanguage, beyond those that CLDR names.
_MORE_MACROLANGUAGES = {"pbt": "ps", "quy": "qu"}
# Languages that langcodes does not know: a retired code that lid.176 and FineWeb-2 use as a label, and a recent one.
_MORE_LANGUAGES = {"eml": "Emiliano-Romagnolo", "tok": "Toki Pona"}
# How mBART-50 and TICO-19 write that a region is not stated (es_XX), and ISO 3166 that it is unknown.
_NO_REGION = frozenset({"XX", "ZZ"})


@dataclass(frozen=True)
class Language:
    """A language as text is written in it: what a code says, and what is likely where it says nothing."""

    code: str
    """The canonical BCP-47 code: pt-BR, zh-Hant, de."""
    language: str
    """Its language part: pt, zh, de."""
    script: str | None
    """ISO 15924: the stated script, else the likely one (Hans for zh); None where none is stated or known."""
    region: str | None
    """ISO 3166-1 or UN M.49, only where the code gives one."""
    stated_script: str | None
    """The script where the code states it: itself, by its region (zh-TW), or by its language (de); else None."""

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way its script runs."""
        return "rtl" if self.script in scripts.RIGHT_TO_LEFT else "ltr"


class Tier(NamedTuple):
    """How well a language is resourced, and who says so."""

    tier: int | None
    """From 5 (most data) down to 1; None where the source names no class from 1 to 5 for the language."""
    source: str


# --- reading codes ---------------------------------------------------------------------------------------------------


@cache
def parse(code: str) -> Language:
    """The language that a code means, in any of the spellings in use.

    Read are ISO 639-1 and 639-3 (also bibliographic: ger), BCP-47 in any case and with `_` or `-` (pt-BR, zh_hant_tw),
    FLORES and GlotLID (por_Latn, zho_Hans, cmn_Hani), locales of WMT24++ and WMT25 (pt_BR, sr_Cyrl_RS), and fastText's
    labels with their prefix. A bare `__label__als` is lid.176's Alemannic and `__label__no` its Bokmål; without the
    prefix `als` is ISO's Tosk Albanian and `no` Norwegian. Regions XX and ZZ count as not given.

    Raises:
        UserError: No such language, or a malformed code; the message names the nearest right ones.
    """
    tag = _standard_tag(code)
    language, region = tag.language or "und", None if tag.territory in _NO_REGION else tag.territory
    likely, _ = scripts.likely(language, region)
    script = _script_in_use(language, tag.script, likely)
    leaves_open = region is None and len(scripts.official(language)) > 1
    redundant = script == likely and not leaves_open
    return Language(
        code=tag.update_dict({"script": None if redundant else script, "territory": region}).to_tag(),
        language=language,
        script=script or likely,
        region=region,
        stated_script=script or (None if leaves_open else likely),
    )


def canonical(code: str) -> str:
    """The canonical code: `canonical("por_Latn") == "pt"`, `canonical("zh_hant_tw") == "zh-TW"`."""
    return parse(code).code


def from_wmt24pp_pair(pair: str) -> tuple[str, str]:
    """Canonical source and target of a pair as WMT writes it: `en-de_DE` is `("en", "de-DE")`.

    Raises:
        UserError: Not two codes with one hyphen between them, or a code that `parse` does not know.
    """
    codes = pair.split("-")
    if len(codes) != 2:
        raise UserError(
            f"{pair!r} is no language pair of WMT24++; expected source-target, such as en-de_DE or en-zh_CN."
        )
    return canonical(codes[0]), canonical(codes[1])


def _standard_tag(code: str) -> langcodes.Language:
    import langcodes

    bare = code.removeprefix("__label__")
    spelled = (_LID176_LABELS.get(bare, bare) if bare != code else code).replace("_", "-")
    head, *rest = _NTREX_CANTONS.get(spelled.lower(), spelled).split("-")
    try:
        tag = langcodes.Language.get("-".join([_FACEBOOK_CODES.get(head.lower(), head), *rest]))
    except ValueError:
        raise _unknown(code) from None
    if not _is_valid(tag):
        raise _unknown(code)
    tag = tag.prefer_macrolanguage()
    return tag.update_dict({"language": _MORE_MACROLANGUAGES.get(tag.language or "und", tag.language)})


def _is_valid(tag: langcodes.Language) -> bool:
    # langcodes accepts any language as an extended one (pt_BRA as Portuguese Braj), and private codes without language.
    if tag.extlangs or tag.to_tag().startswith("x-"):
        return False
    return (tag.update_dict({"language": None}) if tag.language in _MORE_LANGUAGES else tag).is_valid()


def _script_in_use(language: str, script: str | None, likely: str | None) -> str | None:
    """The script that a code states; FLORES' Hang for Korean is Kore, and GlotLID's Hani leaves Hans and Hant open."""
    if script in scripts.NONE_STATED or (script == "Hani" and likely in {"Hans", "Hant"}):
        return None
    return "Kore" if (language, script) == ("ko", "Hang") else script


def _unknown(code: str) -> UserError:
    return UserError(
        f"{code!r} is no language code of ISO 639, BCP-47, FLORES, WMT24++ or fastText." + (_hint(code) if code else "")
    )


def _hint(code: str) -> str:
    import babel
    from babel.core import get_global

    folded = code.removeprefix("__label__").replace("_", "-").casefold()
    of_country = get_global("likely_subtags").get(f"und_{folded.upper()}")
    if len(folded) == 2 and of_country:
        spoken = of_country.split("_")[0]
        return f" {folded.upper()} is a country; its main language is {spoken!r} ({english_name(spoken)})."
    names = {key.replace("_", "-"): name for key, name in babel.Locale("en").languages.items()}
    codes = [*names, *_codes("flores200"), *_codes("wmt24pp")]
    spellings = {code.replace("_", "-").casefold(): code for code in codes}
    spellings |= {str(native_name(code)).casefold(): code for code in TOWER_PLUS}
    spellings |= {name.casefold(): code for code, name in names.items()}
    near = [folded] if folded in spellings else difflib.get_close_matches(folded, spellings, n=3, cutoff=0.7)
    offers = [
        f"{key!r} ({names[key]})" if key in names else repr(key)
        for key in dict.fromkeys(spellings[key] for key in near)
    ]
    return f" Did you mean {' or '.join(offers)}?" if offers else ""


# --- comparing -------------------------------------------------------------------------------------------------------


def same_language(a: str, b: str, *, region: bool = False) -> bool:
    """Whether two codes mean one language, as far as both say.

    Languages must be equal, and scripts where both codes state one: `zh-TW` differs from `zh-CN` and `zh-Hans`, and
    `zh` agrees with all three; `hi` differs from `hi-Latn`, because `hi` alone states Devanagari.

    Norwegian is one language: `no`, `nb` and `nn` agree. With `region`, `nb` and `nn` differ, and `no`, which states
    neither, agrees with both.

    Args:
        a: A code in any spelling.
        b: Another.
        region: Also tell varieties of Portuguese, Chinese, Norwegian, Spanish and French apart where both codes state
            one. A region agrees with itself and with the one that CLDR derives it from: `es-MX` with `es-419`, `pt-AO`
            with `pt-PT`. In other languages regions never matter.
    """
    x, y = parse(a), parse(b)
    if _group(x) != _group(y):
        return False
    if x.stated_script and y.stated_script and x.stated_script != y.stated_script:
        return False
    return not region or _group(x) not in _VARIETY_GROUPS or _same_variety(x, y)


def confusable(a: str, b: str) -> bool:
    """Whether identification often takes one for the other, by `CONFUSABLE_GROUPS`; False where the two agree."""
    if same_language(a, b, region=True):
        return False
    return any(_member(a, group) and _member(b, group) for group in CONFUSABLE_GROUPS)


def _member(code: str, group: frozenset[str]) -> bool:
    return any(same_language(code, member, region=True) for member in group)


def _group(language: Language) -> str:
    return "no" if language.language in {"nb", "nn"} else language.language


def _same_variety(x: Language, y: Language) -> bool:
    if _group(x) == "no":
        return "no" in {x.language, y.language} or x.language == y.language
    if x.region is None or y.region is None:
        return True
    return x.region in {y.region, _parent_region(y)} or y.region == _parent_region(x)


def _parent_region(language: Language) -> str | None:
    """The region that CLDR derives this one's language from: 419 for es-MX, PT for pt-AO."""
    from babel.core import get_global

    parents = get_global("parent_exceptions")
    for key in (f"{language.language}_{language.region}", f"{language.language}_{language.script}_{language.region}"):
        if key in parents:
            return str(parents[key]).rpartition("_")[2]
    return None


# --- codes of other tools --------------------------------------------------------------------------------------------


def to_iso639_3(code: str) -> str:
    """Three letters of ISO 639-3, terminological: `deu`, and for a macrolanguage its own code (`zho`, `nor`)."""
    import langcodes

    return str(langcodes.Language.get(parse(code).language).to_alpha3())


def to_flores(code: str) -> str:
    """The code of FLORES-200 and NLLB: `pt-BR` is `por_Latn`, `zh-TW` `zho_Hant`, `ar` `arb_Arab`, `no` `nob_Latn`.

    A language that FLORES-200 lacks is spelled in the same way, ISO 639-3 and script, as FineWeb-2 and GlotLID do.

    Raises:
        UserError: The code states no script and none is known of its language.
    """
    language = parse(code)
    by_code, by_script = _flores()
    # FLORES-200 has no code for Norwegian as such; CLDR takes it as Bokmål.
    written = "nb" if language.language == "no" else language.language
    known = by_code.get(language.code) or by_script.get((written, language.script))
    if known:
        return known
    if language.script is None:
        raise UserError(f"No script is known of {code!r}; FLORES codes need one, such as {to_iso639_3(code)}_Latn.")
    return f"{to_iso639_3(code)}_{language.script}"


@cache
def _flores() -> tuple[dict[str, str], dict[tuple[str, str | None], str]]:
    """FLORES-200's codes by canonical code, and by language and script."""
    by_code: dict[str, str] = {}
    by_script: dict[tuple[str, str | None], str] = {}
    # Where two members of a macrolanguage are one to us (Akan and Twi), the one with the macrolanguage's code is meant.
    for known in sorted(_codes("flores200"), key=lambda known: known[:3] != to_iso639_3(known)):
        language = parse(known)
        by_code.setdefault(language.code, known)
        if language.region is None:
            by_script.setdefault((language.language, language.script), known)
    return by_code, by_script


def to_wmt24pp(code: str) -> str | None:
    """The target locale of WMT24++ that a code names, None where there is none: `de` is `de_DE`, `zh-Hant` `zh_TW`.

    A code without region takes the likely one of several (`pt` is `pt_BR`), else the only one (`es` is `es_MX`). A
    region that the locale does not have is another variety: `de-AT`, `es-ES` and `zh-HK` have no locale.
    """
    wanted = parse(code)
    fitting = [
        locale
        for locale in _codes("wmt24pp")
        # The Norwegian of WMT24++ is Bokmål.
        if _names_locale(wanted, parse("nb_NO" if locale == "no_NO" else locale))
    ]
    _, likely = scripts.likely(wanted.language, script=wanted.stated_script)
    return min(fitting, key=lambda locale: parse(locale).region != likely, default=None)


def _names_locale(wanted: Language, target: Language) -> bool:
    if not same_language(wanted.code, target.code, region=True):
        return False
    return wanted.region in {None, target.region} or _group(wanted) in _VARIETY_GROUPS


def to_fasttext(code: str) -> str | None:
    """The label of lid.176 without its prefix, None where it has none: `zh` for zh-TW, `no` for nb, `tl` for fil."""
    return _lid176().get(parse(code).language)


@cache
def _lid176() -> dict[str, str]:
    labels = {"no": "no"}
    meant = {label: parse(f"__label__{label}").language for label in _codes("lid176")}
    # A label that is a language's own code goes before one that only means it: sr before sh.
    for label in sorted(meant, key=lambda label: label != meant[label]):
        labels.setdefault(meant[label], label)
    return labels


# --- names -----------------------------------------------------------------------------------------------------------


@cache
def english_name(code: str) -> str:
    """The English name for prompts: what Tower+'s card says where it names the language, else CLDR's name.

    Script and region are named where they are not the likely ones: "German (Austria)", "Serbian (Latin)". Chinese is
    named by its script alone, Spanish and Portuguese by the region that CLDR derives a variety from (`es-MX` is
    "Spanish (Latin America)"). The card has no plain Chinese or Norwegian: `zh` is "Chinese (Simplified)" and `no`
    "Norwegian (Bokmål)", which most text so labelled is. Plain `pt` stays "Portuguese": either of the card's names
    would be wrong of much text.
    """
    import babel
    import langcodes

    shown = _shown(parse(code))
    language, *_ = shown
    on_card = _CARD_NAMES.get("-".join(part for part in shown if part))
    fallback = _MORE_LANGUAGES.get(language) or str(langcodes.Language.get(language).language_name("en"))
    return on_card or _composed(babel.Locale("en"), shown) or fallback


@cache
def native_name(code: str) -> str | None:
    """The name in the language itself ("Deutsch", "português (Brasil)", "中文 (繁體)"); None where CLDR has none."""
    import babel

    shown = _shown(parse(code))
    language, script, _ = shown
    try:
        locale = babel.Locale.parse("_".join(part for part in (language, script) if part))
    except (babel.UnknownLocaleError, ValueError):
        return None
    return _composed(locale, shown)


def _shown(language: Language) -> tuple[str, str | None, str | None]:
    """Language, script and region that a name speaks of."""
    if language.language == "zh":
        return "zh", language.script, None
    spoken = "nb" if language.language == "no" else language.language
    script, region = language.stated_script, language.region
    if spoken in {"es", "pt"}:
        region = _parent_region(language) or region
    _, likely_region = scripts.likely(spoken, script=script)
    if scripts.official(spoken) == {script}:
        script = None
    # The card names Brazil, the likely region of Portuguese, too.
    return spoken, script, None if region == likely_region and spoken != "pt" else region


def _composed(locale: babel.Locale, shown: tuple[str, str | None, str | None]) -> str | None:
    language, script, region = shown
    name = locale.languages.get(language)
    details = [locale.scripts.get(script, script)] if script else []
    details += [locale.territories.get(region, region)] if region else []
    return (f"{name} ({', '.join(details)})" if details else str(name)) if name else None


# --- scripts ---------------------------------------------------------------------------------------------------------


def default_script(code: str) -> str | None:
    """The script that text of the language has unless it says otherwise: Hans for zh, Hant for zh-TW, Cyrl for sr."""
    language = parse(code)
    return scripts.likely(language.language, language.region)[0]


def scripts_of(code: str) -> frozenset[str]:
    """The scripts, as Unicode tells them apart, that text of the language is expected in; empty where none is known.

    `ja` has Hira, Kana and Hani, `ko` Hang and Hani, `zh` in all its forms Hani. A code that leaves its script open has
    all official ones: `sr` Cyrl and Latn, but `sr-Latn` only Latn.
    """
    language = parse(code)
    stated = [language.stated_script] if language.stated_script else scripts.official(language.language)
    return frozenset(part for script in stated for part in scripts.in_unicode(script))


@cache
def unicode_scripts(code: str) -> frozenset[str]:
    r"""`scripts_of` by Unicode's names, for regular expressions: Han, Hiragana and Katakana for ja (`\p{Han}`)."""
    return frozenset(name for script in scripts_of(code) if (name := scripts.unicode_name(script)))


def segmentation(code: str) -> Segmentation:
    """Whether spaces stand between words, or texts are better cut into characters: zh, ja, th, lo, km, my, bo, dz."""
    return "characters" if parse(code).script in scripts.UNSPACED else "spaces"


# --- resources -------------------------------------------------------------------------------------------------------


def resource_tier(code: str) -> Tier:
    """How well a language is resourced, by the classes of Joshi et al. 2020 (regions and scripts do not matter).

    The classes count labelled data and Wikipedia's articles as of 2020, which puts Norwegian into class 1.
    """
    classes, source = _joshi()
    tier = classes.get(parse(code).language)
    return Tier(tier, source if tier else f"Not among the languages taken from {source}.")


@cache
def _joshi() -> tuple[dict[str, int], str]:
    table = _tables()["joshi2020"]
    classes = {code: int(tier) for tier, lines in table["classes"].items() for code in " ".join(lines).split()}
    return classes, table["source"]


def _codes(table: str) -> Iterator[str]:
    return (code for line in _tables()[table]["codes"] for code in line.split())


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(files("corpus").joinpath("language_tables.json").read_text(encoding="utf-8"))
    return tables
