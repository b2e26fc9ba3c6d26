"""Verdicts of each row's own verifiers on its response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import orjson
import polars as pl
from pydantic import Field, field_validator

from corpus.errors import UserError
from filters.base import ScoreColumn, Scorer
from filters.names import verifier_class, verifier_names
from filters.rewards import ROW_COLUMNS, Composite, Judgement, verify_rows

_LIBRARIES = ("math-verify", "jsonschema")


class Verified(Scorer):
    """Runs the verifiers that a response's prompt carries, each with its arguments, and puts their verdicts together.

    `score_verified` is the weighted mean, 0 where a gate fails, and null where something cannot be judged;
    `label_verified_reason` says why it is not 1; `spans_verified` holds each verdict as JSON.
    """

    weights: Mapping[str, float] = Field(default={})
    """Weights by verifier name, 1 where none is given; 0 keeps a verdict out of the score, not out of `spans_`."""
    gates: tuple[str, ...] = ()
    """Verifiers that are gates here beside those that always are (format, language)."""
    components: tuple[str, ...] = ()
    """Verifiers whose verdicts get a column of their own, `score_verified_NAME`; of several in a row the mean."""
    allow_code: bool = False
    """Whether the verifier `code` may run the programs in responses. They run without network, in an empty folder and
    under limits, yet on this machine."""

    @field_validator("gates", "components")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                verifier_class(name)
            except UserError as error:
                raise ValueError(str(error)) from None
        return names

    @field_validator("weights")
    @classmethod
    def _known_weights(cls, weights: Mapping[str, float]) -> Mapping[str, float]:
        cls._known(tuple(weights))
        if any(weight < 0 for weight in weights.values()):
            raise ValueError("found a weight below 0, expected weights from 0 on")
        return weights

    def needs(self, kind: str) -> Sequence[str]:
        """The response, and what its verifiers may look at."""
        if kind != "response":
            return ["prompt_id", "verifiers", "@output"]
        return ["verifiers", "@output", *ROW_COLUMNS]

    def columns(self, kind: str) -> list[ScoreColumn]:
        """The composite, its reason, the verdicts as JSON, and what `components` names."""
        del kind
        weights = ",".join(f"{name}:{weight:g}" for name, weight in sorted(self.weights.items())) or "equal"
        signature = f"verified|weights:{weights}|gates:{','.join(sorted(self.gates)) or 'own'}|version:{self.version}"
        ranks: dict[str, bool | None] = {
            f"score_{self.stem}": True,
            f"label_{self.stem}_reason": None,
            f"spans_{self.stem}": None,
            **{f"score_{self.stem}_{name}": True for name in self.components},
        }
        return [ScoreColumn(name=name, higher_is_better=better, signature=signature) for name, better in ranks.items()]

    def identity(self) -> object:
        """Versions of all verifiers and of the libraries that they compare by."""
        versions = {name: verifier_class(name).version for name in verifier_names()}
        return [versions, {library: version(library) for library in _LIBRARIES}]

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Every row's verifiers on its response."""
        composite = Composite(weights=dict(self.weights), gates=self.gates, allow_code=self.allow_code)
        rows = frame.select("verifiers", *ROW_COLUMNS).to_dicts()
        judgements = verify_rows(rows, frame["@output"].to_list(), composite)
        stem = self.stem
        return pl.DataFrame(
            [
                pl.Series(f"score_{stem}", [each.score for each in judgements], dtype=pl.Float64),
                pl.Series(
                    f"label_{stem}_reason", [_sound(each.reason) or None for each in judgements], dtype=pl.String
                ),
                pl.Series(f"spans_{stem}", [_as_json(each) for each in judgements], dtype=pl.String),
                *(
                    pl.Series(f"score_{stem}_{name}", [_mean(each, name) for each in judgements], dtype=pl.Float64)
                    for name in self.components
                ),
            ]
        )


def _mean(judgement: Judgement, name: str) -> float | None:
    scores = [component.score for component in judgement.components if component.name == name]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known and len(known) == len(scores) else None


def _as_json(judgement: Judgement) -> str | None:
    if not judgement.components:
        return None
    told = [
        {
            "name": component.name,
            "score": component.score,
            "reason": _sound(component.reason),
            "extracted": None if component.extracted is None else _sound(component.extracted),
        }
        for component in judgement.components
    ]
    return orjson.dumps(told).decode()


def _sound(text: str) -> str:
    """The text as a column can hold it: models may give half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()
