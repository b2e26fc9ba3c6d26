"""Models of fastText read by us: labels and probabilities are the library's, whatever the line and its neighbours."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import linear_classifier, word_numbers
from filters.linear_classifier import LinearClassifier, open_classifier
from filters.recognizer import lid176

LINES = [
    "Das ist ein ganz gewöhnlicher Satz in deutscher Sprache.",
    "The ferry to the islands leaves at nine in the morning.",
    "去群岛的渡轮早上九点出发,天黑前返回。" * 20,
    "島へのフェリーは朝九時に出発し、暗くなる前に戻ります。",
    "تغادر العبارة إلى الجزر في الساعة التاسعة صباحا",
    "เรือข้ามฟากไปยังเกาะต่างๆ ออกเวลาเก้าโมงเช้าและกลับก่อนมืด",
    "द्वीपों के लिए नौका सुबह नौ बजे निकलती है",
    "Cafe\u0301 de\u0301ja\u0300 vu",
    "👩‍👩‍👧 😀",
    "",
    " \t ",
    "a",
    "ab",
    "one </s> zwei drei vier",
    "</s>",
    "__label__de",
    "__label__de und weiter",
    "__label__nothing und weiter",
    "zwei\0drei\tvier\x0bfünf\x0csechs\rsieben",
    "\u00a0\u3000zwei\u2028drei",
    "<br> a < b > c",
    "Donaudampfschifffahrtsgesellschaftskapitän" * 30,
    "пароход " * 300,
]


@pytest.fixture(scope="module")
def library() -> Any:
    return fasttext.load_model(str(lid176()))


@pytest.fixture(scope="module")
def ours() -> LinearClassifier:
    found = open_classifier(lid176())
    assert found is not None
    return found


def assert_same(ours: LinearClassifier, library: Any, lines: list[str], within: float = 1e-4) -> None:
    least = 1e-3
    labels, shares = library.predict(lines, k=-1, threshold=least)
    for line, told, names, numbers in zip(lines, ours.all(lines, least), labels, shares, strict=True):
        theirs = dict(zip(names, map(float, numbers), strict=True))
        mine = dict(told)
        # What has nearly the least share may be on either side of it.
        for name in theirs.keys() | mine.keys():
            assert mine.get(name, least) == pytest.approx(theirs.get(name, least), abs=within), (line, name)
        assert list(mine.values()) == sorted(mine.values(), reverse=True)
    for best, told in zip(ours.best(lines), ours.all(lines, 0.0), strict=True):
        assert best == (told[0] if told else None)


def test_labels_and_probabilities_are_the_librarys(ours: LinearClassifier, library: Any) -> None:
    assert sorted(ours.labels) == sorted(library.get_labels())
    assert_same(ours, library, LINES)
    assert ours.best([LINES[0]]) == [("__label__de", pytest.approx(0.99, abs=0.02))]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")), max_size=5))
def test_any_line_is_read_as_the_library_does(ours: LinearClassifier, library: Any, lines: list[str]) -> None:
    assert_same(ours, library, lines)


def test_a_line_is_told_the_same_in_any_company(ours: LinearClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [ours.best([line])[0] for line in LINES]
    rng = random.Random(1)
    monkeypatch.setattr(linear_classifier, "_LINES", 7)
    for kept, size in ((200_000, 1 << 20), (9, 300), (1, 1)):
        monkeypatch.setattr(linear_classifier, "_KEPT", kept)
        monkeypatch.setattr(linear_classifier, "_BYTES", size)
        order = rng.sample(range(len(LINES)), len(LINES))
        assert ours.best([LINES[place] for place in order]) == [expected[place] for place in order]


def test_what_was_interrupted_is_forgotten(ours: LinearClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    fresh = open_classifier(lid176())
    assert fresh is not None
    with monkeypatch.context() as patched:
        patched.setattr(fresh, "_learn", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fresh.best(LINES)
    assert fresh.best(LINES) == ours.best(LINES)


def test_words_are_told_apart_though_they_want_one_slot(
    ours: LinearClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ours.best(LINES)
    monkeypatch.setattr(word_numbers, "_FACTORS", word_numbers._FACTORS * 0)
    alike = open_classifier(lid176())
    assert alike is not None
    assert alike.best(LINES) == expected == alike.best(LINES)


@given(st.lists(st.lists(st.binary(min_size=1, max_size=32).filter(lambda word: not set(word) & {0, 32}), max_size=9)))
def test_equal_words_have_equal_numbers_and_others_have_others(batches: list[list[bytes]]) -> None:
    numbers = word_numbers.Numbers(1000)
    known: dict[bytes, int] = {}
    for words in batches:
        ends = np.cumsum([len(word) + 1 for word in words], dtype=np.int64)
        starts = ends - np.array([len(word) + 1 for word in words], dtype=np.int64)
        text = np.frombuffer(b"".join(word + b" " for word in words), dtype=np.uint8)
        for word, number in zip(words, numbers.of(word_numbers.keys_of(text, starts, ends - 1)).tolist(), strict=True):
            assert known.setdefault(word, number) == number
    assert sorted(known.values()) == list(range(numbers.count))


TRAIN = """
import json, random, sys, fasttext
folder, options, quantized = sys.argv[1], *map(json.loads, sys.argv[2:])
rng = random.Random(3)
words = {"sea": ["ferry", "Fähre", "островов"], "land": ["train", "Zug", "поезд"], "air": ["plane", "Flug"]}
with open(f"{folder}/rows.txt", "w", encoding="utf-8") as file:
    for label in rng.choices(list(words), [6, 3, 1], k=3000):
        file.write(f"__label__{label} {' '.join(rng.choices(words[label], k=6))}\\n")
