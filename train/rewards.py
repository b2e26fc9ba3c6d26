"""Rewards of `grpo` by name: the verdicts of each row's own verifiers, or a scorer's numbers behind gates.

A metric is fooled by what it was never shown: an answer in another language, the source handed back, a text that breaks
off, each may score well (arXiv:2504.10160, arXiv:2603.13045 tell of such policies). So a scorer's reward counts only
where three gates are passed, and the log says how many completions each gate stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from corpus.config import validate
from corpus.errors import UserError
from corpus.manifest import Selection
from corpus.schema import KINDS
from filters.base import ScoreColumn, Scorer, with_roles
from filters.learned import Judge, LearnedScorer, Services, judged_rows
from filters.names import scorer_class, verifier_class
from filters.rewards import Composite, Reward, completion_text, reward_function
from filters.rules.copied import Copied
from filters.rules.truncated import Truncated
from filters.rules.wrong_language import WrongLanguage
from filters.scorers.langid import LangId
from filters.scorers.verified import Verified
from train.device import everywhere
from train.recipe import Rewarded

COLUMNS = (
    *("prompt", "verifiers", "references", "source", "src_lang", "tgt_lang", "meta"),
    *("response", "finish_reason"),
)
"""Columns of a completion that scorers may look at: those of its row, and what was answered."""
GATES = ("language", "copied", "truncated")
_SHORT = 20
"""Characters of the shortest copy that is a fault where no reference tells whether copying is right."""


class Batch:
    """Completions with their rows, and which gates stop them."""

    def __init__(self, completions: Sequence[Any], finish: Sequence[str | None], columns: Mapping[str, Any]) -> None:
        """Completions as a trainer hands them in; `columns` holds the dataset's columns, and `prompts`."""
        self.of = completions
        self.finish = list(finish)
        given = {name: columns.get(name) for name in COLUMNS}
        given["prompt"] = columns["prompts"]
        given["response"] = [completion_text(each) for each in completions]
        given["finish_reason"] = self.finish
        types = KINDS["response"].columns
        frame = pl.DataFrame(
            [
                pl.Series(name, values if values is not None else [None] * len(completions), dtype=types[name])
                for name, values in given.items()
            ]
        )
        self.frame = with_roles(frame.lazy(), "response").collect()
        self.groups = columns.get("rows") or [repr(prompt) for prompt in columns["prompts"]]
        """What tells one prompt's completions from another's."""

    @cached_property
    def gated(self) -> dict[str, list[bool]]:
        """By gate, which completions it stops. What a gate cannot judge passes."""
        told = self.frame.hstack(LangId().score(self.frame.select("@output", "tgt_lang")))
        references = pl.col("references").list.eval(pl.element().str.strip_chars())
        # Where a reference is the source again, as with names and numbers, copying is right.
        rightly = references.list.contains(pl.col("@output").str.strip_chars())
        judged = pl.when(references.list.len() > 0).then(Copied().reject() & ~rightly)
        # Within a language a text may rightly stay as it is.
        copied = judged.otherwise(Copied(min_length=_SHORT).reject()) & (pl.col("src_lang") != pl.col("tgt_lang"))
        faults = (WrongLanguage().reject(), copied, Truncated().reject())
        frame = told.select(fault.fill_null(value=False).alias(gate) for gate, fault in zip(GATES, faults, strict=True))
        return {gate: frame[gate].to_list() for gate in GATES}

    @cached_property
    def stopped(self) -> list[bool]:
        """Which completions any gate stops."""
        return [any(each) for each in zip(*self.gated.values(), strict=True)]


