"""Which checkpoint a training goes on from, and which output folders are free for it."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from corpus.errors import UserError
from train.checkpoints import check, claim, newest


def saved(output: Path, step: int, *names: str) -> Path:
    folder = output / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": step}), "utf-8")
    for name in names:
        (folder / name).write_bytes(STATE)
    return folder


def _state() -> bytes:
    """As torch writes it."""
    written = BytesIO()
    with ZipFile(written, "w") as file:
        file.writestr("data.pkl", b"state")
    return written.getvalue()


STATE = _state()


@pytest.mark.parametrize(
    ("ranks", "there", "whole"),
    [
        (1, ("rng_state.pth",), True),
        (1, (), False),
        (2, ("rng_state_0.pth", "rng_state_1.pth"), True),
        # The first process had written all of its own when the second one died.
        (2, ("rng_state_0.pth",), False),
    ],
)
def test_a_checkpoint_without_the_state_of_each_process_is_left_out(
    tmp_path: Path, ranks: int, there: tuple[str, ...], whole: bool
) -> None:
    names = ["rng_state.pth"] if ranks == 1 else ["rng_state_0.pth", "rng_state_1.pth"]
    older = saved(tmp_path, 5, *names)
    newer = saved(tmp_path, 10, *there)
    told: list[str] = []
    assert newest(tmp_path, ranks, told.append, remove=True) == (newer if whole else older)
    assert newer.exists() == whole
    assert older.exists()
    assert any("cut off while it was saved" in line for line in told) != whole


def test_a_checkpoint_with_the_torn_state_of_a_process_is_left_out(tmp_path: Path) -> None:
    names = ("rng_state_0.pth", "rng_state_1.pth")
    older, newer = saved(tmp_path, 5, *names), saved(tmp_path, 10, *names)
    (newer / "rng_state_1.pth").write_bytes(STATE[:-10])
    told: list[str] = []
    assert newest(tmp_path, 2, told.append, remove=False) == older
    assert "no whole rng_state_1.pth" in told[0]


@pytest.mark.parametrize(
    "held",
    ["config.json", "model-1-of-2.safetensors", "towerkit.json", "README.md", "checkpoints/checkpoint-1"],
)
def test_a_folder_with_files_of_another_origin_is_not_written_into(tmp_path: Path, held: str) -> None:
    file = tmp_path / held
    file.parent.mkdir(exist_ok=True)
    file.write_text("kept", "utf-8")
    with pytest.raises(UserError, match="choose another `output:`") as error:
        check(tmp_path, "plan", {})
    assert held in str(error.value)


def test_a_folder_with_notes_or_a_log_is_free_and_then_taken(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("begun", "utf-8")
    check(tmp_path, "plan", {"seed": 1})
    claim(tmp_path, "plan", {"seed": 1})
    (tmp_path / "config.json").write_text("{}", "utf-8")
    check(tmp_path, "plan", {"seed": 1})
    with pytest.raises(UserError, match=r"seed: 1 there, 2 here"):
        check(tmp_path, "other", {"seed": 2})


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("", "utf-8")
    with pytest.raises(UserError, match="is a file"):
        check(tmp_path / "model", "plan", {})
