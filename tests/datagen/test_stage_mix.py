"""`mix`: how much of each source, which rows, in what order, and which rows are held out and stay so."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpus
from corpus.cut import row_bytes
from corpus.errors import UserError
from datagen.spool import Spool, regroup


def texts(name: str, count: int, *, start: int = 0) -> list[dict[str, Any]]:
    return [{"text": f"{name} {n}", "origin": name} for n in range(start, start + count)]


SOURCES = {"a": texts("a", 100), "b": texts("b", 20)}


def sources(dataset: Any, split: str | None = None) -> dict[str, int]:
    """Rows by the source that they come from."""
    return dict(Counter(row["origin"] for row in dataset.rows(split)))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{}", {"a": 100, "b": 20}),
        ("{weights: {a: 1, b: 1}}", {"a": 20, "b": 20}),
        ("{weights: {a: 3, b: 1}}", {"a": 60, "b": 20}),
        ("{weights: {a: 3, b: 1}, total: 40}", {"a": 30, "b": 10}),
        ("{weights: {a: 0.5, b: 0.5}, max_times: 3}", {"a": 60, "b": 60}),
        ("{weights: {a: 0.5, b: 0.5}, max_times: 2.5, total: 99}", {"a": 50, "b": 49}),
        ("{total: 12}", {"a": 10, "b": 2}),
        ("{temperature: 1, total: 60}", {"a": 50, "b": 10}),
        ("{temperature: 1000000, total: 40}", {"a": 20, "b": 20}),
        ("{max_times: 0.5}", {"a": 50, "b": 10}),
    ],
)
def test_how_much_of_each(options: str, expected: dict[str, int], stages: Any) -> None:
    made = stages(SOURCES, "text", f"mix: {{from: [a, b], mix: {options}}}")["mix"]
    assert sources(made) == expected
    assert made.manifest.counts["taken"] == expected
    assert made.manifest.counts["in"] == {"a": 100, "b": 20}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("{weights: {a: 1, b: 1, ab: 1}}", ["test.yaml:6", "'ab' is not read here", "Read: a, b"]),
        ("{weights: {a: 1}}", ["test.yaml:6", "'b' has none"]),
        ("{weights: {a: 1, b: 1}, total: 50}", ["asks for 25 of 'b', which has 20", "max_times"]),
        ("{weights: {a: 1, b: 1}, temperature: 2}", ["`weights:` or `temperature:`, not both"]),
        ("{unit: tokens}", ["`unit: tokens` and `tokenizer:` go together"]),
        ("{tokenizer: x.json}", ["go together"]),
        ("{group: sourse}", ["no column 'sourse'", "text"]),
        ("{validation: 1}", ["validation", "less than 1"]),
        ("{weigths: {a: 1}}", ["weigths", "Did you mean 'weights'?"]),
    ],
)
def test_options_that_do_not_fit(options: str, words: list[str], stages: Any) -> None:
    with pytest.raises(UserError) as error:
        stages(SOURCES, "text", f"mix: {{from: [a, b], mix: {options}}}")
    assert [word for word in words if word not in str(error.value)] == []


def test_rows_of_different_kinds_do_not_mix(recipe: Any, go: Any, tmp_path: Path) -> None:
    corpus.write([{"text": "a"}], "text", tmp_path / "t")
    corpus.write([{"source": "a", "target": "b"}], "pair", tmp_path / "p")
    path = recipe("t: {read: {dataset: t}}\np: {read: {dataset: p}}\nmix: {from: [t, p], mix: {}}")
    with pytest.raises(UserError, match="reads rows of one kind; the stages named in `from:` give text and pair"):
        go(path)


def test_repeats_are_whole_passes_and_a_part(stages: Any) -> None:
    made = stages(SOURCES, "text", "mix: {from: [a, b], mix: {weights: {a: 50, b: 50}, max_times: 2.5}}")["mix"]
    times = Counter(row["text"] for row in made.rows() if row["origin"] == "b")
    assert Counter(times.values()) == {2: 10, 3: 10}
    assert {row["text"] for row in made.rows() if row["origin"] == "b"} == {row["text"] for row in SOURCES["b"]}


def test_the_order_is_shuffled_by_the_seed_alone(stages: Any) -> None:
    text = "mix: {from: [a, b], mix: {}}"
    first, again, other = ([row["text"] for row in stages(SOURCES, "text", text, seed=seed)["mix"].rows()]
                           for seed in (1, 1, 2))  # fmt: skip
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other)
    # The small source is spread over the large one, not put behind it.
    halves = [Counter(text[0] for text in half) for half in (first[:60], first[60:])]
    assert all(half["b"] >= 4 for half in halves)


def test_which_rows_are_taken_depends_on_the_seed_too(stages: Any) -> None:
    text = "mix: {from: [a, b], mix: {total: 30}}"
    one, two = ({row["text"] for row in stages(SOURCES, "text", text, seed=seed)["mix"].rows()} for seed in (1, 2))
    assert one != two


def test_a_larger_mix_keeps_the_rows_of_the_smaller_one(stages: Any) -> None:
    small, large = (stages(SOURCES, "text", f"mix: {{from: [a, b], mix: {{total: {n}}}}}")["mix"] for n in (30, 60))
    assert {row["text"] for row in small.rows()} < {row["text"] for row in large.rows()}


@pytest.mark.parametrize("sizes", [(17, 50), (1000, 30)])
def test_neither_the_order_of_the_input_nor_its_shards_matter(sizes: tuple[int, int], stages: Any) -> None:
    """How rows come in and how they are cut changes neither which rows are taken nor their order."""
    options = "{weights: {a: 1, b: 1}, max_times: 1.5, validation: 0.2, rows_per_shard: 29}"
    text = f"mix: {{from: [a, b], mix: {options}}}"
    one = stages(SOURCES, "text", text, rows_per_shard=sizes[0])["mix"]
    turned = {name: rows[::-1] for name, rows in SOURCES.items()}
    other = stages(turned, "text", text, rows_per_shard=sizes[1])["mix"]
    for split in ("train", "validation"):
        assert list(one.rows(split)) == list(other.rows(split))
    assert one.manifest.content == other.manifest.content


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_shards_have_the_size_asked_for(size: int, stages: Any) -> None:
    options = f"{{validation: 0.3, rows_per_shard: {size}}}"
    made = stages({"a": texts("a", 30)}, "text", f"mix: {{from: [a], mix: {options}}}")["mix"]
    by_name = {shard.name: shard.rows for shard in made.manifest.shards}
    assert list(by_name) == sorted(by_name)
    for names in made.manifest.splits.values():
        assert all(by_name[name] == size for name in names[:-1])
        assert 0 < by_name[names[-1]] <= size


LONG = {
    "a": [{"text": f"{n} " + "long " * (n % 7 * 40), "origin": "a"} for n in range(90)],
    "b": [{"text": "word " * 50 + str(n), "origin": "b"} for n in range(30)],
}
"""Rows of up to 1,500 bytes."""
LONG_MIX = "mix: {from: [a, b], mix: {weights: {a: 1, b: 1}, max_times: 3, validation: 0.2}}"


def test_shards_of_long_rows_have_fewer_of_them(stages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are cut by the rows alone: neither the order of the input nor its shards matter."""
    monkeypatch.setattr("datagen.stages.mix._SHARD_BYTES", 5_000)
    one = stages(LONG, "text", LONG_MIX, rows_per_shard=17)["mix"]
    other = stages({name: rows[::-1] for name, rows in LONG.items()}, "text", LONG_MIX)["mix"]
    assert one.manifest.content == other.manifest.content
    sizes = [int(row_bytes(pl.read_parquet(file)).sum()) for file in one.files("train")]
    assert len(sizes) > 10
    assert all(3_000 < size <= 5_000 for size in sizes[:-1])


