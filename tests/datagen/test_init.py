"""`datagen init`: what it takes files for, and that the recipes it writes run as they are."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import corpus
from corpus.errors import UserError
from datagen.init.columns import columns_of, folded
from datagen.init.languages import decide, hear, named_by_ending, named_pair
from datagen.init.layout import layout
from datagen.init.run import Written, init
from datagen.init.samples import _header
from datagen.init.write import path_from, scalar, slug
from datagen.readers.mqm import COLUMNS as MQM_COLUMNS
from datagen.recipe import load_recipe
from datagen.stages.read import Read

TEXTS = {
    "en": [
        "The old bridge was closed for repairs all summer long.",
        "Please put the milk back into the fridge after breakfast.",
        "Nobody could explain why the lights went out at nine.",
        "My sister plays the cello in a small orchestra.",
        "We walked along the river until it became dark.",
        "The baker on our street sells bread with walnuts.",
    ],
    "de": [
        "Die alte Brücke war den ganzen Sommer lang wegen Reparaturen gesperrt.",
        "Bitte stell die Milch nach dem Frühstück wieder in den Kühlschrank.",
        "Niemand konnte erklären, warum um neun das Licht ausging.",
        "Meine Schwester spielt Cello in einem kleinen Orchester.",
        "Wir gingen am Fluss entlang, bis es dunkel wurde.",
        "Der Bäcker in unserer Straße verkauft Brot mit Walnüssen.",
    ],
    "ja": [
        "古い橋は修理のため夏の間ずっと閉鎖されていました。",
        "朝食の後、牛乳を冷蔵庫に戻してください。",
        "なぜ九時に電気が消えたのか、誰も説明できなかった。",
        "私の姉は小さなオーケストラでチェロを弾いています。",
        "私たちは暗くなるまで川に沿って歩いた。",
        "うちの通りのパン屋はくるみ入りのパンを売っている。",
    ],
    "ar": [
        "كان الجسر القديم مغلقا للإصلاح طوال فصل الصيف.",
        "من فضلك أعد الحليب إلى الثلاجة بعد الإفطار.",
        "لم يستطع أحد أن يشرح لماذا انطفأت الأنوار في التاسعة.",
        "أختي تعزف على التشيلو في فرقة موسيقية صغيرة.",
        "مشينا على طول النهر حتى حل الظلام.",
        "الخباز في شارعنا يبيع خبزا بالجوز.",
    ],
    "th": [
        "สะพานเก่าปิดซ่อมตลอดทั้งฤดูร้อน",
        "กรุณาเก็บนมกลับเข้าตู้เย็นหลังอาหารเช้า",
        "ไม่มีใครอธิบายได้ว่าทำไมไฟถึงดับตอนเก้าโมง",
        "พี่สาวของฉันเล่นเชลโลในวงดนตรีเล็กๆ",
        "พวกเราเดินเลียบแม่น้ำไปจนกระทั่งมืด",
        "ร้านขนมปังบนถนนของเราขายขนมปังใส่วอลนัท",
    ],
}
"""The same six sentences, by language."""

Rows = Sequence[Mapping[str, Any]]
Go = Callable[..., dict[str, corpus.Dataset]]


def write_lines(path: Path, lines: Sequence[str], *, end: str = "\n", bom: bool = False) -> Path:
    data = ("\ufeff" if bom else "").encode() + "".join(line + end for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_jsonl(path: Path, rows: Rows, **options: Any) -> Path:
    return write_lines(path, [json.dumps(row, ensure_ascii=False) for row in rows], **options)


def start(tmp_path: Path, *files: Path | str) -> Written:
    return init([str(file) for file in files], tmp_path / "recipe.yaml")


def read_options(written: Written) -> dict[str, Any]:
    """Options of the recipe's first stage."""
    return next(iter(load_recipe(written.file).stages.values())).options.options()


# --- from files to finished datasets ---------------------------------------------------------------------------------


def moses(folder: Path) -> list[Path]:
    return [write_lines(folder / f"train.{code}", TEXTS[code]) for code in ("de", "en")]


def moses_compressed_of_other_scripts(folder: Path) -> list[Path]:
    return [write_lines(folder / f"c.{code}.gz", TEXTS[code]) for code in ("ar", "th")]


def moses_with_crlf_and_byte_order_mark(folder: Path) -> list[Path]:
    return [write_lines(folder / f"dev.{code}.txt", TEXTS[code], end="\r\n", bom=True) for code in ("en", "ja")]


def moses_named_by_the_pair(folder: Path) -> list[Path]:
    return [
        write_lines(folder / f"set.en-ja.{part}", TEXTS[code]) for part, code in (("plain", "en"), ("formal", "ja"))
    ]


def tmx(folder: Path) -> list[Path]:
    units = "".join(
        f'<tu><tuv xml:lang="JA"><seg>{ja}</seg></tuv><tuv xml:lang="en-US"><seg>{en}</seg></tuv></tu>\n'
        for en, ja in zip(TEXTS["en"], TEXTS["ja"], strict=True)
    )
    text = f'<?xml version="1.0"?>\n<tmx version="1.4"><header srclang="en"/><body>{units}</body></tmx>'
    return [write_lines(folder / "memory.tmx", [text])]


def pairs_by_language(folder: Path) -> list[Path]:
    rows = [{"translation": {"en": en, "ar": ar}} for en, ar in zip(TEXTS["en"], TEXTS["ar"], strict=True)]
    return [write_jsonl(folder / "pairs.jsonl", rows)]


def pairs_in_csv_with_semicolons(folder: Path) -> list[Path]:
    rows = [f'{n};"{de}";"{en}"' for n, (de, en) in enumerate(zip(TEXTS["de"], TEXTS["en"], strict=True))]
    return [write_lines(folder / "export.csv", ["id;sourceString;targetString", *rows], end="\r\n", bom=True)]


def pairs_in_tsv_without_header(folder: Path) -> list[Path]:
    rows = [f"{n}\t{de}\t{th}" for n, (de, th) in enumerate(zip(TEXTS["de"], TEXTS["th"], strict=True))]
    return [write_lines(folder / "table.tsv", rows)]


def pairs_in_parquet(folder: Path) -> list[Path]:
    pl.DataFrame({"src": TEXTS["ja"], "tgt": TEXTS["en"], "laser_score": [1.1] * 6}).write_parquet(folder / "p.parquet")
    return [folder / "p.parquet"]


def answers_of_two_systems(folder: Path) -> list[Path]:
    return [
        write_jsonl(
            folder / f"out.{system}.jsonl",
            [
                {"source": source, "mt": en if good else " ".join(en.split()[::-1]), "reference": en}
                for source, en in zip(TEXTS["de"], TEXTS["en"], strict=True)
            ],
        )
        for system, good in (("careful", True), ("hasty", False))
    ]


