"""The page to explore: its data, and its script run by Node against a small stand-in for a browser's page."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from evaluated import ARABIC, CHAT, HOSTILE, MT, TER, results
from hypothesis import given
from hypothesis import strategies as st

import evals.report.explore as module
from evals.pareto import Axis, Point, pareto
from evals.published import published
from evals.report.explore import data
from evals.report.results import Results
from evals.statistics import Scored

SCRIPT = Path(module.__file__).with_name("explore.js")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs Node to run the page's script")

# What the script asks of a browser, and no more; counts what is drawn.
PAGE = """
class Element {
  constructor(name) {
    Object.assign(this, {name, attributes: {}, children: [], listeners: {}, style: {}});
    Object.assign(this, {textContent: "", checked: true, value: ""});
  }
  setAttribute(key, value) {
    if (typeof value === "number" && !Number.isFinite(value)) { throw new Error(`${this.name}.${key} is ${value}`); }
    this.attributes[key] = String(value);
  }
  appendChild(child) { this.children.push(child); }
  replaceChildren() { this.children = []; }
  addEventListener(event, listener) { this.listeners[event] = listener; }
}
const elements = {};
const page = {
  getElementById: (id) => (elements[id] ??= new Element(id)),
  createElement: (name) => new Element(name),
  createElementNS: (_, name) => new Element(name),
};
elements.data = new Element("data");
"""


def node(script: str, given: object) -> object:
    """What a script tells as JSON; it is given `input`."""
    assert NODE
    text = f"{PAGE}\nconst input = {json.dumps(given)};\nconst explore = require({json.dumps(str(SCRIPT))});\n{script}"
    told = subprocess.run([NODE, "-"], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_data() -> None:
    told = data(results(in_loop=frozenset({"base"}), unjudged={"cpt-1": 60}), published())
    assert [axis["name"] for axis in told["axes"]] == [MT.key, CHAT.key, TER.key]
    assert told["start"] == [0, 1]
    by_name = {point["name"]: point for point in told["points"]}
    assert by_name["base"]["values"][0]["in_loop"]
    assert by_name["cpt-1"]["values"] == [None, None, None]
    assert by_name[ARABIC]["parents"] == ["cpt-1", HOSTILE]
    tower = by_name["Tower+ 9B"]
    assert tower["published"]
    assert [value and value["value"] for value in tower["values"]] == [84.38, 33.47, None]
    assert tower["values"][0]["told"].startswith("[notes] en→24 languages, unconfirmed; ")
    json.dumps(told, allow_nan=False)


@needs_node
def test_the_page_is_drawn_and_tells() -> None:
    told = data(results(in_loop=frozenset({"base"})), published())
    drawn = node(
        """
        elements.data.textContent = JSON.stringify(input);
        explore.start(page);
        const circles = () => elements.plot.children.filter((made) => made.name === "circle");
        const count = () => circles().length;
        const result = {all: count(), frontier: elements.frontier.textContent, unplaced: elements.unplaced.textContent};
        circles()[1].listeners.mouseenter();
        result.told = elements.told.textContent;
        result.hollow = circles().filter((made) => made.attributes.fill === "white").length;
        elements.published.checked = false;
        elements.published.listeners.change();
        result.without = count();
        const [sft] = elements.stages.children.filter((label) => label.children[1].textContent === "sft");
        sft.children[0].checked = false;
        sft.children[0].listeners.change();
        result.filtered = count();
        elements.up.value = "2";
        elements.up.listeners.change();
        result.less = elements.plot.children.filter((made) => made.textContent.includes("less is better")).length;
        elements.across.value = "2";
        elements.across.listeners.change();
        console.log(JSON.stringify(result));
        """,
        told,
    )
    assert isinstance(drawn, dict)
    # Four models but one in the loop, and three sizes of Tower+ with figures on both axes.
    assert (drawn["all"], drawn["hollow"], drawn["without"], drawn["filtered"]) == (6, 3, 3, 2)
    assert drawn["frontier"].startswith("On the frontier of what is shown: ")
    assert "Tower+" not in drawn["frontier"]
    assert drawn["unplaced"].endswith(": base.")
    assert drawn["told"].startswith(f"{HOSTILE} (sft)\n{MT.key}: ")
    assert "60, 0 unjudged" in drawn["told"]
    assert drawn["less"] == 1


@needs_node
@pytest.mark.parametrize("nothing", [True, False])
def test_a_page_with_little_on_it(nothing: bool) -> None:
    told = data(Results("r", (), ()), []) if nothing else data(results(in_loop=frozenset({"base"})), [])
    if not nothing:
        told["points"] = [point for point in told["points"] if point["name"] == "base"]
    drawn = node(
        "elements.data.textContent = JSON.stringify(input); explore.start(page);"
        "console.log(JSON.stringify(elements.plot?.children.length ?? 0));",
        told,
    )
    assert drawn == 0


@needs_node
def test_the_scripts_frontier_is_ours() -> None:
    @st.composite
    def cases(draw: st.DrawFn) -> list[list[float]]:
        return draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).map(list), max_size=8))

    told: list[list[list[float]]] = []

    @given(cases())
    def collect(case: list[list[float]]) -> None:
        told.append(case)

    collect()
    axes = [Axis("x"), Axis("y", higher_is_better=False)]
    expected = []
    for case in told:
        points = [
            Point(f"p{n}", {axis.name: Scored(value, value, value, 1, 0) for axis, value in zip(axes, of, strict=True)})
            for n, of in enumerate(case)
        ]
        expected.append(sorted(pareto(points, axes).frontier))
    found = node(
        """
        const axes = [{higher: true}, {higher: false}];
        const all = input.map((points) => explore.frontier(points.map((values, n) => (
          {name: `p${n}`, published: false, values: values.map((value) => ({value, in_loop: false}))}
        )), 0, 1, axes).map((point) => point.name).sort());
        console.log(JSON.stringify(all));
        """,
        told,
    )
    assert found == expected


@needs_node
@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 100, [0, 20, 40, 60, 80, 100]), (79.2, 84.1, [80, 81, 82, 83, 84]), (-1, 1, 5)]
)
def test_ticks(low: float, high: float, expected: list[float] | int) -> None:
    found = node("console.log(JSON.stringify(explore.ticks(...input)));", [low, high])
    assert isinstance(found, list)
    assert found == pytest.approx(expected) if isinstance(expected, list) else len(found) == expected
