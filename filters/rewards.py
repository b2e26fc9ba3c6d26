"""Verdicts put together: several verifiers of a row as one reward, for evaluation and for trainers.

`verify_row` judges one response. `reward_function` gives what TRL's trainers take as a reward function, without
importing TRL. The scorer `verified` does the same for datasets. All three run this one implementation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field

from corpus.chat import user
from corpus.errors import UserError
from filters.verifier import CodeNotAllowed, Named, Row, Verdict, open_verifiers

ROW_COLUMNS = ("prompt", "references", "source", "src_lang", "tgt_lang", "meta", "finish_reason")
"""Columns of a row that verifiers may look at."""


class Component(NamedTuple):
    """The verdict of one verifier."""

    name: str
    score: float | None
    reason: str
    extracted: str | None
    gate: bool


class Judgement(NamedTuple):
    """All that is known of a response."""

    score: float | None
    """0 to 1; None where it cannot be judged."""
    reason: str
    """What keeps the score below 1, as `NAME: reason`; empty where nothing does."""
    components: tuple[Component, ...] = ()


class Composite(BaseModel):
    """How verdicts become one number: the weighted mean of those that are no gates, if all gates are passed.

    A failed gate makes 0. Else a gate or a component that cannot judge makes null. A row that has gates alone scores 1
    where it passes them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Mapping[str, float] = Field(default={})
    """Weights by verifier name, 1 where none is given; 0 keeps a verdict out of the score, not out of the log."""
    gates: tuple[str, ...] = ()
    """Verifiers that are gates here beside those that always are (`format`, `language`): below 1 they fail."""
    allow_code: bool = False
    """Whether programs in responses may be run."""

    def judge(self, row: Mapping[str, Any], response: str | None) -> Judgement:
        """Judge a response by the verifiers of its row.

        Raises:
            CodeNotAllowed: the row wants a program run, and `allow_code` is off.
            UserError: a verifier lacks what it needs on this machine.
        """
        try:
            named = _opened(_frozen(row.get("verifiers")), self.allow_code)
        except CodeNotAllowed:
            raise
        except UserError as error:
            return Judgement(None, f"wrong verifiers: {str(error)[:100]}")
        if not named:
            return Judgement(None, "no verifiers")
        if response is None:
            return Judgement(None, "no response")
        visible = cast(Row, {name: row.get(name) for name in ROW_COLUMNS})
        components = tuple(self._component(entry, visible, response) for entry in named)
        return self._composed(components)

    def _component(self, entry: Named, row: Row, response: str) -> Component:
        gate = entry.verifier.gate or entry.name in self.gates
        try:
            verdict = entry.verifier.verify(row, response)
        except UserError:
            raise
        except Exception as error:  # A verifier's own fault must not end a training run; it is counted instead.
            verdict = Verdict(None, None, f"failed: {type(error).__name__}")
        return Component(entry.name, verdict.score, verdict.reason, verdict.extracted, gate)

    def _composed(self, components: tuple[Component, ...]) -> Judgement:
        def reason(of: Component) -> str:
            return f"{of.name}: {of.reason or 'not met'}"

        failed = [each for each in components if each.gate and each.score is not None and each.score < 1]
        counted = [each for each in components if not each.gate and self.weights.get(each.name, 1.0) > 0]
        unjudged = [each for each in components if each.score is None and (each.gate or each in counted)]
        if failed:
            return Judgement(0.0, reason(failed[0]), components)
        if unjudged:
            return Judgement(None, reason(unjudged[0]), components)
        pairs = [(self.weights.get(each.name, 1.0), each.score or 0.0) for each in counted]
        whole = sum(weight for weight, _ in pairs)
        # Weights that are no powers of two do not add up to what they were.
        score = 1.0 if all(part == 1 for _, part in pairs) else sum(weight * part for weight, part in pairs) / whole
        short = [each for each in counted if (each.score or 0.0) < 1]
        return Judgement(score, reason(short[0]) if short else "", components)


def verify_row(row: Mapping[str, Any], response: str | None, composite: Composite | None = None) -> Judgement:
    """Judge one response to a row (its columns by name, `verifiers` among them), as an evaluation does."""
    return (composite or Composite()).judge(row, response)