def answers_with_scores(folder: Path) -> list[Path]:
    rows = [
        {"src": de, "hypothesis": en + " Well." * n, "system": f"s{n}", "ter": float(n), "source_lang": "de"}
        for de, en in zip(TEXTS["de"], TEXTS["en"], strict=True)
        for n in (1, 2)
    ]
    return [write_jsonl(folder / "rated.jsonl", rows)]


def answers_of_thirteen_systems(folder: Path) -> list[Path]:
    rows = [
        {"src": th, "hyp": " ".join(en.split()[: n + 1]), "ref": en, "system": f"s{n}"}
        for th, en in zip(TEXTS["th"], TEXTS["en"], strict=True)
        for n in range(13)
    ]
    return [write_jsonl(folder / "outputs.jsonl", rows)]


def answers_named_as_ours(folder: Path) -> list[Path]:
    rows = [
        {
            **{"source": source, "response": f"{target}{'!' * n}", "engine": f"s{n}", "references": [target]},
            **{"src_lang": "en", "tgt_lang": "de"},
        }
        for source, target in (("Save", "Speichern"), ("Close", "Schließen"), ("Print", "Drucken"))
        for n in range(13)
    ]
    return [write_jsonl(folder / "buttons.jsonl", rows)]


def questions_and_answers(folder: Path) -> list[Path]:
    rows = [{"question": f"Who wrote note {n}?", "answer": text} for n, text in enumerate(TEXTS["en"])]
    return [write_jsonl(folder / "qa.jsonl", rows)]


def answers_of_systems_in_columns(folder: Path) -> list[Path]:
    rows = [
        {"question": f"What is line {n}?", "small": {"solution": de}, "large": {"solution": en}, "ground_truth": en}
        for n, (de, en) in enumerate(zip(TEXTS["de"], TEXTS["en"], strict=True))
    ]
    return [write_jsonl(folder / "systems.jsonl", rows)]


def answers_of_systems_in_brackets(folder: Path) -> list[Path]:
    rows = [
        f'"What is line {n}?","{de}","{en}"' for n, (de, en) in enumerate(zip(TEXTS["de"], TEXTS["en"], strict=True))
    ]
    return [write_lines(folder / "a.csv", ["prompt,output (gpt-4.1),output (claude)", *rows])]


def translations_of_systems_in_brackets(folder: Path) -> list[Path]:
    rows = [
        {
            **{"source": ja, "translation （甲）": en, "translation （乙 2.0）": " ".join(en.split()[::-1])},
            **{"reference": en, "Nr.": n},
        }
        for n, (ja, en) in enumerate(zip(TEXTS["ja"], TEXTS["en"], strict=True))
    ]
    return [write_jsonl(folder / "mt.jsonl", rows)]


def chats(folder: Path) -> list[Path]:
    rows = [
        {"messages": [{"role": "user", "content": f"Say {n}"}, {"role": "assistant", "content": text}], "source": "web"}
        for n, text in enumerate(TEXTS["ar"])
    ]
    return [write_jsonl(folder / "chats.jsonl", rows)]


def preferences_of_whole_chats(folder: Path) -> list[Path]:
    rows = [
        {
            side: [{"role": "user", "content": f"Translate {n}"}, {"role": "assistant", "content": text}]
            for side, text in (("chosen", en), ("rejected", de))
        }
        for n, (en, de) in enumerate(zip(TEXTS["en"], TEXTS["de"], strict=True))
    ]
    return [write_jsonl(folder / "duel.jsonl", rows)]


def prompts(folder: Path) -> list[Path]:
    return [write_jsonl(folder / "questions.jsonl", [{"question_id": n, "text": t} for n, t in enumerate(TEXTS["th"])])]


def questions_without_header(folder: Path) -> list[Path]:
    return [write_lines(folder / "math.tsv", [f"{text}\t{17 * n % 5}" for n, text in enumerate(TEXTS["ja"])])]


def texts(folder: Path) -> list[Path]:
    return [write_jsonl(folder / "web.jsonl", [{"text": text, "url": f"u{n}"} for n, text in enumerate(TEXTS["en"])])]


def lines_of_text(folder: Path) -> list[Path]:
    return [write_lines(folder / "notes.ar", TEXTS["ar"])]


def wmt(folder: Path) -> list[Path]:
    for name, code in (("sources/s.de-en.src.de", "de"), ("references/s.de-en.ref.refA.en", "en")):
        (folder / "news" / "txt" / name).parent.mkdir(parents=True)
        write_lines(folder / "news" / "txt" / name, TEXTS[code])
    (folder / "news" / "txt" / "system-outputs").mkdir()
    for system, cut in (("one", 1), ("two", 2)):
        lines = [" ".join(text.split()[:-cut]) for text in TEXTS["en"]]
        write_lines(folder / "news" / "txt" / "system-outputs" / f"s.de-en.hyp.{system}.en", lines)
    return [folder / "news"]


def mqm(folder: Path) -> list[Path]:
    header = "system\tdoc\tseg_id\trater\tsource\ttarget\tcategory\tseverity"
    rows = [
        f"{system}\td\t{n}\tr1\t{de}\t{en}{'' if good else ' Well'}\t{'no-error' if good else 'Style'}\t{severity}"
        for n, (de, en) in enumerate(zip(TEXTS["de"], TEXTS["en"], strict=True))
        for system, good, severity in (("a", True, "no-error"), ("b", False, "Major"))
    ]
    return [write_lines(folder / "ratings.tsv", [header, *rows])]


def cocoa_mt(folder: Path) -> list[Path]:
    stem = "en-de/formality-control.train.topical_chat.en-de"
    (folder / "en-de").mkdir()
    for part, code in (("en", "en"), ("formal.de", "de"), ("informal.de", "de")):
        lines = [text + " Gut." * part.startswith("formal") for text in TEXTS[code]]
        write_lines(folder / f"{stem}.{part}", lines)
    return [folder / "en-de"]


def dataset(folder: Path) -> list[Path]:
    rows = [
        {"source": de, "target": en, "src_lang": "de", "tgt_lang": "en"}
        for de, en in zip(TEXTS["de"], TEXTS["en"], strict=True)
    ]
    corpus.write(rows, "pair", folder / "ours")
    return [folder / "ours"]


