"""The same recipe gives the same rows, ids, scores and reasons, however many workers, files and shards there are."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpus
from datagen import executors

SYSTEMS = "abcd"
RECIPE = """
answers:
  read: {{jsonl: {files}, kind: response, origin: test, rows_per_shard: {size}, max_bad: 0.05}}
scored: {{score: {{scorers: [repetition, {{chrf: {{as: fscore}}}}]}}}}
kept:
  select: {{filters: [empty, copied, {{threshold: {{column: score_fscore, min: 5, unjudged: keep}}}}, too_long]}}
unique: {{dedup: {{on: [source, output], keep: score_fscore}}}}
shuffled: {{mix: {{validation: 0.2, rows_per_shard: 1000}}}}
"""
RANKED = """
pairs:
  from: unique
  pair: {{by: {{score_fscore: 1, score_repetition_dup5gram: 2}}, normalize: zscore, within: {within}, pairs: 2}}
best: {{from: unique, best: {{by: [score_fscore, score_repetition_top2gram]}}}}
chats: {{mix: {{validation: 0.2, total: 60, rows_per_shard: {size}}}}}
"""


def outcome(made: dict[str, corpus.Dataset]) -> dict[str, Any]:
    """Of every stage: rows of each split, rows set aside without their place in a file, and counts."""
    found: dict[str, Any] = {}
    for name, one in made.items():
        for split in one.manifest.splits:
            found[f"{name} {split}"] = Counter(map(_text, one.rows(split)))
        aside = one.aside().drop("file", "line").collect().to_dicts()
        found[f"{name} aside"] = Counter(map(_text, aside))
        found[f"{name} counts"] = one.manifest.counts
        found[f"{name} tables"] = (one.manifest.languages, one.manifest.origins, one.manifest.models)
        found[f"{name} scores"] = {
            column: (score.scored, score.unjudged, score.mean, score.histogram and score.histogram.counts)
            for column, score in one.manifest.scores.items()
        }
    return found


def _text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=False)


@pytest.fixture(scope="module")
def answers() -> list[str]:
    """Answers of four systems to 90 sources as JSON lines, one system after another, with the usual faults."""
    chance = random.Random(7)
    words = ["haus", "sonne", "погода", "天气很好", "سلام", "שלום", "été", "ไทย", "x"]

    def sentence() -> str:
        return " ".join(chance.choices(words, k=chance.randint(2, 9)))

    sources = [sentence() for _ in range(90)]
    lines = []
    for engine in SYSTEMS:
        for number, source in enumerate(sources):
            answer = chance.choice([sentence(), f"{source} {sentence()}", source, ""])
            row = {
                "source": source, "response": answer, "engine": engine, "references": [f"{source} x"],
                "doc_id": f"{number // 5}", "src_lang": "de", "tgt_lang": "en",
            }  # fmt: skip
            lines.append(json.dumps(row, ensure_ascii=False))
    lines[100] = lines[250] = "broken"
    return lines


def files(folder: Path, answers: list[str], cut: str) -> str:
    """Lay the answers down in one file, in one for each system, or cut anywhere; the pattern that names them."""
    parts = {"one": 1, "systems": 4, "anywhere": 7}[cut]
    size = -(-len(answers) // parts)
    for part in range(parts):
        path = folder / f"{cut}-{part}.jsonl"
        path.write_text("\n".join(answers[part * size : (part + 1) * size]) + "\n", "utf-8")
    return f"{cut}-*.jsonl"


@pytest.fixture
def run(tmp_path: Path, recipe: Any, go: Any, answers: list[str]) -> Any:
    def run(
        *, workers: int = 1, cut: str = "one", size: int = 1000, within: str = "dataset", more: str = ""
    ) -> dict[str, Any]:
        text = (RECIPE + more).format(files=files(tmp_path, answers, cut), size=size, within=within)
        runs = tmp_path / f"runs-{workers}-{cut}-{size}"
        return outcome(go(recipe(text), workers=workers, runs=runs))

    return run


def test_workers_do_not_matter(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight shards made by one, two and seven workers, each of them a process or a thread."""
    monkeypatch.setattr(executors, "_START_UP", 0.0)  # else so little work is done without processes
    one = run(workers=1, size=12)
    assert run(workers=2, size=12) == one
    assert run(workers=7, size=12) == one
    assert all(one[f"{stage} train"] for stage in ("answers", "scored", "kept", "unique", "shuffled"))
    assert one["kept aside"]


@pytest.mark.parametrize(("within", "cut", "size"), [("prompt", "systems", 31), ("dataset", "anywhere", 17)])
def test_files_and_shards_do_not_matter(within: str, cut: str, size: int, run: Any) -> None:
    one = run(within=within, more=RANKED)
    assert run(cut=cut, size=size, within=within, more=RANKED) == one
    assert all(one[f"{stage} train"] for stage in ("pairs", "best", "chats"))
    assert one["pairs aside"]


TEXTS = st.lists(st.sampled_from(["a", "b", " b", "longer text", "", "ü", "u\u0308", "x x x x x x"]), max_size=25)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS.filter(bool), sizes=st.tuples(st.integers(1, 6), st.integers(1, 30)), workers=st.integers(1, 3))
def test_any_rows_in_any_shards(texts: list[str], sizes: tuple[int, int], workers: int, stages: Any) -> None:
    rows = [{"text": text, "doc_id": str(number % 4), "score_x": len(text) / 7} for number, text in enumerate(texts)]
    text = """
    kept: {select: {filters: [empty, {threshold: {column: score_x, max: 1.2}}]}}
    unique: {dedup: {normalize: [nfc, trim], keep: score_x}}
    mix: {mix: {validation: 0.4, max_times: 2, rows_per_shard: 9}}
    """
    one, other = (
        outcome(stages(rows, "text", text, rows_per_shard=size, workers=count))
        for size, count in zip(sizes, (1, workers), strict=True)
    )
    assert one == other
