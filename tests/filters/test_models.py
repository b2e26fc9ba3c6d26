"""What a model is: its folder's content or its commit, and not its name."""

import os
import shutil
from pathlib import Path

import pytest

from corpus.errors import UserError
from filters.models import model_identity

ANSWERING = {
    "config.json": "{}",
    "generation_config.json": '{"do_sample": true}',
    "model-00001-of-00002.safetensors": "weights",
    "model-00002-of-00002.safetensors": "more weights",
    "model.safetensors.index.json": "{}",
    "tokenizer.json": "{}",
    "tokenizer_config.json": "{}",
    "chat_template.jinja": "{{ messages }}",
    "additional_chat_templates/tool_use.jinja": "{{ tools }}",
}
OTHER = {"README.md": "A model.", "optimizer.pt": "a trainer's state", "training_args.bin": "a trainer's options"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of hashes that are remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (ANSWERING | OTHER).items():
        _write(tmp_path / "model" / name, text)
    return tmp_path / "model"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


@pytest.mark.parametrize("name", ANSWERING)
def test_another_file_is_another_model(folder: Path, name: str) -> None:
    before = model_identity(str(folder))
    _write(folder / name, "something else")
    changed = model_identity(str(folder))
    assert changed != before
    if name != "config.json":
        (folder / name).unlink()
        assert model_identity(str(folder)) not in (before, changed)


@pytest.mark.parametrize("name", OTHER)
def test_what_does_not_change_answers_does_not_count(folder: Path, name: str) -> None:
    before = model_identity(str(folder))
    _write(folder / name, "something else")
    assert model_identity(str(folder)) == before


def test_a_renamed_or_copied_folder_is_the_same_model(folder: Path) -> None:
    before = model_identity(str(folder))
    copy = shutil.copytree(folder, folder.with_name("a copy"))
    moved = folder.rename(folder.with_name("renamed"))
    assert model_identity(str(moved)) == model_identity(str(copy)) == before


def test_files_are_read_once(folder: Path, tmp_path: Path) -> None:
    before = model_identity(str(folder))
    weights = folder / "model-00001-of-00002.safetensors"
    status = weights.stat()
    weights.write_text("WEIGHTS", "utf-8")
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert model_identity(str(folder)) == before, "same size and time: not read again"
    shutil.rmtree(tmp_path / "cache")
    assert model_identity(str(folder)) != before


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["README.md"], "is no model: it has no config.json"),
        (["checkpoint-100/config.json"], "one level deeper, in checkpoint-"),
        (["config.json", "adapter_config.json", "adapter_model.safetensors"], "holds an adapter"),
    ],
)
def test_a_folder_that_is_no_model(tmp_path: Path, names: list[str], words: str) -> None:
    for name in names:
        _write(tmp_path / "m" / name, "{}")
    with pytest.raises(UserError, match=words):
        model_identity(str(tmp_path / "m"))


@pytest.mark.parametrize("model", ["/no/such/folder", "./none", "~/none", "a/b/c", "a model", "org/ünicode"])
def test_no_such_folder(model: str) -> None:
    with pytest.raises(UserError, match="there is no model folder"):
        model_identity(model)


def test_a_folder_has_no_revision(folder: Path) -> None:
    with pytest.raises(UserError, match="no `revision`"):
        model_identity(str(folder), "main")


def test_a_commit_stands_for_itself() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert model_identity("org/never-asked-for", commit) == {"commit": commit}


def test_without_network_the_hubs_cache_tells_what_was_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    # What the environment says is read when the library is imported. Nobody listens at this port.
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    _write(tmp_path / "models--org--fetched" / "refs" / "main", "a" * 40)
    _write(tmp_path / "models--org--fetched" / "refs" / "v2", "b" * 40)
    assert model_identity("org/fetched") == {"commit": "a" * 40}
    assert model_identity("org/fetched", "v2") == {"commit": "b" * 40}
    with pytest.raises(UserError, match="the hub cannot be asked for the commit of org/never"):
        model_identity("org/never")


def test_a_cache_that_cannot_be_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    with pytest.raises(UserError, match="XDG_CACHE_HOME"):
        model_identity(str(folder))
