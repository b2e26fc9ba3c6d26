"""What is measured of answers: how rows become numbers by item, and which are told first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl

from corpus.schema import ROLES
from evals.bleu import FLORES, JapaneseKorean, bleu_of, spbleu_of
from evals.corpus_metrics import CorpusMetric
from evals.passes import pass_at_k
from evals.statistics import Score, Scored, mean, share
from filters.base import Filter, reject_columns, with_roles
from filters.families import model_family
from filters.names import filter_class
from filters.overlap import sacrebleu_version
from filters.scorers.bleu import tokenizer_of
from filters.statistics import Floats


@dataclass(frozen=True)
class Answered:
    """What one system was asked and what it said."""

    items: pl.DataFrame
    """Prompts, one row each, with the columns `@item` (what two systems share), `@group`, and `@meta`: of the pair that
    the prompt was made of, null where there is none."""
    answers: list[pl.DataFrame]
    """For each of them its scored responses; none where they failed."""
    others: list[pl.DataFrame]
    """For each of them the responses of whom it is compared with, where that is another system."""


@dataclass(frozen=True)
class Counted:
    """A measure worked out for one system: a number or statistics for each item, and what they depend on."""

    values: Floats
    """Items, or items × statistics; NaN where an item failed or cannot be judged."""
    score: Score
    signature: str
    columns: tuple[str, ...] = ()
    """Columns of scorers that were read: their signatures are part of the number's."""


class Measure(Protocol):
    """A way to make numbers of a system's answers."""

    @property
    def name(self) -> str:
        """How tables call it."""

    @property
    def higher_is_better(self) -> bool:
        """Which way is better."""

    @property
    def family(self) -> str:
        """What counts as the same judge; a model whose data that judge chose is not measured by it."""

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Numbers of one system, from `Answered.items` and `Answered.answers`."""


@dataclass(frozen=True)
class Together:
    """Numbers that systems have of each other, such as ratings: no mean of one system's items."""

    name: str
    scores: Mapping[str, Scored]
    """By system; a value that is not finite is NaN, though its interval may have an end."""
    signature: str
    family: str = ""
    higher_is_better: bool = True
    share: bool = False
    """Whether the numbers are shares, from 0 to 1."""
    columns: tuple[str, ...] = ()
    """Columns of scorers that were read."""


@dataclass(frozen=True)
class Column:
    """The mean of a score column over an item's answers."""

    name: str
    column: str
    higher_is_better: bool = True
    family: str = ""
    at_least: float | None = None
    """Where given, a response counts 1 from this value on, else 0."""
    empty: float | None = None
    """What an empty answer counts, of which the column tells nothing; None: it is not judged."""

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Null answers are not judged; an item without judged answers is not."""
        del items
        found = []
        for rows in answers:
            scores = rows[self.column].to_list()
            if self.empty is not None:
                blank = (rows["response"].str.strip_chars() == "").to_list()
                scores = [self.empty if no and v is None else v for no, v in zip(blank, scores, strict=True)]
            judged = [value for value in scores if value is not None]
            values = [float(v) if self.at_least is None else float(v >= self.at_least) for v in judged]
            found.append(float(np.mean(values)) if values else np.nan)
        told = [] if self.at_least is None else [f"share from {self.at_least:g} on"]
        told += [] if self.empty is None else [f"empty:{self.empty:g}"]
        score = mean if self.at_least is None else share
        return Counted(np.array(found, np.float64), score, "|".join(told), (self.column,))


@dataclass(frozen=True)
class Corpus:
    """BLEU, spBLEU, chrF++ or TER of a whole set by sacreBLEU, in each language with the tokenizer that fits it."""

    name: Literal["BLEU", "spBLEU", "chrF++", "TER"]
    japanese_korean: JapaneseKorean = "mecab"
    """How BLEU cuts Japanese and Korean; see `evals.bleu`."""
    pieces: str = FLORES
    """The model of spBLEU."""

    @property
    def family(self) -> str:
        """That of the scorer of sentences: whoever chose data by it chose by this too."""
        return {"BLEU": "bleu", "spBLEU": "bleu", "chrF++": "chrf", "TER": "ter"}[self.name]

    @property
    def higher_is_better(self) -> bool:
        """Edits are better few."""
        return self.name != "TER"

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """The first answer to each item against all references; statistics are those of its language's tokenizer."""
        outputs = [rows["response"][0] if rows.height else None for rows in answers]
        references = [list(texts or ()) for texts in items["references"].to_list()]
        languages = items["tgt_lang"].to_list()
        whole: Floats | None = None
        signatures: list[str] = []
        score: Score = mean
        for language in sorted({str(code) for code in languages}):
            places = [place for place, code in enumerate(languages) if str(code) == language]
            metric = CorpusMetric(self._metric(language), [references[place] for place in places])
            statistics = metric.statistics([outputs[place] for place in places])
            if whole is None:
                whole, score = np.full((items.height, statistics.shape[1]), np.nan), metric.score
            whole[places] = statistics
            signatures.append(metric.signature)
        assert whole is not None  # a benchmark has items
        return Counted(whole, score, " and ".join(dict.fromkeys(signatures)))

    def check(self, languages: Iterable[str]) -> None:
        """Make sure that all that is needed for these languages is there.

        Raises:
            UserError: it is not.
        """
        for language in languages:
            self._metric(language)

    def _metric(self, language: str) -> Any:
        from sacrebleu.metrics.chrf import CHRF
        from sacrebleu.metrics.ter import TER

        match self.name:
            case "chrF++":
                return CHRF(word_order=2)
            case "TER":
                spaced = tokenizer_of(language) == "13a"
                return TER(asian_support=not spaced, normalized=not spaced)
            case "BLEU":
                return bleu_of(language, self.japanese_korean)
            case "spBLEU":
                return spbleu_of(self.pieces)


