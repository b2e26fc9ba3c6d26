"""What tests of engines share: a tiny model in a folder."""

from pathlib import Path

import pytest
from tiny_models import make_chat_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chat model of random weights; its generation config says nothing but how a turn ends."""
    pytest.importorskip("torch", reason="needs torch and transformers: make test-train")
    return make_chat_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of hashes that are remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