CASES: dict[Callable[[Path], list[Path]], tuple[str, dict[str, int]]] = {
    moses: ("pair", {"mix": 6}),
    moses_compressed_of_other_scripts: ("pair", {"mix": 6}),
    moses_with_crlf_and_byte_order_mark: ("pair", {"mix": 6}),
    moses_named_by_the_pair: ("pair", {"mix": 6}),
    tmx: ("pair", {"mix": 6}),
    pairs_by_language: ("pair", {"mix": 6}),
    pairs_in_csv_with_semicolons: ("pair", {"mix": 6}),
    pairs_in_tsv_without_header: ("pair", {"mix": 6}),
    pairs_in_parquet: ("pair", {"mix": 6}),
    answers_of_two_systems: ("response", {"best": 6, "preferences": 6, "mix": 6}),
    answers_with_scores: ("response", {"best": 6, "preferences": 6, "mix": 6}),
    answers_of_thirteen_systems: ("response", {"best": 6, "preferences": 6, "mix": 6}),
    answers_named_as_ours: ("response", {"best": 3, "preferences": 3, "mix": 3}),
    questions_and_answers: ("response", {"best": 6, "mix": 6}),
    answers_of_systems_in_columns: ("response", {"best": 6, "preferences": 6, "mix": 6}),
    answers_of_systems_in_brackets: ("response", {"best": 6, "mix": 6}),
    translations_of_systems_in_brackets: ("response", {"best": 6, "preferences": 6, "mix": 6}),
    chats: ("sft", {"mix": 6}),
    preferences_of_whole_chats: ("preference", {"mix": 6}),
    prompts: ("prompt", {"mix": 6}),
    questions_without_header: ("prompt", {"mix": 6}),
    texts: ("text", {"mix": 6}),
    lines_of_text: ("text", {"mix": 6}),
    wmt: ("response", {"best": 6, "preferences": 5, "mix": 6}),
    mqm: ("response", {"best": 6, "preferences": 6, "mix": 6}),
    cocoa_mt: ("pair", {"mix": 12}),
    dataset: ("pair", {"mix": 6}),
}
"""What makes files, the kind of their rows, and how many rows come out of the last stages."""


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_recipes_run_as_they_are_written(make: Callable[[Path], list[Path]], tmp_path: Path, go: Go) -> None:
    kind, rows = CASES[make]
    written = start(tmp_path, *make(tmp_path))
    recipe = load_recipe(written.file)
    assert next(iter(recipe.stages.values())).header.kind == kind
    made = go(written.file)
    assert {stage: len(made[stage]) for stage in rows} == rows
    assert len(made["kept"]) >= 6
    # No path of this machine, as long as files lie beside the recipe.
    assert str(tmp_path) not in written.file.read_text("utf-8")


# --- what is recognized ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (tmx, {"src_lang": "en-US", "tgt_lang": "JA"}),
        (pairs_by_language, {"columns": {"source": "translation.en", "target": "translation.ar"}, "tgt_lang": "ar"}),
        (pairs_in_csv_with_semicolons, {"delimiter": ";", "normalize": ["line_ends", "byte_order_mark"]}),
        (pairs_in_tsv_without_header, {"header": ["column_1", "source", "target"], "src_lang": "de", "tgt_lang": "th"}),
        (pairs_in_parquet, {"scores": {"score_laser": "higher"}, "src_lang": "ja", "tgt_lang": "en"}),
        (answers_of_two_systems, {"engine": "careful", "src_lang": "de", "tgt_lang": "en"}),
        (answers_of_thirteen_systems, {"src_lang": "th", "tgt_lang": "en"}),
        (answers_of_systems_in_brackets, {"engine": "gpt-4.1", "columns": {"response": "output (gpt-4.1)"}}),
        (translations_of_systems_in_brackets, {"engine": "甲", "src_lang": "ja", "tgt_lang": "en"}),
        (answers_with_scores, {"scores": {"score_ter": "lower"}, "src_lang": None, "tgt_lang": "en"}),
        (chats, {"columns": {"origin": "source"}, "tgt_lang": "ar"}),
        (preferences_of_whole_chats, {"tgt_lang": "en"}),
        (questions_without_header, {"header": ["prompt", "references"], "tgt_lang": "ja"}),
        (mqm, {"src_lang": "de", "tgt_lang": "en"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_options_say_what_was_recognized(
    make: Callable[[Path], list[Path]], options: dict[str, Any], tmp_path: Path
) -> None:
    found = read_options(start(tmp_path, *make(tmp_path)))
    assert {name: found[name] for name in options} == options


@pytest.mark.parametrize(
    ("record", "kind", "columns"),
    [
        ({"Source Text": "a b", "Target Text": "c d"}, "pair", {"source": "Source Text", "target": "Target Text"}),
        ({"src": "a b", "mt": "c d", "pe": "c e"}, "response", {"source": "src", "response": "mt", "references": "pe"}),
        ({"instruction": "a b", "output": "c d"}, "response", {"prompt": "instruction", "response": "output"}),
        ({"prompt": "a b", "completion": "c d"}, "response", {"response": "completion"}),
        (
            {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]},
            "response",
            {"response": "completion.0.content"},
        ),
        ({"problem": "a b", "gold": "c"}, "prompt", {"prompt": "problem", "references": "gold"}),
        # Numbers are right answers, whatever they are called; what says yes or no is none.
        ({"question": "a b", "answer": 12}, "prompt", {"prompt": "question", "references": "answer"}),
        ({"prompt": "a b", "solution": "1.5", "ground_truth": "2"}, "prompt", {"references": "ground_truth"}),
        ({"prompt": "a b", "references": 7}, "prompt", {}),
        ({"question": "a b", "answer": True}, "prompt", {"prompt": "question"}),
        (
            {"prompt": "Say a b", "src_text": "a b", "reference_1": "c d"},
            "prompt",
            {"source": "src_text", "references": "reference_1"},
        ),
        ({"prompt": "a b", "chosen": "c d", "rejected": "e f"}, "preference", {}),
        ({"messages": [{"role": "user", "content": "a b"}]}, "prompt", {"prompt": "messages"}),
        ({"turns": ["a b", "c d"]}, "prompt", {"prompt": "turns.0"}),
        ({"content": "a b", "lang": "de"}, "text", {"text": "content", "tgt_lang": "lang"}),
        # Ours by name, and something else by what it holds.
        ({"text": "a b", "meta": "no JSON", "task": 3}, "text", {"meta": None, "task": None}),
        ({"text": "a b", "score_x": 0.5, "label_y": "z"}, "text", {}),
        ({"id": "ab cd", "de": "a b", "en": "c d"}, "pair", {"source": "de", "target": "en"}),
    ],
)
def test_columns_make_rows(record: dict[str, Any], kind: str, columns: dict[str, str | None]) -> None:
    found = layout("x.jsonl", [record, record], cells=False)
    assert (found.kind, found.columns) == (kind, columns)


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("ja", "en", ["原文", "译文"]),
        ("en", "ar", ["الأصل", "الترجمة"]),
        ("ja", "th", ["ต้นฉบับ", "แปล"]),
        ("de", "ar", ["मूल पाठ", "अनुवाद"]),
    ],
)
def test_the_first_line_names_columns_in_any_script(first: str, second: str, names: list[str], tmp_path: Path) -> None:
    rows = [names, *zip(TEXTS[first], TEXTS[second], strict=True)]
    file = write_lines(tmp_path / "x.csv", [",".join(f'"{cell}"' for cell in row) for row in rows])
    found = read_options(start(tmp_path, file))
    assert found["columns"] == dict(zip(("source", "target"), names, strict=True))
    assert (found["kind"], found["src_lang"], found["tgt_lang"]) == ("pair", first, second)