@dataclass(frozen=True)
class Faults:
    """The share of answers that a filter rejects: empty, copied, looping, off target. Lower is better."""

    name: str
    judge: Filter
    higher_is_better: bool = False
    family: str = ""

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """1 where it rejects, 0 where it does not, not judged where it cannot tell."""
        del items
        there = [rows for rows in answers if rows.height]
        if not there:
            return Counted(np.full(len(answers), np.nan), share, self._signature, self._columns)
        rows = pl.concat([rows.with_columns(pl.lit(n).alias("@item")) for n, rows in enumerate(answers) if rows.height])
        assert set(ROLES["response"]) >= {"output"}
        judged = with_roles(rows.lazy(), "response").select("@item", self.judge.reject().cast(pl.Float64).alias("@v"))
        means = judged.group_by("@item").agg(pl.col("@v").mean()).collect()
        values = np.full(len(answers), np.nan)
        for item, value in means.iter_rows():
            values[item] = np.nan if value is None else value
        return Counted(values, share, self._signature, self._columns)

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(name for name in reject_columns(self.judge) if not name.startswith("@"))

    @property
    def _signature(self) -> str:
        options = self.judge.model_dump(mode="json", exclude={"unjudged"})
        told = ",".join(f"{name}:{value}" for name, value in sorted(options.items()))
        return "|".join(part for part in (f"share rejected by {self.judge.name()}", told) if part)


def translation_faults() -> list[Faults]:
    """What stands beside the quality of every translation."""
    faults: dict[str, tuple[str, dict[str, float]]] = {
        "off target": ("wrong_language", {"min_probability": 0.5}),
        "empty": ("empty", {}),
        "copied": ("copied", {}),
        "looping": ("looping", {}),
    }
    return [Faults(name, filter_class(rule).model_validate(options)) for name, (rule, options) in faults.items()]


@dataclass(frozen=True)
class Labelled:
    """The share of answers with one of some labels."""

    name: str
    column: str
    labels: tuple[str, ...]
    higher_is_better: bool = True
    family: str = ""

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Answers without a label are not judged."""
        del items
        told = [[label for label in rows[self.column].to_list() if label is not None] for rows in answers]
        values = [float(np.mean([label in self.labels for label in labels])) if labels else np.nan for labels in told]
        return Counted(np.array(values, np.float64), share, f"{self.column} in {','.join(self.labels)}", (self.column,))


@dataclass(frozen=True)
class Agreement:
    """How often a judge and the rules agree: both find all instructions obeyed, or both do not."""

    name: str = "judge and rules agree"
    judge: str = "score_following"
    rules: str = "score_verified"
    obeyed: float = 5.0
    """From which verdict on the judge finds all obeyed, on its scale of 1 to 6."""
    higher_is_better: bool = True
    family: str = ""

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Not judged where one of the two could not judge."""
        del items
        found = []
        for rows in answers:
            both = zip(rows[self.judge].to_list(), rows[self.rules].to_list(), strict=True)
            told = [(said >= self.obeyed) == (kept >= 1) for said, kept in both if None not in (said, kept)]
            found.append(float(np.mean(told)) if told else np.nan)
        told_by = f"{self.judge} from {self.obeyed:g} on and {self.rules} of 1"
        return Counted(np.array(found, np.float64), share, told_by, (self.judge, self.rules))