@pytest.mark.parametrize("held", [2_000, 40_000])
def test_how_much_is_held_at_once_changes_nothing(held: int, stages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come and are repeated slice by slice, and buckets that turn out too large are dealt once more."""
    expected = stages(LONG, "text", LONG_MIX)["mix"].manifest.content
    monkeypatch.setattr("datagen.stages.mix._HELD", held)
    monkeypatch.setattr("datagen.stages.mix._FAN", 3)
    assert stages(LONG, "text", LONG_MIX, rows_per_shard=40)["mix"].manifest.content == expected


def test_a_bucket_that_cannot_be_dealt_is_sorted_as_it_is(stages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that say the same have one hash, so no bits of it tell them apart."""
    monkeypatch.setattr("datagen.stages.mix._HELD", 1)
    made = stages({"a": texts("a", 2) * 3}, "text", "mix: {from: [a], mix: {}}")["mix"]
    assert Counter(row["text"] for row in made.rows()) == {"a 0": 3, "a 1": 3}


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # For each kind two rows that were made from the same thing, and so must stay together.
    "text": ({"text": "x", "origin": "o", "doc_id": "d"}, {"text": "y", "origin": "o", "doc_id": "d"}),
    "pair": ({"source": "s", "target": "t1"}, {"source": "s", "target": "t2"}),
    "prompt": (
        {"prompt": [{"role": "user", "content": "Translate s"}], "source": "s"},
        {"prompt": [{"role": "user", "content": "Please translate s"}], "source": "s"},
    ),
    "response": (
        {"prompt": [{"role": "user", "content": "q"}], "prompt_id": "p", "engine": "a", "sample": 0, "response": "1"},
        {"prompt": [{"role": "user", "content": "q"}], "prompt_id": "p", "engine": "b", "sample": 0, "response": "2"},
    ),
    "sft": (
        {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "q"},
                      {"role": "assistant", "content": "1"}]},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "2"}]},
    ),
    "preference": tuple(
        {"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": text}],
         "rejected": [{"role": "assistant", "content": "x"}]}
        for text in "12"
    ),
    "verifiable": tuple(
        {"prompt": [{"role": "user", "content": f"q{text}"}], "source": "s",
         "verifiers": [{"name": text, "args": "{}"}]}
        for text in "12"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(KINDS))
