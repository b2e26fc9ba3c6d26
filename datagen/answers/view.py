"""Rows made of kept answers: what a `generate` dataset is a view of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import orjson
import polars as pl

from corpus.hashing import canonical_json, row_id, row_ids
from corpus.manifest import Counts
from corpus.schema import schema
from corpus.shards import aside_frame
from datagen.answers.keys import message_digests, sample_keys, seed_of
from datagen.answers.prompts import Prompts
from datagen.answers.store import Answers, Stored
from datagen.engines.base import Engine
from datagen.engines.completions import Answer, Usage, parse
from datagen.stages.base import Context, Result, set_aside

_SLICE = 1_000
"""Prompts whose answers are in memory as Python objects at once."""


class View:
    """Makes rows of kept answers."""

    def __init__(
        self, store: Answers, salts: Sequence[bytes], engines: Sequence[Engine], samples: int, context: Context
    ) -> None:
        self._store, self._salts, self._engines, self._samples = store, salts, engines, samples
        self._context = context

    def of(self, asked: Prompts) -> Result:
        """The rows of a piece whose answers are all there: by prompt, then by engine, then by sample."""
        prompts = asked.load(self._context.header)
        made = [self._part(part) for part in prompts.iter_slices(_SLICE)]
        rows = pl.concat([rows for rows, _ in made]) if made else self._part(prompts)[0]
        failed = [row for _, aside in made for row in aside]
        reasons = Counter(str(row["reason"]) for row in failed)
        repeated = set_aside(asked.repeated(self._context.header), pl.lit("repeated"))
        counts: Counts = {
            "in": prompts.height + repeated.height,
            "rows": rows.height,
            "failed": dict(sorted(reasons.items())),
            "repeated": repeated.height,
        }
        return Result(rows, pl.concat([aside_frame(failed), repeated]), counts)

    def _part(self, prompts: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, object]]]:
        digests, answers, failed = message_digests(prompts["prompt"]), [], []
        places: list[tuple[int, int, int]] = []
        for number, (engine, salt) in enumerate(zip(self._engines, self._salts, strict=True)):
            keys = sample_keys(salt, digests, self._samples)
            found = self._store.find(keys)
            there = np.flatnonzero(found >= 0)
            for index, kept in zip(there.tolist(), self._store.read(found[there]), strict=True):
                places.append((index // self._samples, number, index % self._samples))
                answers.append(_columns(engine, keys[index], kept))
            for index in np.flatnonzero(found < 0).tolist():
                failed.append(
                    self._failure(engine, keys[index], prompts, index // self._samples, index % self._samples)
                )
        order = sorted(range(len(places)), key=places.__getitem__)
        sampled = [{**answers[at], "sample": places[at][2]} for at in order]
        columns = ["engine", "sample", *_ANSWER]
        declared = schema("response")
        types = {name: declared[name] for name in columns} | {"@logprobs": pl.List(pl.Float64)}
        told = pl.DataFrame(sampled, schema=types)
        rows = prompts[[places[at][0] for at in order]].rename({"id": "prompt_id"}).hstack(told)
        return _with_logprobs(rows).with_columns(row_ids("response", rows)), failed

    def _failure(self, engine: Engine, key: bytes, prompts: pl.DataFrame, place: int, sample: int) -> dict[str, object]:
        """What is set aside for an answer that was given up; its `id` is that of the row that there is not."""
        failure = self._store.failure(key, self._context.retry)
        if failure is None:
            raise RuntimeError(f"neither an answer nor a failure is kept for {key.hex()}")
        prompt = prompts.row(place, named=True)
        return {
            "id": row_id("response", {"prompt_id": prompt["id"], "engine": engine.called, "sample": sample}),
            "reason": failure.kind,
            "value": failure.message,
            "src_lang": prompt["src_lang"],
            "tgt_lang": prompt["tgt_lang"],
            "origin": prompt["origin"],
            "engine": engine.called,
        }


_ANSWER = (
    *("model", "sampling", "response", "reasoning", "finish_reason"),
    *("prompt_tokens", "completion_tokens", "latency_s", "cost"),
)


def _columns(engine: Engine, key: bytes, kept: Stored) -> Mapping[str, object]:
    """The columns that an answer brings."""
    found = parse(kept.body, kept.choices)
    answer, usage = found.choices[kept.choice], found.usage
    if not isinstance(answer, Answer):
        raise RuntimeError(f"the answer {key.hex()} is kept, but cannot be read: {answer.message}")
    return {
        "engine": engine.called,
        "model": engine.model_name,
        "sampling": canonical_json({**engine.sampling(), "seed": seed_of(key)}).decode(),
        "response": answer.text,
        "reasoning": answer.reasoning,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        # Servers count the tokens of all choices together.
        "completion_tokens": usage.completion_tokens if usage and kept.choices == 1 else None,
        "latency_s": kept.latency_s,
        "cost": _cost(engine, usage, kept.choices),
        "@logprobs": answer.logprobs,
    }


def _cost(engine: Engine, usage: Usage | None, choices: int) -> float | None:
    return engine.price.of(*usage) / choices if engine.price and usage else None


def _with_logprobs(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the log probabilities of an answer's tokens in `meta`, where they were asked for."""
    asked = rows["@logprobs"]
    if asked.null_count() < rows.height:
        merged = [
            meta if values is None else orjson.dumps({**orjson.loads(meta or "{}"), "logprobs": values}).decode()
            for meta, values in zip(rows["meta"], asked.to_list(), strict=True)
        ]
        rows = rows.with_columns(pl.Series("meta", merged, dtype=pl.String))
    return rows.drop("@logprobs")