class ScorerReward:
    """A scorer's numbers as a reward, turned so that more is better."""

    def __init__(self, name: str, rewarded: Rewarded) -> None:
        """The scorer with its options; no model is loaded.

        Raises:
            UserError: there is no such scorer, its options are wrong, or it cannot be a reward.
        """
        self.name = name
        kind = scorer_class(rewarded.scorer or name)
        if engines := getattr(kind, "engines", ()):
            raise _refused(
                name,
                f"it asks an engine (`{engines[0]}:`), so every step would wait for, and pay for, a model's answers to "
                "all its completions. Let it judge a dataset with `datagen`, make preferences of that, train a reward "
                "model with `train.reward`, and take that (`scorer: reward`)",
            )
        self.scorer: Scorer = validate(rewarded.options, kind, at=("rewards", name, "options"))
        if getattr(self.scorer, "base_url", None):
            raise _refused(name, "it asks a server; leave out `base_url`, and the model is loaded beside the policy")
        needs = tuple(self.scorer.needs("response"))
        lacking = [column for column in needs if column not in (*COLUMNS, "@source", "@output")]
        if lacking:
            raise _refused(
                name,
                f"it reads the column {lacking[0]!r}, which a completion does not have while it is trained on: the "
                "others to its prompt may lie on other processes",
            )
        if not {"@output", "response"} & set(needs):
            raise _refused(name, f"it does not look at the completion, only at {', '.join(needs)}")
        self.needs = needs
        self.column = self._column()
        self._judge: Judge | None = None

    def _column(self) -> ScoreColumn:
        columns = {column.name: column for column in self.scorer.columns("response")}
        found = columns.get(f"score_{self.scorer.stem}")
        if found is None:
            raise _refused(self.name, f"it gives no single score, but the columns {', '.join(columns)}")
        if found.higher_is_better is None:
            raise _refused(self.name, "it does not say whether more is better; set `higher_is_better`")
        return found

    @property
    def family(self) -> str:
        """What counts as the same judge."""
        return self.column.family or self.scorer.name()

    def open(self, stack: ExitStack) -> None:
        """Load the model, if there is one; it lives as long as the stack."""
        if self._judge is None and isinstance(self.scorer, LearnedScorer):
            folder = Path(stack.enter_context(TemporaryDirectory()))
            self._judge = stack.enter_context(self.scorer.open(Services(folder)))

    def scores(self, frame: pl.DataFrame) -> list[float | None]:
        """Scores of completions, more is better; None where one cannot be judged."""
        if isinstance(self.scorer, LearnedScorer):
            if self._judge is None:
                raise TypeError(f"the scorer {self.name!r} was not opened")
            found = judged_rows(self.scorer, self._judge, frame)
        else:
            found = self.scorer.score(frame)
        scores: list[float | None] = found[self.column.name].to_list()
        return scores if self.column.higher_is_better else [None if each is None else -each for each in scores]

    def rewards(self, batch: Batch) -> list[float | None]:
        """Scores behind the gates. A group may lie on several processes, so all of them tell what passed."""
        scores = self.scores(batch.frame)
        known = everywhere(floors(scores, batch.stopped, batch.groups))
        return behind_gates(scores, batch.stopped, batch.groups, known)

    def identity(self) -> Any:
        """What its numbers depend on."""
        if isinstance(self.scorer, LearnedScorer):
            return self.scorer.kept_as()
        options = self.scorer.model_dump(mode="json", exclude={"as_", *self.scorer.locations})
        return [self.scorer.name(), self.scorer.version, options, self.scorer.identity()]


def floors(scores: Sequence[float | None], stopped: Sequence[bool], groups: Sequence[Any]) -> dict[Any, float]:
    """By prompt, the lowest score of its completions that pass, if that is below 0."""
    found: dict[Any, float] = {}
    for score, stop, group in zip(scores, stopped, groups, strict=True):
        if not stop and score is not None and score < found.get(group, 0.0):
            found[group] = score
    return found


def behind_gates(
    scores: Sequence[float | None],
    stopped: Sequence[bool],
    groups: Sequence[Any],
    known: Sequence[Mapping[Any, float]],
) -> list[float | None]:
    """Scores with those of stopped completions replaced: 0, or the lowest of the prompt's others if that is below 0.

    Many scores have no floor (a reward model's, a perplexity turned around). There a plain 0 could be the best of the
    group, and the policy would learn what the gate is there to stop.

    Args:
        scores: of this process's completions.
        stopped: which of them a gate stops.
        groups: the prompt of each.
        known: `floors` of every process, since a prompt's completions may lie on several.
    """
    lowest: dict[Any, float] = {}
    for found in known:
        for group, floor in found.items():
            lowest[group] = min(floor, lowest.get(group, 0.0))
    return [
        lowest.get(group, 0.0) if stop else score for score, stop, group in zip(scores, stopped, groups, strict=True)
    ]


