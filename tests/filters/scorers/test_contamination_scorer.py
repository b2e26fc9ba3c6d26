import json

import polars as pl
import pytest
from pydantic import ValidationError

import corpus
from corpus import UserError
from filters.scorers.contamination import Contamination

SENTENCE = "The committee will meet again next Tuesday to vote on the revised budget for rural schools."
CHINESE = "委员会将于下周二再次开会，对修订后的农村学校预算进行表决。"


def against(tmp_path, rows, kind="pair"):
    return corpus.write(rows, kind, tmp_path / "test").path


def judged(folder, outputs, sources=None, **options):
    frame = pl.DataFrame({"@output": outputs}, schema={"@output": pl.String})
    if sources is not None:
        frame = frame.with_columns(pl.Series("@source", sources, dtype=pl.String))
    return Contamination(against=(folder,), **options).score(frame)


def spans(scores, row=0):
    return json.loads(scores["spans_contamination"][row])


def test_a_shared_stretch_is_found_with_the_text_as_written(tmp_path):
    folder = against(tmp_path, [{"source": "Ein Satz.", "target": SENTENCE, "origin": "wmt"}])
    row = "As reported, the COMMITTEE will meet again  next Tuesday to vote on - the revised budget; then lunch."
    scores = judged(folder, [row, "The committee will meet again next week.", "", None])
    assert scores["flag_contamination"].to_list() == [True, False, False, None]
    # 17 words are five n-grams; 13 words in a row stand in the test set, which are one of them.
    assert scores["score_contamination"].to_list() == [1 / 5, 0.0, 0.0, None]
    (span,) = spans(scores)
    test = corpus.open(folder)
    assert span == {
        "side": "output",
        "text": "the COMMITTEE will meet again  next Tuesday to vote on - the revised budget",
        "id": next(test.rows())["id"],
        "origin": "wmt",
        "dataset": test.manifest.content[:8],
    }


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("text", {"text": SENTENCE}),
        ("pair", {"source": SENTENCE, "target": "Ein Satz."}),
        ("pair", {"source": "Ein Satz.", "target": SENTENCE}),
        ("prompt", {"prompt": [{"role": "user", "content": SENTENCE}]}),
        ("prompt", {"prompt": [{"role": "user", "content": "Hi."}], "references": ["Hello.", SENTENCE]}),
        ("prompt", {"prompt": [{"role": "user", "content": "Hi."}], "source": SENTENCE}),
        ("verifiable", {"prompt": [{"role": "user", "content": SENTENCE}], "verifiers": []}),
        ("sft", {"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": SENTENCE}]}),
    ],
)
def test_every_text_of_a_test_item_is_looked_for_on_both_sides(kind, row, tmp_path):
    folder = against(tmp_path, [row], kind)
    scores = judged(folder, [SENTENCE, "Nothing here.", None], ["Nothing here.", SENTENCE, "Nothing here."])
    assert scores["flag_contamination"].to_list() == [True, True, False]
    assert [spans(scores, row)[0]["side"] for row in (0, 1)] == ["output", "source"]


@pytest.mark.parametrize("kind", ["prompt", "verifiable"])
def test_the_words_of_a_template_are_not_looked_for_where_the_source_is_known(kind, tmp_path):
    template = "Translate the following source text from German into English and give nothing but the translation:"
    prompt = [{"role": "user", "content": f"{template} Ein Satz."}]
    row = {"prompt": prompt, "source": SENTENCE, **({"verifiers": []} if kind == "verifiable" else {})}
    folder = against(tmp_path, [row], kind)
    scores = judged(folder, [f"{template} Noch einer.", SENTENCE])
    assert scores["flag_contamination"].to_list() == [False, True]


def test_what_a_system_answered_is_no_test_text(tmp_path):
    row = {
        "prompt": [{"role": "user", "content": "Hi."}],
        "prompt_id": "0" * 32,
        "engine": "a",
        "sample": 0,
        "response": SENTENCE,
        "references": [SENTENCE.replace("Tuesday", "Friday")],
    }
    folder = against(tmp_path, [row], "response")
    assert judged(folder, [SENTENCE])["flag_contamination"].to_list() == [False]


def test_characters_count_where_there_are_no_spaces(tmp_path):
    folder = against(tmp_path, [{"source": CHINESE, "target": "…"}])
    scores = judged(folder, ["据报道，委员会将于下周二再次开会；对此……", "委员会将于下周二再次开会。"])
    assert scores["flag_contamination"].to_list() == [True, False]
    assert spans(scores)[0]["text"] == "委员会将于下周二再次开会；对"


@pytest.mark.parametrize(
    ("test", "row", "flag"),
    [
        ("Please keep off the grass until further notice.", "PLEASE keep off the grass until further notice!", True),
        (
            "Please keep off the grass until further notice.",
            "Sign: Please keep off the grass until further notice.",
            False,
        ),
        ("Keep off the grass.", "Keep off the grass.", False),
    ],
)
def test_short_test_texts_are_compared_as_wholes(test, row, flag, tmp_path):
    folder = against(tmp_path, [{"source": test, "target": SENTENCE}])
    assert judged(folder, [row])["flag_contamination"].to_list() == [flag]


def test_test_sets_enter_the_plan_and_must_be_fit_for_it(tmp_path):
    folder = against(tmp_path, [{"source": "Too short.", "target": "Zu kurz."}])
    assert Contamination(against=(folder,)).datasets() == (folder,)
    with pytest.raises(UserError, match="has 8 words, so nothing can be looked for"):
        judged(folder, [SENTENCE])
    with pytest.raises(UserError, match="is not a dataset"):
        judged(tmp_path / "absent", [SENTENCE])
    with pytest.raises(ValidationError, match=r"whole \(8\) must not exceed n \(5\)"):
        Contamination(against=(folder,), n=5)
    with pytest.raises(ValidationError):
        Contamination(against=())


def test_columns_are_those_that_score_gives(tmp_path):
    folder = against(tmp_path, [{"source": SENTENCE, "target": CHINESE}])
    scorer = Contamination.model_validate({"against": [folder], "as": "wmt"})
    scores = scorer.score(pl.DataFrame({"@output": [SENTENCE, CHINESE], "@source": [CHINESE, SENTENCE]}))
    assert scores.columns == [column.name for column in scorer.columns("pair")]
    assert scores["score_wmt"].to_list() == [1.0, 1.0]
    assert [span["side"] for span in json.loads(scores["spans_wmt"][0])] == ["source", "output"]
    assert scorer.needs("text") == ["@output"]


def test_no_news_of_one_year_stands_in_that_of_another(shared_data, tmp_path):
    texts = shared_data / "wmt23_news" / "txt" / "references" / "generaltest2023.ja-en.ref.refA.en"
    lines = texts.read_text(encoding="utf-8").splitlines()[:500]
    folder = against(tmp_path, [{"text": line} for line in dict.fromkeys(lines) if line], "text")
    ntrex = (shared_data / "ntrex128" / "newstest2019-src.eng.txt").read_text(encoding="utf-8").split("\n")[:500]
    assert not judged(folder, ntrex)["flag_contamination"].any()
    long = [line for line in lines if len(line.split()) > 14]
    assert judged(folder, long)["flag_contamination"].all()
