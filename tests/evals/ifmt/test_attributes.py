"""What items are drawn from, how they are drawn, and how they are asked for."""

from collections import Counter
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.languages import TOWER_PLUS
from evals.ifmt.attributes import SHIPPED, draw, load_values, read_pair
from evals.ifmt.request import bounds, request
from filters.translation_rules.families import FAMILIES

VALUES = load_values()
PAIRS = [
    *(("en", "es-419"), ("en", "zh"), ("de", "ja"), ("ja", "de"), ("en", "ar"), ("hi", "en"), ("th", "en")),
    *(("he", "fr"), ("zh", "ko"), ("en", "pt-BR")),
]


def test_every_family_but_those_of_single_lines_can_be_asked_for() -> None:
    assert set(FAMILIES) - set(VALUES.families) == {"length", "capitals"}
    assert VALUES.rules == (2, 4)
    assert {name: read_pair(pair) for name, pair in VALUES.presets.items()} == {
        "en-es-419": ("en", "es-419"),
        "en-zh": ("en", "zh"),
    }


@pytest.mark.parametrize("code", TOWER_PLUS)
def test_every_language_has_rules_to_ask_for(code: str) -> None:
    other = "de" if code.startswith("en") else "en"
    assert len(VALUES.families_of(other, code)) >= 8


def test_what_only_english_sources_hold_is_asked_of_them_alone() -> None:
    assert "address" in VALUES.families_of("en", "de")
    assert "address" not in VALUES.families_of("fr", "de")
    assert "variety" in VALUES.families_of("en", "es-419")
    assert "variety" not in VALUES.families_of("en", "sv")


@pytest.mark.parametrize(("src_lang", "tgt_lang"), PAIRS)
def test_draws(src_lang: str, tgt_lang: str) -> None:
    items = list(draw(VALUES, [(src_lang, tgt_lang)], 200, 3))
    assert items[:50] == list(draw(VALUES, [(src_lang, tgt_lang)], 50, 3)), "a larger set has the smaller one"
    assert items[:50] != list(draw(VALUES, [(src_lang, tgt_lang)], 50, 4))
    together = list(draw(VALUES, [("en", "is"), (src_lang, tgt_lang)], 50, 3))
    assert together[50:] == items[:50], "other pairs change nothing"
    allowed = VALUES.families_of(src_lang, tgt_lang)
    for item in items:
        assert 2 <= len(item.families) == len(set(item.families)) <= 4
        assert set(item.families) <= set(allowed)
        assert item.subtopic in VALUES.topics[item.topic]
        assert item.words == VALUES.lengths[item.length]
    assert {name for item in items for name in item.families} == set(allowed)
    for name in ("topic", "style", "audience", "length"):
        counts = Counter(getattr(item, name) for item in items)
        assert min(counts.values()) >= 1
        assert max(counts.values()) < 100
    assert {len(item.families) for item in items} == {2, 3, 4}
    assert len({item.item for item in items}) == 200


@pytest.mark.parametrize(("src_lang", "tgt_lang"), PAIRS)
def test_requests_say_all_that_is_wanted(src_lang: str, tgt_lang: str) -> None:
    for item in draw(VALUES, [(src_lang, tgt_lang)], 40, 1):
        text = request(item, VALUES)
        least, most = bounds(item)
        unit = "characters" if src_lang in ("zh", "ja", "th") else "words"
        for words in (item.topic, item.subtopic, item.style, item.audience, f"{least:.0f} to {most:.0f} {unit}"):
            assert words in text
        for name, family in VALUES.families.items():
            assert (f"- {family.text};" in text) == (f"- {family.translation};" in text) == (name in item.families)
        assert ('"terms"' in text) == ("terms" in item.families)


@pytest.mark.parametrize(
    ("text", "pair"),
    [("en>es-419", ("en", "es-419")), ("eng > zho", ("en", "zh")), ("pt_BR>he", ("pt-BR", "he"))],
)
def test_pairs(text: str, pair: tuple[str, str]) -> None:
    assert read_pair(text) == pair


@pytest.mark.parametrize("text", ["en", "en-de", "en>en", "en>qqq-what", ">de"])
def test_no_pairs(text: str) -> None:
    with pytest.raises(UserError):
        read_pair(text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  dates:\n", "  dats:\n", r"no family 'dats'.*Did you mean 'dates'"),
        ("rules: [2, 4]", "rules: [1, 4]", "expected at least 2"),
        ("rules: [2, 4]", "rules: [4, 2]", "the smaller number first"),
        ("short: [50, 100]", "short: [100, 50]", "the smaller number first"),
        ("short: [50, 100]", "short: [0, 50]", "greater than or equal to 1"),
        ("styles:\n", "stiles:\n", "Did you mean 'styles'"),
    ],
)
def test_wrong_values(old: str, new: str, words: str, tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8")
    assert old in text
    (tmp_path / "values.yaml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(UserError, match=words):
        load_values(tmp_path / "values.yaml")


def test_a_pair_with_too_few_families_is_refused() -> None:
    values = VALUES.model_copy(update={"families": {"variety": VALUES.families["variety"]}})
    with pytest.raises(UserError, match="found 0 families of rules that can be asked for, expected at least 2"):
        next(draw(values, [("en", "sv")], 1, 0))
