import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.rules.looping import Looping as Filter
from filters.scorers.looping import Looping

LINES = {
    "am": "ወንዙ ዛሬ በጣም ሞልቷል፣ ስለዚህ ድልድዩ ተዘግቷል።",
    "ar": "وصل القطار متأخرًا فانتظرنا في المحطة حتى المساء.",
    "de": "Der Zug kam zu spät, also warteten wir bis zum Abend am Bahnhof.",
    "el": "Το τρένο άργησε και περιμέναμε στον σταθμό ως το βράδυ.",
    "en": "The train was late, so we waited at the station until the evening.",
    "fi": "Juna oli myöhässä, joten odotimme asemalla iltaan asti.",
    "he": "הרכבת איחרה, ולכן חיכינו בתחנה עד הערב.",
    "hi": "रेलगाड़ी देर से आई, इसलिए हम शाम तक स्टेशन पर रुके रहे।",
    "ja": "電車が遅れたので、私たちは夕方まで駅で待っていました。",
    "km": "រថភ្លើងមកយឺត ដូច្នេះយើងរង់ចាំនៅស្ថានីយរហូតដល់ល្ងាច។",
    "ko": "기차가 늦게 와서 우리는 저녁까지 역에서 기다렸습니다.",
    "ru": "Поезд опоздал, и мы ждали на вокзале до самого вечера.",
    "th": "รถไฟมาสาย เราจึงรออยู่ที่สถานีจนถึงเย็น",
    "tr": "Tren geç kaldı, bu yüzden akşama kadar istasyonda bekledik.",
    "vi": "Tàu đến muộn nên chúng tôi đợi ở nhà ga đến tận chiều tối.",
    "zh": "火车晚点了，所以我们在车站一直等到了晚上。",
}
BEGINNING = "First of all, thank you for asking. It was a long day, and much of it was lost to waiting. "

STORY = """The miller had three sons, and the sons had one horse between them. On Monday the eldest rode to town to sell
flour, on Tuesday the second went to buy salt, and on Wednesday it rained, so that nobody went anywhere at all. The
youngest mended the roof, counted the sacks, and wondered where a road ends when nobody walks it any more."""
POEM = """The snow is on the hill, my dear,
The wind is in the tree,
And all the year, and all the year,
You will not sing for me.

The boat is on the shore, my dear,
The wind is on the sea,
And all the year, and all the year,
You will not sing for me.

The lamp is in the hall, my dear,
The dark is on the lea,
And all the year, and all the year,
You will not sing for me."""
TABLE = "| Month | Rain (mm) | Sun (h) |\n| --- | --- | --- |\n" + "\n".join(
    f"| {month} | {rain} | {sun} |"
    for month, rain, sun in [
        ("January", 48, 52), ("February", 39, 71), ("March", 44, 118), ("April", 37, 172), ("May", 61, 214),
        ("June", 70, 221), ("July", 72, 233), ("August", 65, 209), ("September", 52, 151), ("October", 49, 108),
    ]
)  # fmt: skip
CODE = """def spiral(n):
    grid = [[0] * n for _ in range(n)]
    row, column, step = 0, 0, (0, 1)
    for number in range(1, n * n + 1):
        grid[row][column] = number
        down, right = row + step[0], column + step[1]
        if not (0 <= down < n and 0 <= right < n) or grid[down][right]:
            step = (step[1], -step[0])
        row, column = row + step[0], column + step[1]
    return grid
"""
JSON = orjson.dumps(
    [{"name": name, "tags": [], "size": None} for name in ("birch", "maple", "willow", "alder", "rowan")],
    option=orjson.OPT_INDENT_2,
).decode()


def shares(texts: list[str | None]) -> pl.Series:
    return Looping().score(pl.DataFrame({"@output": texts}, schema={"@output": pl.String}))["score_looping"]


def looping(text: str | None) -> float | None:
    return shares([text]).item()


def rejected(text: str) -> bool:
    score = looping(text)
    assert score is not None
    return score > Filter().max


