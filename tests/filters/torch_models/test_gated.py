"""A model that the hub does not give: every scorer that loads one says what to do."""

from collections.abc import Callable

from hub_server import COMMIT

SCORERS = ("classifier", "perplexity", "reward", "similarity")
OPEN = f"""
from pathlib import Path

from corpus.errors import UserError
from filters.learned import Services
from filters.names import scorer_class

for name in {SCORERS}:
    for model in ("org/gated", "org/none"):
        scorer = scorer_class(name)(model=model, revision="{COMMIT}", device="cpu")
        try:
            with scorer.open(Services(folder=Path("."))):
                print("loaded")
        except UserError as error:
            print(error)
"""


def test_a_gated_model_is_named_as_such(before_the_hub: Callable[[str], str]) -> None:
    gated = "org/gated is gated, and this machine's account has no access. Accept its terms at "
    absent = "the hub has no model org/none, or it is private. If it is yours, log in"
    lines = before_the_hub(OPEN).splitlines()
    assert [line.startswith((gated, absent)) for line in lines] == [True, True] * len(SCORERS), lines
