"""Every family: a rule found in a source holds on a text made for it, and fails once that one property is broken."""

import random
from datetime import date

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from translations import DE, DRAFTS, EN, LIGHTHOUSE

from filters.translation_rules.base import Source
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.length import Length
from filters.translation_rules.punctuation import own_marks
from filters.translation_rules.text import Text
from filters.translation_rules.wordings import languages
from filters.verifiers.translation_rules import TranslationRules

LANGUAGES = sorted(DRAFTS)
FAMILIES_IN_ALL = [
    "dates",
    "times",
    "units",
    "temperatures",
    "currency",
    "phones",
    "verbatim",
    "markup",
    "terms",
]

days = st.dates(date(1900, 1, 1), date(2099, 12, 31))
minutes = st.integers(0, 1439)
amounts = st.integers(2, 99_999)


def english_day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def english_time(minute: int) -> str:
    hour = minute // 60
    return f"{hour % 12 or 12}:{minute % 60:02d} {'PM' if hour >= 12 else 'AM'}"


@st.composite
def pieces(draw: st.DrawFn, family: str) -> str:
    """Something in an English source that a family applies to."""
    match family:
        case "dates":
            return ", ".join(map(english_day, draw(st.lists(days, min_size=1, max_size=3, unique=True))))
        case "times":
            zone = draw(st.sampled_from(["", " EST"]))
            return ", ".join(
                english_time(m) + zone for m in draw(st.lists(minutes, min_size=1, max_size=2, unique=True))
            )
        case "units":
            return (
                f"{draw(st.integers(2, 900))} {draw(st.sampled_from(['miles', 'pounds', 'feet', 'acres', 'gallons']))}"
            )
        case "temperatures":
            return f"{draw(st.integers(-40, 250))} °{draw(st.sampled_from('FC'))}"
        case "currency":
            return f"${draw(amounts):,}.{draw(st.integers(10, 99))}"
        case "phones":
            return f"+44 20 7946 {draw(st.integers(0, 999)):04d}"
        case "verbatim":
            code = f"{draw(st.sampled_from(['RX', 'ISO-', 'B']))}{draw(st.integers(100, 9999))}"
            return f"{code}, order_{draw(st.integers(1, 9))}a"
        case "markup":
            return draw(
                st.sampled_from(["<b>{name}</b>", "<i>one <u>two</u></i> %s", "{{x}} <a href='u'>go</a>", "%1$s %2$d"])
            )
        case _:
            return "They see the lighthouse."


def check(rule, source: Source, draft: str, seed: int) -> None:
    """The rule, described in some language, holds on its own text and on none of the broken ones."""
    rng = random.Random(seed)
    instruction = rule.instruct(rng.choice(languages()), rng)
    assert instruction
    verifier = TranslationRules.model_validate({"rules": [rule.model_dump()]})
    prompt = [{"role": "user", "content": f"Translate.\n{instruction}\n\n{source.text.raw}"}]
    row = {"prompt": prompt, "source": source.text.raw, "src_lang": source.src_lang, "tgt_lang": source.tgt_lang}
    right = rule.compliant(draft, source)
    assert right is not None
    verdict = verifier.verify(row, right)
    assert verdict.score == 1, (right, verdict)
    broken = rule.broken(draft, source)
    assert broken
    for text in broken:
        verdict = verifier.verify(row, text)
        assert verdict.score == 0, (text, verdict)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("family", FAMILIES_IN_ALL)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_rule_holds_on_its_text_and_on_no_broken_one(family, language, data):
    piece = data.draw(pieces(family))
    terms = {"lighthouse": LIGHTHOUSE[language]} if family == "terms" else {}
    source = Source(Text(f"{EN} {piece}"), "en", language, terms, ["Computer"] if family == "terms" else ())
    rules = FAMILIES[family].find(source)
    assume(rules)
    for rule in rules:
        check(rule, source, DRAFTS[language], data.draw(st.integers(0, 99)))


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(whole=st.integers(1_000, 99_999_999), fraction=st.integers(1, 9), seed=st.integers(0, 99))
def test_numbers_hold(language, whole, fraction, seed):
    written = {"en": f"{whole:,}.{fraction}", "de": f"{whole:,}.{fraction}".translate(str.maketrans(",.", ".,"))}
    for code, base in (("en", EN), ("de", DE)):
        if code == language:
            continue
        source = Source(Text(f"{base} {written[code]}"), code, language)
        for rule in FAMILIES["numbers"].find(source):
            check(rule, source, DRAFTS[language], seed)


def test_numbers_are_found_for_every_language_from_one_side_at_least():
    for language in LANGUAGES:
        sides = [(EN, "en", "1,234,567.5"), (DE, "de", "1.234.567,5")]
        assert any(FAMILIES["numbers"].find(Source(Text(f"{t} {n}"), c, language)) for t, c, n in sides), language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("code", "marks"), [("en", '""'), ("en", "“”"), ("ru", "«»"), ("de", "„“")])
