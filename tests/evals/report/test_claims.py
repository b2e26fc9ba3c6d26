"""Claims: what the numbers show, and no more."""

import numpy as np
import pytest
from evaluated import ARABIC, CHAT, HOSTILE, LEVELS, MODELS, MT, TER, measured, results

from evals.paired import Difference
from evals.report.claims import claims
from evals.report.results import Measured, Model, Number, Results
from evals.statistics import Scored

NAN = float("nan")


def told_of(difference: Difference, *, higher: bool = True) -> tuple[str, str, str]:
    """The one claim about two models, of whom a number is known each."""
    numbers = {"a": Number(Scored(2.0, 1, 3, 9, 0), "s"), "b": Number(Scored(1.0, 0, 2, 9, 0), "s")}
    metric = MT if higher else TER
    told = Results("r", (Model("a"), Model("b")), (Measured(metric, numbers, (difference,)),))
    (claim,) = claims(told)
    return claim


@pytest.mark.parametrize(
    ("difference", "claim", "evidence", "change"),
    [
        (
            Difference("a", "b", 1.5, 0.5, 2.5, 0.012, 0.01, 400, 0),
            "a beats b on",
            "difference 1.5 [0.5, 2.5], p = 0.012, n = 400",
            "the interval begins at 0.5",
        ),
        # Told from the other side.
        (
            Difference("b", "a", -1.5, -2.5, -0.5, 0.0002, 0.01, 400, 7),
            "a beats b on",
            "difference 1.5 [0.5, 2.5], p < 0.001, n = 400",
            "the interval begins at 0.5; 7 items are not judged for both",
        ),
        # Half as large as half the interval: four times as many items.
        (
            Difference("a", "b", 1.0, -1.0, 3.0, 0.3, 0.3, 400, 0),
            "no difference is shown between a and b on",
            "difference 1 [-1, 3], p = 0.3, n = 400",
            "the same difference on about 1,600 items",
        ),
        (
            Difference("a", "b", 0.0, -1.0, 1.0, 1.0, 1.0, 400, 0),
            "no difference is shown between a and b on",
            "difference 0 [-1, 1], p = 1, n = 400",
            "nothing that 100 times as many items would show, were the difference the same",
        ),
        (
            Difference("a", "b", NAN, NAN, NAN, NAN, NAN, 0, 9),
            "a and b cannot be compared on",
            "0 items are judged for both",
            "verdicts on the 9 other items",
        ),
        # All items in one document.
        (
            Difference("a", "b", 1.0, NAN, NAN, 1.0, NAN, 50, 0),
            "no difference is shown between a and b on",
            "difference 1, p = 1, n = 50",
            "a difference on other items",
        ),
    ],
)
def test_two_models(difference: Difference, claim: str, evidence: str, change: str) -> None:
    found = told_of(difference)
    assert found[0] == f"{claim} {MT.key}"
    assert found[1:] == (evidence, change)


def test_less_may_be_better() -> None:
    assert told_of(Difference("a", "b", 1.5, 0.5, 2.5, 0.01, 0.01, 9, 0), higher=False)[0].startswith("b beats a")


def test_each_model_beside_its_parents_and_its_neighbours() -> None:
    told = results()
    found = [claim.claim for claim in claims(told) if CHAT.key in claim.claim and "frontier" not in claim.claim]
    assert found == [
        f"base beats cpt-1 on {CHAT.key}",
        f"{HOSTILE} beats cpt-1 on {CHAT.key}",
        f"{ARABIC} beats cpt-1 on {CHAT.key}",
        f"{ARABIC} beats {HOSTILE} on {CHAT.key}",
        f"{HOSTILE} beats base on {CHAT.key}",
    ]


def test_the_frontier() -> None:
    found = {claim.claim: claim for claim in claims(results())}
    picture = f"{MT.key} and {CHAT.key}"
    best = found[f"{ARABIC} is on the frontier of {picture}"]
    assert "4 models" in best.evidence
    below = found[f"base lies below the frontier of {picture}, beyond its intervals"]
    assert ARABIC in below.evidence
    assert below.change.endswith("would dominate it still at the better ends of its intervals")


def test_nothing_is_claimed_of_numbers_in_the_loop() -> None:
    every = frozenset(LEVELS[MT])
    found = claims(results(in_loop=every))
    assert found
    assert not any(MT.key in claim.claim for claim in found)
    one = claims(results(in_loop=frozenset({HOSTILE})))
    assert not any(HOSTILE in part for claim in one if MT.key in claim.claim for part in claim)


def test_no_comparison_no_claim() -> None:
    told = measured(MT, LEVELS[MT])
    assert claims(Results("r", MODELS, (Measured(MT, told.numbers),))) == []


def test_claims_hold_on_as_many_items_as_they_say() -> None:
    """Where no difference is shown, as many items as are named would show one of that size."""
    draw = np.random.default_rng(3)
    from evals.paired import compare
    from evals.statistics import table

    gaps = draw.normal(0.2, 1.0, 60)

    def of(times: int) -> Difference:
        values = np.tile(gaps, times)
        names = [f"{n:05}" for n in range(values.size)]
        return compare(table(names, {"a": values, "b": np.zeros(values.size)}), "a", "b")

    assert of(1).p_permutation > 0.05
    needed = int(told_of(of(1))[2].split("about ")[1].split(" ")[0].replace(",", ""))
    assert of(round(1.3 * needed / 60) + 1).p_permutation < 0.05
    assert needed < 60 * 60
