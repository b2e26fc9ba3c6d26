"""Cards of trained models: what they say of licences and rewards."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from corpus.manifest import Selection
from corpus.model_manifest import ModelManifest, TrainedOn
from train.card import card, licences_from, licences_of

ROWS = TrainedOn(path="../data", content="c" * 32, kind="sft", rows=5, weight=1.0, licenses={"CC-BY-4.0": 5})
REWARDS = {
    "verified": {"scorer": "verified", "weight": 1.0, "weights": {}, "gates": [], "allow_code": False},
    "kiwi": {"scorer": "comet", "weight": 0.5, "signature": "comet|model:kiwi|refs:none", "licence": "cc-by-nc-sa-4.0"},
}


@pytest.mark.parametrize(
    ("papers", "licence", "words"),
    [
        ({"datasets": [ROWS]}, "see-sources", ["| data `cccccccccccc` | sft | 5 | 100.0% | CC-BY-4.0 |"]),
        # What a model's forebears were made of counts as its own does.
        ({"inherited": {"CC-BY-NC-4.0": 7}}, "non-commercial", ["CC-BY-NC-4.0 (7 rows)"]),
        # So does a model that rewarded it.
        (
            {"datasets": [ROWS], "facts": {"rewards": REWARDS}},
            "non-commercial",
            ["| verified | 1 | the verdicts", "| kiwi | 0.5 | comet model:kiwi refs:none | cc-by-nc-sa-4.0 |"],
        ),
        (
            {"selected_by": [Selection(column="score_kiwi", stage="grpo", family="comet")]},
            "see-sources",
            ["no independent judges of it: comet"],
        ),
    ],
)
def test_licences_and_rewards(papers: dict[str, object], licence: str, words: list[str]) -> None:
    told = card("model", ModelManifest.model_validate({"method": "grpo", "parents": ["wpo"], **papers}))
    head = yaml.safe_load(told.split("---\n")[1])
    assert head["license_name"] == licence
    assert ("**Not for commercial use**" in told) == (licence == "non-commercial")
    for each in words:
        assert each in told


def test_licences_of_all_models_before_are_added_up() -> None:
    manifest = ModelManifest(method="sft", datasets=[ROWS], inherited={"CC-BY-4.0": 2, "MIT": 1})
    assert licences_of(manifest) == {"CC-BY-4.0": 7, "MIT": 1}


def test_licences_of_models_are_handed_on(tmp_path: Path) -> None:
    """From a base's own card to its child, and from what rewarded a model to whatever is made of it."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# Base\n", "utf-8")
    child = ModelManifest(method="sft", licences=sorted(licences_from(str(tmp_path / "base"), None, None)))
    rewarded = ModelManifest(method="grpo", licences=["cc-by-nc-4.0"], facts={"rewards": REWARDS})
    merged = ModelManifest(method="merge", licences=sorted(licences_from("grpo", None, rewarded)))
    assert child.licences == ["cc-by-nc-4.0"]
    assert merged.licences == ["cc-by-nc-4.0", "cc-by-nc-sa-4.0"]
    for made in (child, rewarded, merged):
        assert "**Not for commercial use**: cc-by-nc-4.0" in card("model", made)
    assert licences_from(str(tmp_path), None, None) == set()