told = {"dim": 8, "epoch": 5, "lr": 0.05, "bucket": 5000, "thread": 12, "verbose": 0, "loss": "hs", **options}
model = fasttext.train_supervised(f"{folder}/rows.txt", **told)
if quantized:
    model.quantize(**quantized)
model.save_model(f"{folder}/model")
"""


def trained(folder: Path, options: dict[str, Any], quantized: dict[str, Any] | None = None) -> Path:
    """A model of three labels, one of them frequent. Below ten threads fastText leaves part of its matrix unfilled."""
    command = [sys.executable, "-c", TRAIN, str(folder), json.dumps(options), json.dumps(quantized)]
    subprocess.run(command, check=True)
    return folder / "model"


QUANTIZED = [{"qnorm": True, "cutoff": 400}, {"qnorm": False, "cutoff": 400, "dsub": 3}]
CUT = [{"minn": 2, "maxn": 4}, {"minn": 1, "maxn": 3}, {"minn": 3, "maxn": 3}]


@pytest.mark.parametrize(
    ("options", "quantized"),
    [*((options, how) for options in CUT for how in (None, *QUANTIZED)), ({"minn": 0, "maxn": 0}, None)],
    ids=str,
)
def test_models_of_other_sizes(options: dict[str, int], quantized: dict[str, Any] | None, tmp_path: Path) -> None:
    model = trained(tmp_path, options, quantized)
    ours = open_classifier(model)
    assert ours is not None
    lines = [*LINES, "ferry train plane", "Fähre Zug", "поезд островов 渡轮", "f", "train" * 9]
    assert_same(ours, fasttext.load_model(str(model)), lines)


@pytest.mark.parametrize("options", [{"loss": "softmax"}, {"loss": "ova"}, {"wordNgrams": 2}], ids=str)
def test_models_of_other_kinds_are_left_to_the_library(options: dict[str, Any], tmp_path: Path) -> None:
    assert open_classifier(trained(tmp_path, {"minn": 2, "maxn": 3, **options})) is None


@pytest.mark.parametrize("cut", [0, 3, 8, 60, 5000, -1])
def test_files_that_are_no_whole_models(cut: int, tmp_path: Path) -> None:
    (tmp_path / "model.ftz").write_bytes(lid176().read_bytes()[:cut])
    assert open_classifier(tmp_path / "model.ftz") is None
    assert open_classifier(tmp_path / "absent") is None
