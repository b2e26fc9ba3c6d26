"""The newest dataset of each stage of a run: `RUNFOLDER/STAGE` stands for it wherever a dataset is named."""

from __future__ import annotations

import json
from pathlib import Path

from corpus.errors import Failure, UserError, nearest
from corpus.manifest import FILE

CURRENT = "current.json"
"""Names the newest folder of each stage of a run; replaced whole, never written into."""


def read_current(folder: Path) -> dict[str, str]:
    """The newest folder of each stage of a run, by stage name; empty where nothing was made yet.

    Raises:
        Failure: the file that tells is damaged.
    """
    path = folder / CURRENT
    try:
        return dict(json.loads(path.read_bytes())) if path.is_file() else {}
    except (ValueError, TypeError) as error:
        raise Failure(f"{path} is damaged: {error}. Remove it; `datagen run RECIPE` writes it anew") from None


def newest(path: Path) -> Path:
    """The folder itself where it is a dataset, else, for `RUNFOLDER/STAGE`, the newest folder of that stage.

    Raises:
        UserError: the run has no such stage.
    """
    # A stage may be called as a folder that is no dataset, such as that of the answers.
    current = {} if (path / FILE).exists() else read_current(path.parent)
    if path.name not in current and (not current or path.exists()):
        return path  # whoever opens it says what is wrong with it
    if path.name not in current:
        raise UserError(
            f"{path}: no such folder, and the run in {path.parent} has made no stage {path.name!r}."
            f"{nearest(path.name, current)} Stages: {', '.join(current)}"
        )
    return path.parent / current[path.name]