SOURCES: Sequence[tuple[Rows, str, Mapping[str, str]]] = [
    # A text that many systems translate, in words, without spaces between them, or within the prompt.
    ([{"source": "a b", "mt": "c d"}], "response", {"response": "mt"}),
    ([{"source": TEXTS["ja"][0], "target": "c d"}], "pair", {}),
    ([{"source": "Save", "response": "c", "engine": "e"}], "response", {}),
    ([{"source": "Save", "prompt": "Say in German: Save", "response": "c"}], "response", {}),
    (
        [{"source": "Save", "prompt": [{"role": "user", "content": "In Thai: Save"}], "response": "c", "engine": "e"}],
        "response",
        {},
    ),
    # The name of a corpus or web site.
    ([{"source": "Open Web", "prompt": "a b", "response": "c d"}], "response", {"origin": "source", "source": None}),
    ([{"source": "Open Web", "text": "a b"}], "text", {"origin": "source"}),
    ([{"source": "Open Web", "de": "a b", "en": "c d"}], "pair", {"source": "de", "target": "en", "origin": "source"}),
    ([{"source": "web", "text": "a b", "mt": "c d"}], "response", {"prompt": "text", "origin": "source"}),
]


@pytest.mark.parametrize(("rows", "kind", "columns"), SOURCES)
def test_sources_that_repeat_are_told_from_names_of_corpora(
    rows: Rows, kind: str, columns: dict[str, str | None]
) -> None:
    found = layout("x.jsonl", [*rows] * 13, cells=False)
    assert found.kind == kind
    assert columns.items() <= found.columns.items()
    assert ("origin" in found.columns) == ("origin" in columns)


@pytest.mark.parametrize(
    ("file", "kind", "rows"),
    [
        ("answers", "response", {"answers": 384, "best": 88, "preferences": 88}),
        ("chat", "sft", {"mix": 40}),
        ("heldout", "text", {"mix": 6}),
    ],
)
def test_the_sample_makes_recipes_that_run(file: str, kind: str, rows: dict[str, int], tmp_path: Path, go: Go) -> None:
    sample = Path(__file__).parents[2] / "recipes" / "quickstart" / f"{file}.jsonl"
    written = start(tmp_path, shutil.copy(sample, tmp_path))
    assert next(iter(load_recipe(written.file).stages.values())).header.kind == kind
    made = go(written.file)
    assert {stage: len(made[stage]) for stage in rows} == rows


TURNS = [{"role": role, "content": f"{role} says"} for role in ("user", "assistant", "user", "assistant")]
ALPACA = [
    {"instruction": "Translate into English.", "input": de, "output": en}
    for de, en in zip(TEXTS["de"], TEXTS["en"], strict=True)
]
ALPACA_PREFERENCES = [
    {**{k: v for k, v in row.items() if k != "output"}, "chosen": row["output"], "rejected": row["input"]}
    for row in ALPACA
]
PREFERENCES_OF_TURNS = {"prompt": "user says", "chosen": TURNS, "rejected": TURNS}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.jsonl": '{"x": 1}\n'}, "no columns that make rows of any kind. Found: x."),
        ({"a.jsonl": '{"data": [{"text": "a b"}]}\n'}, "jq -c '.data[]' FILE"),
        ({"a.jsonl": '[{"text": "a b"}]\n'}, "is a JSON array, expected JSON lines"),
        ({"a.jsonl": ""}, "is empty"),
        (
            {"a.jsonl": '{"conversations": [{"from": "human", "value": "a"}]}\n'},
            "jq -c '.messages = [.conversations[]",
        ),
        ({"a.jsonl": '{"chosen": "a b", "rejected": "c d"}\n'}, "but no prompt"),
        ({"a.jsonl": json.dumps(PREFERENCES_OF_TURNS)}, "jq -c '.prompt = .chosen[:-1] | .chosen = .chosen[-1:]"),
        ({"a.jsonl": "\n".join(map(json.dumps, ALPACA))}, "jq -c '.instruction = ([.instruction, .input] |"),
        ({"a.jsonl": "\n".join(map(json.dumps, ALPACA_PREFERENCES))}, "most records would ask the same"),
        ({"a.en": "The first line.\n", "a.de": "Eine Zeile.\nNoch eine.\n"}, "has 1 lines and"),
        ({"a.src": "The first line is here.\n", "a.out": "The last line is here.\n"}, "are both in en (English)"),
        ({"a.en": "One.\n", "b.en": "Two.\n", "c.en": "Three.\n"}, "found 3 files of plain text"),
        ({"a.zip": "PK"}, "is an archive; unpack it"),
        ({"a.xlsx": "PK"}, "no reader for xlsx files"),
        ({"a.bin": "a\0b"}, "is binary"),
        ({"a.tmx": '<tmx><header srclang="en"/><body><tu>'}, "is broken XML"),
        ({"a.csv": "source,target\n"}, "has no rows"),
        ({"a.csv": "\n\n"}, "has no rows"),
        (
            {"a.csv": "English,It's German,Notes,Notes\nThe first line.,Die erste Zeile.,,\n"},
            "'Notes' more than once; expected a name of its own for each. Write the line anew and give the new file: "
            """(echo 'English,It'"'"'s German,Notes,Notes_4'; tail -n +2 FILE) > NEW""",
        ),
        ({"a.csv": ",source,target,\n1,The first line.,Die erste Zeile.,\n"}, "column_1,source,target,column_4"),
        ({"mqm.tsv": "\t".join(MQM_COLUMNS) + "\n"}, "has no rows"),
        ({"a.parquet": "text"}, "is not a whole parquet file"),
        ({"a.jsonl": '{"text": "One text here."}\n', "b.jsonl": '{"prompt": "A question here?"}\n'}, "different kinds"),
    ],
)
def test_what_cannot_be_read_is_refused_with_advice(files: dict[str, str], words: str, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode())
    with pytest.raises(UserError) as error:
        start(tmp_path, *(tmp_path / name for name in files))
    assert words in str(error.value)
    assert not (tmp_path / "recipe.yaml").exists()