def test_rows_made_from_the_same_thing_stay_on_one_side(kind: str, stages: Any) -> None:
    """Forty groups of two, each varied by a number; none may be torn apart."""
    rows = [_varied(row, str(n)) for n in range(40) for row in KINDS[kind]]
    made = stages({"all": rows}, kind, "mix: {from: [all], mix: {validation: 0.5}}")
    group = {row["id"]: n // 2 for n, row in enumerate(made["all"].rows())}
    train, held = ({group[row["id"]] for row in made["mix"].rows(split)} for split in ("train", "validation"))
    assert train & held == set()
    assert 8 < len(held) < 32


def test_rows_of_one_document_stay_together_whatever_becomes_of_them(stages: Any) -> None:
    """Answers of one document, their best as chats and their pairs are held out together."""
    rows = [
        {
            "prompt": [{"role": "user", "content": f"q{doc}-{n}"}], "prompt_id": f"{doc}-{n}", "engine": engine,
            "sample": 0, "response": engine, "origin": "o", "doc_id": str(doc), "score_x": float(engine == "a"),
        }
        for doc in range(20) for n in range(3) for engine in "ab"
    ]  # fmt: skip
    made = stages(
        {"answers": rows},
        "response",
        """
        best: {best: {by: score_x}}
        pairs: {from: answers, pair: {by: score_x}}
        chats: {from: best, mix: {validation: 0.4}}
        preferences: {from: pairs, mix: {validation: 0.4}}
        raw: {from: answers, mix: {validation: 0.4}}
        """,
    )
    held = {
        name: {
            row["doc_id"] if "doc_id" in row else pl.Series([row["meta"]]).str.json_path_match("$.doc_id")[0]
            for row in made[name].rows("validation")
        }
        for name in ("chats", "preferences", "raw")
    }
    assert held["chats"] == held["preferences"] == held["raw"]
    assert 2 < len(held["raw"]) < 16


def test_a_column_called_group_is_like_any_other(recipe: Any, go: Any, tmp_path: Path) -> None:
    """It goes into `meta`, where the key that stages hand on has a name of its own."""
    lines = [json.dumps({"source": f"s{n}", "target": f"t{n}", "group": "news"}) for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), "utf-8")
    made = go(
        recipe("""
        rows: {read: {jsonl: rows.jsonl, kind: pair, src_lang: de, tgt_lang: en}}
        pairs: {mix: {validation: 0.4}}
        prompts: {from: rows, prompt: {}}
        asked: {mix: {validation: 0.4}}
        """)
    )
    assert {row["meta"] for row in made["rows"].rows()} == {'{"group":"news"}'}
    held = [{row["source"] for row in made[name].rows("validation")} for name in ("pairs", "asked")]
    assert held[0] == held[1]
    assert 10 < len(held[0]) < 50


