"""The examples of docs/verifiers-rules.md are what they say."""

import json
import re
from pathlib import Path

import pytest

from filters.translation_rules.families import FAMILIES
from filters.verifiers.translation_rules import TranslationRules

PAGE = Path(__file__).parents[3] / "docs" / "verifiers-rules.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text("utf-8").splitlines()
    if re.match(r"\| [a-zA-Z-]+→", line)
]


def text(cell: str) -> str:
    """A cell as it is meant: code without its signs, lines apart."""
    return "\n".join(part.strip("`") for part in cell.split("<br>")).strip() if cell.startswith("`") else cell


def test_each_family_has_three_languages():
    families = [json.loads(row[2].strip("`"))["family"] for row in ROWS]
    assert {family: families.count(family) for family in families} == dict.fromkeys(FAMILIES, 3)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{json.loads(row[2].strip('`'))['family']} {row[0]}")
def test_examples(row):
    pair, source, rule, instruction, right, wrong = row
    src_lang, _, tgt_lang = pair.partition("→")
    judge = TranslationRules.model_validate({"rules": [{"locale": tgt_lang, **json.loads(rule.strip("`"))}]})
    prompt = [{"role": "user", "content": f"{text(instruction)}\n\n{text(source)}"}]
    given = {"source": text(source), "src_lang": src_lang, "tgt_lang": tgt_lang, "prompt": prompt}
    assert judge.verify(given, text(right)).score == 1
    assert judge.verify(given, text(wrong)).score == 0
