"""`read`: what is set aside and when it is too much, samples, groups, and datasets that are read as they are."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import corpus
from corpus.errors import UserError
from corpus.hashing import row_id
from corpus.manifest import Score
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.report import report
from datagen.run import run
from datagen.stages.read import Sample

PAIR = '{"source": "Hund %d", "target": "dog %d"}\n'
ANSWER = {"source": "Hund", "src_lang": "de", "tgt_lang": "en", "engine": "a", "response": "dog"}


@pytest.fixture
def read(tmp_path: Path, recipe: Any, go: Any) -> Any:
    """Read a file of this content with these options (YAML); the name of the file is `in.jsonl` unless told."""

    def read(
        content: bytes | str | list[dict[str, Any]], options: str, name: str = "in.jsonl", **more: Any
    ) -> corpus.Dataset:
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return go(recipe(f"rows: {{read: {{jsonl: {name}, {options}}}}}"), **more)["rows"]

    return read


def pairs(count: int, start: int = 0) -> str:
    return "".join(PAIR % (n, n) for n in range(start, start + count))


BAD: list[tuple[bytes, str]] = [
    # A line, and the reason why it is set aside.
    (b'{"source": "Hund", "target": "dog"\n', "broken_json"),
    (b"source\ttarget\n", "broken_json"),
    (b'["Hund", "dog"]\n', "not_an_object"),
    (b'{"source": "Hu\xffnd", "target": "dog"}\n', "invalid_utf8"),
    (b'{"source": "\\ud800", "target": "dog"}\n', "invalid_utf8"),
    (b'{"source": "Hund", "target": "d\x00g"}\n', "nul_byte"),
    (b'{"source": "Hund", "target": "d\\u0000g"}\n', "nul_byte"),
    (b'{"source": "Hund", "target": "dog"}\r\n', "carriage_return"),
    (b'{"source": "Hund"}\n', "missing_column"),
    (b'{"source": "Hund", "target": null}\n', "wrong_type"),
    (b'{"source": "Hund", "target": 3}\n', "wrong_type"),
    (b'{"source": "Hund", "target": ["dog"]}\n', "wrong_type"),
    (b'{"source": "Hund", "target": "dog", "tgt_lang": "qqz9"}\n', "unknown_language"),
    (b'{"source": "Hund", "target": "dog", "deep": %b0%b}\n' % (b"[" * 300, b"]" * 300), "wrong_type"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_what_cannot_be_read_is_set_aside_with_its_place(line: bytes, reason: str, read: Any, aside: Any) -> None:
    content = pairs(3).encode() + line + pairs(3, start=3).encode()
    made = read(content, "kind: pair, src_lang: de, tgt_lang: en, max_bad: 0.2")
    assert [row["source"] for row in made.rows()] == [f"Hund {n}" for n in range(6)]
    (found,) = aside(made)
    assert (found["reason"], found["line"], found["file"]) == (reason, 4, "in.jsonl")
    assert (found["src_lang"], found["origin"]) == ("de", "in.jsonl")
    counts = made.manifest.counts
    assert (counts["records"], counts["rows"], counts["aside"]) == (7, 6, {reason: 1})


def test_names_of_languages_are_told_from_codes(read: Any, aside: Any) -> None:
    line = b'{"source": "Hund", "target": "dog", "src_lang": "German"}\n'
    (found,) = aside(read(line + pairs(3).encode(), "kind: pair, max_bad: 0.5"))
    assert "Did you mean 'de' (German)?" in found["value"]
    assert "`columns: {src_lang: null}` and `src_lang: CODE`" in found["value"]


def test_files_by_relative_and_by_absolute_paths(tmp_path: Path, recipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text(pairs(1), "utf-8")
    Path("b.jsonl").write_text(pairs(1, start=1) + "broken\n", "utf-8")
    recipe(f"rows: {{read: {{jsonl: [a.jsonl, {tmp_path}/b.jsonl], kind: pair, max_bad: 0.5}}}}")
    made = run(load_recipe(Path("test.yaml")), tmp_path / "runs", until=None, workers=1, progress=Silent())["rows"]
    assert made.aside().select("file", "line", "reason").collect().rows() == [("b.jsonl", 2, "broken_json")]


DUEL: dict[str, Any] = {
    "prompt": [{"role": "user", "content": "q"}],
    "chosen": [{"role": "assistant", "content": "a"}],
    "rejected": [{"role": "assistant", "content": "b"}],
}


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("sft", {"messages": []}, "messages: no messages"),
        ("sft", {"messages": [{"role": "user", "content": "q"}]}, "the last turn is the user's"),
        ("sft", {"messages": [{"role": "bot", "content": "q"}]}, "role 'bot'"),
        ("prompt", {"prompt": [{"role": "assistant", "content": "q"}]}, "a prompt ends before the answer"),
        (
            "preference",
            {**DUEL, "chosen": [{"role": "user", "content": "a"}]},
            "chosen: the last turn is the user's",
        ),
        (
            "preference",
            {**DUEL, "rejected": DUEL["prompt"] + DUEL["rejected"]},
            "rejected: 2 turns, expected the",
        ),
    ],
)
def test_what_is_no_chat_is_set_aside(kind: str, row: Any, words: str, read: Any, aside: Any) -> None:
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    good = {"sft": {"messages": chat}, "prompt": {"prompt": chat[:1]}, "preference": DUEL}[kind]
    (found,) = aside(read([good, row], f"kind: {kind}, max_bad: 0.5"))
    assert found["reason"] == "bad_chat"
    assert words in found["value"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [({**ANSWER, "source": " "}, "no_source"), ({**ANSWER, "tgt_lang": None}, "no_language")],
)
def test_an_answer_to_what_cannot_be_worded_is_set_aside(row: Any, reason: str, read: Any, aside: Any) -> None:
    assert [one["reason"] for one in aside(read([ANSWER, row], "kind: response, max_bad: 0.5"))] == [reason]


@pytest.mark.parametrize(
    ("bad", "good", "max_bad", "stops"),
    [
        (1, 999, "", False),  # 0.1 % is just allowed
        (2, 999, "", True),
        (1, 9, "max_bad: 0.1", False),
        (1, 8, "max_bad: 0.1", True),
        (1, 99, "max_bad: 0", True),
        (0, 1, "max_bad: 0", False),
        (5, 5, "max_bad: 1", False),
    ],
)
def test_too_much_that_cannot_be_read_stops_the_stage(
    bad: int, good: int, max_bad: str, stops: bool, read: Any, tmp_path: Path
) -> None:
    content = "broken\n" * bad + pairs(good)
    if not stops:
        assert len(read(content, f"kind: pair, {max_bad}")) == good
        return
    with pytest.raises(UserError) as error:
        read(content, f"kind: pair, {max_bad}")
    place = f"{tmp_path / 'in.jsonl'}:1: broken_json"
    words = [f"{bad} of {bad + good} records cannot be read", place, "raise `max_bad`"]
    assert [word for word in words if word not in str(error.value)] == []
    assert not list((tmp_path / "runs").glob("*/*/manifest.json"))


def test_a_hopeless_file_is_not_read_to_its_end(read: Any) -> None:
    with pytest.raises(UserError, match="1001 of the first 1001 records cannot be read"):
        read("broken\n" * 5000, "kind: pair, max_bad: 0.05")


@pytest.mark.parametrize(("max_bad", "stops"), [(0.05, True), (0.1, False)])
def test_a_file_that_begins_badly_needs_a_larger_share(max_bad: float, stops: bool, read: Any) -> None:
    """Under five of a hundred records are broken, but the first thousand are."""
    content, options = "broken\n" * 1_001 + pairs(20_100), f"kind: pair, max_bad: {max_bad}"
    if not stops:
        assert len(read(content, options)) == 20_100
        return
    with pytest.raises(UserError, match="1001 of the first 1001 records cannot be read"):
        read(content, options)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"[1, 2]\n", "JSON array"),
        (b"\n \n\n", "holds nothing but blank lines"),
        (pairs(3).replace("\n", "\r\n").encode(), r"ends in CR LF, expected LF \(`normalize: \[line_ends\]` strips it"),
        (gzip.compress(pairs(9).encode(), mtime=0)[:-20], "damaged or cut off"),
    ],
    ids=["empty", "array", "blank lines", "line ends", "cut off"],
)
def test_files_that_cannot_be_read_at_all(content: bytes, words: str, read: Any) -> None:
    name = "in.jsonl.gz" if content.startswith(b"\x1f\x8b") else "in.jsonl"
    with pytest.raises(UserError, match=words):
        read(content, "kind: pair", name=name)


def test_repairs_that_the_recipe_asks_for_are_counted(read: Any) -> None:
    content = "\ufeff" + pairs(3).replace("\n", "\r\n") + '{"source": "e\u0301", "target": "\u2028"}\n'
    made = read(content, "kind: pair, normalize: [line_ends, byte_order_mark, nfc]")
    assert made.manifest.counts["repairs"] == {"byte_order_mark": 1, "line_ends": 3, "nfc": 1}
    assert [(row["source"], row["target"]) for row in made.rows()][-1] == ("é", "\u2028")


def test_repeats_are_kept_and_counted(read: Any) -> None:
    made = read(pairs(3) + pairs(2), "kind: pair")
    assert (len(made), made.manifest.counts["repeated"]) == (5, 2)


def test_defaults_fill_in_what_rows_do_not_say(read: Any) -> None:
    content = [{"text": "a"}, {"text": "b", "tgt_lang": "fra", "license": "MIT", "origin": "mine"}]
    options = "kind: text, tgt_lang: deu, license: CC0-1.0, origin: theirs, task: news"
    rows = [{name: row[name] for name in ("tgt_lang", "license", "origin", "task")}
            for row in read(content, options).rows()]  # fmt: skip
    assert rows == [
        {"tgt_lang": "de", "license": "CC0-1.0", "origin": "theirs", "task": "news"},
        {"tgt_lang": "fr", "license": "MIT", "origin": "mine", "task": "news"},
    ]


@pytest.mark.parametrize(("size", "shards"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (5, [5]), (9, [5])])
def test_rows_are_cut_by_number_in_input_order(size: int, shards: list[int], read: Any) -> None:
    made = read(pairs(2) + "broken\n" + pairs(3, start=2), f"kind: pair, max_bad: 0.2, rows_per_shard: {size}")
    assert [shard.rows for shard in made.manifest.shards] == shards
    assert [row["source"] for row in made.rows()] == [f"Hund {n}" for n in range(5)]


def test_answers_come_to_lie_together_whatever_their_order(read: Any) -> None:
    """Four systems' outputs one after another, as their files are; three prompts a shard."""
    rows = [{**ANSWER, "source": f"{n}", "engine": engine, "response": f"{engine}{n}"} for engine in "abcd"
            for n in range(7)]  # fmt: skip
    made = read(rows, "kind: response, rows_per_shard: 3")
    assert made.manifest.grouped_by == "prompt_id"
    sources = [pl.read_parquet(file)["source"].unique(maintain_order=True).to_list() for file in made.files()]
    assert sources == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert [row["response"] for row in made.rows()] == [f"{engine}{n}" for n in range(7) for engine in "abcd"]


