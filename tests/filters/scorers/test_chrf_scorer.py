import polars as pl
import pytest
from sacrebleu.metrics.chrf import CHRF

from filters.scorers.chrf import Chrf

ROWS = [
    ("The cat sat on the mat.", ["The cat sat on the mat."]),
    ("A cat sat on a mat!", ["The cat sat on the mat.", "A CAT was sitting on the mat"]),
    ("", ["The cat sat on the mat."]),
    ("我在那里等你", ["我在这里等你"]),
    ("مرحبا بالعالم", ["أهلا بالعالم"]),
]


def scores(rows, **options) -> list[float | None]:
    frame = pl.DataFrame(rows, schema={"@output": pl.String, "references": pl.List(pl.String)}, orient="row")
    return Chrf(**options).score(frame)["score_chrf"].to_list()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"word_order": 2},
        {"char_order": 4, "beta": 3},
        {"whitespace": True, "lowercase": True},
    ],
)
def test_scores_and_signatures_are_sacrebleus(options):
    metric = CHRF(**options)
    expected = [metric.sentence_score(output, references).score for output, references in ROWS]
    assert scores(ROWS, **options) == pytest.approx(expected, abs=1e-9)
    # Over a corpus of one reference a line; the scorer takes any number.
    metric.corpus_score([ROWS[0][0]], [[ROWS[0][1][0]]])
    name = f"chrF{options.get('beta', 2)}{'+' * options.get('word_order', 0)}"
    expected_signature = f"{name}|{metric.get_signature().format()}".replace("nrefs:1", "nrefs:var")
    assert Chrf(**options).columns("response")[0].signature == expected_signature


def test_without_output_or_references_there_is_no_score():
    rows = [("a", None), ("a", []), ("a", [None]), (None, ["a"]), ("a", [None, "a"])]
    assert scores(rows) == [None, None, None, None, 100.0]


def test_a_system_of_wmt23(shared_data):
    texts = shared_data / "wmt23_news" / "txt"
    outputs = (texts / "system-outputs" / "generaltest2023.de-en.hyp.GPT4-5shot.en").read_text(encoding="utf-8")
    references = (texts / "references" / "generaltest2023.de-en.ref.refA.en").read_text(encoding="utf-8")
    rows = [(o, [r]) for o, r in zip(outputs.split("\n")[:100], references.split("\n")[:100], strict=True)]
    metric = CHRF()
    expected = [metric.sentence_score(output, references).score for output, references in rows]
    assert scores(rows) == pytest.approx(expected, abs=1e-9)