def converted(message: str, file: Path) -> Path:
    """What the jq line in a message makes of a file."""
    program = re.search(r"jq -c '(.*)' FILE", message)
    assert program
    done = subprocess.run(["jq", "-c", program[1], str(file)], capture_output=True, text=True, check=True)
    file.with_name("converted.jsonl").write_text(done.stdout, "utf-8")
    return file.with_name("converted.jsonl")


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("outer", ["", "my data"])
def test_the_advice_on_prompts_in_two_parts_joins_them(outer: str, tmp_path: Path) -> None:
    rows = [{outer: [row]} if outer else row for row in ALPACA]
    file = write_jsonl(tmp_path / "a.jsonl", [*rows[1:], *({**row, "input": ""} for row in ALPACA[:1] if not outer)])
    with pytest.raises(UserError, match="found a prompt in two parts") as error:
        start(tmp_path, file)
    joined = converted(str(error.value), file)
    found = json.loads(joined.read_text("utf-8").splitlines()[0])
    want = {"instruction": f"Translate into English.\n\n{TEXTS['de'][1]}", "output": TEXTS["en"][1]}
    assert found == ({outer: [want]} if outer else want)
    assert read_options(start(tmp_path, joined))["columns"]["prompt"].endswith("instruction")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
def test_tables_are_made_json_lines_before_jq_reads_them(name: str, tmp_path: Path) -> None:
    frame, file = pl.DataFrame(ALPACA), tmp_path / name
    match file.suffix:
        case ".parquet":
            frame.write_parquet(file)
        case ending:
            frame.write_csv(file, separator="," if ending == ".csv" else "\t")
    with pytest.raises(UserError, match="found a prompt in two parts") as error:
        start(tmp_path, file)
    command = re.search(r"python -c '(.*)'", str(error.value))
    assert command
    (tmp_path / "FILE").write_bytes(file.read_bytes())
    subprocess.run([sys.executable, "-c", command[1]], cwd=tmp_path, check=True)
    assert [json.loads(line) for line in (tmp_path / "FILE.jsonl").read_text("utf-8").splitlines()] == ALPACA


@pytest.mark.parametrize("varied", [True, False])
def test_a_second_part_of_some_prompts_is_told(varied: bool, tmp_path: Path) -> None:
    rows = [{**row, "instruction": f"{row['instruction']} {n}", "input": ""} for n, row in enumerate(ALPACA)]
    rows = [*rows, {**ALPACA[0], "instruction": "Do it."}] if varied else [*(40 * ALPACA[:1]), *rows]
    told = start(tmp_path, write_jsonl(tmp_path / "a.jsonl", rows)).assumed
    assert any("'instruction' alone is the prompt; 'input', which" in line and "jq -c" in line for line in told)


CHAT = [{"role": "user", "content": "Say it"}, {"role": "assistant", "content": TEXTS["en"][0]}]


@pytest.mark.parametrize(
    ("row", "values", "told"),
    [
        ({"messages": CHAT}, {"label": [True, False, False]}, "'label' is false in 2 of 3 records"),
        ({"messages": CHAT}, {"is.good": [True, False, False]}, 'select(."is.good" != false)'),
        ({"prompt": "Say it.", "completion": "It is said."}, {"is Liked": [True, None, False]}, '."is Liked" != false'),
        ({"prompt": "Say it.", "completion": "It is said."}, {"label": ["True", "False", "True"]}, "in 1 of 3 records"),
        ({"messages": CHAT}, {"label": [True, True, True]}, ""),
        ({"messages": CHAT}, {"label": ["web", "book", "false"]}, ""),
        ({"text": "It is said."}, {"label": [True, False, False]}, ""),
    ],
)
def test_answers_that_the_file_calls_bad_are_told(row: dict[str, Any], values: dict[str, Any], told: str) -> None:
    ((name, column),) = values.items()
    found = layout("x.jsonl", [{**row, name: value} for value in column], cells=False)
    assert any(told and told in line for line in found.assumed) == bool(told)
    assert any("is learned from all the same" in line for line in found.assumed) == bool(told)


PARTS = [{"role": "user", "content": [{"type": "text", "text": t} for t in ("Say", "it")]}, CHAT[1]]


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (PARTS, "1 wrong_type"),
        ([{**CHAT[0], "name": "bob"}, CHAT[1]], "'name' in messages of 'messages'"),
        ([CHAT[0], {**CHAT[1], "weight": 0}], "jq -c '.messages |= map({role, content})' FILE"),
        (CHAT[:1], "1 bad_chat"),
        ("Say it.", "1 wrong_type"),
        ([CHAT[0], {**CHAT[1], "refusal": None}], ""),
    ],
)
def test_an_odd_chat_is_told_and_the_others_are_read(odd: object, told: str, tmp_path: Path, go: Go) -> None:
    rows = [{"messages": [CHAT[0], {**CHAT[1], "content": text}]} for text in TEXTS["en"]]
    written = start(tmp_path, write_jsonl(tmp_path / "x.jsonl", [*rows, {"messages": odd}]))
    assert any(told in line for line in written.assumed) == bool(told)
    assert len(go(written.file)["chats"]) == 6 + (not told)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(
    ("chat", "words", "content"),
    [
        ([{**turn, "timestamp": 0} for turn in CHAT], "'timestamp' in messages of 'messages'", "Say it"),
        ([CHAT[0], {**CHAT[1], "weight": 1}], "'weight' in messages of 'messages'", "Say it"),
        ([{"role": "system", "content": "Hear."}, {**CHAT[0], "name": "bob"}, CHAT[1]], "'name' in", "Hear."),
        (PARTS, "found lists of parts", "Say\nit"),
    ],
)
def test_chats_that_say_more_are_refused_with_advice(chat: Rows, words: str, content: str, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "x.jsonl", 3 * [{"messages": chat}])
    with pytest.raises(UserError, match=words) as error:
        start(tmp_path, file)
    plain = converted(str(error.value), file)
    assert json.loads(plain.read_text("utf-8").splitlines()[0])["messages"][0]["content"] == content
    assert read_options(start(tmp_path, plain))["kind"] == "sft"


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.invalid/train.jsonl?X-Amz-Signature=SECRET",
        "https://me:SECRET@bucket.invalid/train.jsonl",
        "simplecache::https://bucket.invalid/train.de#SECRET",
    ],
)
def test_a_url_that_may_hold_a_secret_is_neither_written_nor_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bucket\.invalid/train\..* with a user or a query.*DATA_URL") as error:
        start(tmp_path, url)
    assert "SECRET" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


