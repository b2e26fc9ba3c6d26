"""What a report is made of: what is ranked, and what is refused."""

import pytest
from evaluated import ARABIC, CHAT, HOSTILE, LEVELS, MODELS, MT, TER, measured, results

from evals.published import Figure
from evals.report.results import Measured, Metric, Model, Picture, Results, axes, beside

NAN = float("nan")


def test_the_better_stand_first() -> None:
    told = results()
    assert told.of(MT).ranked[:2] in ((HOSTILE, ARABIC), (ARABIC, HOSTILE))
    assert told.of(TER).ranked == (HOSTILE, ARABIC, "cpt-1", "base")
    assert told.of(CHAT).groups == ((ARABIC,), (HOSTILE,), ("base",), ("cpt-1",))
    assert told.of(MT).groups == (tuple(told.of(MT).ranked[:2]), ("cpt-1",), ("base",))


def test_what_is_in_the_loop_enters_no_ranking_and_no_picture() -> None:
    told = results(in_loop=frozenset({HOSTILE}))
    assert HOSTILE not in told.of(MT).ranked
    assert told.of(MT).rest == (HOSTILE,)
    assert all(HOSTILE not in group for group in told.of(MT).groups)
    assert HOSTILE in told.of(CHAT).ranked
    point = next(point for point in told.points() if point.name == HOSTILE)
    assert MT.key not in point.values
    assert CHAT.key in point.values


def test_a_model_of_which_nothing_is_judged() -> None:
    told = measured(MT, LEVELS[MT], unjudged={"base": 60})
    assert told.rest == ("base",)
    assert told.numbers["base"].scored.unjudged == 60


def test_findings() -> None:
    chat = results().of(CHAT)
    assert chat.finding("base", "cpt-1") == chat.finding("cpt-1", "base") == "base"
    assert results().of(TER).finding("base", "cpt-1") == "cpt-1"
    assert results().of(MT).finding(HOSTILE, ARABIC) is None
    assert Measured(MT, chat.numbers).groups == ()


def test_published_figures_stand_beside_the_set_that_is_named_alone() -> None:
    figures = [
        Figure(system=system, benchmark="wmt24pp", metric="xcomet-xxl", set=of, value=80, mark="notes", source="s")
        for system, of in (("Tower+ 9B", "en→24 languages, unconfirmed"), ("Tower+ 9B", "en→ko"))
    ]
    assert beside(figures, MT) == {"Tower+ 9B": figures[0]}
    assert beside(figures, Metric("wmt24pp", "xcomet-xxl", "en→ko")) == {}
    assert [axis.higher_is_better for axis in axes([MT, TER])] == [True, False]


@pytest.mark.parametrize(
    ("models", "told", "pictures", "message"),
    [
        ((*MODELS, Model("base")), LEVELS, (), "two models are called 'base'"),
        (MODELS[1:], LEVELS, (), "has numbers of 'base', which is not among the models"),
        (MODELS, {MT: LEVELS[MT]}, (Picture((MT, CHAT)),), "has the axis 'm-arenahard · win rate · zh, he', of which"),
        (MODELS, LEVELS, (Picture((MT,)),), "a picture has 1 axes; expected two or three"),
    ],
)
def test_results_that_cannot_be(
    models: tuple[Model, ...], told: dict[Metric, dict[str, float]], pictures: tuple[Picture, ...], message: str
) -> None:
    numbers = tuple(measured(metric, levels, items=3) for metric, levels in told.items())
    with pytest.raises(ValueError, match=message):
        Results("r", models, numbers, pictures)
    with pytest.raises(ValueError, match="two metrics are called"):
        Results("r", MODELS, (numbers[0], numbers[0]))
