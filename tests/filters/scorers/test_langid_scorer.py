import pickle

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus import UserError
from filters.recognizer import LID176_SHA256
from filters.scorers.langid import LangId

SCHEMA = {"@output": pl.String, "tgt_lang": pl.String}
LONG_DANISH = (
    "Alle er født frie og lige i værdighed og rettigheder. De er udstyret med fornuft og samvittighed, og de bør "
    "handle mod hverandre i en broderskabets ånd, hvad de altid har gjort, når de kunne."
)


def langid(text: str | None, wanted: str | None, **options) -> tuple[str | None, bool | None]:
    frame = pl.DataFrame(
        {"@output": [text], "tgt_lang": [wanted]}, schema={"@output": pl.String, "tgt_lang": pl.String}
    )
    scores = LangId(**options).score(frame)
    assert scores.columns == ["label_langid", "score_langid", "flag_langid"]
    assert scores["score_langid"].is_null()[0] == scores["label_langid"].is_null()[0]
    return scores["label_langid"][0], scores["flag_langid"][0]


@pytest.mark.parametrize(
    ("text", "wanted", "label", "flag"),
    [
        ("Guten Morgen, wie haben Sie geschlafen?", "de", "de", True),
        ("Guten Morgen, wie haben Sie geschlafen?", "de-AT", "de", True),
        ("Guten Morgen, wie haben Sie geschlafen?", "en", "de", False),
        ("Guten Morgen, wie haben Sie geschlafen?", None, "de", None),
        ("Guten Morgen,\nwie haben Sie\r\ngeschlafen?", "de", "de", True),
        ("GUTEN MORGEN, WIE HABEN SIE GESCHLAFEN?", "de", "de", True),
        ("صباح الخير، كيف نمت؟", "ar", "ar", True),
        ("בוקר טוב, איך ישנת?", "he", "he", True),
        ("おはようございます。よく眠れましたか。", "ja", "ja", True),
        # The prior: lid.176 alone takes this word for Spanish, and these two characters for Japanese.
        ("Hola", "pt", "pt", True),
        ("Hola", "es", "es", True),
        ("日本", "zh", "zh", True),
        ("日本", "ja", "ja", True),
        # It does not carry over to another script.
        ("Good morning", "ru", "en", False),
        # Cannot tell.
        ("", "de", None, None),
        (None, "de", None, None),
        ("12:30 – 14:45 !", "de", None, None),
        ("A", "de", None, None),
        # A language that the model has no label for.
        ("Guten Morgen, wie haben Sie geschlafen?", "kab", "de", None),
    ],
)
def test_texts(text, wanted, label, flag):
    assert langid(text, wanted) == (label, flag)


@pytest.mark.parametrize(
    ("text", "wanted", "label", "flag"),
    [
        ("Dobro jutro, kako ste spavali?", "hr", "hr", True),
        ("Dobro jutro, kako ste spavali?", "sr", "sr-Latn", True),
        ("Dobro jutro, kako ste spavali?", "sr-Cyrl", "hr", False),
        ("Добро јутро, како сте спавали?", "sr", "sr-Cyrl", True),
        ("Добро јутро, како сте спавали?", "sr-Latn", "mk", False),
        ("Добро јутро, како сте спавали?", "hr", "mk", False),
        ("Semua orang dilahirkan merdeka dan mempunyai martabat dan hak yang sama.", "id", "id", True),
        ("Semua orang dilahirkan merdeka dan mempunyai martabat dan hak yang sama.", "ms", "ms", True),
        ("Jeg ved det ikke endnu.", "da", "da", True),
        ("Jeg vet det ikke ennå.", "nb", "nb", True),
        ("Jeg vet det ikke ennå.", "no", "nb", True),
        (LONG_DANISH, "da", "da", True),
        # A long text speaks for itself.
        (LONG_DANISH, "nb", "da", False),
        ("我们这个国家的经济发展得很快", "zh", "zh-Hans", True),
        ("我们这个国家的经济发展得很快", "zh-Hans", "zh-Hans", True),
        ("我们这个国家的经济发展得很快", "zh-TW", "zh-Hans", False),
        ("我們這個國家的經濟發展得很快", "zh-Hant", "zh-Hant", True),
        ("我們這個國家的經濟發展得很快", "zh-CN", "zh-Hant", False),
        # No evidence for either standard: not held against the requested one.
        ("你好", "zh-Hant", "zh", True),
        ("Bom dia, dormiu bem?", "pt-BR", "pt", True),
        ("Bom dia, dormiu bem?", "pt-PT", "pt", True),
    ],
)
def test_confusable_languages(text, wanted, label, flag):
    assert langid(text, wanted) == (label, flag)