def test_quotations_hold(language, count, code, marks):
    source = Source(Text(" ".join([f"{marks[0]}{EN}{marks[1]}"] * count)), code, language)
    for rule in FAMILIES["quotes"].find(source):
        right = rule.compliant(DRAFTS[language], source)
        assert rule.check(Text(right), source).score == 1
        for broken in rule.broken(DRAFTS[language], source):
            assert rule.check(Text(broken), source).score == 0, broken


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("unit", ["characters", "columns"])
def test_lengths_hold(language, unit):
    source, draft = Source(Text(EN), "en", language), DRAFTS[language]
    rule = Length(locale=language, most=Text(draft).width + 3, unit=unit)
    check(rule, source, draft, 0)
    assert rule.model_copy(update={"most": 11}).check(Text(draft), source).score == 0


def test_a_limit_is_asked_for_short_sources():
    (rule,) = FAMILIES["length"].find(Source(Text("Save all changes"), "en", "de"))
    assert (rule.most, rule.unit) == (20, "columns")
    assert not FAMILIES["length"].find(Source(Text(EN), "en", "de"))


@pytest.mark.parametrize("language", ["zh", "ja", "ar", "hi", "es"])
@pytest.mark.parametrize("mark", list("?.!"))
def test_punctuation_holds(language, mark):
    source = Source(Text(EN.removesuffix(".") + mark), "en", language)
    draft = DRAFTS[language].rstrip("。.।")
    for rule in FAMILIES["punctuation"].find(source):
        check(rule, source, draft, 0)


@pytest.mark.parametrize(
    ("language", "own"),
    [
        ("es", {"?": "¿?", "!": "¡!"}),
        ("ar", {"?": "؟", ",": "،", ";": "؛"}),
        ("hi", {".": "।"}),
        ("ja", {".": "。", ",": "、", "?": "？", "!": "！", ";": "；"}),
        *[(code, {}) for code in ("no", "nb", "nn", "sv", "de", "ru", "th", "he", "ko")],
    ],
)
def test_marks_of_a_languages_own(language, own):
    assert own_marks(language) == own


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code not in ("zh", "ja", "ko", "ar", "hi", "th")])
def test_capitals_hold(language):
    for text in (EN.upper(), EN.rstrip(".").title()):
        source = Source(Text(text), "en", language)
        rules = FAMILIES["capitals"].find(source)
        assert rules or language == "de"
        for rule in rules:
            check(rule, source, DRAFTS[language].rstrip("."), 0)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(items=st.integers(1, 3), level=st.integers(1, 4))
def test_structure_holds(language, items, level):
    text = "\n".join([f"{'#' * level} Title", "", *[f"- item {n}" for n in range(items)], "1. first", "2. second"])
    source = Source(Text(text), "en", language)
    (rule,) = FAMILIES["structure"].find(source)
    right = rule.compliant(DRAFTS[language], source)
    assert rule.check(Text(right), source).score == 1
    assert rule.broken(DRAFTS[language], source)
    for broken in rule.broken(DRAFTS[language], source):
        assert rule.check(Text(broken), source).score == 0, broken


@pytest.mark.parametrize(
    "language", ["pt-BR", "pt-PT", "zh-Hans", "zh-Hant", "zh-TW", "es-419", "es-MX", "es-ES", "fr-CA", "fr-FR"]
)
def test_varieties_hold(language):
    source = Source(Text(EN), "en", language)
    (rule,) = FAMILIES["variety"].find(source)
    draft = "–"
    assert rule.check(Text(rule.compliant(draft, source)), source).score == 1
    for broken in rule.broken(draft, source):
        assert rule.check(Text(broken), source).score == 0
    assert rule.check(Text("123"), source).score is None


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_language_of_instructions_has_every_wording(family, language):
    from filters.translation_rules.wordings import of_language

    keys = {key.partition(".")[0] for key in of_language(language)}
    assert family in keys
    assert all(len(set(sentences)) >= 2 for sentences in of_language(language).values())


@pytest.mark.parametrize(
    ("language", "right", "wrong", "neither"),
    [
        ("zh-Hans", "这座电影院开门了。", "這座電影院開門了。", "你好"),
        ("zh-TW", "這座電影院開門了。", "这座电影院开门了。", "你好"),
        ("zh-Hant", "這座電影院開門了。", "这座电影院开门了。", "你好"),
        ("pt-BR", "O ônibus eletrônico chegou.", "O autocarro eletrónico chegou.", "Bom dia."),
        ("pt-PT", "O autocarro eletrónico chegou.", "O ônibus eletrônico chegou.", "Bom dia."),
        ("pt-PT", "A cerimónia é económica.", "A cerimônia é econômica.", "Bom dia."),
        ("es-MX", "Compró un durazno y lentes.", "Compró un melocotón y gafas.", "Buenos días."),
        ("es-ES", "Compró un melocotón y gafas.", "Compró un durazno y lentes.", "Buenos días."),
        ("fr-CA", "Elle a perdu son cellulaire.", "Elle a perdu son portable.", "Bonjour."),
    ],
)
def test_varieties_of_real_sentences(language, right, wrong, neither):
    source = Source(Text(EN), "en", language)
    (rule,) = FAMILIES["variety"].find(source)
    scores = [rule.check(Text(text), source).score for text in (right, wrong, neither, f"{right} {wrong}")]
    assert scores == [1, 0, None, 0]