def verify_rows(
    rows: Sequence[Mapping[str, Any]], responses: Sequence[str | None], composite: Composite
) -> list[Judgement]:
    """Judge responses in order; programs run side by side, one on each core, and equal answers to a row once."""
    if composite.allow_code and any(_runs_code(row) for row in rows):
        keys = [
            repr(([row.get(name) for name in ("verifiers", *ROW_COLUMNS)], response))
            for row, response in zip(rows, responses, strict=True)
        ]
        firsts = {key: place for place, key in reversed(list(enumerate(keys)))}
        places = sorted(firsts.values())
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            judged = pool.map(composite.judge, [rows[each] for each in places], [responses[each] for each in places])
            judgements = dict(zip(places, judged, strict=True))
        return [judgements[firsts[key]] for key in keys]
    return [composite.judge(row, response) for row, response in zip(rows, responses, strict=True)]


Reward = Callable[..., list[float | None]]
"""Takes `completions` and dataset columns as lists by name; gives a reward for each completion, None for no opinion."""


def reward_function(composite: Composite | None = None, name: str = "verified") -> Reward:
    """A reward function as TRL's GRPO and RLOO trainers take it, from the dataset's column `verifiers`.

    None (which TRL leaves out of the sum) is a completion that cannot be judged. Where the trainer hands in
    `log_metric` and `log_extra`, the mean of each component, the share of unjudged completions, and each completion's
    reason are logged.

    Args:
        composite: weights, gates, and whether programs may run.
        name: what the trainer's log calls the reward.
    """
    judged_by = composite or Composite()

    def reward(completions: Sequence[Any], **columns: Any) -> list[float | None]:
        rows = _rows(columns, len(completions))
        judgements = verify_rows(rows, [completion_text(each) for each in completions], judged_by)
        _log(judgements, name, columns.get("log_metric"), columns.get("log_extra"))
        return [judgement.score for judgement in judgements]

    reward.__name__ = name
    return reward


def completion_text(completion: str | Sequence[Mapping[str, Any]]) -> str | None:
    """The text of a completion: itself, or of a conversation what the assistant said last."""
    if isinstance(completion, str):
        return completion
    said = [turn.get("content") for turn in completion if turn.get("role") == "assistant"]
    content = said[-1] if said else None
    if content is None or isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content)


def _rows(columns: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """The rows that a trainer hands in as columns."""
    given = {name: columns.get(name) for name in (*ROW_COLUMNS, "verifiers")}
    given["prompt"] = columns.get("prompts", given["prompt"])
    if given["verifiers"] is None:
        raise UserError(
            f"the reward needs the column 'verifiers' of a verifiable dataset; found the columns "
            f"{', '.join(sorted(columns)) or 'none'}"
        )
    for name, values in given.items():
        if values is not None and len(values) != count:
            raise UserError(f"found {len(values)} values of {name!r} for {count} completions, expected as many")
    rows = [
        {name: values[place] if values is not None else None for name, values in given.items()}
        for place in range(count)
    ]
    for row in rows:
        if isinstance(row["prompt"], str):
            row["prompt"] = [user(row["prompt"])]
    return rows


def _log(judgements: Sequence[Judgement], name: str, metric: Any, extra: Any) -> None:
    if metric is not None:
        seen: dict[str, list[float]] = {}
        for judgement in judgements:
            for component in judgement.components:
                values = seen.setdefault(component.name, [])
                if component.score is not None:
                    values.append(component.score)
        for component_name, values in seen.items():
            if values:
                metric(f"{name}/{component_name}", sum(values) / len(values))
        unjudged = sum(judgement.score is None for judgement in judgements)
        metric(f"{name}/unjudged", unjudged / max(1, len(judgements)))
    if extra is not None:
        extra(f"{name}_reason", [judgement.reason for judgement in judgements])


def _runs_code(row: Mapping[str, Any]) -> bool:
    try:
        return any(entry.verifier.runs_code for entry in _opened(_frozen(row.get("verifiers")), True))
    except UserError:
        return False


def _frozen(entries: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, str | None], ...]:
    return tuple((str(entry["name"]), entry.get("args")) for entry in entries or ())


@lru_cache(maxsize=4096)
def _opened(entries: tuple[tuple[str, str | None], ...], allow_code: bool) -> tuple[Named, ...]:
    given = [{"name": name, "args": args} for name, args in entries]
    return tuple(open_verifiers(given, allow_code=allow_code))