def test_the_group_may_be_named(stages: Any) -> None:
    rows = [{"text": f"{n}", "origin": str(n % 10)} for n in range(60)]
    made = stages({"all": rows}, "text", "mix: {from: [all], mix: {validation: 0.4, group: origin}}")["mix"]
    train, held = (set(sources(made, split)) for split in ("train", "validation"))
    assert train & held == set()
    assert train | held == {str(n) for n in range(10)}


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.integers(1, 30),
    more=st.integers(0, 60),
    share=st.sampled_from([0.1, 0.5]),
    seeds=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_growing_data_moves_no_row_across(
    first: int, more: int, share: float, seeds: tuple[int, int], stages: Any
) -> None:
    """More rows, another source beside, another seed, another stage's name: what was held out stays held out."""
    few = stages({"a": texts("a", first)}, "text", f"mix: {{from: [a], mix: {{validation: {share}}}}}", seed=seeds[0])
    many = stages(
        {"a2": texts("a", first + more), "b": texts("b", 5)},
        "text",
        f"mix: {{from: [b, a2], mix: {{validation: {share}}}}}",
        seed=seeds[1],
    )
    before, after = (
        {split: {row["text"] for row in made["mix"].rows(split)} for split in ("train", "validation")}
        for made in (few, many)
    )
    assert before["train"] <= after["train"]
    assert before["validation"] <= after["validation"]


def test_a_split_without_rows_is_there_and_empty(stages: Any) -> None:
    made = stages({"a": texts("a", 1)}, "text", "mix: {from: [a], mix: {validation: 0.000001}}")["mix"]
    assert [len(list(made.rows(split))) for split in ("train", "validation")] == [1, 0]
    assert made.manifest.counts["validation"] == 0
    assert set(made.manifest.splits) == {"train", "validation"}


def test_splits_stay_apart_in_what_follows(stages: Any) -> None:
    made = stages(
        {"a": texts("a", 60)},
        "text",
        """
        mix: {from: [a], mix: {validation: 0.3}}
        kept: {select: {filters: [{too_short: {min: 4}}]}}
        unique: {dedup: {}}
        """,
    )
    for split in ("train", "validation"):
        expected = {row["text"] for row in made["mix"].rows(split) if len(row["text"]) > 3}
        assert {row["text"] for row in made["unique"].rows(split)} == expected
        assert expected


@pytest.mark.parametrize("verb", ["mix: {}", "mix: {validation: 0.5}"])
def test_what_was_held_out_is_not_mixed_in_again(verb: str, stages: Any) -> None:
    with pytest.raises(UserError, match="cannot read rows of the splits train and validation"):
        stages({"a": texts("a", 9)}, "text", f"one: {{from: [a], mix: {{validation: 0.3}}}}\ntwo: {{{verb}}}")


