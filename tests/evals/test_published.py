"""Published figures: what ships, and what the loader refuses."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from corpus.errors import UserError
from evals.published import SHIPPED, published

FIGURE = "{system: A, benchmark: b, metric: m, set: en→de, value: 1.5, mark: notes, source: s}"


def test_what_ships() -> None:
    figures = published()
    table = defaultdict(dict)
    for figure in figures:
        table[figure.metric, figure.set][figure.system] = figure.value
    assert table["xcomet-xxl", "en→24 languages, unconfirmed"] == {
        "Tower+ 2B": 79.13, "Tower+ 9B": 84.38, "Tower+ 72B": 83.74,
    }  # fmt: skip
    # Nothing that is only recalled is told as read.
    assert {figure.mark for figure in figures if figure.benchmark in ("m-arenahard", "ifeval", "if-mt")} == {"memory"}
    assert {figure.mark for figure in figures} <= {"notes", "memory"}
    # Every line of the file is a figure that was loaded.
    assert len(figures) == len(re.findall(r"^  - \{", SHIPPED.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FIGURE.replace("notes", "hearsay"), r"figures.yaml:2: figures\[0\].mark.*hearsay"),
        (FIGURE.replace("1.5", "high"), r"figures\[0\].value"),
        (FIGURE.replace("1.5", ".nan"), r"figures\[0\].value"),
        (FIGURE.replace("source: s", "sources: s"), "sources.*Did you mean 'source'"),
        (FIGURE.replace(", set: en→de", ""), r"figures\[0\]: 'set' is missing"),
        (FIGURE.replace("system: A", 'system: ""'), r"figures\[0\].system"),
        (f"{FIGURE}\n- {FIGURE}", r"figures.yaml:3: A on b by m \(en→de\) is there twice"),
    ],
)
def test_figures_that_are_not_of_the_form(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "figures.yaml"
    file.write_text(f"figures:\n- {text}\n", "utf-8")
    with pytest.raises(UserError, match=told):
        published(file)


def test_the_same_figure_on_another_set(tmp_path: Path) -> None:
    file = tmp_path / "figures.yaml"
    file.write_text(f"figures:\n- {FIGURE}\n- {FIGURE.replace('en→de', 'en→zh')}\n", "utf-8")
    assert [figure.set for figure in published(file)] == ["en→de", "en→zh"]
