"""Stages, by verb: the closed set of what a recipe can do."""

from __future__ import annotations

from datagen.stages.base import Stage
from datagen.stages.best import Best
from datagen.stages.dedup import Dedup
from datagen.stages.generate import Generate
from datagen.stages.join import Join
from datagen.stages.mix import Mix
from datagen.stages.pair import Pair
from datagen.stages.prompt import Prompt
from datagen.stages.read import Read
from datagen.stages.render import Render
from datagen.stages.score import Score
from datagen.stages.select import Select
from datagen.stages.verifiable import Verifiable

STAGES: dict[str, type[Stage]] = {
    "read": Read,
    "join": Join,
    "prompt": Prompt,
    "generate": Generate,
    "score": Score,
    "select": Select,
    "dedup": Dedup,
    "best": Best,
    "pair": Pair,
    "verifiable": Verifiable,
    "mix": Mix,
    "render": Render,
}