def test_an_answer_carries_the_prompt_that_a_prompt_stage_would_make(read: Any, stages: Any) -> None:
    (answer,) = read([{**ANSWER, "doc_id": "d", "segment": "1"}], "kind: response").rows()
    pair = {"source": "Hund", "target": "x", "src_lang": "de", "tgt_lang": "en", "doc_id": "d", "segment": "1"}
    (prompt,) = stages([pair], "pair", "prompts: {prompt: {}}")["prompts"].rows()
    assert (answer["prompt"], answer["prompt_id"], answer["task"]) == (prompt["prompt"], prompt["id"], prompt["task"])
    assert answer["id"] == row_id("response", {"prompt_id": prompt["id"], "engine": "a", "sample": 0})


def test_several_answers_of_one_system_are_its_samples(read: Any) -> None:
    rows = [{**ANSWER, "response": text} for text in ("dog", "hound", "dog")]
    made = read(rows, "kind: response")
    # The same answer again is the same row again, which is counted; another one is another sample.
    assert [(row["response"], row["sample"]) for row in made.rows()] == [("dog", 0), ("hound", 1), ("dog", 0)]
    assert made.manifest.counts["repeated"] == 1


def test_samples_that_are_numbered_wrongly_are_refused(read: Any) -> None:
    rows = [{**ANSWER, "response": text, "sample": 3} for text in ("dog", "hound")]
    with pytest.raises(UserError, match="different answers to one prompt under the same sample number 3"):
        read(rows, "kind: response")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.25", Sample(share=0.25)), ("500", Sample(count=500)), ("1", Sample(count=1)), (".5", Sample(share=0.5))],
)
def test_sample_is_a_share_or_a_count(text: str, expected: Sample) -> None:
    assert Sample.parse(text) == expected


