"""COMET for real: small checkpoints trained with its own trainer, its scores against the library's `predict`.

Its environment is made by the first test that needs it, and stays in the user's cache.
"""

import json
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any

import comet_models
import psutil
import pytest

import corpus
from corpus.errors import Failure, UserError
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.verify import verify
from filters.comet.checkpoint import read_checkpoint
from filters.comet.client import Load, Scored, Workers
from filters.comet.environment import comet_environment
from filters.environments import last_lines

# Where the environment is not there yet, the first test makes it.
pytestmark = pytest.mark.timeout(1200)

BOTH = ("src", "mt")
Verdicts = dict[int, tuple[float | None, str | None, Any]]
Shared = Callable[[str, tuple[str, ...]], Workers]


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of COMET's environment, which stays in the user's cache for the next time."""
    return comet_environment().python(lambda told: print(dict(told)))


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> comet_models.Rows:
    """Rated translations: real ones where the shared data is there."""
    try:
        shared = request.getfixturevalue("shared_data")
    except pytest.skip.Exception:
        shared = None
    return comet_models.rated_rows(shared)


@pytest.fixture(scope="module")
def models(python: Path, rows: comet_models.Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small checkpoints, one of each kind."""
    folder = tmp_path_factory.mktemp("comet")
    return comet_models.train(python, folder, rows, "regression", "referenceless", "unified", "xcomet", "ranking")