@dataclass(frozen=True)
class Joint:
    """The chrF++ of a response that keeps all rules, 0 for one that does not: both abilities at once."""

    name: str = "chrF++ where rules are kept, else 0"
    column: str = "score_verified"
    higher_is_better: bool = True
    family: str = "chrf"

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Not judged without references, or where the rules cannot be."""
        signature = f"mean of sentences|chrF2++|version:{sacrebleu_version()}|0 where {self.column} is below 1"
        return Counted(_joint(items, answers, self.column), mean, signature, (self.column,))


@dataclass(frozen=True)
class Succeeded:
    """The share of responses that keep all rules and translate well: at least so much chrF++ against the reference."""

    least: float = 50.0
    """Of the sentence's chrF++."""
    column: str = "score_verified"
    higher_is_better: bool = True
    family: str = "chrf"

    @property
    def name(self) -> str:
        """With what counts as well."""
        return f"rules kept and chrF++ of {self.least:g}"

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Not judged without references, or where the rules cannot be."""
        joint = _joint(items, answers, self.column)
        # A response that breaks a rule has 0, which is no success however little is asked.
        well = np.where(np.isnan(joint), np.nan, ((joint >= self.least) & (joint > 0)).astype(np.float64))
        told = f"{self.column} of 1 and chrF2++ of a sentence from {self.least:g} on|version:{sacrebleu_version()}"
        return Counted(well, share, told, (self.column,))


def _joint(items: pl.DataFrame, answers: Sequence[pl.DataFrame], column: str) -> Floats:
    """By item, the chrF++ of its first response, 0 where `column` is below 1, NaN where one of the two is not known."""
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF(word_order=2)
    found = []
    for references, rows in zip(items["references"].to_list(), answers, strict=True):
        kept = rows[column][0] if rows.height else None
        if kept is None or not references:
            found.append(np.nan)
        else:
            found.append(float(metric.sentence_score(rows["response"][0], references).score) if kept >= 1 else 0.0)
    return np.array(found, np.float64)


@dataclass(frozen=True)
class PassAt:
    """The chance that one of k answers passes, without bias, of all those that were made (Chen et al. 2021)."""

    k: int
    column: str = "score_verified"
    higher_is_better: bool = True
    family: str = ""

    @property
    def name(self) -> str:
        """`pass@k`."""
        return f"pass@{self.k}"

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Not judged where fewer than k answers were."""
        del items
        found = []
        for rows in answers:
            told = [value for value in rows[self.column].to_list() if value is not None]
            enough = len(told) >= self.k
            found.append(float(pass_at_k(len(told), sum(v >= 1 for v in told), self.k)) if enough else np.nan)
        return Counted(np.array(found, np.float64), share, f"pass@{self.k}|unbiased", (self.column,))


def judge_family(engine: Mapping[str, Mapping[str, Any]]) -> str:
    """The family of a judge by its engine as a recipe writes it, as the scorer `judge` tells it."""
    return f"judge:{model_family(str(next(iter(engine.values())).get('model', '')))}"


def learned(columns: Mapping[str, Any], names: Sequence[str]) -> list[Column]:
    """Measures of score columns, each as its scorer tells it.

    Args:
        columns: of a manifest, by name.
        names: those to measure by; columns that do not rank are left out.
    """
    return [
        Column(
            name.removeprefix("score_"),
            name,
            bool(columns[name].higher_is_better),
            columns[name].family,
        )
        for name in names
        if columns[name].higher_is_better is not None
    ]
