"""What tests of models share: tiny ones, made on the spot."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_models import make_chat_model, make_reward_model

# What needs torch and transformers is run by `make test-train`.
collect_ignore_glob = [] if find_spec("torch") else ["test_[!b]*.py"]


@pytest.fixture(scope="session")
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chat model of random weights."""
    return make_chat_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def reward_model(tmp_path_factory: pytest.TempPathFactory, chat_model: Path) -> Path:
    """A reward model that TRL trained."""
    return make_reward_model(tmp_path_factory.mktemp("models") / "tiny-reward", chat_model)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of hashes that are remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
