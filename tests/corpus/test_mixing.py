"""The arithmetic of mixing: parts that add up, rows chosen by hash, validation rows that never move."""

import math
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.mixing import Share, hash64, is_validation, plan_mix, temperature_weights, times_taken

NAMES = st.text(alphabet="abcdeßא中", min_size=1, max_size=3)
SIZES = st.dictionaries(NAMES, st.integers(1, 10**7), min_size=1, max_size=6)
MAX_TIMES = st.sampled_from([1.0, 1.5, 2.0, 7.3, 40.0])


@st.composite
def mixes(draw):
    sizes = draw(SIZES)
    return sizes, {name: draw(st.floats(0.001, 1000)) for name in sizes}


def units(plan):
    return {name: share.units for name, share in plan.items()}


@pytest.mark.parametrize(
    ("sizes", "options", "taken"),
    [
        # Without weights everything is taken, or a part of everything.
        ({"news": 600, "talks": 300}, {}, {"news": 600, "talks": 300}),
        ({"news": 600, "talks": 300}, {"total": 90}, {"news": 60, "talks": 30}),
        ({"news": 600, "talks": 0}, {}, {"news": 600, "talks": 0}),
        ({"news": 600, "talks": 300}, {"max_times": 2}, {"news": 1200, "talks": 600}),
        ({"news": 600, "talks": 300}, {"max_times": 0.5}, {"news": 300, "talks": 150}),
        # As much as the scarcest source allows.
        ({"mono": 1000, "para": 100}, {"weights": {"mono": 2, "para": 1}}, {"mono": 200, "para": 100}),
        ({"mono": 1000, "para": 100}, {"weights": {"mono": 2, "para": 1}, "max_times": 3}, {"mono": 600, "para": 300}),
        # What does not divide goes to the largest remainder, ties to the first name.
        ({"a": 10, "b": 10, "c": 10}, {"weights": {"c": 1, "b": 1, "a": 1}, "total": 10}, {"a": 4, "b": 3, "c": 3}),
        ({"a": 10, "b": 10}, {"weights": {"a": 0.1, "b": 0.2}, "total": 10}, {"a": 3, "b": 7}),
        ({"a": 0}, {}, {"a": 0}),
    ],
)
def test_plan(sizes, options, taken):
    assert units(plan_mix(sizes, **options)) == taken


@pytest.mark.parametrize(
    ("share", "passes", "extra", "times"),
    [
        (Share(size=100, units=250), 2, 50, 2.5),
        (Share(size=100, units=30), 0, 30, 0.3),
        (Share(size=100, units=100), 1, 0, 1.0),
        (Share(size=0, units=0), 0, 0, 0.0),
    ],
)
def test_share(share, passes, extra, times):
    assert (share.passes, share.extra, share.times) == (passes, extra, times)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ({}, {}, "needs at least one source"),
        (
            {"news": 9},
            {"weights": {"news": 1, "nwes": 1}},
            "unknown source 'nwes'. Did you mean 'news'\\? Sources: news",
        ),
        ({"news": 9, "talks": 9}, {"weights": {"news": 1}}, "source 'talks' has no weight"),
        ({"news": 9}, {"weights": {"news": -1}}, "found a weight of 'news' of -1, expected a number above 0"),
        ({"news": 9}, {"weights": {"news": math.nan}}, "found a weight of 'news' of nan, expected a number above 0"),
        ({"news": 9}, {"weights": {"news": 0}}, "source 'news' has a weight of 0, expected more"),
        ({"news": 9, "talks": 0}, {"weights": {"news": 1, "talks": 1}}, "'talks' has a weight of 1 and is empty"),
        ({"news": 9}, {"total": 0}, "found a total of 0, expected 1 or more"),
        ({"news": 0}, {"total": 5}, "found a total of 5, but all sources are empty"),
        ({"news": 9}, {"max_times": 0}, "max_times 0 allows nothing of 'news', which has 9"),
        ({"news": 9}, {"max_times": math.inf}, "found a max_times of inf"),
        (
            {"mono": 1000, "para": 100},
            {"weights": {"mono": 2, "para": 1}, "total": 900},
            "a total of 900 asks for 300 of 'para', which has 100: 3 times, with max_times 1. Lower the total to 300 "
            "or less, raise max_times to 3, or lower the weight of 'para'.",
        ),
    ],
)
def test_mixes_that_cannot_be(sizes, options, message):
    with pytest.raises(UserError, match=message):
        plan_mix(sizes, **options)


@given(mixes(), MAX_TIMES, st.floats(0, 1))
def test_parts_add_up_and_keep_their_limits(mix, max_times, part):
    sizes, weights = mix
    most = sum(units(plan_mix(sizes, weights, max_times=max_times)).values())
    total = max(1, int(most * part))
    plan = plan_mix(sizes, weights, total=total, max_times=max_times)
    whole = math.fsum(weights.values())
    assert sum(share.units for share in plan.values()) == total
    for name, share in plan.items():
        assert share.units == share.passes * share.size + share.extra
        assert 0 <= share.extra < share.size
        assert share.units <= max_times * share.size
        assert abs(share.units - total * weights[name] / whole) < 1 + 1e-6