@pytest.mark.parametrize("code", LINES)
@pytest.mark.parametrize(
    "told",
    [
        lambda line: line[:3] * 120,
        lambda line: f"{line[:3]}, " * 70,
        lambda line: f"{line} " * 8,
        lambda line: f"- {line}\n" * 8,
        lambda line: "".join(f"{n}. {line}\n" for n in range(1, 16)),
        lambda line: "".join(f"{letter}) {line}\n" for letter in "abcdefghijkl"),
        lambda line: f"{line} {line} {line[:3]}! {line} " * 4,
        lambda line: f"{STORY} {line}\n\n" * 3,
        # Cut anywhere, as by the limit.
        lambda line: (f"{line} " * 20)[: 10 * len(line) + 5],
    ],
    ids=["characters", "word", "sentence", "line", "counter", "letters", "nested", "paragraph", "cut"],
)
def test_loops(code: str, told) -> None:
    assert rejected(told(LINES[code]))
    assert rejected(BEGINNING + told(LINES[code]))


@pytest.mark.parametrize("sign", ["!", "\n", " ", "—", "😀", "\t\n"])
def test_loops_of_signs(sign: str) -> None:
    assert rejected('{"answer": "ja"' + sign * 400)


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "哈哈哈哈哈哈哈哈",
        "555555555",
        "Ha ha ha ha ha! That is a good one.",
        "No, no, no, no, no, no!",
        "Kling, Glöckchen, klingelingeling, kling, Glöckchen, kling!",
        STORY,
        POEM,
        TABLE,
        CODE,
        JSON,
        "\n".join(f"{n}. " for n in range(1, 41)),
        ", ".join(str(n) for n in range(1, 400)),
        ", ".join(f"Room {n}" for n in range(101, 160)),
        "\n".join(f"{n} × 7 = {7 * n}" for n in range(1, 40)),
        "\n".join(f"{word}: yes" for word in STORY.split()),
        "\n".join(LINES.values()),
        "2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97",
    ],
)
def test_no_loops(text: str) -> None:
    assert not rejected(text)
    assert not rejected(BEGINNING + text)


@pytest.mark.parametrize("text", [None, ""])
def test_without_text_there_is_no_judging(text: str | None) -> None:
    assert looping(text) is None


def test_share_of_the_end() -> None:
    line = LINES["en"] + "\n"
    # Of 200 characters at least, and of the last 400 at most; the first round repeats nothing.
    assert looping("abcde" * 9) == pytest.approx(40 / 200)
    assert looping(line * 3) == pytest.approx(2 * len(line) / (3 * len(line)), abs=0.01)
    assert looping(STORY + "\n" + line * 5) == pytest.approx(4 * len(line) / 400, abs=0.1)
    assert looping(STORY + "\n" + line * 50) == 1
    # One that came to an end is none.
    assert looping(line * 50 + STORY) == 0


@pytest.mark.parametrize("line", ["你好吗？", "밥 먹었어?", "Как ты там? "])
def test_lengths_are_fair_across_scripts(line: str) -> None:
    latin = "How are you? "
    assert looping(line * 6) == pytest.approx(looping(latin * 6), abs=0.1)


@given(st.text("ab 1字é\n", max_size=80), st.text("ab 1字é\n", min_size=1, max_size=30), st.integers(0, 60))
def test_any_text_has_a_share(head: str, line: str, times: int) -> None:
    score = looping(head + line * times)
    assert score is None if not head + line * times else 0 <= score <= 1  # type: ignore[operator]
    if times * len(line) >= 600:
        assert score == pytest.approx(1, abs=0.2)


def test_columns_are_those_that_score_gives() -> None:
    scorer = Looping.model_validate({"as": "endless"})
    [column] = scorer.columns("response")
    assert scorer.score(pl.DataFrame({"@output": ["a"]})).columns == [column.name] == ["score_endless"]
    assert column.higher_is_better is False


def test_references_and_real_answers_do_not_loop(shared_data) -> None:
    folder = shared_data / "wmt23_news/txt/references"
    texts = [line for file in folder.iterdir() for line in file.read_text("utf-8-sig").split("\n") if line.strip()]
    file = shared_data / "m_ifeval/responses/ja_input_response_data_gpt-4o-2024-08-06.jsonl"
    texts += [orjson.loads(line)["response"] for line in file.read_text().split("\n") if line]
    assert (shares(texts) > Filter().max).sum() == 0


def test_answers_of_a_small_model_that_hit_their_limit_do(shared_data) -> None:
    endless: list[str | None] = []
    for language in ("en", "es", "fr"):
        file = (
            shared_data
            / f"m_ifeval/responses/{language}_input_response_data_Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4.jsonl"
        )
        answers = [orjson.loads(line)["response"] for line in file.read_text().split("\n") if line]
        endless += [answer for answer in answers if len(answer) > 6_000]
    assert len(endless) > 100
    assert (shares(endless) > Filter().max).mean() > 0.97