class Rewards:
    """All rewards of a training, as TRL takes them, and the metric that watches them."""

    def __init__(self, rewards: Mapping[str, Rewarded], independent: str | None = None) -> None:
        """Rewards by name, and the name of a scorer that is measured on completions and never trained on.

        Raises:
            UserError: one of them cannot be a reward; or the metric to watch by is itself a reward.
        """
        self.given = dict(rewards)
        self.composites = {
            name: _composite(name, each) for name, each in rewards.items() if (each.scorer or name) == "verified"
        }
        self.scorers = {name: ScorerReward(name, each) for name, each in rewards.items() if name not in self.composites}
        self.watched = ScorerReward(independent, Rewarded()) if independent else None
        if self.watched and self.watched.family in {each.family for each in self.scorers.values()}:
            raise UserError(
                f"alarms.independent: {independent!r} is trained on, so it cannot watch the training; name another "
                "scorer, or null"
            )
        self.most: int | None = None
        """Tokens of a completion at most."""
        self.ends: frozenset[int] = frozenset()
        """Tokens that end a completion."""
        self._batch: Batch | None = None
        self._stack = ExitStack()

    @property
    def weights(self) -> list[float]:
        """Weights in the rewards' order."""
        return [each.weight for each in self.given.values()]

    def functions(self) -> list[Reward]:
        """Reward functions in order, for TRL."""
        first = next(iter(self.given))
        return [self._function(name, tells=name == first) for name in self.given]

    def close(self) -> None:
        """Let go of the models."""
        self._stack.close()

    def _function(self, name: str, *, tells: bool) -> Reward:
        judge = self._verified(name) if name in self.composites else self._scored(name)

        def reward(completions: Sequence[Any], **columns: Any) -> list[float | None]:
            batch = self._of(completions, columns)
            if tells:
                self._tell(batch, columns.get("log_metric"))
            return judge(batch, columns)

        reward.__name__ = name
        return reward

    def _verified(self, name: str) -> Callable[[Batch, Mapping[str, Any]], list[float | None]]:
        verified = reward_function(self.composites[name], name)
        return lambda batch, columns: verified(batch.of, **{**columns, "finish_reason": batch.finish})

    def _scored(self, name: str) -> Callable[[Batch, Mapping[str, Any]], list[float | None]]:
        scorer = self.scorers[name]

        def judge(batch: Batch, columns: Mapping[str, Any]) -> list[float | None]:
            scorer.open(self._stack)
            rewards = scorer.rewards(batch)
            if metric := columns.get("log_metric"):
                metric(f"{name}/unjudged", sum(each is None for each in rewards) / max(1, len(rewards)))
            return rewards

        return judge

    def _of(self, completions: Sequence[Any], columns: Mapping[str, Any]) -> Batch:
        """The batch that these completions are; made once for all rewards."""
        if self._batch is None or self._batch.of is not completions:
            self._batch = Batch(completions, self._finish(columns["completion_ids"]), columns)
        return self._batch

    def _finish(self, completions: Sequence[Sequence[int]]) -> list[str]:
        """Why each completion ended, as engines say it."""
        return [
            "length" if self.most is not None and len(ids) >= self.most and ids[-1] not in self.ends else "stop"
            for ids in completions
        ]

    def _tell(self, batch: Batch, metric: Callable[[str, float], None] | None) -> None:
        if metric is None:
            return
        if self.scorers:
            for gate, stopped in batch.gated.items():
                metric(f"gates/{gate}", sum(stopped) / max(1, len(stopped)))
        if self.watched is not None:
            self.watched.open(self._stack)
            known = [score for score in self.watched.scores(batch.frame) if score is not None]
            if known:
                metric(f"independent/{self.watched.name}", sum(known) / len(known))

    def identity(self) -> Any:
        """All that rewards depend on."""
        verified = Verified().identity() if self.composites else None
        told = {name: each.model_dump(mode="json") for name, each in self.composites.items()}
        told |= {name: each.identity() for name, each in self.scorers.items()}
        return [{name: [self.given[name].weight, told[name]] for name in self.given}, verified]

    def facts(self) -> dict[str, Any]:
        """What a manifest tells of them."""
        verified = {
            name: {"scorer": "verified", "weight": self.given[name].weight, **each.model_dump(mode="json")}
            for name, each in self.composites.items()
        }
        scored = {
            name: {
                "scorer": each.scorer.name(),
                "weight": self.given[name].weight,
                "signature": each.column.signature,
                "gates": list(GATES),
                "licence": each.column.licence,
            }
            for name, each in self.scorers.items()
        }
        return {"rewards": {name: {**verified, **scored}[name] for name in self.given}}

    def selected_by(self) -> list[Selection]:
        """Scorers that were trained on. Verifiers are not among them: what they check is what is asked."""
        return [
            Selection(column=each.column.name, stage="grpo", signature=each.column.signature, family=each.family)
            for each in self.scorers.values()
        ]


def _composite(name: str, rewarded: Rewarded) -> Composite:
    composite = validate(rewarded.options, Composite, at=("rewards", name, "options"))
    for verifier in (*composite.weights, *composite.gates):
        verifier_class(verifier)
    return composite


def _refused(name: str, why: str) -> UserError:
    return UserError(f"rewards: {name!r} cannot be a reward: {why}")
