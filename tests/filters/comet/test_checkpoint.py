"""What a checkpoint needs and gives is read from its `hparams.yaml`, before any library or weight is there."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from corpus.errors import UserError
from filters.comet.checkpoint import Checkpoint, read_checkpoint
from filters.comet.environment import comet_environment
from filters.scorers.comet import Comet


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def checkpoint(folder: Path, **hparams: Any) -> Path:
    """A checkpoint's folder as COMET's trainer leaves it, with an encoder beside it; the weights are none."""
    made = folder / "metric"
    (made / "checkpoints").mkdir(parents=True, exist_ok=True)
    (made / "checkpoints" / "model.ckpt").write_bytes(b"weights")
    (folder / "encoder").mkdir(exist_ok=True)
    (folder / "encoder" / "config.json").write_text('{"max_position_embeddings": 514}')
    hparams = {"pretrained_model": "../encoder", **hparams}
    (made / "hparams.yaml").write_text(yaml.safe_dump(hparams), "utf-8")
    return made


REGRESSION = {"class_identifier": "regression_metric"}
REFERENCELESS = {"class_identifier": "referenceless_regression_metric"}
KIWI = {"class_identifier": "unified_metric", "input_segments": ["mt", "src"], "word_level_training": False}
WORDS = {"class_identifier": "unified_metric", "input_segments": ["mt", "src", "ref"], "word_level_training": True}
TARGET = {"class_identifier": "unified_metric", "input_segments": ["mt", "ref"]}
XCOMET = {"class_identifier": "xcomet_metric"}


@pytest.mark.parametrize(
    ("hparams", "name", "sides", "references", "spans"),
    [
        (REGRESSION, "RegressionMetric", ("src", "mt", "ref"), "must", False),
        (REFERENCELESS, "ReferencelessRegression", ("src", "mt"), "never", False),
        (KIWI, "UnifiedMetric", ("src", "mt"), "never", False),
        (WORDS, "UnifiedMetric", ("src", "mt", "ref"), "may", True),
        (TARGET, "UnifiedMetric", ("mt", "ref"), "must", False),
        (XCOMET, "XCOMETMetric", ("src", "mt", "ref"), "may", True),
    ],
)
def test_kinds(
    tmp_path: Path, hparams: dict[str, Any], name: str, sides: tuple[str, ...], references: str, spans: bool
) -> None:
    made = checkpoint(tmp_path, **hparams)
    for model in (made, made / "checkpoints" / "model.ckpt"):
        found = read_checkpoint(str(model), None, None)
        assert (found.class_name, found.sides, found.references, found.spans) == (name, sides, references, spans)
        assert (found.name, found.window(), Path(found.encoder).name) == ("metric", 512, "encoder")


def test_what_only_python_can_read_is_left_aside(tmp_path: Path) -> None:
    made = checkpoint(tmp_path)
    made.joinpath("hparams.yaml").write_text(
        "class_identifier: regression_metric\nhidden_sizes: !!python/tuple [3, 4]\n"
        "loss: !!python/object/apply:os.system ['touch broken']\n"
    )
    assert read_checkpoint(str(made), None, None).hparams["loss"] is None
    assert not Path("broken").exists()


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda made: (made / "hparams.yaml").unlink(), "hparams.yaml is not there"),
        (lambda made: (made / "hparams.yaml").write_text("{"), "cannot be read"),
        (lambda made: (made / "hparams.yaml").write_text("- 1"), "of the kind None"),
        (lambda made: (made / "hparams.yaml").write_text("class_identifier: ranking_metric"), "'ranking_metric'"),
        (lambda made: (made / "checkpoints" / "model.ckpt").unlink(), "found: none"),
        (
            lambda made: (
                (made / "checkpoints" / "model.ckpt").rename(made / "checkpoints" / "a.ckpt")
                and (made / "checkpoints" / "b.ckpt").write_bytes(b"")
            ),
            "found: a.ckpt, b.ckpt. Name one",
        ),
    ],
)
def test_none_of_comets(tmp_path: Path, break_it: Any, words: str) -> None:
    made = checkpoint(tmp_path, **REGRESSION)
    break_it(made)
    with pytest.raises(UserError) as error:
        read_checkpoint(str(made), None, None)
    assert words in str(error.value)


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no COMET checkpoint /nowhere"):
        read_checkpoint("/nowhere", None, None)
    with pytest.raises(UserError, match="has no `revision`"):
        read_checkpoint(str(checkpoint(tmp_path, **KIWI)), "main", None)


def test_identity_is_of_content(tmp_path: Path) -> None:
    made = checkpoint(tmp_path, **KIWI)
    first = read_checkpoint(str(made), None, None).identity()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for part in ("metric", "encoder"):
        (tmp_path / part).rename(moved / part)
    assert read_checkpoint(str(moved / "metric"), None, None).identity() == first
    (moved / "encoder" / "tokenizer.json").write_text("{}")
    second = read_checkpoint(str(moved / "metric"), None, None).identity()
    assert {key: first[key] == second[key] for key in first} == {"content": True, "encoder": False}
    (moved / "metric" / "checkpoints" / "model.ckpt").write_bytes(b"other weights")
    assert read_checkpoint(str(moved / "metric"), None, None).identity()["content"] != first["content"]


@pytest.mark.parametrize(
    ("hparams", "options", "needs", "refs"),
    [
        (KIWI, {}, ["@source", "@output"], "none"),
        (REGRESSION, {}, ["@source", "@output", "references"], "first"),
        (REGRESSION, {"references": "mean"}, ["@source", "@output", "references"], "mean"),
        (XCOMET, {"references": "none"}, ["@source", "@output"], "none"),
        (XCOMET, {"references": "first"}, ["@source", "@output", "references"], "first"),
        (TARGET, {}, ["@output", "references"], "first"),
    ],
)
def test_needs_and_signature(
    tmp_path: Path, hparams: dict[str, Any], options: dict[str, Any], needs: list[str], refs: str
) -> None:
    scorer = Comet(model=str(checkpoint(tmp_path, **hparams)), **options)
    assert scorer.needs("response") == needs
    found = read_checkpoint(scorer.model, None, None)
    assert scorer.signature() == (
        f"comet|model:metric|content:{found.identity()['content'][:8]}|class:{found.class_name}|refs:{refs}|"
        f"dtype:float32|window:512|version:{comet_environment().pinned('unbabel-comet')}"
    )
    assert ("spans" in scorer.values()) == found.spans


@pytest.mark.parametrize(
    ("hparams", "options", "words"),
    [
        (REGRESSION, {"references": "none"}, "cannot score without a reference"),
        (KIWI, {"references": "first"}, "looks at no references"),
        (XCOMET, {}, "say `references: first`, `mean` or `none`"),
    ],
)
def test_references_that_do_not_fit(
    tmp_path: Path, hparams: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as error:
        Comet(model=str(checkpoint(tmp_path, **hparams)), **options).needs("response")
    assert words in str(error.value)


ROWS = pl.DataFrame(
    {
        "@source": ["Hallo", " ", "Ja", "Nein", "Gut", None],
        "@output": ["Hello", "Yes", "", "No", "Good", "Fine"],
        "references": [["Hi", "Hello"], ["Yes"], ["Yes"], None, [" ", "Well"], ["Fine"]],
    },
    schema={"@source": pl.String, "@output": pl.String, "references": pl.List(pl.String)},
)


@pytest.mark.parametrize(
    ("hparams", "references", "expected"),
    [
        (
            REGRESSION,
            "first",
            [
                (0, "Hi", None),
                (1, "Yes", "empty source"),
                (2, "Yes", "empty output"),
                (3, None, "no reference"),
                (4, " ", "no reference"),
                (5, "Fine", "empty source"),
            ],
        ),
        (
            REGRESSION,
            "mean",
            [
                (0, "Hi", None),
                (0, "Hello", None),
                (1, "Yes", "empty source"),
                (2, "Yes", "empty output"),
                (3, None, "no reference"),
                (4, "Well", None),
                (5, "Fine", "empty source"),
            ],
        ),
        (
            KIWI,
            None,
            [
                (0, None, None),
                (1, None, "empty source"),
                (2, None, "empty output"),
                (3, None, None),
                (4, None, None),
                (5, None, "empty source"),
            ],
        ),
    ],
)
def test_items(tmp_path: Path, hparams: dict[str, Any], references: Any, expected: list[tuple[Any, ...]]) -> None:
    items = Comet(model=str(checkpoint(tmp_path, **hparams)), references=references).items(ROWS)
    if "reference" not in items.columns:
        items = items.with_columns(reference=pl.lit(None, pl.String))
    assert items.select("@row", "reference", "@note").rows() == expected


@pytest.mark.parametrize(
    ("model", "licence"),
    [
        ("Unbabel/wmt22-comet-da", "Apache-2.0"),
        ("unbabel/wmt22-cometkiwi-da", "CC-BY-NC-SA-4.0 (non-commercial, gated)"),
        ("Unbabel/XCOMET-XXL", "CC-BY-NC-SA-4.0 (non-commercial, gated)"),
    ],
)
def test_licences_of_published_checkpoints(model: str, licence: str) -> None:
    assert Checkpoint(model, None, {}, "encoder").licence == licence


def test_the_licence_of_a_folder_stands_on_its_card(tmp_path: Path) -> None:
    made = checkpoint(tmp_path, **KIWI)
    assert Comet(model=str(made)).licence() is None
    made = made.rename(tmp_path / "licensed")
    (made / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\nA metric.\n")
    assert Comet(model=str(made)).licence() == "cc-by-nc-4.0 (non-commercial)"