@pytest.mark.parametrize("text", ["0", "1.5", "-1", "half", "", "1.0", "nan", "0.0", "1e3", "²", "٣"])
def test_sample_is_nothing_else(text: str) -> None:
    with pytest.raises(UserError, match="a share between 0 and 1"):
        Sample.parse(text)


def test_a_count_takes_the_first_rows(read: Any) -> None:
    made = read(pairs(2) + "broken\n" + pairs(30, start=2), "kind: pair, max_bad: 0.5, rows_per_shard: 3", sample="7")
    assert [row["source"] for row in made.rows()] == [f"Hund {n}" for n in range(7)]
    assert [shard.rows for shard in made.manifest.shards] == [3, 3, 1]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_count_takes_the_first_prompts_with_all_their_answers(size: int, read: Any) -> None:
    rows = [{**ANSWER, "source": f"{n}", "engine": engine, "response": engine} for engine in "ab" for n in range(9)]
    made = read(rows, f"kind: response, rows_per_shard: {size}", sample="4")
    assert [(row["source"], row["engine"]) for row in made.rows()] == [(f"{n}", e) for n in range(4) for e in "ab"]
    assert made.manifest.counts["sampled_out"] == 10


def test_a_share_takes_rows_by_their_hash(read: Any) -> None:
    half, tenth = (read(pairs(400), "kind: pair", sample=share) for share in ("0.5", "0.1"))
    some, few = ({row["source"] for row in made.rows()} for made in (half, tenth))
    assert few < some  # a smaller share is part of the larger one
    assert 150 < len(some) < 250
    assert 15 < len(few) < 70
    assert half.manifest.counts["sampled_out"] == 400 - len(some)
    turned = "".join(reversed(pairs(400).splitlines(keepends=True)))
    again = {row["source"] for row in read(turned, "kind: pair, rows_per_shard: 7", sample="0.5").rows()}
    assert again == some  # and neither order nor shards matter


