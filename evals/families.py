"""How models of each family are asked: one table of wordings and decoding, which a recipe may override."""

from __future__ import annotations

from typing import NamedTuple

from filters.families import model_family


class Asking(NamedTuple):
    """How a family of models is asked."""

    task: str
    """The wording of translation prompts."""
    temperature: float | None = None
    """At which answers are drawn, where neither benchmark nor recipe says; None: 0, the likeliest."""
    known: str = ""
    """How that is known: marks as in the documentation."""


_ANY = Asking("translate_plain", known="our own wording")
FAMILIES = {
    "tower-plus": Asking("translate", temperature=0.0, known="[paper card 2B]"),
    "tower": Asking("translate_towerinstruct", known="[notes]"),
}
"""By family; all others are asked in our own words."""


def family_of(model: str) -> Asking:
    """How a model of this name, hub id or folder is asked."""
    return FAMILIES.get(_family(model), _ANY)


def _family(model: str) -> str:
    own = model.rstrip("/").rpartition("/")[2].lower().replace("_", "-")
    if "tower-plus" in own or "towerplus" in own or "tower+" in own:
        return "tower-plus"
    # Of the first Tower, what was tuned on instructions knows this wording; Tower's base models know none.
    family = model_family(model)
    return family if family != "tower" or "instruct" in own else ""
