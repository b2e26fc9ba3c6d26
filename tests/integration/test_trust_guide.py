"""The guide to trust in scores: its commands work as they stand there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "trust.md").read_text("utf-8")
COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    for line in block.splitlines()
]
OWN = [words for words in COMMANDS if "mqm_preferences" not in " ".join(words)]


def datagen(folder: Path, words: list[str], **environment: str) -> str:
    command = [sys.executable, "-c", "from datagen.cli import main; main()", *words]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_commands_on_the_sample(tmp_path: Path) -> None:
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    assert len(OWN) == 7
    said = {" ".join(words[:2]): datagen(tmp_path, words) for words in OWN}
    # What the guide quotes of the last one is what it prints.
    [quoted] = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert set(quoted.splitlines()) <= set(said["scorer calibrate"].splitlines())
    for folder in ("trust/chrf", "trust/agree", "trust/cut"):
        assert (tmp_path / folder / "README.md").is_file()


@pytest.mark.slow
def test_commands_on_real_ratings(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    first, second = (words for words in COMMANDS if words not in OWN)
    datagen(tmp_path, first, TOWERKIT_DATA=str(shared_data))
    said = datagen(tmp_path, second, TOWERKIT_DATA=str(shared_data))
    assert re.search(r"0\.453 \[0\.\d+, 0\.\d+\]\s+0\.453\s", said)