def test_a_share_takes_prompts_with_all_their_answers(read: Any) -> None:
    rows = [{**ANSWER, "source": f"{n}", "engine": engine, "response": engine} for engine in "ab" for n in range(60)]
    made = read(rows, "kind: response", sample="0.4")
    by_prompt = made.scan().group_by("source").agg(pl.col("engine").sort()).collect()
    assert 10 < by_prompt.height < 40
    assert all(engines == ["a", "b"] for engines in by_prompt["engine"].to_list())


def test_a_share_of_little_may_be_nothing_and_all_stages_go_on(recipe: Any, go: Any, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({**ANSWER, "source": f"{n}"}) + "\n" for n in range(6)))
    path = recipe(
        """
        rows:   {read: {jsonl: in.jsonl, kind: response}}
        scored: {score: {scorers: [repetition]}}
        kept:   {select: {filters: [empty]}}
        unique: {dedup: {}}
        best:   {from: unique, best: {by: score_repetition_lines}}
        pairs:  {from: unique, pair: {by: score_repetition_lines}}
        mix:    {from: [best], mix: {validation: 0.5}}
        text:   {from: best, render: {}}
        """
    )
    made = go(path, sample="0.000000001")
    assert {name: len(dataset) for name, dataset in made.items()} == dict.fromkeys(made, 0)
    assert made["rows"].manifest.counts["sampled_out"] == 6
    page = report(tmp_path / "runs" / "test", out=tmp_path / "report", text=True)
    assert page.read_text("utf-8").startswith("<!--")


