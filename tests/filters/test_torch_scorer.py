"""Scorers by a model of this process: what is computed is said, and is the same wherever a recipe is run."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from filters.scorers.classifier import Classifier
from filters.scorers.perplexity import Perplexity
from filters.scorers.reward import Reward
from filters.scorers.similarity import Similarity
from filters.torch_scorer import TorchScorer

DTYPES: list[tuple[type[TorchScorer], str]] = [
    (Classifier, "float32"),
    (Perplexity, "bfloat16"),
    (Reward, "bfloat16"),
    (Similarity, "float32"),
]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model's folder; what is not loaded needs no weights."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path / "model"


@pytest.mark.parametrize(("scorer", "dtype"), DTYPES)
def test_numbers_do_not_depend_on_the_machine(scorer: type[TorchScorer], dtype: str, model: Path) -> None:
    made = scorer(model=str(model))
    assert f"|dtype:{dtype}|" in made.signature()
    assert made.kept_as() == scorer(model=str(model), dtype=dtype, device="cuda").kept_as()
    assert made.kept_as() != scorer(model=str(model), dtype="float16").kept_as()
    with pytest.raises(ValidationError, match="'float32', 'bfloat16' or 'float16'"):
        scorer(model=str(model), dtype="auto")