@given(mixes(), MAX_TIMES)
def test_the_most_is_the_most_and_the_advice_holds(mix, max_times):
    sizes, weights = mix
    most = sum(units(plan_mix(sizes, weights, max_times=max_times)).values())
    with pytest.raises(UserError) as raised:
        plan_mix(sizes, weights, total=most + 1, max_times=max_times)
    advice = re.search(r"Lower the total to ([\d,]+) or less, raise max_times to ([\d.]+),", str(raised.value))
    assert int(advice[1].replace(",", "")) == most
    assert sum(units(plan_mix(sizes, weights, total=most + 1, max_times=float(advice[2]))).values()) == most + 1


@given(mixes(), st.randoms(), st.sampled_from([0.25, 2, 1000]))
def test_neither_order_nor_scale_of_weights_matters(mix, random, scale):
    sizes, weights = mix
    names = random.sample(sorted(sizes), len(sizes))
    shuffled = plan_mix({name: sizes[name] for name in names}, weights, max_times=2)
    assert list(shuffled) == names
    assert shuffled == plan_mix(sizes, weights, max_times=2)
    # A power of two or of ten moves the point and changes no digit that is written.
    whole = {name: round(weight) + 1 for name, weight in weights.items()}
    assert plan_mix(sizes, whole) == plan_mix(sizes, {name: weight * scale for name, weight in whole.items()})


@pytest.mark.parametrize(
    ("temperature", "weights"),
    [
        (1, {"en": 0.9, "is": 0.1, "ga": 0.0}),
        (2, {"en": 0.75, "is": 0.25, "ga": 0.0}),  # the roots of 9 and 1
        (math.inf, {"en": 0.5, "is": 0.5, "ga": 0.0}),
    ],
)
def test_temperature(temperature, weights):
    assert temperature_weights({"en": 9000, "is": 1000, "ga": 0}, temperature) == pytest.approx(weights)


@given(SIZES, st.floats(1, 50))
def test_temperature_lifts_the_small_and_fits_a_plan(sizes, temperature):
    weights = temperature_weights(sizes, temperature)
    assert math.fsum(weights.values()) == pytest.approx(1)
    smallest, largest = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    whole = sum(sizes.values())
    assert weights[smallest] >= sizes[smallest] / whole - 1e-9
    assert weights[largest] <= sizes[largest] / whole + 1e-9
    assert set(plan_mix(sizes, weights)) == set(sizes)


@pytest.mark.parametrize("temperature", [0, -1, math.nan])
def test_temperatures_that_cannot_be(temperature):
    with pytest.raises(UserError, match="expected a number above 0"):
        temperature_weights({"en": 1}, temperature)


def keys_of(count):
    return [f"row {n}" for n in range(count)]


@given(st.integers(1, 50), st.floats(0, 4), st.randoms())
def test_rows_taken_are_exact_and_do_not_hang_on_order(size, times, random):
    share = Share(size, int(size * times))
    taken = times_taken(share, hash64(keys_of(size), "7"))
    assert taken.sum() == share.units
    assert set(taken) <= {share.passes, share.passes + 1}
    order = random.sample(range(size), size)
    shuffled = times_taken(share, hash64([f"row {n}" for n in order], "7"))
    assert list(shuffled) == [taken[n] for n in order]


@given(st.integers(1, 50), st.integers(0, 120), st.integers(0, 120), st.booleans())
def test_a_larger_share_never_takes_a_row_less_often(size, first, second, in_tokens):
    lengths = np.array([n * 7 % 5 + 1 for n in range(size)]) if in_tokens else None
    whole = size if lengths is None else int(lengths.sum())
    hashes = hash64(keys_of(size), "7")
    few, many = (times_taken(Share(whole, units), hashes, lengths) for units in sorted((first, second)))
    assert (few <= many).all()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.floats(0, 3))
def test_tokens_taken_are_as_near_as_whole_rows_allow(lengths, times):
    rows = np.array(lengths)
    share = Share(int(rows.sum()), int(rows.sum() * times))
    taken = times_taken(share, hash64(keys_of(len(rows)), "7"), rows)
    assert abs(int((taken * rows).sum()) - share.units) <= max(lengths) / 2


def test_another_seed_takes_other_rows():
    share = Share(1000, 100)
    one, other = (times_taken(share, hash64(keys_of(1000), seed)) for seed in ("7", "8"))
    assert one.sum() == other.sum() == 100
    assert 0 < (one * other).sum() < 40


@given(st.lists(st.text(), max_size=30), st.lists(st.text(), max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_growing_data_or_share_moves_no_row_out_of_validation(keys, more, share, larger):
    share, larger = sorted((share, larger))
    held = is_validation(keys, share)
    assert list(is_validation(more + keys, share)[len(more) :]) == list(held)
    assert not (held & ~is_validation(keys, larger)).any()
    assert not is_validation(keys, 0).any()
    assert is_validation(keys, 1).all()


def test_validation_rows():
    """These never change: a row that was held out once is held out for good."""
    keys = pl.Series(["newstest.1", "newstest.2", "日本語の文書", "مستند", "doc 5", "doc 6", "doc 7", "doc 8"])
    held = keys.filter(pl.Series(is_validation(keys, 0.2))).to_list()
    assert held == ["newstest.2", "日本語の文書", "مستند", "doc 5"]
    assert is_validation(keys_of(100_000), 0.01).mean() == pytest.approx(0.01, abs=0.001)


def test_hashes_are_the_same_everywhere():
    hashes = [1306564532565376100, 9766580926123643913, 205923070178168547]
    assert hash64(["", "a", "日本語"], "validation").tolist() == hashes
    assert hash64(pl.Series(["a"]), "7").dtype == np.uint64
    assert hash64([], "7").shape == (0,)
