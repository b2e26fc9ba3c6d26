import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.languages import TOWER_PLUS
from filters.constraints.catalog import CONSTRAINTS, open_constraint
from filters.constraints.compose import compose, conflicts, sample_set
from filters.constraints.text import loose_variants
from filters.constraints.wording import wordings


@given(st.sampled_from(list(CONSTRAINTS)), st.sampled_from(TOWER_PLUS), st.integers(0, 2**32))
def test_what_is_drawn_holds_on_a_text_made_for_it_and_fails_on_the_text_broken(name, language, seed):
    model = CONSTRAINTS[name]
    if not model.fits(language):
        return
    constraint = model.sample(random.Random(seed), language)
    assert constraint.describe(language)
    text = constraint.comply(" ".join([wordings(language)["filler"]] * 3), language)
    assert text
    assert constraint.hold(text) is True
    broken = constraint.violate(text)
    assert broken is not None
    assert constraint.hold(broken) is False


@given(st.sampled_from(TOWER_PLUS), st.integers(0, 2**32))
def test_sets_that_are_drawn_do_not_conflict_and_what_is_composed_meets_them(language, seed):
    rng = random.Random(seed)
    constraints = sample_set(rng, language, rng.randint(1, 4))
    assert constraints
    assert conflicts(constraints) == []
    text = compose(constraints, language)
    for constraint in constraints:
        assert text is None or constraint.hold(text) is True
        assert text is None or (broken := constraint.violate(text)) is None or constraint.hold(broken) is False


def test_most_sets_can_be_composed():
    made = 0
    for seed in range(100):
        language = TOWER_PLUS[seed % len(TOWER_PLUS)]
        made += compose(sample_set(random.Random(seed), language, 3), language) is not None
    assert made >= 80


@given(st.sampled_from(list(CONSTRAINTS)), st.text())
def test_any_text_gets_a_verdict(name, text):
    model = CONSTRAINTS[name]
    language = next(iter(model.written or ["en"]))
    constraint = model.sample(random.Random(len(text)), language)
    for variant in [text, *loose_variants(text)]:
        assert constraint.hold(variant) in (True, False, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "uppercase"}, {"name": "lowercase"}),
        ({"name": "words", "count": 50}, {"name": "words", "count": 40, "relation": "at_most"}),
        ({"name": "keywords", "keywords": ["hill"]}, {"name": "forbidden_words", "words": ["Hill"]}),
        ({"name": "end_phrase", "phrase": "Well, bye"}, {"name": "no_commas"}),
        ({"name": "response_language", "language": "ja"}, {"name": "uppercase"}),
        ({"name": "response_language", "language": "de"}, {"name": "uppercase", "language": "en"}),
        ({"name": "response_language", "language": "de"}, {"name": "furigana"}),
        ({"name": "response_language", "language": "de"}, {"name": "response_language", "language": "fr"}),
        ({"name": "json_format"}, {"name": "bullets", "count": 2}),
        ({"name": "hiragana_only"}, {"name": "katakana_only"}),
    ],
)
def test_conflicts(one, other):
    pair = [open_constraint(one), open_constraint(other)]
    assert len(conflicts(pair)) == len(conflicts(pair[::-1])) == 1
    assert conflicts([pair[0], pair[0]]) == []


@pytest.mark.parametrize(
    "entries",
    [
        [{"name": "words", "count": 50}, {"name": "words", "count": 80, "relation": "at_most"}],
        [{"name": "keywords", "keywords": ["hill"]}, {"name": "forbidden_words", "words": ["hills"]}],
        [{"name": "keyword_frequency", "keyword": "a, b", "count": 0, "relation": "at_least"}, {"name": "no_commas"}],
        [{"name": "response_language", "language": "de"}, {"name": "uppercase", "language": "de"}],
        [{"name": "bullets", "count": 2}, {"name": "title"}, {"name": "no_commas"}, {"name": "words", "count": 99}],
    ],
)
def test_sets_without_conflict(entries):
    constraints = [open_constraint(entry) for entry in entries]
    assert conflicts(constraints) == []
    assert compose(constraints, "en")