def test_a_share_of_few_pairs_may_be_nothing(recipe: Any, go: Any, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(pairs(6))
    text = "rows: {read: {jsonl: in.jsonl, kind: pair, src_lang: de, tgt_lang: en}}\nprompts: {prompt: {}}"
    made = go(recipe(text), sample="0.000000001")
    assert [len(dataset) for dataset in made.values()] == [0, 0]
    again = go(recipe(f"again: {{read: {{dataset: '{made['prompts'].path}'}}}}", name="again"), sample="0.5")
    assert len(again["again"]) == 0


class Meddling(Silent):
    """Changes the input as soon as its first shard is there."""

    def __init__(self, change: Callable[[], object]) -> None:
        self.change = change

    def advanced(self, rows: int) -> None:
        del rows
        self.change()


CHANGES: list[tuple[str, Callable[[Path], object]]] = [
    ("appended to", lambda file: file.write_text(file.read_text() + PAIR % (9, 9))),
    ("replaced by another", lambda file: (file.unlink(), file.write_text(pairs(40)))),
    ("broken", lambda file: file.write_text("broken\n" * 40)),
    ("taken away", lambda file: file.unlink()),
    ("joined by another", lambda file: file.with_name("in2.jsonl").write_text(pairs(1))),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_a_file_that_changes_while_it_is_read(change: Any, recipe: Any, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(pairs(40))
    path = recipe("rows: {read: {jsonl: 'in*.jsonl', kind: pair, rows_per_shard: 5}}")
    with pytest.raises(UserError, match="changed while it was read"):
        run(load_recipe(path), tmp_path / "runs", until=None, workers=1, progress=Meddling(lambda: change(file)))
    assert not list((tmp_path / "runs").rglob("*.parquet"))
    assert not list((tmp_path / "runs").glob("*/*/"))


def test_the_sample_is_part_of_the_plan(read: Any) -> None:
    folders = {read(pairs(9), "kind: pair", sample=sample).path.name for sample in ("", "3", "0.3", "4")}
    assert len(folders) == 4


def test_a_dataset_is_read_as_it_is(stages: Any, recipe: Any, go: Any) -> None:
    rows = [{"text": f"{n}", "score_x": float(n), "score_y": -1.0, "license": "MIT"} for n in range(40)]
    first = stages(
        rows,
        "text",
        """
        kept: {select: {filters: [{threshold: {column: score_x, min: 10}}]}}
        mix: {mix: {validation: 0.3, rows_per_shard: 8}}
        """,
        lower=("score_y",),
    )["mix"]
    again = go(recipe(f"again: {{read: {{dataset: '{first.path}'}}}}\nmore: {{dedup: {{}}}}", name="second"))["again"]
    old, new = first.manifest, again.manifest
    assert (new.kind, new.splits, new.content, new.licenses) == (old.kind, old.splits, old.content, old.licenses)
    assert new.scores == old.scores
    assert new.scores["score_y"].higher_is_better is False
    assert [(one.column, one.stage) for one in new.selected_by] == [("score_x", "kept")]
    for split in ("train", "validation"):
        assert list(again.rows(split)) == list(first.rows(split))


def test_one_split_of_a_dataset(stages: Any, recipe: Any, go: Any) -> None:
    first = stages([{"text": f"{n}"} for n in range(40)], "text", "mix: {mix: {validation: 0.3}}")["mix"]
    text = f"held: {{read: {{dataset: '{first.path}', split: validation}}}}\nmix: {{mix: {{validation: 0.5}}}}"
    made = go(recipe(text, name="second"))
    assert list(made["held"].rows("train")) == list(first.rows("validation"))
    assert len(list(made["mix"].rows("train"))) == 0  # what is held out stays held out


@pytest.mark.parametrize(
    ("sample", "expected"), [("3", ["0", "0", "1", "1", "2", "2"]), ("100", [str(n // 2) for n in range(12)])]
)
def test_a_sample_of_a_dataset_is_by_prompt_too(sample: str, expected: list[str], stages: Any) -> None:
    rows = [
        {"prompt": [{"role": "user", "content": f"{n}"}], "prompt_id": f"{n}", "engine": e, "sample": 0, "response": e}
        for n in range(6) for e in "ab"
    ]  # fmt: skip
    for size in (2, 50):
        made = stages(rows, "response", "best: {dedup: {}}", rows_per_shard=size, sample=sample)["rows"]
        assert [row["prompt_id"] for row in made.rows()] == expected


def test_a_dataset_that_is_changed_is_read_again(tmp_path: Path, recipe: Any, go: Any) -> None:
    path = recipe("rows: {read: {dataset: set}}")
    corpus.write([{"text": "a"}], "text", tmp_path / "set")
    first = go(path)["rows"]
    (tmp_path / "set").rename(tmp_path / "old")
    corpus.write([{"text": "b"}], "text", tmp_path / "set", scores={"score_x": Score(higher_is_better=True)})
    second = go(path)["rows"]
    assert first.path != second.path
    assert [row["text"] for made in (first, second) for row in made.rows()] == ["a", "b"]