def test_without_prior_the_model_alone_decides():
    assert langid("Hola", "pt", prior=1) == ("es", False)
    with pytest.raises(ValidationError):
        LangId(prior=0.5)


def test_both_sides_are_judged_where_a_row_has_both():
    frame = pl.DataFrame(
        {
            "@source": ["Good morning, how did you sleep?", "Good morning, how did you sleep?"],
            "@output": ["Guten Morgen, wie haben Sie geschlafen?", "Good morning, how did you sleep?"],
            "src_lang": ["en", "fr"],
            "tgt_lang": ["de", "de"],
        }
    )
    scorer = LangId.model_validate({"as": "lid"})
    scores = scorer.score(frame)
    assert scores.columns == [column.name for column in scorer.columns("pair")]
    assert scores.select("label_lid", "flag_lid", "label_lid_source", "flag_lid_source").rows() == [
        ("de", True, "en", True),
        ("en", False, "en", False),
    ]
    assert scorer.needs("pair") == ["@output", "tgt_lang", "@source", "src_lang"]
    assert scorer.needs("text") == ["@output", "tgt_lang"]
    assert [column.name for column in scorer.columns("text")] == ["label_lid", "score_lid", "flag_lid"]


def test_an_own_model(own_model):
    scorer = LangId(model=own_model)
    # "zxx" is the model's label for this text in Ilocano, so there is no telling.
    texts = ["Guten Morgen, wie haben Sie geschlafen?", "Amin nga tao naiyanak a nawaya ken agpapada iti dayaw."]
    assert [langid(text, None, model=own_model)[0] for text in texts] == ["de", None]
    assert scorer.columns("text")[0].signature.startswith(f"own.ftz|sha:{str(scorer.identity())[:8]}|prior:100|")
    assert LangId().identity() == LID176_SHA256 != scorer.identity()
    with pytest.raises(UserError, match="found no file"):
        LangId(model=own_model.with_name("absent.bin"))


def test_scorers_travel_to_other_processes_without_the_model():
    scorer = LangId()
    scorer.score(pl.DataFrame({"@output": ["Guten Morgen"], "tgt_lang": ["de"]}))
    assert pickle.loads(pickle.dumps(scorer)) == scorer


@given(texts=st.lists(st.text(max_size=30), max_size=6), wanted=st.sampled_from(["de", "zh-Hant", "sr", "kab", None]))
def test_any_text_is_judged_and_alone_as_among_others(texts, wanted):
    rows = [(text.encode("utf-8", "ignore").decode(), wanted) for text in texts]
    scores = LangId().score(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    assert scores.height == len(rows)
    assert scores["score_langid"].drop_nulls().is_between(0, 1).all()
    alone = [LangId().score(pl.DataFrame([row], schema=SCHEMA, orient="row")).row(0) for row in rows]
    assert scores.rows() == alone


# Of the languages in that folder lid.176 does not know Hausa and Zulu, and hardly Yoruba.
NTREX = {
    "amh": "am", "arb": "ar", "ben": "bn", "ces": "cs", "deu": "de", "eng": "en", "fin": "fi", "fra": "fr", "gle": "ga",
    "heb": "he", "hin": "hi", "hun": "hu", "isl": "is", "ita": "it", "jpn": "ja", "khm": "km", "kor": "ko", "mlt": "mt",
    "nld": "nl", "pol": "pl", "por-BR": "pt-BR", "ron": "ro", "rus": "ru", "spa": "es", "swa": "sw", "swe": "sv",
    "tam": "ta", "tha": "th", "tur": "tr", "uig": "ug", "ukr": "uk", "vie": "vi", "zho-CN": "zh-CN", "zho-TW": "zh-TW",
}  # fmt: skip


def test_the_languages_of_ntrex_are_recognized(shared_data):
    rows = []
    for file in (shared_data / "ntrex128").glob("newstest2019-*.txt"):
        code = file.name.split(".")[1]
        rows += [(line, NTREX[code]) for line in file.read_text(encoding="utf-8").split("\n")[:60] if code in NTREX]
    scores = LangId().score(pl.DataFrame(rows, schema=["@output", "tgt_lang"], orient="row"))
    flags = scores.select(pl.col("flag_langid"), wanted=pl.Series([wanted for _, wanted in rows]))
    right = flags.group_by("wanted").agg(pl.col("flag_langid").mean())
    assert flags["flag_langid"].mean() > 0.99
    assert right.filter(pl.col("flag_langid") < 0.9).rows() == []