def test_tokens_of_a_named_tokenizer(stages: Any, tmp_path: Path) -> None:
    """One token a word: the long rows of `b` weigh ten times as much as those of `a`."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(tmp_path / "words.json"))
    given = {
        "a": [{"text": f"w{n}", "origin": "a"} for n in range(300)],
        "b": [{"text": " ".join([f"w{n}"] * 10), "origin": "b"} for n in range(300)],
    }
    options = "{unit: tokens, tokenizer: words.json, weights: {a: 1, b: 1}}"
    made = stages(given, "text", f"mix: {{from: [a, b], mix: {options}}}")["mix"]
    assert sources(made) == {"a": 300, "b": 30}
    assert made.manifest.counts["tokens"] == {"a": 300, "b": 300}
    # What is held out is taken once, whatever was planned.
    options = "{unit: tokens, tokenizer: words.json, weights: {a: 1, b: 1}, max_times: 2, validation: 0.3}"
    held = stages(given, "text", f"mix: {{from: [a, b], mix: {options}}}")["mix"]
    words = Counter(row["origin"] for row in held.rows() for _ in row["text"].split())
    assert held.manifest.counts["tokens"] == words
    assert words["a"] < 600
    # The name alone: neither folder nor machine shows, and the same tokenizer elsewhere gives the same plan.
    assert made.manifest.options["tokenizer"] == "words.json"
    assert str(tmp_path) not in (made.path / "manifest.json").read_text()


def test_a_tokenizer_that_is_none(stages: Any) -> None:
    with pytest.raises(UserError, match=r"neither a tokenizer\.json, nor a folder"):
        stages(SOURCES, "text", "mix: {from: [a, b], mix: {unit: tokens, tokenizer: no/such/model}}")


def test_a_bucket_holds_a_part_of_the_rows(tmp_path: Path) -> None:
    """The shuffle sorts a bucket at a time: rows are dealt by the first bits of their hash, and each is read alone."""
    spool = Spool(tmp_path / "spool")
    for start in range(0, 1000, 100):
        numbers = pl.Series(range(start, start + 100))
        spool.add(pl.DataFrame({"n": numbers, "@bucket": numbers % 8}), "@bucket")
    found = list(spool.shards())
    assert [number for number, _ in found] == list(range(8))
    for number, frame in found:
        assert frame["n"].to_list() == list(range(number, 1000, 8))
    assert not list((tmp_path / "spool").iterdir())


@given(keys=st.lists(st.sampled_from("abcdefghi"), max_size=40), size=st.integers(1, 4), chunk=st.integers(1, 9))
def test_regroup_needs_no_order(
    keys: list[str], size: int, chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Groups in order of first appearance, rows in input order, however the input comes in."""
    frame = pl.DataFrame({"key": keys, "n": range(len(keys))}, schema={"key": pl.String, "n": pl.Int64})
    frames = [frame.slice(start, chunk) for start in range(0, len(keys), chunk)]
    shards = list(regroup(frames, "key", size, tmp_path_factory.getbasetemp() / "regroup"))
    order = list(dict.fromkeys(keys))
    expected = [
        [n for key in order[start : start + size] for n, other in enumerate(keys) if other == key]
        for start in range(0, len(order), size)
    ]
    assert [shard["n"].to_list() for shard in shards] == expected
    assert all(shard.columns == ["key", "n"] for shard in shards)


def _varied(value: Any, mark: str) -> Any:
    """The value with every text in it made another, but for roles and names."""
    if isinstance(value, dict):
        kept = ("role", "args", "name", "engine", "origin")
        return {key: part if key in kept else _varied(part, mark) for key, part in value.items()}
    if isinstance(value, list):
        return [_varied(part, mark) for part in value]
    return f"{value} {mark}" if isinstance(value, str) else value