@pytest.fixture(scope="module")
def shared(python: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Workers of the kinds that tests ask for, which live until the last of them."""
    with ExitStack() as stack:

        @cache
        def workers(kind: str, sides: tuple[str, ...]) -> Workers:
            folder = tmp_path_factory.mktemp(kind)
            return stack.enter_context(
                Workers(python, load(models / kind, sides, batch_size=16), ["cpu"], folder, print)
            )

        yield workers


def load(model: Path, sides: Sequence[str], **options: Any) -> Load:
    found = read_checkpoint(str(model), None, None)
    checkpoint, encoder = found.fetched()
    return Load(checkpoint=checkpoint, encoder=encoder, hparams=found.hparams, sides=tuple(sides), **options)


def judged(parts: Iterable[Scored], then: Callable[[int], object] = abs) -> Verdicts:
    """Verdicts by row, doing something after each part, by its number. No row may be judged twice."""
    got: Verdicts = {}
    for number, part in enumerate(parts):
        assert got.keys().isdisjoint(part.rows)
        got.update(zip(part.rows, zip(part.scores, part.notes, part.spans, strict=True), strict=True))
        then(number)
    return got


def whole(workers: Workers, items: Sequence[tuple[str, ...]]) -> Verdicts:
    got = judged(workers.score(items))
    assert sorted(got) == list(range(len(items)))
    return got


def numbers(got: Verdicts) -> list[float | None]:
    return [got[at][0] for at in range(len(got))]


def texts(rows: comet_models.Rows, sides: Sequence[str]) -> list[tuple[str, ...]]:
    """Rows as a worker gets them: some share a source, some are short, long or odd."""
    odd = [("Ja.", "Yes.", "Yes."), ("הספינה יוצאת", "船が出る", "เรือออก"), ("a <pad> b </s> c", "x <mask> y", "<s>")]
    every = [(row["src"], row["mt"], row["ref"]) for row in rows[:60]]
    every += [(row["src"], other["mt"], row["ref"]) for row, other in zip(rows[:20], rows[20:40], strict=True)]
    every += [*odd, ("word " * 700, "Wort " * 300, "Wort " * 650)]
    at = {"src": 0, "mt": 1, "ref": 2}
    return [tuple(row[at[side]] for side in sides) for row in every]


ASKED = {
    "regression": ("src", "mt", "ref"),
    "referenceless": BOTH,
    "unified": BOTH,
    "xcomet": ("src", "mt", "ref"),
    "xcomet without references": BOTH,
}


@pytest.fixture(scope="module")
def library(python: Path, models: Path, rows: comet_models.Rows) -> dict[str, Any]:
    """What the library says of the same texts."""
    jobs = [(models / name.split()[0], sides, texts(rows, sides)) for name, sides in ASKED.items()]
    return dict(zip(ASKED, comet_models.predict(python, jobs), strict=True))


@pytest.mark.parametrize("name", ASKED)
def test_scores_are_the_librarys_own(
    shared: Shared, library: dict[str, Any], rows: comet_models.Rows, name: str
) -> None:
    items = texts(rows, ASKED[name])
    got = whole(shared(name.split()[0], ASKED[name]), items)
    expected = library[name]
    assert numbers(got) == pytest.approx(expected["scores"], abs=1e-5)
    assert len({round(number, 5) for number in expected["scores"]}) > 20
    assert [got[at][1] for at in range(len(items))] == [None] * (len(items) - 1) + ["truncated"]
    if expected["spans"] is None:
        assert {spans for _, _, spans in got.values()} == {None}
        return
    assert sum(map(len, expected["spans"])) > 20
    for at, spans in enumerate(expected["spans"]):
        found = got[at][2]
        sure = [span.pop("confidence") for span in found]
        assert sure == pytest.approx([span.pop("confidence") for span in spans], abs=1e-5)
        assert found == spans


@pytest.mark.slow
def test_two_devices_share_the_rows(
    python: Path, models: Path, shared: Shared, rows: comet_models.Rows, tmp_path: Path
) -> None:
    items = texts(rows, BOTH)
    with Workers(python, load(models / "unified", BOTH), ["cpu", "cpu"], tmp_path, print) as workers:
        both = whole(workers, items)
        pids = set(workers.pids())
        assert len(pids) == 2
        # Who stops listening ends them.
        for _ in workers.score(items * 20):
            break
        assert not any(psutil.pid_exists(pid) for pid in pids)
    assert numbers(both) == pytest.approx(numbers(whole(shared("unified", BOTH), items)), abs=1e-5)


@pytest.mark.parametrize(
    ("item", "note"),
    [
        (("Guten \ud800 Tag", "Good day"), "lone surrogate replaced"),
        # A pair of surrogates is a character.
        (("Guten \ud83d\ude00 Tag", "Good day"), None),
        # A single word. Letters that a small vocabulary lacks would be one unknown token, however many they are.
        (("wort" * 25_000, "y"), "truncated"),
        (("wort " * 20_000, "word " * 20_000), "truncated"),
        (("\x00\u2028\r\n\t", "\u200b"), None),
    ],
)
@pytest.mark.parametrize("kind", ["referenceless", "unified"])
def test_texts_of_any_kind(shared: Shared, kind: str, item: tuple[str, str], note: str | None) -> None:
    got = whole(shared(kind, BOTH), [item, ("Ja", "Yes")])
    assert (got[0][1], got[1][1]) == (note, None)
    assert None not in numbers(got)


def test_a_row_that_the_model_cannot_take(python: Path, models: Path, tmp_path: Path) -> None:
    """A tokenizer with a token that its encoder does not know: the rows that have it fail, the others do not."""
    for part in ("encoder", "regression"):
        shutil.copytree(models / part, tmp_path / part)
    file = tmp_path / "encoder" / "tokenizer.json"
    tokenizer = json.loads(file.read_text("utf-8"))
    token = {"id": len(tokenizer["model"]["vocab"]) + 900, "content": "☠", "single_word": False, "lstrip": False}
    tokenizer["added_tokens"].append({**token, "rstrip": False, "normalized": False, "special": False})
    tokenizer["model"]["vocab"] += [[f"filler{n}", -99.0] for n in range(901)]
    file.write_text(json.dumps(tokenizer), "utf-8")
    items = [("Ja", "Yes", "Yes"), ("Ja ☠", "Yes", "Yes"), ("Nein", "No", "No"), ("Nein", "☠", "No")]
    with Workers(python, load(tmp_path / "regression", ("src", "mt", "ref")), ["cpu"], tmp_path, print) as workers:
        got = whole(workers, items)
    assert [got[at][1] for at in range(4)] == [None, "error in the model", None, "error in the model"]
    assert [got[at][0] is None for at in range(4)] == [False, True, False, True]
    assert "IndexError" in last_lines(tmp_path / "comet-0.log")


def script(file: Path, text: str, **words: object) -> Path:
    """A Python with something around it, as people give one."""
    file.write_text("#!/bin/sh\n" + text.format(**words))
    file.chmod(0o755)
    return file


@pytest.mark.slow
def test_batches_are_halved_where_memory_does_not_suffice(
    python: Path, models: Path, shared: Shared, rows: comet_models.Rows, tmp_path: Path
) -> None:
    [pid] = shared("unified", BOTH).pids()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmPeak"))
    small = script(tmp_path / "python", 'ulimit -v {kib}\nexec {python} "$@"\n', kib=peak + 250_000, python=python)
    long = " ".join(row["src"] for row in rows[:12])
    items = [(f"{long} {number}", long) for number in range(300)]
    told: list[Mapping[str, Any]] = []
    loads = load(models / "unified", BOTH, batch_size=1024, batch_tokens=10**9)
    with Workers(small, loads, ["cpu"], tmp_path, told.append) as workers:
        got = whole(workers, items)
    assert {(note, number is None) for number, note, _ in got.values()} == {("truncated", False)}
    assert any(facts.get("why") == "out of memory" and facts["batch_size"] < 300 for facts in told)


SMALL_GPU = """
exec {python} -I -c '
import runpy, sys, torch
torch.cuda.set_per_process_memory_fraction(4e8 / torch.cuda.mem_get_info()[1])
runpy.run_path(sys.argv[-1], run_name="__main__")' "$@"
"""


@pytest.mark.gpu
def test_batches_are_halved_on_a_gpu(python: Path, models: Path, rows: comet_models.Rows, tmp_path: Path) -> None:
    long = " ".join(row["src"] for row in rows[:20])
    items = [(f"{long} {number}", long) for number in range(1000)]
    told: list[Mapping[str, Any]] = []
    loads = load(models / "unified", BOTH, batch_size=4096, batch_tokens=10**9)
    small = script(tmp_path / "python", SMALL_GPU, python=python)
    with Workers(small, loads, ["cuda:0"], tmp_path, told.append) as workers:
        got = whole(workers, items)
    assert {(note, number is None) for number, note, _ in got.values()} == {("truncated", False)}
    assert next(facts["batch_size"] for facts in told if facts.get("why") == "out of memory") == 500


@pytest.mark.slow
def test_a_killed_worker_is_repaired_once(
    python: Path, models: Path, shared: Shared, rows: comet_models.Rows, tmp_path: Path
) -> None:
    items = [(f"{row['src']} {number}", row["mt"]) for number in range(3) for row in rows]
    expected = numbers(whole(shared("unified", BOTH), items))
    dying = script(tmp_path / "python", 'echo "the driver is gone" >&2\nexec {python} "$@"\n', python=python)
    told: list[Mapping[str, Any]] = []
    with Workers(dying, load(models / "unified", BOTH, batch_size=4), ["cpu"], tmp_path, told.append) as workers:

        def kill(part: int) -> None:
            if part == 0:
                os.kill(workers.pids()[0], signal.SIGKILL)

        got = judged(workers.score(items), kill)
        assert {"restarted": "once, signal 9", "last_lines": "the driver is gone"} in told
        assert numbers(got) == pytest.approx(expected, abs=1e-5)
        with pytest.raises(Failure, match=r"(?s)died again \(signal 9\).*the driver is gone.*run again") as failure:
            judged(workers.score(items), kill)
    assert str(tmp_path / "comet-0.log") in str(failure.value)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda made: (made / "checkpoints/model.ckpt").write_bytes(b"PK none"), "or is no checkpoint"),
        (
            lambda made: (made / "hparams.yaml").write_text(
                (made / "hparams.yaml").read_text().replace("unified_metric", "referenceless_regression_metric")
            ),
            "COMET cannot use the checkpoint",
        ),
    ],
)
def test_checkpoints_that_cannot_be_used(
    python: Path, models: Path, tmp_path: Path, break_it: Callable[[Path], Any], words: str
) -> None:
    for part in ("encoder", "unified"):
        shutil.copytree(models / part, tmp_path / part)
    break_it(tmp_path / "unified")
    with (
        pytest.raises(UserError) as error,
        Workers(python, load(tmp_path / "unified", BOTH), ["cpu"], tmp_path, print),
    ):
        pass
    assert words in str(error.value)


def test_a_ranking_model_gives_no_scores(models: Path) -> None:
    with pytest.raises(UserError, match="of the kind 'ranking_metric', which gives no score"):
        read_checkpoint(str(models / "ranking"), None, None)


class Watched(Silent):
    """Remembers what a run tells, and may do something once it scores."""

    def __init__(self, at_scoring: Callable[[], None] | None = None) -> None:
        self.facts: list[dict[str, Any]] = []
        self._act = at_scoring

    def told(self, stage: Any, numbers: Sequence[dict[str, Any]]) -> None:
        del stage
        self.facts += numbers
        if self._act and numbers[0].get("state") == "scoring":
            act, self._act = self._act, None
            act()


def kill_worker() -> None:
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "worker.py" in " ".join(child.cmdline()):
                child.kill()


Recipe = Callable[..., dict[str, corpus.Dataset]]


@pytest.fixture
def recipe(tmp_path: Path, rows: comet_models.Rows) -> Recipe:
    """Run stages (YAML) over responses of five systems: the third says what the first says, the last nothing."""
    responses = [
        {
            "prompt": [{"role": "user", "content": f"Translate: {row['src']}"}],
            "source": row["src"],
            "references": None if number == 5 else [row["ref"], row["mt"]],
            "response": answer,
            "prompt_id": f"{number:032x}",
            "engine": f"system{system}",
            "sample": 0,
            "finish_reason": "stop",
            "src_lang": "en",
            "tgt_lang": "de",
        }
        for number, row in enumerate(rows[:50])
        for system, answer in enumerate([row["mt"], f"{row['ref']} {number}", row["mt"], f"Ja, {number}.", " "])
    ]

    def go(stages: str, *, systems: int = 5, watched: Silent | None = None) -> dict[str, corpus.Dataset]:
        folder = tmp_path / f"in-{systems}"
        if not folder.is_dir():
            some = [row for row in responses if str(row["engine"]) < f"system{systems}"]
            corpus.write(some, "response", folder, rows_per_shard=100)
        body = textwrap.indent(f"rows: {{read: {{dataset: '{folder}'}}}}\n{textwrap.dedent(stages).strip()}", "  ")
        path = tmp_path / "recipe.yaml"
        path.write_text(f"name: test\nstages:\n{body}\n", "utf-8")
        made = run(load_recipe(path), tmp_path / "runs", until=None, workers=1, progress=watched or Silent())
        assert [check.problem for one in made.values() for check in verify(one.path) if check.problem] == []
        return made

    return go


@pytest.mark.slow
def test_a_recipe_scores_each_thing_once(python: Path, models: Path, recipe: Recipe, tmp_path: Path) -> None:
    stages = f"""
        scored:
          score:
            scorers:
              - comet: {{model: '{models / "regression"}', references: mean, batch_size: 8, as: da}}
              - comet: {{model: '{models / "unified"}', as: kiwi}}
              - comet: {{model: '{models / "xcomet"}', references: first, as: xcomet}}
        kept: {{select: {{filters: [{{threshold: {{column: score_kiwi, min: 0.1}}}}]}}}}
    """
    # The first worker is killed over its first batch, which loses nothing.
    watched = Watched(kill_worker)
    made = recipe(stages, systems=3, watched=watched)
    assert [facts["restarted"] for facts in watched.facts if "restarted" in facts][-1] == "once, signal 9"
    frame = made["scored"].scan().collect()
    added = [name for name in frame.columns if name.startswith(("score_", "label_", "spans_"))]
    assert added == [
        *("label_da_note", "label_kiwi_note", "label_xcomet_note"),
        *("score_da", "score_kiwi", "score_xcomet", "spans_xcomet"),
    ]
    assert frame["label_da_note"].value_counts(sort=True).rows() == [(None, 147), ("no reference", 3)]
    assert frame["label_kiwi_note"].null_count() == frame.height == 150
    assert {type(json.loads(spans)) for spans in frame["spans_xcomet"].drop_nulls()} == {list}

    referred = [row for row in frame.rows(named=True) if row["references"]]
    triples = [[(row["source"], row["response"], row["references"][which]) for row in referred] for which in (0, 1)]
    said = comet_models.predict(python, [(models / "regression", ("src", "mt", "ref"), some) for some in triples])
    means = [(one + two) / 2 for one, two in zip(*(each["scores"] for each in said), strict=True)]
    assert frame["score_da"].drop_nulls().to_list() == pytest.approx(means, abs=1e-5)

    told = made["scored"].manifest.scores
    assert told["score_xcomet"].signature.startswith("comet|model:xcomet|content:")
    assert told["score_xcomet"].signature.endswith("|refs:first|dtype:float32|window:512|version:2.2.7")
    assert (told["score_da"].family, told["score_da"].unjudged) == ("comet", 3)
    # Two of the three systems say the same, and some translations are their own reference.
    assert asked(watched) == {"da": len({*triples[0], *triples[1]}), "kiwi": 100, "xcomet": 98}

    # Another threshold asks no model; of another system's rows only those are scored.
    logs = {log: log.stat() for log in tmp_path.glob("runs/test/scores/work-*/*.log")}
    assert len(logs) == 3
    watched = Watched()
    recipe(stages.replace("0.1", "0.2"), systems=3, watched=watched)
    assert (watched.facts, {log: log.stat() for log in logs}) == ([], logs)
    kiwi = "\n".join(line for line in stages.splitlines() if "regression" not in line and "xcomet" not in line)
    frame = recipe(kiwi, watched=watched)["scored"].scan().collect()
    assert asked(watched) == {"kiwi": 50}
    assert frame["label_kiwi_note"].value_counts(sort=True).rows() == [(None, 200), ("empty output", 50)]


@pytest.mark.slow
def test_siblings_stand_for_references(python: Path, models: Path, recipe: Recipe) -> None:
    stages = f"""
        scored: {{score: {{scorers: [{{comet: {{model: '{models / "regression"}', references: siblings, as: mbr}}}}]}}}}
    """
    frame = recipe(stages, systems=5)["scored"].scan().collect().sort("prompt_id", "engine")
    assert frame["label_mbr_note"].value_counts(sort=True).rows() == [(None, 200), ("empty output", 50)]
    [*texts], source = frame["response"][:4], frame["source"][0]
    pairs = [(source, texts[at], texts[other]) for at in range(4) for other in range(4) if at != other]
    [said] = comet_models.predict(python, [(models / "regression", ("src", "mt", "ref"), pairs)])
    means = [sum(said["scores"][3 * at : 3 * at + 3]) / 3 for at in range(4)]
    assert frame["score_mbr"][:4].to_list() == pytest.approx(means, abs=1e-5)


def asked(watched: Watched) -> dict[str, int]:
    """How many items each scorer asked its model about."""
    return {facts["scorer"]: facts["asked"] for facts in watched.facts}


NOISY = """
case "$*" in *worker.py) ;; *) exec {python} "$@" ;; esac
exec {python} -I -c '
import builtins, os, runpy, sys
imported = builtins.__import__
def noisy(name, *rest, **options):
    if name.split(".")[0] in ("torch", "comet"):
        print("a word from", name)
        os.write(1, b"{{ and one past Python\\n")
    return imported(name, *rest, **options)
builtins.__import__ = noisy
runpy.run_path(sys.argv[-1], run_name="__main__")' "$@"
"""


@pytest.mark.slow
def test_a_given_python_must_have_comet_and_may_be_noisy(
    python: Path, models: Path, recipe: Recipe, tmp_path: Path
) -> None:
    score = f"scored: {{score: {{scorers: [{{comet: {{model: '{models / 'unified'}', python: '%s'}}}}]}}}}"
    with pytest.raises(UserError, match="is no Python with unbabel-comet"):
        recipe(score % sys.executable)
    frame = recipe(score % script(tmp_path / "python", NOISY, python=python))["scored"].scan().collect()
    assert frame["score_comet"].null_count() == 50
    assert "and one past Python" in (tmp_path / "runs/test/scores/work-comet/comet-0.log").read_text()