RUSSIAN = ["Мы шли вдоль реки, пока не стемнело.", "Никто не мог объяснить, почему погас свет."]
TEXT, HALF = {"text": "A whole sentence."}, {"text": "Cut within a face: \ud83d"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.de", "\n".join(TEXTS["de"]).encode("cp1252"), "iconv -f cp1252 -t UTF-8 FILE > NEW"),
        ("a.de", "\n".join([*TEXTS["de"], "Ende \x81"]).encode("latin-1"), "iconv -f latin-1 -t UTF-8"),
        ("a.de", "\n".join(TEXTS["de"]).encode("utf-16"), "iconv -f UTF-16 -t UTF-8"),
        ("a.tsv", "\n".join(f"{de}\tx y" for de in TEXTS["de"]).encode("utf-16-be"), "iconv -f UTF-16BE -t UTF-8"),
        ("a.txt", "\n".join(TEXTS["ja"]).encode("utf-16"), "iconv -f UTF-16 -t UTF-8"),
        ("a.txt", "\n".join(TEXTS["ja"]).encode("cp932"), "cp932 (Japanese)"),
        ("a.txt", "\n".join(RUSSIAN).encode("cp1251"), "cp1251 (Cyrillic)"),
        ("a.jsonl", "".join(f'{{"text": "{de}"}}\n' for de in TEXTS["de"]).encode("cp1252"), "iconv -f cp1252"),
        (
            "a.csv",
            b"source,target\n" + 99 * b"A bed is here.,Ein Bett steht da.\n" + b"Cool.,K\xfchl.\n",
            "iconv -f cp1252",
        ),
        # Beyond the lines that the columns are guessed by.
        ("a.en", 2_000 * b"One more line.\n" + 20 * b"caf\xe9\n", "iconv -f cp1252"),
        # Most of it is UTF-8, which a conversion would break.
        ("a.de", 50 * "Die Brücke ist zu.\n".encode() + b"K\xfchl\n", "not UTF-8: 1 of the first 51, among others"),
        ("a.jsonl", (json.dumps(TEXT) + "\n" + json.dumps(HALF)).encode(), "half a character"),
    ],
)
def test_text_that_is_not_utf8_is_refused_with_a_guess(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        start(tmp_path, tmp_path / name)
    assert words in str(error.value)


def test_a_line_in_a_thousand_need_not_be_utf8(tmp_path: Path, go: Go) -> None:
    lines = [f"{text} Number {n}." for n in range(250) for text in TEXTS["de"]]
    (tmp_path / "a.de").write_bytes("\n".join(lines).encode() + b"\nK\xfchl\n")
    written = start(tmp_path, tmp_path / "a.de")
    assert read_options(written)["max_bad"] == 0.001
    assert len(go(written.file)["texts"]) == 1_500


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file or folder"):
        start(tmp_path, tmp_path / "nothing.jsonl")
    with pytest.raises(UserError, match="a file is named twice"):
        start(tmp_path, "a.jsonl", "a.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"neither manifest.*the readers cocoa_mt, .*has no files; folders in it: none"):
        start(tmp_path, tmp_path / "folder")
    (tmp_path / "folder" / "train").mkdir()
    with pytest.raises(UserError, match="folders in it: train"):
        start(tmp_path, tmp_path / "folder")
    (tmp_path / "folder" / "notes.txt").touch()
    with pytest.raises(UserError, match=r"Name the files to read; there are: notes\.txt"):
        start(tmp_path, tmp_path / "folder")
    (tmp_path / "post-editing").mkdir()
    (tmp_path / "post-editing" / "en-de-dev.tar.gz").touch()
    with pytest.raises(UserError, match=f"mlqe_pe takes it as it is, .*: datagen init {re.escape(str(tmp_path))}$"):
        start(tmp_path, tmp_path / "post-editing" / "en-de-dev.tar.gz")


def test_a_hub_that_cannot_be_reached_is_told() -> None:
    command = [sys.executable, "-m", "datagen.cli", "init", "owner/name"]
    done = subprocess.run(
        command, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "as a dataset of the hub it cannot be looked at" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_tells_what_it_found_and_what_comes_next(tmp_path: Path) -> None:
    files = [str(file) for file in moses(tmp_path)]
    command = [sys.executable, "-m", "datagen.cli", "init", *files]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "train.de: 6 lines in de (German)" in done.stdout
    assert "assumed: de is the source and en the target, in the order of the files" in done.stdout
    assert "wrote train.yaml; go on with\n  datagen check train.yaml\n" in done.stdout
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (2, "")


def test_a_folder_in_the_form_of_the_hub_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datagen.init.folders import hub

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    for split in ("train", "test"):
        write_jsonl(tmp_path / "set" / f"{split}.jsonl", [{"text": text} for text in TEXTS["de"]])
    (read,) = hub(str(tmp_path / "set"))
    assert read.options == {"split": "train", "kind": "text", "tgt_lang": "de"}
    assert "split test" in read.assumed[0]


def test_an_existing_recipe_stays(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("mine", "utf-8")
    with pytest.raises(UserError, match="exists and is left as it is"):
        start(tmp_path, *moses(tmp_path))
    assert (tmp_path / "recipe.yaml").read_text("utf-8") == "mine"


def test_a_recipe_is_named_after_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = moses(tmp_path)
    assert init([str(file) for file in files]).file == Path("train.yaml")
    assert init([str(file) for file in answers_of_two_systems(tmp_path)]).file == Path("out.yaml")


def test_files_with_the_same_columns_are_read_together(tmp_path: Path) -> None:
    files = [write_jsonl(tmp_path / f"part{n}.jsonl", [{"text": text} for text in TEXTS["en"]]) for n in (1, 2)]
    recipe = load_recipe(start(tmp_path, *files).file)
    assert list(recipe.stages) == ["texts", "scored", "kept", "unique", "mix"]


def test_globs_are_expanded(tmp_path: Path) -> None:
    for name in ("b", "a", "[x]"):
        write_jsonl(tmp_path / f"{name}.jsonl", [{"text": text} for text in TEXTS["en"]])
    for name, files in (("?.json*", ["a.jsonl", "b.jsonl"]), ("[x].jsonl", ["[x].jsonl"])):
        written = start(tmp_path, tmp_path / name)
        read = next(iter(load_recipe(written.file).stages.values())).options
        assert isinstance(read, Read)
        assert read.reader.files() == [str(tmp_path / file) for file in files]
        written.file.unlink()
    with pytest.raises(UserError, match="no file matches"):
        init([str(tmp_path / "*.csv")])
    with pytest.raises(UserError, match="a file is named twice"):
        init([str(tmp_path / "?.jsonl"), str(tmp_path / "a.jsonl")])


def test_unreadable_records_are_told_and_tolerated(tmp_path: Path, go: Go) -> None:
    rows = [{"text": f"{text} Number {n}."} for n in range(5) for text in TEXTS["en"]]
    path = write_jsonl(tmp_path / "web.jsonl", rows)
    path.write_bytes(path.read_bytes() + b'{"text": "cut o\n')
    written = start(tmp_path, path)
    assert read_options(written)["max_bad"] == 0.06
    assert any("1 broken_json" in line for line in written.assumed)
    assert len(go(written.file)["texts"]) == 30


@pytest.mark.parametrize(
    ("first", "header", "told"),
    [
        ("Deutsch\tEnglisch", True, True),  # nothing tells it from a row of short words
        ("Привет\tHello", True, True),
        ("source\ttarget", True, False),
        ("Er hat keine Kinder.\tHe has no children.", False, False),
        ("Das ist nur ein kurzer Satz\tThis is but a short one", False, False),
    ],
)
def test_a_first_line_that_is_taken_for_names_is_told(first: str, header: bool, told: bool, tmp_path: Path) -> None:
    rows = [f"{german}\t{english}" for german, english in zip(TEXTS["de"], TEXTS["en"], strict=True)]
    written = start(tmp_path, write_lines(tmp_path / "x.tsv", [first, *rows]))
    assert (read_options(written).get("header") is None) == header
    assert any(", ".join(first.split("\t")) in line and "names the columns" in line for line in written.assumed) == told


@pytest.mark.parametrize(
    ("header", "row", "columns"),
    [
        (",source,target", "{n},{de},{en}", {}),
        ("#,English,German", "{n},{en},{de}", {"source": "English", "target": "German"}),
        ("Nr.,English,German,", "{n},{en},{de},", {"source": "English", "target": "German"}),
        ("Source/EN,Target/DE", "{en},{de}", {"source": "Source/EN", "target": "Target/DE"}),
        ("English (US),German (AT)", "{en},{de}", {"source": "English (US)", "target": "German (AT)"}),
        ("英語（原文）,ドイツ語の訳", "{en},{de}", {"source": "英語（原文）", "target": "ドイツ語の訳"}),
        ("English source,German text", "{en},{de}", {"source": "English source", "target": "German text"}),
        ("متن\u200cهای مبدأ,متن مقصد", "{en},{ja}", {"source": "متن\u200cهای مبدأ", "target": "متن مقصد"}),
        (
            "Identificador,Texto original,Traducción,Idioma,Calificación (1-5),Comentarios",
            'a{n},{en},{de},inglés,"4,5",',
            {"source": "Texto original", "target": "Traducción"},
        ),
        # Rows: an answer that is shorter than others, and a line that says the same twice.
        ("Guten Morgen!,Good morning!", "{de},{en}", None),
        ("Ja.,Yes.", "{de},{en}", None),
        ("Tom,Tom", "{de},{en}", None),
        ("Zwei gehen ohne Punkt,Two go without a dot", "{de},{en}", None),
    ],
)
def test_a_first_line_of_names_is_no_row(header: str, row: str, columns: dict[str, str] | None, tmp_path: Path) -> None:
    texts = [{code: f'"{TEXTS[code][n]}"' for code in TEXTS} for n in range(6)]
    file = write_lines(tmp_path / "x.csv", [header, *(row.format(n=n, **text) for n, text in enumerate(texts))])
    found = read_options(start(tmp_path, file))
    assert (found.get("header") is None) == (columns is not None)
    assert found["kind"] == "pair"
    assert columns is None or found["columns"] == columns


def test_files_whose_header_has_a_cell_without_a_name_are_read(tmp_path: Path, go: Go) -> None:
    rows = [f'{n},"{de}","{en}"' for n, (de, en) in enumerate(zip(TEXTS["de"], TEXTS["en"], strict=True))]
    written = start(tmp_path, write_lines(tmp_path / "x.csv", [",source,target", *rows]))
    assert [row["source"] for row in go(written.file)["pairs"].rows()] == TEXTS["de"]


def test_parquet_of_which_a_row_cannot_be_read(tmp_path: Path, go: Go) -> None:
    texts = [f"{text} Number {n}." for n in range(200) for text in TEXTS["en"]]
    data = pa.array([b"\xff", *(text.encode() for text in texts)], pa.binary())
    column = pa.Array.from_buffers(pa.string(), len(data), data.buffers())
    pq.write_table(pa.table({"text": column}), tmp_path / "x.parquet")
    assert len(go(start(tmp_path, tmp_path / "x.parquet").file)["texts"]) == len(texts)


def test_a_language_that_is_taken_for_others_is_not_filtered_by_it(tmp_path: Path) -> None:
    files = [write_lines(tmp_path / "a.yo", TEXTS["de"] + TEXTS["en"]), write_lines(tmp_path / "a.fr", ["Un."] * 12)]
    written = start(tmp_path, *files)
    text = written.file.read_text("utf-8")
    assert any(
        "the name says yo (Yoruba), but 0% of the texts are recognized as it" in line for line in written.assumed
    )
    assert "yo: a.yo" in text
    assert "wrong_language: {unjudged: keep}" in text  # the target's alone


def test_comments_hold_what_was_recognized(tmp_path: Path) -> None:
    written = start(tmp_path, *moses(tmp_path))
    text = written.file.read_text("utf-8")
    assert "# - train.de: 6 lines in de (German): by the name, and 100% of the texts are recognized as it" in text
    assert "# - de is the source and en the target, in the order of the files" in text
    assert max(map(len, text.splitlines())) <= 120
    words = " ".join(text.replace("#", " ").split())
    assert "Up to 12 a word may stand for a number, above it none: where a language spells larger ones out" in words
    assert "single words are judged too, and at times wrongly - wrong_language" in words
    assert all(line in words for line in written.told)


# --- languages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ending", "pair"),
    [
        ("train.de", "de", None),
        ("newstest.amh.txt", "am", None),
        ("all.en-zh.tmx", None, ("en", "zh")),
        ("dev.en_pt-BR.x", None, ("en", "pt-BR")),
        ("set.en-ja.formal", None, ("en", "ja")),
        ("train-val.jsonl", None, None),
        ("notes.txt", None, None),
        ("c.zh_Hant", "zh-Hant", None),
    ],
)
def test_names_tell_languages(name: str, ending: str | None, pair: tuple[str, str] | None) -> None:
    assert (named_by_ending(name), named_pair(name)) == (ending, pair)


@pytest.mark.parametrize("code", TEXTS)
def test_texts_tell_languages(code: str) -> None:
    assert hear(TEXTS[code]) == (code, 1.0)


@pytest.mark.parametrize(
    ("texts", "named", "word", "code", "mistaken"),
    [
        (TEXTS["de"], None, "", "de", False),
        (TEXTS["de"], "de", "de", "de", False),
        # Nearly all of it is German, whatever the name says.
        (TEXTS["de"], "en", "en", "de", False),
        # A name that seldom means a language (`dev` is Domung) does not hold; one that the recognizer lacks does.
        (TEXTS["de"], "dev", "dev", "de", False),
        (TEXTS["de"], "bbj", "bbj", "bbj", False),
        (TEXTS["de"] + TEXTS["en"], "yo", "yo", "yo", True),
        (TEXTS["de"] + TEXTS["en"] + TEXTS["ja"], None, "", None, False),
        (["12", "…"], None, "", None, False),
    ],
)
def test_languages_are_decided_by_name_and_text(
    texts: list[str], named: str | None, word: str, code: str | None, mistaken: bool
) -> None:
    found = decide(texts, named, word)
    assert (found.code, found.mistaken) == (code, mistaken)


@pytest.mark.parametrize(
    ("more", "code", "assumed"),
    [
        ({"reference": TEXTS["ja"]}, "ja", False),
        ({"reference_1": TEXTS["ar"], "reference_2": TEXTS["ar"]}, "ar", False),
        ({"references": [[text] for text in TEXTS["th"]]}, "th", False),
        ({"ref_lang": ["de"] * 6}, None, False),  # a column of its own
        ({"answer": list("123456"), "gold": list("123456")}, "en", True),
        ({}, "en", True),
    ],
)
def test_prompts_are_answered_in_the_language_of_their_references(
    more: dict[str, Any], code: str | None, assumed: bool, tmp_path: Path
) -> None:
    columns = {"prompt": [f"Translate this for me: {text}" for text in TEXTS["en"]], **more}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    written = start(tmp_path, write_jsonl(tmp_path / "x.jsonl", rows))
    found = read_options(written)
    assert (found["kind"], found["tgt_lang"]) == ("prompt", code)
    assert any("in the language of the prompts" in line for line in written.assumed) == assumed


# --- small parts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [("targetString", "target_string"), ("Source Text", "source_text"), ("src-lang", "src_lang"), ("DocID", "doc_id")],
)
def test_names_are_folded(name: str, words: str) -> None:
    assert folded(name) == words


def test_nested_records_are_reached_by_paths() -> None:
    record = {"a": 1, "v1.2": 3, "b": {"c": "x", "d.e": 2}, "l": [{"m": "y"}, {"m": "z"}, {"m": "w"}], "s": ["t", "u"]}
    assert {column.path: column.values[1] for column in columns_of([{}, record])} == {
        "a": 1,
        "v1.2": 3,
        "b.c": "x",
        "l": record["l"],
        "l.0.m": "y",
        "l.1.m": "z",
        "s": ["t", "u"],
        "s.0": "t",
    }


@pytest.mark.parametrize(
    ("value", "yaml"),
    [
        ("de", "de"),
        ("no", "no"),
        ("true", '"true"'),
        ("12", '"12"'),
        ("a b", '"a b"'),
        ("data/x.jsonl.gz", "data/x.jsonl.gz"),
        ("ünï", '"ünï"'),
        ("a: #b", '"a: #b"'),
        (0.001, "0.001"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_values_are_quoted_where_yaml_needs_it(value: object, yaml: str) -> None:
    assert scalar(value) == yaml


@pytest.mark.parametrize(("text", "name"), [("All.EN-zh", "all.en-zh"), ("my set (1)", "my-set-1"), ("日本", "data")])
def test_names_of_recipes(text: str, name: str) -> None:
    assert slug(text) == name


def test_paths_start_at_the_recipe_or_at_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOWERKIT_DATA", raising=False)
    assert path_from(str(tmp_path / "d" / "x.de"), tmp_path / "recipes") == "../d/x.de"
    assert path_from("s3://bucket/x.de", tmp_path) == "s3://bucket/x.de"
    assert path_from("/x.de", tmp_path) == "/x.de"
    assert path_from(str(tmp_path / "${x}.de"), tmp_path) == "$${x}.de"
    monkeypatch.setenv("TOWERKIT_DATA", str(tmp_path / "d"))
    assert path_from(str(tmp_path / "d" / "x.de"), tmp_path / "recipes") == "${TOWERKIT_DATA}/x.de"


# --- real data -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "kind", "rows"),
    [
        (["bible_de_en/bible-uedin-v1.de-en.de.gz", "bible_de_en/bible-uedin-v1.de-en.en.gz"], "pair", 7000),
        (["tico19/TM/all.en-zh.tmx"], "pair", 850),
        (["arena_hard/arena-hard-v0.1/question.jsonl"], "prompt", 490),
        (["arena_hard/arena-hard-v0.1/model_answer/gpt-4-0314.jsonl"], "sft", 480),
        (["ntrex128/newstest2019-ref.deu.txt", "ntrex128/newstest2019-ref.jpn.txt"], "pair", 500),
        (["mafand/json_files/en-amh/dev.json"], "pair", 700),
        (["tico19/terminologies/f_en-zh_TW.csv"], "pair", 200),
        (["cocoa_mt/CoCoA-MT/train/en-es"], "pair", 300),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_real_files_make_recipes_that_run(
    files: list[str], kind: str, rows: int, shared_data: Path, tmp_path: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWERKIT_DATA", str(shared_data))
    written = start(tmp_path, *(shared_data / file for file in files))
    assert str(shared_data) not in written.file.read_text("utf-8")
    mix = go(written.file)["mix"]
    assert mix.manifest.kind == kind
    assert len(mix) > rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "kind", "rows"),
    [
        (["multi30k/train.de.gz", "multi30k/train.en.gz"], "pair", 28_000),
        (["wmt23_news"], "sft", 2_400),
        (["mlqe_pe"], "sft", 3_000),
        (["mt_geneval/sentences/dev"], "pair", 1_000),
        (["salesforce_xml_mt/enja"], "pair", 1_000),
        (["mqm_google/ted/ende/mqm_ted_ende.tsv"], "sft", 290),
        (["gsm8k/train.jsonl"], "sft", 1_900),
        (["code_math_eval/mbpp/mbpp.jsonl"], "sft", 450),
        (["self_instruct/seed_tasks.jsonl"], "sft", 170),
        (["wmt_chat22/dev-bilingual.en_pt-br.csv"], "pair", 1_500),
        (["wmt25_terminology/track1/full_data.ende.jsonl"], "pair", 450),
        (["llamafactory_demo/c4_demo.jsonl"], "text", 270),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_more_real_files_make_recipes_that_run(
    files: list[str], kind: str, rows: int, shared_data: Path, tmp_path: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_real_files_make_recipes_that_run(files, kind, rows, shared_data, tmp_path, go, monkeypatch)


@pytest.mark.slow
def test_no_first_line_of_short_sentences_is_taken_for_names(shared_data: Path) -> None:
    taken = []
    for english in sorted((shared_data / "tatoeba_laser").glob("*.eng")):
        other = english.with_suffix("." + english.name.split(".")[1].removesuffix("-eng"))
        sides = [file.read_text("utf-8").split("\n")[:-1] for file in (other, english)]
        rows = [list(row) for row in zip(*sides, strict=True)]
        taken += [row for row in rows if _header(row, rows[:300]) != "none"]
    assert taken == []
